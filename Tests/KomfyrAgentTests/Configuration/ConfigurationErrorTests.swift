import Testing

@testable import KomfyrAgent

/// A configuration with one thing wrong, where the error must point, and words that it must hold.
struct WrongConfiguration: Sendable, CustomTestStringConvertible {
    var text: String
    var place: String
    var words: [String]
    var testDescription: String { words.first ?? text }

    /// A faulty line within an otherwise right `[hub]`, at line 3.
    static func hub(_ line: String, _ place: String, _ words: String...) -> WrongConfiguration {
        WrongConfiguration(text: "[hub]\nurl = \"http://h\"\n\(line)\n\(Self.input)", place: place, words: words)
    }

    /// A `[hub]` with these `urls`, at line 2, and what else follows.
    static func urls(_ value: String, _ place: String, _ words: String...) -> WrongConfiguration {
        WrongConfiguration(text: "[hub]\nurls = \(value)\n\(Self.input)", place: place, words: words)
    }

    /// A section after a right `[hub]`; its first line is line 3.
    static func section(_ lines: String, _ place: String, _ words: String...) -> WrongConfiguration {
        WrongConfiguration(text: "[hub]\nurl = \"http://h\"\n\(lines)\n\(Self.input)", place: place, words: words)
    }

    /// The only input, from line 3 on: line 3 is `[[input]]`, line 4 its type.
    static func input(_ type: String, _ lines: String, _ place: String, _ words: String...) -> WrongConfiguration {
        WrongConfiguration(
            text: "[hub]\nurl = \"http://h\"\n[[input]]\ntype = \"\(type)\"\n\(lines)\n",
            place: place,
            words: words
        )
    }

    private static let input = "[[input]]\ntype = \"syslog\"\nlisten = \"udp://127.0.0.1:5514\"\n"
}

struct ConfigurationErrorTests {
    static func read(_ text: String, environment: [String: String] = ["KOMFYRVAKT_API_KEY": "kmf_test"]) -> [String] {
        let reader = ConfigurationReader(environment: environment, workingDirectory: "/work")
        do throws(ConfigurationErrors) {
            _ = try reader.read(Array(text.utf8), file: "agent.toml")
            return []
        } catch {
            return error.problems.map(\.text)
        }
    }

    static let wrong: [WrongConfiguration] = [
        WrongConfiguration(text: "[hub\nurl = 1", place: "1:5", words: ["it is not TOML", "https://toml.io"]),
        WrongConfiguration(text: "[hub]\nurl = \"a\"\nurl = \"b\"", place: "3:", words: ["it is not TOML"]),
        WrongConfiguration(text: "\u{FEFF}[hub]\nurl = \"\u{1}\"", place: "2:", words: ["it is not TOML"]),
        WrongConfiguration(
            text: "[[input]]\ntype = \"syslog\"\nlisten = \"udp://127.0.0.1:1\"",
            place: "",
            words: ["there is no [hub]", "url = \"http://127.0.0.1:8080\""]
        ),
        WrongConfiguration(text: "[hub]\nurl = \"http://h\"", place: "", words: ["there is no [[input]]", "add one"]),
        WrongConfiguration(
            text: "hub = 3\n[[input]]\ntype = \"syslog\"\nlisten = \"udp://127.0.0.1:1\"",
            place: "1:7",
            words: ["`hub` must be a section", "[hub]"]
        ),
        .section("[huub]", "3:2", "unknown key `huub`", "did you mean `hub`?"),
        .section("[frobnicator]", "3:2", "unknown key `frobnicator`", "known here: agent, hub"),

        .input(
            "syslog",
            "listen = \"udp://127.0.0.1:1\"\ntimezone = \"Mars/Olympus\"",
            "6:12",
            "`timezone`",
            "\"+02:00\""
        ),
        .input(
            "syslog",
            "listen = \"udp://127.0.0.1:1\"\ntimezone = \"../passwd\"",
            "6:12",
            "is no time zone",
            "\"Europe/Oslo\""
        ),
        .input(
            "syslog",
            "listen = \"udp://127.0.0.1:1\"\nparse_payload = \"yes\"",
            "6:17",
            "`parse_payload` must be true or false"
        ),
        .input(
            "json",
            "listen = \"udp://127.0.0.1:1\"\nparse_payload = true",
            "6:1",
            "`parse_payload` does nothing here",
            "syslog"
        ),
        .input("file", "paths = [\"/a\"]\ntimezone = \"UTC\"", "6:1", "`timezone` does nothing here", "parser"),
        .input("syslog", "listen = \"udp://127.0.0.1:1\"\nlevel = \"warnin\"", "6:9", "is no level", "\"warning\"?"),
        .input("syslog", "listen = \"udp://127.0.0.1:1\"\nlevel = 3", "6:9", "`level` must be text or a table"),
        .input(
            "syslog",
            "listen = \"udp://127.0.0.1:1\"\nlevel = { eror = \"info\" }",
            "6:11",
            "is no level",
            "\"error\"?"
        ),
        .input("syslog", "listen = \"udp://127.0.0.1:1\"\nlevel = { error = 3 }", "6:19", "must say a level in text"),
        .input("syslog", "listen = \"udp://127.0.0.1:1\"\ndrop = \"cron\"", "6:8", "must be a list of tables", "app ="),
        .input("syslog", "listen = \"udp://127.0.0.1:1\"\ndrop = []", "6:8", "`drop` is empty"),
        .input("syslog", "listen = \"udp://127.0.0.1:1\"\nrate_limit = \"1000\"", "6:14", "is no rate", "1000/s"),
        .input("syslog", "listen = \"udp://127.0.0.1:1\"\nrate_limit = \"0/s\"", "6:14", "is no rate"),
        .input("syslog", "listen = \"udp://127.0.0.1:1\"\nrate_limit = 5", "6:14", "must be text or a table"),
        .input("syslog", "listen = \"udp://127.0.0.1:1\"\nrate_limit = { burst = 5 }", "6:14", "no `per_second`"),
        .input(
            "syslog",
            "listen = \"udp://127.0.0.1:1\"\nrate_limit = { per_sec = 5, per_second = 5 }",
            "6:16",
            "unknown key `per_sec` in rate_limit",
            "`per_second`?"
        ),
        .input(
            "syslog",
            "listen = \"udp://127.0.0.1:1\"\ngroup = \"a:{ap|'x'}\"",
            "6:9",
            "{ap} is not known here",
            "{app}?"
        ),
        .input(
            "syslog",
            "listen = \"udp://127.0.0.1:1\"\ngroup = \"a:{'x'|app}\"",
            "6:9",
            "is never used",
            "put the text last"
        ),
        .input("syslog", "listen = \"udp://127.0.0.1:1\"\ngroup = \"a:{app|}\"", "6:9", "has an empty choice"),
        .input("syslog", "listen = \"udp://127.0.0.1:1\"\ngroup = \"a:{data.x}\"", "6:9", "{data.x}", "for JSON"),
        .hub("ulr = \"x\"", "3:1", "unknown key `ulr` in [hub]", "did you mean `url`?"),
        .hub("urls = [\"http://a\"]", "2:7", "both `url` and `urls` are given", "keep `urls`"),
        .urls("[]", "2:8", "`urls` has 0 addresses", "give 1 to 16"),
        .urls("[\"http://a\", \"ftp://b\"]", "2:21", "`urls`", "is not an http:// or https:// address"),
        .urls("[\"http://a\", \"http://a/\"]", "2:21", "http://a stands twice", "keep the first"),
        .urls("[\"https://a\", 5]", "2:", "`urls` must hold texts only"),
        .hub("ca_file = \"/etc/hostname\"", "3:11", "certificates do nothing for an http:// address", "https://"),
        .hub("cert_file = \"/c\"", "3:13", "`cert_file` is given without `key_file`", "needs both"),
        .hub("key_file = \"/k\"", "3:12", "`key_file` is given without `cert_file`", "needs both"),
        .urls("[\"https://a\"]\nca_file = \"/nowhere\"", "3:11", "/nowhere", "no such file", "name PEM files"),
        .urls("[\"https://a\"]\nca_file = \"/etc/passwd\"", "3:11", "no certificate in PEM form", "name PEM files"),
        .hub("proxy = \"socks5://p:1\"", "3:9", "`proxy`: it is not an http:// or https:// address", "3128"),
        .hub("proxy = \"http://p\"", "3:9", "`proxy`: it has no host and port", "3128"),
        .hub("proxy = \"http://u:p@h:1/x\"", "3:9", "`proxy`: it has a path", "%2F"),
        .urls("[\"http://127.0.0.1:1\"]\nproxy = \"http://p:1\"", "3:9", "`proxy` does nothing", "remove it"),
        .hub(
            "api_key = \"a\"\napi_key_file = \"b\"",
            "3:11",
            "both `api_key` and `api_key_file`",
            "keep `api_key_file`"
        ),
        .hub("api_key = 5", "3:11", "`api_key` must be text (it is a number)"),
        .hub("api_key = \"\"", "3:11", "`api_key` is empty", "remove the line"),
        WrongConfiguration(
            text: "[hub]\n[[input]]\ntype = \"file\"\npaths = [\"/a\"]",
            place: "1:1",
            words: ["[hub] has no `url`", "add url"]
        ),

        .section("[agent]\nname = \"two words\"", "4:8", "`name` has characters", "A-Z a-z 0-9 - _"),
        .section("[agent]\ndata_dri = \"x\"", "4:1", "unknown key `data_dri` in [agent]", "did you mean `data_dir`?"),
        .section("[agent]\ntags = \"x\"", "4:8", "`tags` must be a list of texts (it is text)", "tags = [\"…\"]"),
        .section("[agent]\ntags = [\"a\", 2]", "4:14", "`tags` must hold texts only", "tags = ["),

        .section("[buffer]\nmax_bytes = \"1 gigabyte\"", "4:13", "no unit that is known", "\"1GiB\""),
        .section("[buffer]\nmax_bytes = \"GiB\"", "4:13", "\"GiB\" is not a size", "\"1GiB\""),
        .section("[buffer]\nmax_bytes = \"1KiB\"", "4:13", "`max_bytes` is out of range", "from \"16MiB\""),
        .section("[buffer]\nmax_bytes = \"99999999999TiB\"", "4:13", "is too large"),
        .section("[buffer]\nmax_bytes = true", "4:13", "must be a size (it is true or false)", "\"16MiB\""),
        .section(
            "[buffer]\nfsync = \"sometimes\"",
            "4:9",
            "`fsync` cannot be \"sometimes\"",
            "always, interval, never"
        ),
        .section("[buffer]\nfsync = \"intervall\"", "4:9", "did you mean \"interval\"?"),
        .section(
            "[buffer]\nfsync_interval_ms = \"500\"",
            "4:21",
            "must be a whole number (it is text)",
            "without quotes"
        ),
        .section("[buffer]\nfsync_interval_ms = 1", "4:21", "is out of range", "from 10 to 60000"),
        .section("[buffer]\nwhen_full = \"drop_newest\"", "4:13", "cannot be", "did you mean \"drop_oldest\"?"),

        .section("[metrics]", "3:1", "[metrics] has no `listen`", "127.0.0.1:9514"),
        .section("[metrics]\nlisten = \"9514\"", "4:10", "has no port"),
        .section("[metrics]\nlisten = \"localhost:http\"", "4:10", "\"http\" is not a port", "1 to 65535"),

        .input(
            "sylog",
            "listen = \"udp://127.0.0.1:1\"",
            "4:8",
            "`type` cannot be \"sylog\"",
            "did you mean \"syslog\"?"
        ),
        .input("syslog", "", "3:1", "a syslog input has no `listen`", "udp://127.0.0.1:5514"),
        .input("syslog", "listen = \"127.0.0.1:514\"", "5:10", "does not begin with udp://, tcp://, tls://", "unix://"),
        .input("syslog", "listen = \"tls://127.0.0.1:6514\"", "5:10", "a tls:// listener needs `cert_file`", "PEM"),
        .input(
            "syslog",
            "listen = \"tls://127.0.0.1:6514\"\ncert_file = \"/nowhere/a.pem\"",
            "5:10",
            "a tls:// listener needs `key_file`",
            "key_file = "
        ),
        .input(
            "syslog",
            "listen = \"tls://127.0.0.1:6514\"\ncert_file = \"/nowhere/a.pem\"\nkey_file = \"/nowhere/a.key\"",
            "5:10",
            "the certificate file /nowhere/a.pem cannot be used",
            "no such file",
            "agent's user can read"
        ),
        .input(
            "syslog",
            "listen = \"tcp://127.0.0.1:1\"\ncert_file = \"/a\"",
            "6:13",
            "`cert_file` does nothing for tcp://",
            "tls://"
        ),
        .input("syslog", "listen = \"unix://run/x\"", "5:10", "\"run/x\" is not the path of a socket", "three slashes"),
        .input("syslog", "listen = \"unix:///run/\"", "5:10", "is not the path of a socket"),
        .input("syslog", "listen = \"unixgram://\"", "5:10", "is not the path of a socket", "unixgram:///run"),
        .input(
            "syslog",
            "listen = \"unix:///\(String(repeating: "x", count: 107))\"",
            "5:10",
            "the path has 108 bytes",
            "107 at most"
        ),
        .input(
            "syslog",
            "listen = \"unix:///a\"\nallow = [\"10.0.0.0/8\"]",
            "6:9",
            "`allow` does nothing for unix://",
            "`socket_mode`"
        ),
        .input("syslog", "listen = \"unix:///a\"\nsocket_mode = \"rw\"", "6:15", "cannot be \"rw\"", "\"0660\""),
        .input("syslog", "listen = \"unix:///a\"\nsocket_mode = \"0444\"", "6:15", "cannot be", "the right to write"),
        .input("syslog", "listen = \"unix:///a\"\nsocket_mode = 660", "6:15", "`socket_mode` must be text"),
        .input("json", "listen = \"udp://127.0.0.1:1\"\nsocket_mode = \"0660\"", "6:15", "does nothing for udp://"),
        .input(
            "syslog",
            "listen = \"unix:///a\"\n[[input]]\ntype = \"json\"\nlisten = \"unixgram:///a\"",
            "6:1",
            "have one address, unixgram:///a",
            "another path"
        ),
        .input(
            "syslog",
            "listen = \"tcp://127.0.0.1:1\"\n[[input]]\ntype = \"json\"\nlisten = \"tcp://127.0.0.1:1\"",
            "6:1",
            "have one address",
            "another port"
        ),
        .input("syslog", "listen = \"http://127.0.0.1:1\"", "5:10", "\"http://\" is not known", "udp://127.0.0.1:5514"),
        .input("syslog", "listen = \"udp://127.0.0.1\"", "5:10", "has no port"),
        .input("syslog", "listen = \"udp://127.0.0.1:70000\"", "5:10", "\"70000\" is not a port"),
        .input("syslog", "listen = \"udp://myhost:514\"", "5:10", "\"myhost\" is not an IP address", "0.0.0.0 for all"),
        .input("syslog", "listen = \"udp://::1:514\"", "5:10", "is ambiguous", "[::1]:514"),
        .input("syslog", "listen = \"udp://0.0.0.0:514\"", "5:10", "reached by everyone", "add allow = ["),
        .input("syslog", "listen = \"udp://[::]:514\"\nallow = []", "5:10", "reached by everyone", "add allow = ["),
        .input("json", "listen = \"udp://0.0.0.0:514\"", "5:10", "reached by everyone", "or a `token`"),
        .input(
            "syslog",
            "listen = \"udp://0.0.0.0:5\"\nallow = [\"10.0.0.0/33\"]",
            "6:10",
            "not a prefix length",
            "0 to 32"
        ),
        .input("syslog", "listen = \"udp://0.0.0.0:5\"\nallow = [\"lan\"]", "6:10", "\"lan\" is not a network"),
        .input(
            "syslog",
            "listen = \"udp://0.0.0.0:5\"\nallow = [\"fd00::/8\", \"192.168.1.7/16\"]",
            "6:22",
            "bits beyond its prefix",
            "write \"192.168.0.0/16\""
        ),
        .input("syslog", "listen = \"udp://127.0.0.1:5\"\ntoken = \"x\"", "6:1", "`token` does nothing here", "allow"),
        .input(
            "syslog",
            "listen = \"udp://127.0.0.1:5\"\npaths = [\"/x\"]",
            "6:1",
            "`paths` does nothing here",
            "\"file\""
        ),
        .input("syslog", "listen = \"tcp://127.0.0.1:5\"\nreceive_buffer = \"1MiB\"", "3:1", "does nothing for tcp://"),
        .input("syslog", "listen = \"udp://127.0.0.1:5\"\nmax_groups = 0", "6:14", "`max_groups` is out of range"),
        .input(
            "syslog",
            "listen = \"udp://127.0.0.1:5\"\nlisden = 1",
            "6:1",
            "unknown key `lisden` in [[input]]",
            "`listen`"
        ),
        .input(
            "syslog",
            "listen = \"udp://127.0.0.1:5\"\ngroup = \"a:{hots}\"",
            "6:9",
            "{hots} is not known",
            "{hostname}"
        ),
        .input("syslog", "listen = \"udp://127.0.0.1:5\"\ngroup = \"a:{file}\"", "6:9", "{file} is not known here"),
        .input("syslog", "listen = \"udp://127.0.0.1:5\"\ngroup = \"a:{app\"", "6:9", "brace without its partner"),
        .input(
            "syslog",
            "listen = \"udp://127.0.0.1:5\"\ngroup = \"a::{app}\"",
            "6:9",
            "a part between two `:` is empty"
        ),
        .input("syslog", "listen = \"udp://127.0.0.1:5\"\ngroup = \"a:*\"", "6:9", "cannot have *"),

        .input(
            "syslog",
            "listen = \"udp://127.0.0.1:5\"\ngroup = \"\(String(repeating: "a", count: 245)):{app}\"",
            "6:9",
            "leaves no room for its values",
            "shorten"
        ),
        .input("json", "listen = \"tcp://0.0.0.0:5\"", "5:10", "can be reached by everyone", "or a `token`"),

        .input("file", "", "3:1", "a file input has no `paths`", "/var/log/myapp/*.log"),
        .input("file", "paths = []", "5:9", "`paths` is empty"),
        .input("file", "paths = [\"/var/log/\"]", "5:10", "names folders, not files", "*.log"),
        .input("file", "paths = [\"/var/log/[a-\"]", "5:10", "[ without its ]"),
        .input("file", "paths = [\"/var/**x/*.log\"]", "5:10", "** within a name", "/var/log/**/*.log"),
        .input("file", "paths = [\"/var/*/../x\"]", "5:10", "goes up from a pattern"),
        .input(
            "file",
            "paths = [\"/x\"]\nparser = \"yaml\"",
            "6:10",
            "`parser` cannot be \"yaml\"",
            "raw, json, logfmt, syslog, combined, regex"
        ),
        .input("file", "paths = [\"/x\"]\nparser = \"regex\"", "3:1", "needs a `pattern`", "(?P<message>.*)'"),
        .input(
            "file",
            "paths = [\"/x\"]\nparser = \"regex\"\npattern = '(?P<a>\\w'",
            "7:11",
            "`pattern`: \"(?P<a>\\w\" is no regular expression: missing )"
        ),
        .input(
            "file",
            "paths = [\"/x\"]\nparser = \"regex\"\npattern = '\\w+'",
            "7:11",
            "has no named group",
            "(?P<level>"
        ),
        .input("file", "paths = [\"/x\"]\npattern = 'x'", "6:1", "`pattern` does nothing here", "parser = \"regex\""),
        .input("syslog", "listen = \"udp://127.0.0.1:1\"\npattern = 'x'", "6:1", "`pattern` does nothing here"),
        .input("json", "listen = \"udp://127.0.0.1:1\"\nmultiline = 'x'", "6:1", "`multiline` does nothing here"),
        .input("file", "paths = [\"/x\"]\nread_from = \"start\"", "6:13", "beginning, end"),
        .input("file", "paths = [\"/x\"]\nmultiline = \"x\"", "6:13", "`multiline` must be a table", "{ start = '"),
        .input(
            "file",
            "paths = [\"/x\"]\nmultiline = { }",
            "6:13",
            "does not say where a log begins",
            "indented = true"
        ),
        .input("file", "paths = [\"/x\"]\nmultiline = { indented = false }", "6:13", "does not say where a log begins"),
        .input(
            "file",
            "paths = [\"/x\"]\nmultiline = { start = 'a', indented = true }",
            "6:23",
            "has both `start` and `indented`"
        ),
        .input(
            "file",
            "paths = [\"/x\"]\nmultiline = { start = '[' }",
            "6:23",
            "`start`: \"[\" is no regular expression: missing ]"
        ),
        .input(
            "file",
            "paths = [\"/x\"]\nmultiline = { indented = true, max_line = 3 }",
            "6:32",
            "unknown key `max_line` in `multiline`",
            "did you mean `max_lines`?"
        ),
        .input(
            "file",
            "paths = [\"/x\"]\nmultiline = { indented = true, max_bytes = \"1MiB\" }",
            "6:44",
            "`max_bytes` is out of range",
            "256KiB"
        ),
        .input(
            "file",
            "paths = [\"/x\"]\nmultiline = { indented = true, wait_ms = 1 }",
            "6:42",
            "`wait_ms` is out of range"
        ),
        .input("file", "paths = [\"/x\"]\nlisten = \"udp://127.0.0.1:1\"", "6:1", "`listen` does nothing here"),
        .input("file", "paths = [\"/x\"]\nsocket_mode = \"0660\"", "6:1", "`socket_mode` does nothing here"),
        .input(
            "file",
            "paths = [\"/x\"]\n[[input]]\ntype = \"file\"\npaths = [\"/x\"]",
            "6:1",
            "two inputs have the name \"file-/x\"",
            "`name` of its own"
        ),
        .input(
            "syslog",
            "listen = \"udp://127.0.0.1:5\"\n[[input]]\ntype = \"json\"\nlisten = \"udp://127.0.0.1:5\"",
            "6:1",
            "have one address, udp://127.0.0.1:5",
            "another port"
        ),
        .input(
            "syslog",
            "listen = \"tcp://127.0.0.1:5\"\n[metrics]\nlisten = \"127.0.0.1:5\"",
            "7:10",
            "listens on 127.0.0.1:5 too",
            "another port"
        ),
    ]

    @Test(arguments: wrong)
    func `an error names its place and what to do`(_ wrong: WrongConfiguration) throws {
        let errors = Self.read(wrong.text)
        let first = try #require(errors.first)
        #expect(errors.count == 1, "\(errors)")
        #expect(first.hasPrefix("agent.toml:\(wrong.place)"), "\(first)")
        for word in wrong.words { #expect(first.contains(word), "\(first)") }
        // What is wrong; what to do.
        #expect(first.contains("; "))
    }

    static let wrongHubs: [(String, String)] = [
        ("h:8080", "not an http:// or https:// address"), ("http://", "has no host"), ("http://:80", "has no host"),
        ("http://h:0", "bad port"), ("http://h:x", "bad port"), ("http://u:p@h", "holds a user or password"),
        ("http://h/?a=1", "has a query"), ("http://h ", "blanks"), ("ftp://h", "not an http"),
    ]

    @Test(arguments: wrongHubs)
    func `a wrong address of the hub is an error at its line`(_ url: String, _ words: String) throws {
        let errors = Self.read("[hub]\nurl = \"\(url)\"\n[[input]]\ntype = \"file\"\npaths = [\"/x\"]")
        let first = try #require(errors.first)
        #expect(errors.count == 1)
        #expect(first.hasPrefix("agent.toml:2:7: `url`: "))
        #expect(first.contains(words), "\(first)")
        #expect(!first.contains("u:p"))
    }

    @Test func `all errors of a file are reported at once and from its top`() {
        let errors = Self.read(
            """
            [hub]
            ulr = "http://h"
            [buffer]
            max_bytes = "1"
            fsync = "x"
            [[input]]
            type = "syslog"
            listen = "udp://0.0.0.0:514"
            [[input]]
            type = "file"
            paths = ["/["]
            """
        )
        #expect(errors.map { $0.split(separator: ":")[1] } == ["1", "2", "4", "5", "8", "11"])
    }

    @Test func `a file of errors without end is cut`() {
        let keys = (0..<500).map { "unknown\($0)x = 1" }.joined(separator: "\n")
        #expect(Self.read(keys).count == AgentLimits.configurationErrors)
    }

    @Test func `a long unknown key is no work without end`() {
        let key = String(repeating: "k", count: 100_000)
        #expect(Self.read("\(key) = 1").contains { $0.contains("unknown key") })
    }
}
