import Testing

@testable import KomfyrHub

@Suite struct AnalysisConfigurationTests {
    private typealias Analyst = AnalysisConfiguration.Analyst

    private func configuration(_ variables: [String: String]) throws -> AnalysisConfiguration {
        try HubConfiguration(variables, machineMemory: 8 << 30).analysis
    }

    private func problem(_ variables: [String: String]) -> String? {
        do throws(HubConfiguration.Problem) {
            _ = try HubConfiguration(variables, machineMemory: 8 << 30)
            return nil
        } catch { return error.description }
    }

    private static let local = ["OPENAI_BASE_URL": "http://127.0.0.1:11434/", "OPENAI_MODEL": "qwen3:8b"]
    private static let openAI = Analyst.openAI(
        OpenAIDialect(base: "http://127.0.0.1:11434", model: "qwen3:8b", key: nil)
    )
    private static let gemini = Analyst.gemini(GeminiDialect(key: ModelKey("AIza-test-key")))

    @Test func `auto takes what is set up`() throws {
        #expect(try configuration([:]).analyst == .statistics)
        #expect(try configuration(["OPENAI_API_KEY": "sk-of-another-program"]).analyst == .statistics)
        #expect(try configuration(["GEMINI_API_KEY": "AIza-test-key"]).analyst == Self.gemini)
        #expect(try configuration(Self.local).analyst == Self.openAI)
        let both = try configuration(Self.local.merging(["GEMINI_API_KEY": "AIza-test-key"]) { $1 })
        // The house before the world.
        #expect(both.analyst == Self.openAI)
        #expect(both.warnings.first?.contains("AI_PROVIDER") == true)
        #expect(try configuration([:]).dailyTokens == 500_000)
    }

    @Test func `a provider that is named is taken`() throws {
        let all = Self.local.merging(["GEMINI_API_KEY": "AIza-test-key", "OPENAI_API_KEY": "k"]) { $1 }
        func named(_ name: String) throws -> AnalysisConfiguration {
            try configuration(all.merging(["AI_PROVIDER": name]) { $1 })
        }
        #expect(try named("gemini").analyst == Self.gemini)
        #expect(try named("statistics").analyst == .statistics)
        #expect(try named("openai").analyst.dialect?.key == ModelKey("k"))
        #expect(try named("openai").warnings.isEmpty)
        let other = try configuration([
            "GEMINI_API_KEY": "AIza-test-key", "GEMINI_MODEL": "models/gemini-3.6-flash",
            "GEMINI_BASE_URL": "https://proxy.example.org/google/", "AI_DAILY_TOKENS": "60000",
        ])
        #expect(other.analyst.dialect?.model == "gemini-3.6-flash")
        #expect(other.analyst.dialect?.host == "proxy.example.org")
        #expect(other.dailyTokens == 60_000)
    }

    @Test(arguments: [
        (["AI_PROVIDER": "claude"], "AI_PROVIDER"), (["AI_PROVIDER": "Gemini"], "AI_PROVIDER"),
        (["AI_PROVIDER": "gemini"], "GEMINI_API_KEY"), (["AI_PROVIDER": "openai"], "OPENAI_BASE_URL"),
        (["AI_PROVIDER": "openai", "OPENAI_MODEL": "m"], "OPENAI_BASE_URL"),
        (["OPENAI_BASE_URL": "http://127.0.0.1:11434"], "OPENAI_MODEL"),
        (["OPENAI_BASE_URL": "127.0.0.1:11434", "OPENAI_MODEL": "m"], "OPENAI_BASE_URL"),
        (["OPENAI_BASE_URL": "ftp://x", "OPENAI_MODEL": "m"], "OPENAI_BASE_URL"),
        (["OPENAI_BASE_URL": "https://", "OPENAI_MODEL": "m"], "OPENAI_BASE_URL"),
        (["OPENAI_BASE_URL": "https://user:hunter2@x", "OPENAI_MODEL": "m"], "OPENAI_BASE_URL"),
        (["OPENAI_BASE_URL": "https://x/?key=hunter2", "OPENAI_MODEL": "m"], "OPENAI_BASE_URL"),
        (["OPENAI_BASE_URL": "https://x\r\nHost: y", "OPENAI_MODEL": "m"], "OPENAI_BASE_URL"),
        (["OPENAI_BASE_URL": "https://x", "OPENAI_MODEL": "a b"], "OPENAI_MODEL"),
        (["GEMINI_API_KEY": "hunter2 hunter2"], "GEMINI_API_KEY"), (["GEMINI_API_KEY": "hunter2\n"], "GEMINI_API_KEY"),
        (["GEMINI_API_KEY": "k", "GEMINI_MODEL": "../../v1/x?key="], "GEMINI_MODEL"),
        (["GEMINI_API_KEY": "k", "GEMINI_MODEL": "models/"], "GEMINI_MODEL"),
        (["AI_DAILY_TOKENS": "0"], "AI_DAILY_TOKENS"), (["AI_DAILY_TOKENS": "many"], "AI_DAILY_TOKENS"),
    ])
    func `what is wrong is an error that names the variable, and shows no secret`(
        _ variables: [String: String],
        _ name: String
    ) throws {
        let words = try #require(problem(variables))
        #expect(words.contains(name) && !words.contains("hunter2"), "\(words)")
    }

    @Test(arguments: [
        ("http://127.evil.example", true), ("http://127.0.0.1.evil.example:80", true), ("http://127.", true),
        ("http://localhost.evil.example", true), ("http://localhostess", true), ("http://[::1]x.evil.example", true),
        ("http://[::2]:80", true), ("http://0.0.0.0", true), ("HTTP://127.evil.example/v1", true),
        ("https://127.evil.example", false), ("http://127.0.0.1", false), ("http://127.1.2.3:11434/v1", false),
        ("http://localhost:8000", false), ("http://LOCALHOST", false), ("http://ollama.localhost:1", false),
        ("http://[::1]", false), ("http://[::1]:8080/x", false), ("http://[::ffff:127.0.0.1]:1", false),
    ])
    func `only this machine's own addresses need no TLS`(_ base: String, _ isOpen: Bool) throws {
        #expect(ModelAddress.isOpen(base) == isOpen)
    }

    @Test func `what can be read on the way is warned of`() throws {
        let open = try configuration(["OPENAI_BASE_URL": "http://models.lan:8000", "OPENAI_MODEL": "m"])
        #expect(open.warnings.first?.contains("without TLS") == true)
        #expect(try configuration(Self.local).warnings.isEmpty)
        let secure = try configuration(["OPENAI_BASE_URL": "https://models.lan", "OPENAI_MODEL": "m"])
        #expect(secure.warnings.isEmpty)
    }

    @Test func `nothing that holds a key shows it`() throws {
        let configuration = try configuration(["GEMINI_API_KEY": "AIza-test-key"])
        var text = "\(configuration) \(String(reflecting: configuration))"
        dump(configuration, to: &text)
        #expect(!text.contains("AIza"))
    }
}
