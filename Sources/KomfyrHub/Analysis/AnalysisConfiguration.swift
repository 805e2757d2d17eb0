/// Who writes reports, by `AI_PROVIDER` and what belongs to it.
struct AnalysisConfiguration: Sendable {
    /// `AI_PROVIDER`: `gemini`, `openai` (any server that speaks as OpenAI's, such as Ollama and llama.cpp),
    /// `statistics` (none: nothing leaves the hub), or `auto`.
    ///
    /// `auto` takes the server of `OPENAI_BASE_URL` when it is set, otherwise Gemini when there is a key, otherwise the
    /// statistics.
    var analyst = Analyst.statistics
    /// `AI_DAILY_TOKENS`: what a model may be asked and answer in a day (UTC), in tokens; then the statistics answer.
    var dailyTokens = HubLimits.dailyTokensDefault
    /// What should be looked at, though the hub can run.
    var warnings: [String] = []

    enum Analyst: Sendable, Equatable {
        case statistics
        /// `GEMINI_API_KEY`, `GEMINI_MODEL`, `GEMINI_BASE_URL`.
        case gemini(GeminiDialect)
        /// `OPENAI_BASE_URL`, `OPENAI_MODEL`, `OPENAI_API_KEY`.
        case openAI(OpenAIDialect)

        /// How its model is spoken to; nil: there is none.
        var dialect: (any ModelDialect)? {
            switch self {
            case .statistics: nil
            case .gemini(let dialect): dialect
            case .openAI(let dialect): dialect
            }
        }
    }

    static let names = [
        "AI_PROVIDER", "AI_DAILY_TOKENS", "GEMINI_API_KEY", "GEMINI_MODEL", "GEMINI_BASE_URL", "OPENAI_BASE_URL",
        "OPENAI_API_KEY", "OPENAI_MODEL",
    ]

    init() {}

    /// Reads variables.
    /// - Throws: what is wrong with one of them, and what to do.
    init(_ reader: VariableReader) throws(HubConfiguration.Problem) {
        dailyTokens =
            try reader.number(
                "AI_DAILY_TOKENS",
                HubLimits.dailyTokensRange,
                "tokens a day from \(HubLimits.dailyTokensRange.lowerBound) to \(HubLimits.dailyTokensRange.upperBound)"
            ) ?? dailyTokens
        let hasBase = reader.text("OPENAI_BASE_URL") != nil
        let hasKey = reader.text("GEMINI_API_KEY") != nil
        switch reader.text("AI_PROVIDER") ?? "auto" {
        case "statistics": break
        case "gemini": analyst = .gemini(try Self.gemini(reader))
        case "openai": analyst = .openAI(try Self.openAI(reader))
        case "auto" where hasBase:
            analyst = .openAI(try Self.openAI(reader))
            if hasKey {
                warnings.append(
                    "GEMINI_API_KEY and OPENAI_BASE_URL are both set: reports are written by the server of "
                        + "OPENAI_BASE_URL. Set AI_PROVIDER to openai or gemini to say so"
                )
            }
        case "auto" where hasKey: analyst = .gemini(try Self.gemini(reader))
        case "auto": break
        case let text:
            throw HubConfiguration.Problem(
                description: "AI_PROVIDER is \"\(text)\"; set it to auto, gemini, openai or statistics"
            )
        }
        if let base = analyst.base, ModelAddress.isOpen(base) {
            warnings.append(
                "what the model is asked goes to \(ModelAddress.host(base)) without TLS: the digest of the logs"
                    + (analyst.dialect?.key == nil ? "" : " and the key") + " can be read on the way"
            )
        }
    }

    private static func gemini(_ reader: VariableReader) throws(HubConfiguration.Problem) -> GeminiDialect {
        var dialect = GeminiDialect()
        guard let key = try key("GEMINI_API_KEY", reader) else {
            throw HubConfiguration.Problem(
                description: "AI_PROVIDER is gemini and GEMINI_API_KEY is not set: https://aistudio.google.com/apikey "
                    + "makes one; or set AI_PROVIDER=statistics"
            )
        }
        dialect.key = key
        if let base = try base("GEMINI_BASE_URL", reader) { dialect.base = base }
        if let model = reader.text("GEMINI_MODEL") {
            // It becomes a part of the address.
            let name = model.hasPrefix("models/") ? String(model.dropFirst(7)) : model
            let isName = name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "-._".utf8.contains(byte)
            }
            guard isName, !name.isEmpty, name.utf8.count <= 100, !name.hasPrefix(".") else {
                throw HubConfiguration.Problem(
                    description:
                        "GEMINI_MODEL is \"\(model)\"; set it to a model's name like \(GeminiDialect.defaultModel)"
                )
            }
            dialect.model = name
        }
        return dialect
    }

    private static func openAI(_ reader: VariableReader) throws(HubConfiguration.Problem) -> OpenAIDialect {
        guard let base = try base("OPENAI_BASE_URL", reader) else {
            throw HubConfiguration.Problem(
                description: "AI_PROVIDER is openai and OPENAI_BASE_URL is not set; "
                    + "set it to the server, like http://127.0.0.1:11434 for Ollama"
            )
        }
        guard let model = reader.text("OPENAI_MODEL") else {
            throw HubConfiguration.Problem(
                description: "OPENAI_BASE_URL is set and OPENAI_MODEL is not; "
                    + "set it to a model that the server has, like qwen3:8b (ollama list shows them)"
            )
        }
        guard model.utf8.count <= 200, model.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw HubConfiguration.Problem(
                description: "OPENAI_MODEL is no model's name: it has up to 200 visible ASCII characters"
            )
        }
        return OpenAIDialect(base: base, model: model, key: try key("OPENAI_API_KEY", reader))
    }

    /// A provider's key; errors do not show it.
    private static func key(_ name: String, _ reader: VariableReader) throws(HubConfiguration.Problem) -> ModelKey? {
        guard let key = reader.text(name) else { return nil }
        guard key.utf8.count <= 512, key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw HubConfiguration.Problem(
                description: "\(name) is no key: a key has up to 512 visible ASCII characters, and no blanks"
            )
        }
        return ModelKey(key)
    }

    private static func base(_ name: String, _ reader: VariableReader) throws(HubConfiguration.Problem) -> String? {
        guard let text = reader.text(name) else { return nil }
        guard let base = ModelAddress.base(text) else {
            // Not shown: people put keys into addresses.
            throw HubConfiguration.Problem(
                description: "\(name) is no address of a server; set it to one like https://HOST "
                    + "or http://127.0.0.1:11434, without user, password, ? and #"
            )
        }
        return base
    }
}

extension AnalysisConfiguration.Analyst {
    fileprivate var base: String? {
        switch self {
        case .statistics: nil
        case .gemini(let dialect): dialect.base
        case .openAI(let dialect): dialect.base
        }
    }
}
