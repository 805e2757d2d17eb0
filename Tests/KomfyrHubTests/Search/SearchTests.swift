import Protocol
import Testing

@testable import KomfyrHub

@Suite struct SearchTests {
    private static let log = SearchLog(
        message: "Connection from 10.0.0.1 reset: user=bob, took 12.5 ms (Ångström på vakt) main/loop.c:42 foo_bar",
        level: .warning,
        group: "site:rack-1:router",
        tags: ["prod", "Blå \"x\""],
        source: "web-1.example",
        data: .object([
            ("status", .number("404")), ("code", .string("404")), ("price", .number("1.10")),
            ("id", .number("123456789012345678")), ("huge", .number("1e400")),
            ("text", .string("Disk på \"sda\" full")),
            ("path", .string("/var/log/syslog")), ("ok", .literal("true")), ("none", .literal("null")),
            ("empty", .string("")),
            ("http", .object([("status", .number("-500")), ("a.b", .object([("c", .string("deep"))]))])),
            ("list", .array([.string("one"), .number("7"), .object([("name", .string("two words"))])])),
            ("twice", .number("1")), ("twice", .number("2")), ("level", .string("custom")),
            ("user name", .string("Eve")),
        ])
    )

    private static func answers(_ query: String, _ log: SearchLog) throws -> [Bool] {
        let search = try Search(query)
        let rows = SearchLog.rows([log])
        var tail: [UInt32] = [0]
        search.filter(&tail, in: RowBlock(tail: rows), group: log.group)
        var chunk: [UInt32] = [0]
        search.filter(&chunk, in: SearchLog.chunk([log]), group: log.group)
        return [!tail.isEmpty, !chunk.isEmpty, search.matches(rows.columns, row: 0, group: log.group)]
    }

    // With its type, since to infer it takes the compiler long; so do those below.
    private static let cases: [(String, Bool)] = [
        // Words: whole, in any case, in the message and in strings of the data.
        ("connection", true), ("CONNECTION", true), ("connect", false), ("nection", false), ("disk", true),
        ("dis", false), ("ångström", true), ("ÅNGSTRÖM", true), ("ngström", false), ("på", true), ("p", false),
        ("foo_bar", true), ("foo", false), ("bob", true), ("404", true), ("500", false), ("status", false),
        ("deep", true),
        ("one", true), ("words", true), ("12", true), ("12.5", true), ("2.5", false), ("10.0.0.1", true),
        ("10.0.0", true),
        ("10.0.0.10", false), ("0.0.0.1", false), ("loop.c", true), ("main/loop.c\\:42", true),
        ("eve", true), ("prod", false), ("(reset)", true), ("\"reset: user\"", true), ("\"reset user\"", false),
        ("\"from 10\"", true), ("\"rom 10\"", false), ("\"på \\\"sda\\\" full\"", true), ("\"(ångström\"", true),
        ("\"/var/log/syslog\"", true), ("\"log/sys\"", false),
        // Parts of words.
        ("conn*", true), ("onn*", false), ("*nect*", true), ("*tion", true), ("*tio", false), ("*", true),
        ("disk*", true),
        ("\"reset: us\"*", true), ("*\"set: us\"*", true), ("*ngst*", true), ("ÅNGST*", true), ("*sysl*", true),
        // Operators.
        ("connection disk", true), ("connection nothing", false), ("connection AND disk", true),
        ("connection && disk", true),
        ("nothing OR disk", true), ("nothing || disk", true), ("nothing OR other", false), ("-nothing", true),
        ("-disk", false), ("NOT disk", false), ("NOT NOT disk", true), ("--disk", true), ("connection -nothing", true),
        ("connection -disk", false), ("nothing other OR disk", true), ("disk OR nothing other", true),
        ("nothing OR disk other", false), ("(nothing OR disk) other", false), ("(nothing OR disk) bob", true),
        ("-(nothing OR other)", true), ("-(nothing OR disk)", false), ("disk or bob", false), ("", true), ("  ", true),
        ("-nothing OR other", true), ("\"OR\"", false), ("NOT(nothing)", true), ("(((disk)))", true),
        // The log's own fields.
        ("message:connection", true), ("message:disk", false), ("message:\"reset: user\"", true),
        ("message:conn*", true),
        ("message=connection", false), ("level:warning", true), ("level:WARN", true), ("level:error", false),
        ("level>=warning", true), ("level>warning", false), ("level<=warning", true), ("level<critical", true),
        ("level=warn", true), ("level:>=info", true), ("level:(error OR warning)", true), ("level:*", true),
        ("data.level:custom", true), ("group:site:rack-1:router", true), ("group:site:*", true), ("group:site", false),
        ("group:site:rack-1:router:*", true), ("group:site:rack*", true), ("group:*rack*", true),
        ("group:*router", true),
        ("group:*", true), ("group:\"site:*\"", true), ("group:(a OR site:rack-1:*)", true), ("group:Site:*", false),
        ("group:/rack-\\d/", true), ("-group:*", false), ("tags:prod", true), ("tag:PROD", true), ("tags:pro", false),
        ("tags:pro*", true), ("tags:\"blå \\\"x\\\"\"", true), ("tags:*å*", true), ("tags:*", true),
        ("tags:/^p.*d$/", true),
        ("tags:/^Bl. \"x\"$/", true), ("source:web-1.example", true), ("source:web-1", false), ("source:web*", true),
        ("source:*example", true), ("source=WEB-1.EXAMPLE", true), ("source:*", true), ("source:/^web-\\d/", true),
        // Members of the data.
        ("status:404", true), ("code:404", true), ("data.status:404", true), ("status:\"404\"", true),
        ("status=404.0", true),
        ("status:40", false), ("status:40*", true), ("status:*4", true), ("status:/^4/", true), ("status:/^5/", false),
        ("status>=404", true), ("status>404", false), ("status<405", true), ("status<=403.9", false),
        ("status:>400", true),
        ("status:(>=400 <500)", true), ("status:(200 OR 404)", true), ("code>=400", false), ("price:1.1", true),
        ("price=1.10", true), ("price:11e-1", true), ("price>=1.1", true), ("id:123456789012345678", true),
        ("id:123456789012345679", false), ("huge>1", false), ("huge:1e400", true), ("huge:10e399", true),
        ("huge:1e401", false), ("text:disk", true), ("text:\"på \\\"sda\\\"\"", true), ("text=disk", false),
        ("text=\"DISK PÅ \\\"SDA\\\" FULL\"", true), ("text:fu*", true), ("text:*sk*", true), ("text:/PÅ/i", true),
        ("text:/PÅ/", false), ("text=disk*", true), ("path:\"/var/log\"", true), ("path=\"/var/log\"", false),
        ("path:/^\\/var/", true), ("ok:true", true), ("ok:false", false), ("ok:*", true), ("none:*", false),
        ("none:null", true), ("empty:\"\"", true), ("empty:*", true), ("status:\"\"", false), ("absent:*", false),
        ("-absent:*", true), ("http:*", true), ("http.status:-500", true), ("http.status<0", true),
        ("http.statu:*", false),
        ("http.a.b.c:deep", true), ("http.a.c:*", false), ("list:one", true), ("list:7", false), ("list>=7", false),
        ("list.name:words", true), ("list:*", true), ("twice:1", true), ("twice:2", false), ("twice>=2", false),
        ("\"user name\":eve", true), ("user\\ name:eve", true), ("text:(disk -nothing)", true), ("*:*", true),
        // Regular expressions.
        ("/Connection .* reset/", true), ("/connection .* reset/", false), ("/CONNECTION .* RESET/i", true),
        ("/^full$/", false), ("/\"sda\" full$/", true), ("message:/full/", false), ("-/x{3}/", true),
        ("/p\\x{e5}/", true),
        ("/\\/var\\/log/", true), ("/user=b.b/", true), ("/loop\\.c:4\\d/", true), ("/took <?12>?/", true),
    ]

    @Test(arguments: cases)
    func `a search finds what it should, in a tail, in a chunk and in the stream`(_ query: String, _ isFound: Bool)
        throws
    {
        #expect(try Self.answers(query, Self.log) == [isFound, isFound, isFound])
    }

    @Test(arguments: [
        ("k", "273 \u{212A}", true), ("k*", "\u{212A}elvin", true), ("kelvin", "\u{212A}ELVIN", true),
        ("i*", "\u{130}stanbul", true), ("ελλάδα", "ΕΛΛΆΔΑ", true), ("strasse", "straße", false),
        ("привет", "ПРИВЕТ мир", true), ("прив", "ПРИВЕТ", false), ("日本", "日本", true), ("日", "日本", false),
        ("*本*", "日本語", true), ("\"  \"", "a  b", true), ("=>x", "", nil), ("\"=>\"", "a => b", true),
        ("\"\\n\"", "a\nb", true),
        ("\"a\\tb\"", "a\tb", true), ("a\\*b", "a*b", true), ("\\-x", "a -x", true), ("e", "naïve é", false),
    ])
    func `letters beyond ASCII and signs are looked for`(_ query: String, _ message: String, _ isFound: Bool?) throws {
        let log = SearchLog(message: message, data: .object([("s", .string(message))]))
        guard let isFound else {
            #expect(throws: SearchProblem.self) { try Search(query) }
            return
        }
        #expect(try Self.answers(query, log) == [isFound, isFound, isFound])
    }

    private static let problems: [(String, Int, String)] = [
        ("\"abc", 0, "never closed"), ("a \"b", 2, "never closed"), ("(a", 0, "never closed"),
        ("a (b OR (c", 8, "never closed"),
        ("a)", 1, "closes nothing"), ("a b ) c", 4, "closes nothing"), ("()", 0, "nothing in"),
        ("a ()", 2, "nothing in"),
        ("main(int)()", 9, "nothing in"), ("a OR", 4, "missing"), ("OR a", 0, "before and after"),
        ("a AND", 5, "missing"),
        ("a OR OR b", 5, "before and after"), ("a AND OR b", 6, "before and after"), ("NOT", 3, "missing"),
        ("-", 1, "missing"),
        ("a - b", 2, "Nothing follows"), ("(a OR )", 6, "missing"), ("(", 0, "never closed"),
        ("a:", 2, "value is missing"),
        ("ø: b", 2, "value is missing"), ("a:(b", 2, "never closed"), ("a:()", 2, "nothing in"),
        ("a>=", 3, "value is missing"),
        ("a>=b", 3, "number is expected"), ("a > 5", 2, "name of a field"), ("a>(5)", 2, "value is missing"),
        ("a>=1e999", 3, "number is expected"), ("a>5*", 2, "number is expected"), ("a>/x/", 2, "number is expected"),
        ("message>5", 8, "levels and numbers"), ("source<x", 7, "levels and numbers"), ("level:loud", 6, "no level"),
        ("level>=", 7, "value is missing"), ("level:err*", 6, "no level"), ("level:/e/", 6, "no level"),
        ("a\\", 1, "Nothing follows"),
        ("a*b", 1, "beginning or the end"), ("x:a*b", 3, "beginning or the end"), ("\"\"", 0, "empty"),
        ("message:\"\"", 8, "empty"),
        ("/a", 0, "never closed"), ("//", 0, "stands between"), ("http://x", 5, "stands between"),
        ("/var/log", 0, "stands between"),
        ("/a(/", 0, "missing )"), ("x /[z-a]/", 2, "range"), ("status:[400", 7, "Ranges"), ("foo*:bar", 0, "no \"*\""),
        (">=5", 0, "name of a field"), ("/(((a{100}){100}){100})/", 0, "cannot be used"),
    ]

    @Test(arguments: problems)
    func `what is wrong is said, and where`(_ query: String, _ position: Int, _ words: String) throws {
        let problem = try #require(throws: SearchProblem.self) { try Search(query) }
        #expect(problem.position == position)
        #expect(problem.message.contains(words), "\(problem.message)")
    }

    @Test func `a search is bounded in length, depth, terms and patterns`() throws {
        func problem(_ query: String) throws -> SearchProblem {
            try #require(throws: SearchProblem.self) { try Search(query) }
        }
        let deepest = HubLimits.searchDepth
        _ = try Search(String(repeating: "(", count: deepest) + "a" + String(repeating: ")", count: deepest))
        #expect(try problem(String(repeating: "(", count: HubLimits.searchBytes)).position == deepest)
        #expect(try problem(String(repeating: "-(", count: 2_000)).position == deepest * 2 + 1)
        #expect(try problem(String(repeating: "å", count: 2_049)).position == 2_048)
        _ = try Search(String(repeating: "-", count: 4_000) + "a")
        let words = Array(repeating: "a", count: HubLimits.searchTerms)
        _ = try Search(words.joined(separator: " OR "))
        #expect(try problem(words.joined(separator: " ") + " a").position == HubLimits.searchTerms * 2)
        let patterns = Array(repeating: "/a/", count: HubLimits.searchPatterns)
        _ = try Search(patterns.joined(separator: " "))
        #expect(try problem(patterns.joined(separator: " ") + " /a/").position == HubLimits.searchPatterns * 4)
    }

    @Test func `columns are asked for no further than needed`() throws {
        #expect(try Search("").columns == ColumnRequest())
        #expect(try Search("group:a:* OR group:b").columns == ColumnRequest())
        #expect(try Search("level:error -group:a").columns == ColumnRequest(columns: .levels))
        #expect(try Search("word").columns == ColumnRequest(columns: [.messages, .data]))
        #expect(try Search("message:word source:a").columns == ColumnRequest(columns: [.messages, .sources]))
        #expect(try Search("a.b>5 c<1").columns == ColumnRequest(numbers: [Array("a.b".utf8), Array("c".utf8)]))
        #expect(try Search("tags:x status:404").columns == ColumnRequest(columns: [.tags, .data]))
    }

    @Test func `a search of levels and groups tells the levels`() throws {
        #expect(try Search("").levels(in: nil) == 0b11111)
        #expect(try Search("level>=error").levels(in: "a") == 0b11000)
        #expect(try Search("level>=error group:a").levels(in: "b") == 0)
        #expect(try Search("-level:info OR group:a").levels(in: "a") == 0b11111)
        #expect(try Search("-level:info OR group:a").levels(in: "b") == 0b11101)
        #expect(try Search("level:info word").levels(in: "b") == nil)
    }

    private static let prunings: [(String, Bool)] = [
        ("word", true), ("missing", false), ("-missing", true), ("-word", true), ("word missing", false),
        ("word OR missing", true), ("\"word other\"", true), ("\"word missing\"", false), ("miss*", true),
        ("*iss*", true),
        ("\"missing wor\"*", false), ("/missing/", true), ("level:error", true), ("level:debug", false),
        ("-level>=info", false), ("level>=info", true), ("group:a:*", true), ("group:b", false), ("-group:a:*", false),
        ("n>10", false), ("n>=10", true), ("n<1", false), ("n<=1", true), ("n:5", true), ("n:11", false),
        ("m:5", false),
        ("m>1", false), ("n:word", true), ("n:missing", false), ("n:1*", true), ("n:true", true), ("n:*", true),
        ("message:missing", false), ("tags:missing", true), ("source:missing", true), ("huge>1", false),
        ("huge:1e400", true),
        ("-(missing OR level:error)", true), ("(level:debug OR missing) word", false),
    ]

    @Test(arguments: prunings)
    func `chunks are passed over by what is known of them`(_ query: String, _ mayMatch: Bool) throws {
        let words = Set(["word", "other"].map { Words.hash(folded: Array($0.utf8)) })
        let numbers = [
            SplitData.NumberInfo(path: Array("n".utf8), count: 2, least: 1, most: 10),
            SplitData.NumberInfo(path: Array("huge".utf8), count: 1, least: .nan, most: .nan),
        ]
        let search = try Search(query)
        #expect(
            search.mayMatch(levels: 0b01010, numbers: numbers, group: "a:b", mayContain: { words.contains($0.hash) })
                == mayMatch
        )
        // What is not known of a chunk counts as possible.
        let unknown = ChunkFacts(levels: 0b01010, words: nil, numbers: nil)
        if mayMatch { #expect(search.mayMatch(unknown, group: "a:b")) }
    }

    @Test func `what is damaged is searched without harm`() throws {
        var block = SearchLog.chunk([Self.log, Self.log])
        block.messages?.ranges[0] = TextRange(offset: .max, length: .max)
        block.sources?.ranges[1] = TextRange(offset: 1_000_000, length: 5)
        guard case .split(var split) = block.data else { throw SearchProblem(position: 0, message: "no data") }
        split.numbers[0] = nil
        split.numbers[1] = SplitData.NumberColumn(values: [], digits: nil)
        for bytes in [
            "{\"a\u{1}", "{\"status\":\u{1}", "{\"a\":[[[[", "[}", "{\"status\"}", ":",
            String(repeating: "[", count: 5_000),
        ] {
            split.objects = TextColumn(
                text: Array(bytes.utf8),
                ranges: [TextRange(offset: 0, length: UInt32(bytes.utf8.count)), TextRange(offset: 9, length: 9_999)]
            )
            block.data = .split(split)
            for query in [
                "word", "/x/", "status:404", "status>=1", "status:4*", "source:web*", "a.b.c:*", "message:conn*",
            ] {
                var rows: [UInt32] = [0, 1, 7]
                try Search(query).filter(&rows, in: block, group: nil)
                #expect(!rows.contains(7))
            }
        }
    }

    @Test func `texts and patterns that are made to be slow are searched in linear time`() throws {
        let run = String(repeating: "a", count: 1 << 20)
        let log = SearchLog(message: run, data: .object([("s", .string(run))]))
        let half = String(repeating: "a", count: 2_000)
        #expect(try Self.answers(half, log) == [false, false, false])
        #expect(try Self.answers("\(half)*", log) == [true, true, true])
        #expect(try Self.answers("*\(half)b\(half)*", log) == [false, false, false])
        #expect(try Self.answers("/(a*)*(a*)*b/ OR /(x+x+)+y/", log) == [false, false, false])
    }
}
