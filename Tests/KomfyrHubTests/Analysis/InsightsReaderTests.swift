import Protocol
import TestSupport
import Testing

@testable import KomfyrHub

@Suite struct InsightsReaderTests {
    private static let report = """
        {"findings":[{"title":"Latency moved","description":"From 45 to 180.","severity":"warning",\
        "since":"2026-11-23T05:00:00Z"},{"title":"Down","description":"Gone.","severity":"critical","since":null}],\
        "recommendations":[{"action":"Look at db.","priority":"low"},{"action":"Restart.","priority":"high"}],\
        "severity":"critical","summary":"Two things."}
        """

    private static func read(_ text: String) throws(InsightsProblem) -> Insights {
        try InsightsReader.read(Array(text.utf8))
    }

    private static func problem(_ text: String) -> String? {
        do throws(InsightsProblem) {
            _ = try read(text)
            return nil
        } catch {
            return error.words
        }
    }

    @Test func `a report is read, the gravest first`() throws {
        let insights = try Self.read(Self.report)
        #expect(insights.summary == "Two things.")
        #expect(insights.severity == .critical)
        #expect(insights.findings.map(\.title) == ["Down", "Latency moved"])
        #expect(insights.findings.map(\.since) == [nil, 1_795_410_000 * Timestamp.second])
        #expect(insights.recommendations.map(\.action) == ["Restart.", "Look at db."])
    }

    @Test(arguments: [
        "```json\n\(report)\n```", "Here is the report:\n\n\(report)\n\nI hope that helps! {smile}",
        "\u{FEFF}\(report)",
        "<think>{\"draft\": true} and { then</think>\(report)", "{\"report\": \(report)}", "  \n\(report)\n",
        "```\n\(report)", "{} {\"a\":{\"b\":[]}} \(report) {", "It's \"quoted\" \(report) don't",
    ])
    func `it is found among words, fences and other objects`(_ text: String) throws {
        #expect(try Self.read(text) == Self.read(Self.report))
    }

    @Test func `of several reports the last one counts`() throws {
        let draft = #"{"summary":"Draft.","severity":"normal","findings":[],"recommendations":[]}"#
        #expect(try Self.read(draft + "\nNo, rather:\n" + Self.report).summary == "Two things.")
    }

    @Test(arguments: [
        ("", "no JSON object"), ("All is well.", "no JSON object"), ("{\"summary\":\"x", "breaks off"),
        ("{\"summary\" \"x\"}", "no JSON: a ':' is missing"), ("[]", "no JSON object"),
        ("{}", "no \"summary\""), (#"{"summary":5}"#, "\"summary\" of the model's answer is no string"),
        (#"{"summary":"  "}"#, "empty \"summary\""), (#"{"summary":"x"}"#, "no \"severity\""),
        (#"{"summary":"x","severity":"purple"}"#, "is \"purple\", which is none"),
        (#"{"summary":"x","severity":"normal"}"#, "no \"findings\""),
        (#"{"summary":"x","severity":"normal","findings":{},"recommendations":[]}"#, "no list"),
        (#"{"summary":"x","severity":"normal","findings":[5],"recommendations":[]}"#, "no \"title\" in finding 1"),
        (
            #"{"summary":"x","severity":"normal","findings":[{"title":"t","description":"d"}],"recommendations":[]}"#,
            "no \"severity\" in finding 1"
        ),
        (
            #"{"summary":"x","severity":"normal","findings":[],"recommendations":[{"action":"a","priority":7}]}"#,
            "\"priority\" in recommendation 1 of the model's answer is no string"
        ),
    ])
    func `what does not fit is refused in words`(_ text: String, _ words: String) {
        #expect(Self.problem(text)?.contains(words) == true, "\(Self.problem(text) ?? "read")")
    }

    @Test func `words of severity that models are used to are understood`() throws {
        let text = """
            {"summary":"x","severity":"HIGH","findings":[{"title":"a","description":"b","severity":"Medium"},\
            {"title":"c","description":"d","severity":"low"}],"recommendations":[{"action":"e","priority":"Critical"}]}
            """
        let insights = try Self.read(text)
        #expect(insights.severity == .critical)
        #expect(insights.findings.map(\.severity) == [.warning, .info])
        #expect(insights.recommendations.map(\.priority) == [.high])
    }

    @Test func `it is cut to limits, and what turns or hides writing is taken out`() throws {
        let long = String(repeating: "é", count: 2_500)
        let finding = #"{"title":"\#(long)","description":"\#(long)","severity":"info","since":"yesterday"}"#
        let action = #"{"action":"\#(long)","priority":"low"}"#
        let findings = Array(repeating: finding, count: 40).joined(separator: ",")
        let actions = Array(repeating: action, count: 40).joined(separator: ",")
        let summary = #"one\u202Etwo\u0000\u001b[31mthree\n four\u200b\u2066 \ud83d\ude00 \ud800"# + "\nfive\t" + long
        let insights = try Self.read(
            #"{"summary":"\#(summary)","severity":"normal","findings":[\#(findings)],"recommendations":[\#(actions)]}"#
        )
        #expect(insights.findings.count == HubLimits.insightFindings)
        #expect(insights.recommendations.count == HubLimits.insightRecommendations)
        #expect(insights.summary.hasPrefix("onetwo [31mthree four 😀 \u{FFFD} five é"))
        #expect(insights.summary.hasSuffix("é…"))
        #expect(insights.summary.utf8.count <= HubLimits.insightSummaryBytes)
        for finding in insights.findings {
            #expect(finding.title.utf8.count <= HubLimits.insightTitleBytes)
            #expect(finding.description.utf8.count <= HubLimits.insightDescriptionBytes)
            #expect(finding.since == nil)
        }
        for item in insights.recommendations { #expect(item.action.utf8.count <= HubLimits.insightActionBytes) }
    }

    @Test(arguments: 0..<20)
    func `any text is read or refused, never more than that`(_ seed: Int) {
        var random = SeededRandom(seed: UInt64(seed) * 1_000_003)
        let bytes = Array(Self.report.utf8)
        for _ in 0..<100 {
            var text = bytes
            for _ in 0..<(1 + random.below(6)) {
                switch random.below(3) {
                case 0: text[random.below(text.count)] = UInt8(random.below(256))
                case 1: text.remove(at: random.below(text.count))
                default: text.insert(Array("{}[]\",:\\".utf8)[random.below(8)], at: random.below(text.count))
                }
            }
            _ = try? InsightsReader.read(text)
        }
        for part in ["{", "{\"", "{\"a\":", "[{", "}"] {
            _ = try? InsightsReader.read(Array(String(repeating: part, count: 20_000).utf8))
        }
    }

    @Test func `the schemas are JSON, and say the same`() throws {
        for schema in [InsightsSchema.gemini, InsightsSchema.jsonSchema] {
            var scanner = JSONScanner()
            var cursor = try schema.withUnsafeBytes { try scanner.indexCopy(of: $0) }
            #expect(try cursor.readValue().kind == .object)
            try cursor.finish()
            let text = String(decoding: schema, as: UTF8.self)
            for name in [
                "summary", "severity", "findings", "recommendations", "title", "description", "since", "action",
                "priority",
            ] {
                #expect(text.contains("\"\(name)\":{\"type\":"), "\(name)")
            }
            for severity in Insights.Finding.Severity.allCases { #expect(text.contains("\"\(severity.rawValue)\"")) }
            for priority in Insights.Recommendation.Priority.allCases {
                #expect(text.contains("\"\(priority.rawValue)\""))
            }
        }
        let strict = String(decoding: InsightsSchema.jsonSchema, as: UTF8.self)
        #expect(strict.split(separator: "\"additionalProperties\":false").count == 4)
        #expect(strict.split(separator: "\"required\":").count == 4)
        let gemini = String(decoding: InsightsSchema.gemini, as: UTF8.self)
        #expect(gemini.split(separator: "\"propertyOrdering\":").count == 4)
        #expect(!gemini.contains("additionalProperties"))
    }
}
