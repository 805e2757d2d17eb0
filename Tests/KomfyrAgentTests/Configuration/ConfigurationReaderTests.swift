import EventLoop
import Glibc
import Protocol
import Testing

import class TestSupport.Certificates

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

    @Test func `every kind of listener is read, with what belongs to it`() async throws {
        let certificates = try await Certificates()
        let files = try await certificates.issue("server")
        chmod(files.key, 0o600)
        let result = try read(
            """
            [hub]
            url = "https://h"
            api_key = "k"
            [[input]]
            type = "syslog"
            listen = "tls://0.0.0.0:6514"
            cert_file = "\(files.certificate)"
            key_file = "\(files.key)"
            client_ca_file = "\(certificates.authority)"
            [[input]]
            type = "json"
            listen = "tls://127.0.0.1:6515"
            cert_file = "\(files.certificate)"
            key_file = "\(files.key)"
            [[input]]
            type = "syslog"
            listen = "unixgram:///dev/log"
            [[input]]
            type = "json"
            listen = "unix:///run/komfyr/json.sock"
            socket_mode = "0660"
            [[input]]
            type = "json"
            listen = "tcp://[::1]:5515"
            """
        )
        #expect(result.warnings.isEmpty)
        let listens = result.configuration.inputs.compactMap(\.listen)
        #expect(listens.map(\.transport) == [.tls, .tls, .unixgram, .unix, .tcp])
        #expect(
            listens.map(\.url) == [
                "tls://0.0.0.0:6514", "tls://127.0.0.1:6515", "unixgram:///dev/log", "unix:///run/komfyr/json.sock",
                "tcp://[::1]:5515",
            ]
        )
        #expect(listens[0].tls?.identity == .init(certificateFile: files.certificate, keyFile: files.key))
        #expect(listens[0].tls?.clientAuthorityFile == certificates.authority)
        #expect(listens[1].tls != nil && listens[1].tls?.clientAuthorityFile == nil)
        #expect(listens[2].address == .unix("/dev/log") && listens[2].socketMode == 0o666)
        #expect(listens[3].socketMode == 0o660)
        let words = ConfigurationSummary.lines(result).joined(separator: "\n")
        #expect(words.contains("syslog on tls://0.0.0.0:6514 with a certificate of \(certificates.authority)"))
        #expect(words.contains("json on unix:///run/komfyr/json.sock (mode 660)"))

        // A key that everybody can read is a warning; files that do not fit are errors which name them.
        chmod(files.key, 0o644)
        let other = try await certificates.issue("other")
        let input = "[hub]\nurl = \"https://h\"\napi_key = \"k\"\n[[input]]\ntype = \"syslog\"\n"
        let tls = "listen = \"tls://127.0.0.1:1\"\ncert_file = \"\(files.certificate)\"\nkey_file = \"\(files.key)\"\n"
        #expect(try read(input + tls).warnings.map(\.remedy) == ["chmod 640 \(files.key)"])
        let wrong = try #require(throws: ConfigurationErrors.self) {
            try read(input + tls.replacing(files.key, with: other.key))
        }
        #expect(
            wrong.problems.map(\.what) == [
                "the key in \(other.key) does not belong to the certificate in \(files.certificate)"
            ]
        )
        #expect(wrong.problems.first?.place == TextPlace(line: 6, column: 10))
        let open = try #require(throws: ConfigurationErrors.self) {
            try read(input + tls.replacing("127.0.0.1", with: "0.0.0.0"))
        }
        #expect(open.problems.map(\.what) == ["tls://0.0.0.0:1 can be reached by everyone on the network"])
        #expect(open.problems.first?.remedy.contains("or a `client_ca_file`") == true)
    }

    @Test func `level, keep, drop and rate_limit are read in all their forms`() throws {
        let hub = "[hub]\nurl = \"http://127.0.0.1:8080\"\n"
        #expect(try read(hub + Self.input).configuration.inputs[0].shaping == Shaping())
        let given = try read(
            hub + Self.input + """
                level = { error = "warning", notice = "debug" }
                rate_limit = "600/m"
                keep = { data.user.id = [1, "x*"] }
                [[input.drop]]
                app = "cron"
                level = "<=info"
                [[input.drop]]
                message = '/a/i'
                not.app = "b"
                """
        )
        .configuration.inputs[0].shaping
        var levels = LevelMap()
        levels[.error] = .warning
        levels[.info] = .debug
        #expect(given.levels == levels)
        #expect(given.rateLimit == RateLimit(count: 600, period: .minute, burst: 600))
        let user = Rule.Condition(field: .data("user.id"), tests: [.number(.equal, 1), .glob("x*")])
        #expect(given.keep == [Rule(conditions: [user])])
        let cron = Rule.Condition(field: .data("app"), tests: [.text("cron")])
        let low = Rule.Condition(field: .level, tests: [.levels([Level.debug, Level.info])])
        let pattern = Rule.Condition(field: .message, tests: [.pattern("a", ignoresCase: true)])
        let other = Rule.Condition(field: .data("app"), tests: [.text("b")])
        #expect(given.drop == [Rule(conditions: [cron, low]), Rule(conditions: [pattern], exceptions: [other])])
        let table = "level = \"error\"\nrate_limit = { per_second = 10, burst = 50 }\n"
        let fixed = try read(hub + Self.input + table).configuration.inputs[0].shaping
        #expect(fixed.levels == LevelMap(fixed: .error))
        #expect(fixed.rateLimit == RateLimit(count: 10, period: .second, burst: 50))
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

    @Test func `multiline, pattern and timezone of files are read`() throws {
        func file(_ lines: String) throws -> (InputConfiguration, InputConfiguration.FileConfiguration) {
            let text = "[hub]\nurl = \"http://h\"\n[[input]]\ntype = \"file\"\npaths = [\"/a\"]\n\(lines)\n"
            let input = try read(text).configuration.inputs[0]
            guard case .file(let file) = input.kind else { throw Wrong() }
            return (input, file)
        }
        #expect(try file("").1.multiline == nil)
        let indented = InputConfiguration.Multiline(beginning: .notIndented)
        #expect(try file("multiline = { indented = true }").1.multiline == indented)
        let all = "multiline = { start = '^\\d', max_lines = 20, max_bytes = \"2KiB\", wait_ms = 50 }"
        #expect(
            try file(all).1.multiline
                == .init(beginning: .start("^\\d"), maxLines: 20, maxBytes: 2_048, waitMs: 50)
        )
        for parser in ["logfmt", "combined", "syslog"] {
            #expect(try file("parser = \"\(parser)\"\ntimezone = \"+01:00\"").0.zone == Zone(offset: 3_600))
        }
        let (input, regex) = try file("parser = \"regex\"\npattern = '(?P<a>x)'\ntimezone = \"+01:00\"")
        #expect(regex.parser == .regex)
        #expect(regex.pattern == "(?P<a>x)")
        #expect(input.zone == Zone(offset: 3_600))
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
        #expect(listen.address == .ip("0.0.0.0", port: 5515))
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
        let text = "[hub]\nurl = \"https://h\"\napi_key_file = \"\(path)\"\n\(Self.input)"
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

    @Test func `a file of secrets that everyone may read is a warning, whatever the secret is`() async throws {
        let folder = try TemporaryFolder()
        let certificates = try await Certificates()
        let files = try await certificates.issue("agent")
        chmod(files.key, 0o644)
        try folder.write("key", "kmf_1")
        chmod(folder.path + "/key", 0o600)
        try folder.write(
            "agent.toml",
            """
            [hub]
            url = "https://h"
            api_key_file = "\(folder.path)/key"
            cert_file = "\(files.certificate)"
            key_file = "\(files.key)"
            proxy = "http://user:word@proxy.example:3128"
            [[input]]
            type = "json"
            listen = "udp://127.0.0.1:5515"
            token = "secret"
            """
        )
        let path = folder.path + "/agent.toml"
        chmod(path, 0o644)
        let everyone = "can be read by every user of this machine"
        let open = try reader.read(path: path).warnings
        #expect(
            open.map(\.what).sorted()
                == [
                    "\(files.key) \(everyone)", "the file holds `token` and \(everyone)",
                    "the file holds the proxy's password and \(everyone)",
                ]
                .sorted()
        )
        #expect(open.allSatisfy { $0.remedy.hasPrefix("chmod 600 ") && !$0.text.contains("word@") })
        chmod(path, 0o600)
        chmod(files.key, 0o600)
        #expect(try reader.read(path: path).warnings.isEmpty)
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
            "[hub]\nurl = \"https://h\"\napi_key = \"k\"\n\(Self.input)[metrics]\nlisten = \"0.0.0.0:9514\""
        )
        #expect(result.warnings.map(\.what) == ["/metrics can be read from other machines"])
    }

    @Test func `a hub of several addresses is read with what https needs`() throws {
        let section = try read(
            """
            [hub]
            urls = ["https://a.example/", "https://b.example:8443/x"]
            api_key = "k"
            proxy = "http://user:pass@proxy.example:3128/"
            \(Self.input)
            """
        )
        .configuration.hub
        #expect(section.urls == ["https://a.example", "https://b.example:8443/x"])
        #expect(section.proxy == "http://user:pass@proxy.example:3128/")
        let words = ConfigurationSummary.describe(section, keySource: "`api_key`")
        #expect(
            words == "https://a.example (else https://b.example:8443/x), through the proxy http://proxy.example:3128/, "
                + "API key from `api_key`"
        )
    }

    @Test(arguments: [
        ("http://logs.example", true), ("http://192.168.0.7:8080", true), ("http://127.0.0.1:8080", false),
        ("http://localhost:8080", false), ("http://[::1]:8080", false), ("http://[fd00::1]:8080", true),
        ("https://logs.example", false),
    ])
    func `a key that travels openly over the network is a warning`(_ url: String, _ isWarned: Bool) throws {
        let result = try read("[hub]\nurl = \"\(url)\"\napi_key = \"kmf_open\"\n\(Self.input)")
        #expect(result.warnings.contains { $0.what.contains("go openly over the network to \(url)") } == isWarned)
        #expect(!result.warnings.contains { $0.text.contains("kmf_open") })
    }

    @Test(arguments: [
        ("http://h:1", "http://h:1"), ("http://u:p@h:1", "http://h:1"), ("https://u:p@@h:1/", "https://h:1/"),
    ])
    func `a proxy is named without its password`(_ proxy: String, _ expected: String) {
        #expect(NetworkSyntax.withoutPassword(proxy) == expected)
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
