import Logging
import Protocol
import TestSupport
import Testing

@testable import KomfyrHub

/// Reports from end to end: logs in a real store on a real Redis, series, patterns and trends read of them, the digest,
/// a model's stand-in on a real socket, and the statistics.
@Suite struct WholeReportTests {
    /// The time of all of this; the store keeps logs for twenty years, so that they are there whenever it runs.
    private static let now = MadeFacts.now

    private struct Bed: Sendable {
        let store: StoreForTests

        func append(_ lines: [UInt8]) async throws {
            _ = try await store.append(request(lines: lines, arrival: WholeReportTests.now))
        }

        func report(
            _ group: String,
            hours: Int = 24,
            model: ModelCaller? = nil
        ) async throws -> ModelJSON {
            let service = AnalysisService(
                AnalysisService.Parts(
                    store: store.store,
                    redis: store.client,
                    model: model,
                    retention: 48 * 3_600_000_000_000,
                    logger: .silent,
                    now: { WholeReportTests.now }
                )
            )
            let question = AnalysisQuestion(group: GroupPattern(group), bound: nil, hours: hours)
            let answer = try await service.report(question, isRefresh: false)
            #expect(!answer.isPartial)
            return try #require(ModelJSON(answer.analysis))
        }
    }

    private func withBed(_ body: (Bed) async throws -> Void) async throws {
        var configuration = StoreConfiguration()
        configuration.retention = 20 * 365 * 86_400 * Timestamp.second
        configuration.clock = { Self.now }
        try await withStore(configuration) { _, _, store in try await body(Bed(store: store)) }
    }

    // MARK: The original's sample

    /// 61 readings, one every two minutes; three of them far above the others.
    @Test func `the sample of 61 readings with a spike gives a report that names it and what to look at`() async throws
    {
        try await withBed { bed async throws in
            var random = SeededRandom(seed: 61)
            var lines: [UInt8] = []
            for reading in 0...60 {
                let isHot = (40..<43).contains(reading)
                let temperature = isHot ? 41.6 : 23.5 + Double(random.below(15)) / 10
                var log = TestLog(
                    message: "Temperature reading: \(temperature) C",
                    group: "datacenter:server-rack-1",
                    level: isHot ? .warning : .info,
                    tags: ["temperature", "monitoring"],
                    timestamp: Self.now - Int64(60 - reading) * 120 * Timestamp.second
                )
                let processor = (isHot ? 88.0 : 33) + Double(random.below(60)) / 10
                log.data =
                    #"{"temperature":\#(temperature),"threshold":30,"humidity":\#(44 + random.below(3)),"#
                    + #""cpu_usage":\#(processor)}"#
                log.append(to: &lines)
            }
            try await bed.append(lines)
            let report = try await bed.report("datacenter:server-rack-1")
            #expect(report["analyzed_logs"]?.count == 61)
            #expect(report["analyst"]?["provider"]?.text == "statistics")
            let insights = try #require(report["ai_insights"])
            #expect(insights["severity"]?.text == "warning")
            let finding = try #require(insights["findings"]?.items.first)
            let words = (finding["title"]?.text ?? "") + " " + (finding["description"]?.text ?? "")
            for part in ["temperature", "datacenter:server-rack-1", "spike", "41.6", "11:20"] {
                #expect(words.contains(part), "\(words)")
            }
            #expect(finding["since"]?.text?.hasPrefix("2026-11-23T11:20") == true)
            let advice = try #require(insights["recommendations"]?.items.first?["action"]?.text)
            #expect(advice.contains("temperature") && advice.contains("look at"), "\(advice)")
        }
    }

    // MARK: A day

    @Test(arguments: [UInt64(1), 2, 5])
    func `six incidents of a day are found within an interval of their start, and hardly anything else, seed`(
        _ seed: UInt64
    ) async throws {
        try await withBed { bed async throws in
            let day = IncidentDay(seed: seed, end: Self.now)
            for batch in day.batches(of: 5_000) { try await bed.append(batch) }
            let verdict = day.verdict(on: try Self.insights(try await bed.report("*")))
            let missed = verdict.missed.map { "\($0.kind) at \(Timestamp.text($0.start))" }
            #expect(missed.isEmpty, "\(missed)")
            #expect(verdict.wrong.count + verdict.repeated.count <= 2, "\(verdict.wrong.map(\.title))")
            // From chunks alone as well as from tails.
            await bed.store.store.seal()
            await bed.store.store.merge()
            let sealed = day.verdict(on: try Self.insights(try await bed.report("*", hours: 25)))
            #expect(sealed.missed.isEmpty && sealed.wrong.count + sealed.repeated.count <= 2)
        }
    }

    @Test func `a day without incidents gives a calm report`() async throws {
        try await withBed { bed async throws in
            let day = IncidentDay(seed: 4, end: Self.now, planted: [])
            for batch in day.batches(of: 5_000) { try await bed.append(batch) }
            let report = try await bed.report("*")
            #expect(report["ai_insights"]?["severity"]?.text == "normal")
            #expect(try Self.insights(report).findings.count { $0.severity != .info } == 0)
        }
    }

    private static func insights(_ report: ModelJSON) throws -> Insights {
        let insights = try #require(report["ai_insights"])
        let findings = (insights["findings"]?.items ?? [])
            .map { finding in
                Insights.Finding(
                    title: finding["title"]?.text ?? "",
                    description: finding["description"]?.text ?? "",
                    severity: Insights.Finding.Severity(rawValue: finding["severity"]?.text ?? "") ?? .info,
                    since: finding["since"]?.text
                        .flatMap { text in
                            Array(text.utf8).withUnsafeBytes { Timestamp.parse($0) }
                        }
                )
            }
        return Insights(
            summary: insights["summary"]?.text ?? "",
            severity: Insights.Severity(rawValue: insights["severity"]?.text ?? "") ?? .normal,
            findings: findings,
            recommendations: []
        )
    }

    // MARK: Secrets

    @Test func `no secret leaves the hub, wherever in a log it stands`() async throws {
        try await withBed { bed async throws in
            let server = try await ModelServer()
            server.script([.says(200, ModelAnswers.openAI())])
            let sender = ModelClient()
            var secrets: [String] = []
            for (index, known) in SecretTable.secrets.enumerated() {
                secrets += known.secrets
                var lines: [UInt8] = []
                // As an error it is among the newest errors, as information in patterns and examples.
                for (level, place) in [(Level.error, 0), (.info, 1)] {
                    let log = TestLog(
                        message: known.text,
                        group: "vault:\(index % 40)",
                        level: level,
                        tags: known.text.utf8.count <= 128 ? [known.text] : [],
                        timestamp: Self.now - Int64(index * 2 + place) * Timestamp.second,
                        source: "host",
                        data: #"{"value":\#(index),"text":\#(Self.quoted(known.text))}"#
                    )
                    log.append(to: &lines)
                }
                try await bed.append(lines)
            }
            for group in ["*"] + (0..<40).map({ "vault:\($0)" }) {
                let dialect = OpenAIDialect(base: server.url, model: "m", key: ModelKey("kkk"))
                let caller = ModelCaller(dialect: dialect, sender: sender, clock: RetryClock().clock)
                _ = try await bed.report(group, model: caller)
            }
            #expect(server.requests.count == 41)
            // A part of one may stand as a word in what is left of another.
            let left = SecretTable.secrets.map { SecretMask.masked($0.text) }
            // And a few digits can stand in the fence, which is drawn by chance.
            let sought = secrets.filter { secret in
                (secret.utf8.count > 10 || secret.contains { !$0.isHexDigit })
                    && !left.contains { $0.contains(secret) }
            }
            #expect(sought.count > secrets.count * 8 / 10)
            let leaks = server.leaks(of: sought)
            #expect(leaks.isEmpty, "\(leaks)")
            await sender.stop()
            await server.stop()
        }
    }

    private static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        JSONText.appendString(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
