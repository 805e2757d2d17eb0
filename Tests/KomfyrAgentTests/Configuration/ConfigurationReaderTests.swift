import Glibc
import Testing

@testable import KomfyrAgent

struct ConfigurationReaderTests {
    private let reader = ConfigurationReader(environment: [:], workingDirectory: "/start")

    private func read(
        _ text: String,
        environment: [String: String] = [:]
    ) throws -> ConfigurationReader.Result {
        try ConfigurationReader(environment: environment, workingDirectory: "/start")
            .read(Array(text.utf8), file: "agent.toml")
    }

    private static let input = "[[input]]\ntype = \"syslog\"\nlisten = \"udp://127.0.0.1:5514\"\n"

    @Test func `the shipped configurations are right and show the defaults`() throws {
        let folder = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()
        let shown = try reader.read(path: folder + "/config/agent.toml").configuration
        let plain = try read("[hub]\nurl = \"http://127.0.0.1:8080\"\n\(Self.input)").configuration
        #expect(shown.buffer.maxBytes == plain.buffer.maxBytes)
        #expect(shown.buffer.fsync == plain.buffer.fsync)
        #expect(shown.buffer.fsyncIntervalMs == plain.buffer.fsyncIntervalMs)
        #expect(shown.buffer.whenFull == plain.buffer.whenFull)
        #expect(shown.buffer.deadLetterMaxBytes == plain.buffer.deadLetterMaxBytes)
        #expect(shown.agent.tags == plain.agent.tags)
        #expect(shown.inputs[0].group == plain.inputs[0].group)
        #expect(shown.inputs[0].maxGroups == plain.inputs[0].maxGroups)
        #expect(shown.inputs[0].parsesPayload == plain.inputs[0].parsesPayload)
        #expect(shown.inputs[0].zone == plain.inputs[0].zone)
        #expect(shown.inputs[0].listen?.receiveBufferBytes == plain.inputs[0].listen?.receiveBufferBytes)
        #expect(shown.inputs.map(\.name) == ["syslog-udp", "syslog-tcp", "json-udp", "files"])

        let gateway = try reader.read(path: folder + "/config/gateway.toml")
        #expect(gateway.configuration.inputs.count == 3)
        #expect(gateway.configuration.inputs[0].listen?.allow.count == 4)
        #expect(
            gateway.warnings.map(\.what) == [
                "there is no API key, so the hub will refuse the logs and they stay in the buffer"
            ]
        )
    }

    @Test func `timezone and parse_payload are read, for syslog and files that are read as it`() throws {
        let hub = "[hub]\nurl = \"http://127.0.0.1:8080\"\n"
        let plain = try read(hub + Self.input).configuration.inputs[0]
        #expect(plain.parsesPayload)
        let given = try read(hub + Self.input + "timezone = \"-03:30\"\nparse_payload = false\n").configuration
        #expect(given.inputs[0].zone == Zone(offset: -12_600))
        #expect(!given.inputs[0].parsesPayload)
        let file = "[[input]]\ntype = \"file\"\npaths = [\"/a\"]\nparser = \"syslog\"\ntimezone = \"UTC\"\n"
        #expect(try read(hub + file).configuration.inputs[0].parsesPayload)
        let raw = "[[input]]\ntype = \"file\"\npaths = [\"/a\"]\n"
        #expect(try !read(hub + raw).configuration.inputs[0].parsesPayload)
    }

    @Test func `a zone of the system's database has its summer`() throws {
        // Without tzdata there is nothing to read; its absence is told in words.
        guard access("/usr/share/zoneinfo/Europe/Oslo", R_OK) == 0 else { return }
        let zone = try ZoneSource.named("Europe/Oslo")
        // 2026-01-10, 2026-07-10, and 2051-07-10: beyond any table.
        #expect(zone.offset(at: 1_768_046_400) == 3_600)
        #expect(zone.offset(at: 1_783_684_800) == 7_200)
        #expect(zone.offset(at: 2_572_603_200) == 7_200)
        #expect(throws: ValueProblem.self) { try ZoneSource.named("../../etc/passwd") }
    }

    @Test func `every option is read`() throws {
        let result = try read(
            """
            [agent]
            data_dir = "state"
            name = "agent_1"
            tags = ["a", "b", "a"]
            [hub]
            url = "https://logs.example.org/base/"
            api_key = "kmf_secret"
            [buffer]
            max_bytes = "2GB"
            fsync = "always"
            fsync_interval_ms = 20
            when_full = "drop_oldest"
            dead_letter_max_bytes = 2_000_000
            [[input]]
            type = "syslog"
            name = "first"
            tags = ["c"]
            listen = "udp://[::]:514"
            allow = ["10.0.0.0/8", "fd00::/8", "192.0.2.7"]
            receive_buffer = "1MiB"
            group = "g:{hostname}"
            max_groups = 7
            [[input]]
            type = "json"
            listen = "udp://0.0.0.0:5515"
            token = "s3cret"
            [[input]]
            type = "file"
            paths = ["logs/*.log", "/var/./log/../x.log"]
            exclude = ["*.tmp", "logs/debug.log"]
            parser = "syslog"
            read_from = "end"
            [metrics]
            listen = "localhost:9514"
            """
        )
        let configuration = result.configuration
        #expect(configuration.agent.dataDirectory == "/start/state")
        #expect(configuration.agent.name == "agent_1")
        #expect(configuration.agent.tags == ["a", "b"])
        #expect(configuration.hub.url == "https://logs.example.org/base")
        #expect(configuration.hub.apiKey == "kmf_secret")
        #expect(result.apiKeySource == "`api_key`")
        #expect(configuration.buffer.maxBytes == 2_000_000_000)
        #expect(configuration.buffer.fsync == .always)
        #expect(configuration.buffer.fsyncIntervalMs == 20)
        #expect(configuration.buffer.whenFull == .dropOldest)
        #expect(configuration.buffer.deadLetterMaxBytes == 2_000_000)
        #expect(configuration.metrics?.address == "127.0.0.1:9514")

        let syslog = configuration.inputs[0]
        #expect(syslog.name == "first")
        #expect(syslog.tags == ["c"])
        #expect(syslog.group == "g:{hostname}")
        #expect(syslog.maxGroups == 7)
        #expect(syslog.listen?.url == "udp://[::]:514")
        #expect(syslog.listen?.allow == ["10.0.0.0/8", "fd00::/8", "192.0.2.7"])
        #expect(syslog.listen?.receiveBufferBytes == 1 << 20)

        let json = configuration.inputs[1]
        #expect(json.name == "json-udp://0.0.0.0:5515")
        #expect(json.group == "device:{source}")
        guard case .json(let listen, let token) = json.kind else { throw Wrong() }
        #expect(listen.port == 5515)
        #expect(token == "s3cret")

        let files = configuration.inputs[2]
        guard case .file(let file) = files.kind else { throw Wrong() }
        #expect(files.group == "file:{file}")
        #expect(file.paths == ["/start/logs/*.log", "/var/./log/../x.log"])
        #expect(file.exclude == ["*.tmp", "/start/logs/debug.log"])
        #expect(file.parser == .syslog)
        #expect(file.readFrom == .end)
    }

    private struct Wrong: Error {}

    @Test func `the environment's key wins`() throws {
        let text = "[hub]\nurl = \"http://h\"\napi_key_file = \"/nowhere\"\n\(Self.input)"
        let result = try read(text, environment: ["KOMFYRVAKT_API_KEY": "kmf_env"])
        #expect(result.configuration.hub.apiKey == "kmf_env")
        #expect(result.apiKeySource == "the environment (KOMFYRVAKT_API_KEY)")
    }

    @Test func `a key file is read without its line end and a warning says who else can read it`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/key"
        try folder.write("key", "kmf_from_file\n")
        let text = "[hub]\nurl = \"http://h\"\napi_key_file = \"\(path)\"\n\(Self.input)"
        chmod(path, 0o600)
        let closed = try read(text)
        #expect(closed.configuration.hub.apiKey == "kmf_from_file")
        #expect(closed.warnings.isEmpty)
        chmod(path, 0o644)
        let open = try read(text)
        #expect(
            open.warnings.map(\.text) == [
                "agent.toml:3:16: \(path) can be read by every user of this machine; chmod 600 \(path)"
            ]
        )
    }

    static let wrongKeys: [(content: String?, words: String)] = [
        (nil, "No such file or directory; write the hub's key into it: install -m 600"),
        ("", "holds nothing; it is one word"), (" \n", "holds nothing"), ("two words", "holds no key"),
        ("5,000 letters", "cannot be read: File too large"),
    ]

    @Test(arguments: wrongKeys)
    func `a key file that holds no key is an error that never shows what it holds`(
        _ content: String?,
        _ words: String
    ) throws {
        let folder = try TemporaryFolder()
        if let content {
            try folder.write("key", content == "5,000 letters" ? String(repeating: "k", count: 5_000) : content)
        }
        let text = "[hub]\nurl = \"http://h\"\napi_key_file = \"\(folder.path)/key\"\n\(Self.input)"
        let error = try #require(throws: ConfigurationErrors.self) { try read(text) }
        let first = try #require(error.problems.first?.text)
        #expect(first.hasPrefix("agent.toml:3:16: "))
        #expect(first.contains(words), "\(first)")
        #expect(!first.contains("two words"))
    }

    @Test func `a folder given as key file is an error`() throws {
        let text = "[hub]\nurl = \"http://h\"\napi_key_file = \"/tmp\"\n\(Self.input)"
        let error = try #require(throws: ConfigurationErrors.self) { try read(text) }
        #expect(error.problems.first?.text.contains("Is a directory; name a file that holds the key alone") == true)
    }

    @Test func `a missing configuration says so`() throws {
        let error = try #require(throws: ConfigurationErrors.self) { try reader.read(path: "/nowhere/agent.toml") }
        #expect(
            error.problems.map(\.text) == [
                "/nowhere/agent.toml: it cannot be read: No such file or directory; check the path given by --config"
            ]
        )
    }

    @Test func `metrics beyond loopback is a warning`() throws {
        let result = try read(
            "[hub]\nurl = \"http://h\"\napi_key = \"k\"\n\(Self.input)[metrics]\nlisten = \"0.0.0.0:9514\""
        )
        #expect(result.warnings.map(\.what) == ["/metrics can be read from other machines"])
    }

    @Test func `the host's name becomes an agent's name`() {
        #expect(!ConfigurationReader.defaultName().isEmpty)
    }

    static let sizes: [(String, UInt64)] = [
        ("0", 0), ("12", 12), ("1B", 1), ("1KiB", 1_024), ("1 MiB", 1 << 20), ("3gib", 3 << 30), ("1TiB", 1 << 40),
        ("5KB", 5_000), ("5MB", 5_000_000), ("5GB", 5_000_000_000), ("5TB", 5_000_000_000_000),
    ]

    @Test(arguments: sizes)
    func `a size is read in its unit`(_ text: String, _ bytes: UInt64) throws {
        #expect(try ByteSize.parse(text) == bytes)
    }

    static let noSizes = [
        "", "MiB", "-1", "1.5GiB", "1X", "1 MiB x", "18446744073709551616", "18014398509481984KiB", "１",
    ]

    @Test(arguments: noSizes)
    func `what is no size is refused`(_ text: String) {
        #expect(throws: ValueProblem.self) { try ByteSize.parse(text) }
    }

    static let words: [(String, String?)] = [
        ("ulr", "url"), ("max_byte", "max_bytes"), ("maxbytes", "max_bytes"), ("fsnyc", "fsync"), ("zzzzzz", nil),
        (String(repeating: "u", count: 1_000), nil),
    ]

    @Test(arguments: words)
    func `the nearest known word is found`(_ word: String, _ expected: String?) {
        #expect(NearestWord.to(word, among: ["url", "max_bytes", "fsync"]) == expected)
    }

    static let loopbacks: [(String, Bool)] = [
        ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("::ffff:127.0.0.1", true), ("0.0.0.0", false),
        ("::", false), ("10.0.0.1", false), ("::ffff:10.0.0.1", false), ("x", false),
    ]

    @Test(arguments: loopbacks)
    func `loopback is known`(_ host: String, _ expected: Bool) {
        #expect(NetworkSyntax.isLoopback(host) == expected)
    }
}
