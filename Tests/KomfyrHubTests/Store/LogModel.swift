import Protocol
import struct TestSupport.SeededRandom

@testable import KomfyrHub

/// What a store should hold, as a plain array, and what it should answer.
struct LogModel {
    struct Expected {
        var log: TestLog
        var sequence: UInt64
        var group: UInt32
        var arrival: Int64
    }

    /// A query with what its search means, since the array knows no search language.
    struct Question {
        var query = LogQuery()
        var holds: (TestLog) -> Bool = { _ in true }
    }

    var logs: [Expected] = []

    mutating func add(_ request: IngestRequest, _ sent: [TestLog], _ receipt: IngestReceipt) {
        let body = request.decoded
        for (row, log) in sent.enumerated() {
            logs.append(
                Expected(
                    log: log,
                    sequence: receipt.firstSequence + UInt64(body.positions[row]),
                    group: receipt.groupNumbers[Int(body.groups[row])],
                    arrival: receipt.arrival
                )
            )
        }
    }

    /// The logs of a query in its order.
    func matching(_ question: Question) -> [Expected] {
        let query = question.query
        let found = logs.filter { one in
            let log = one.log
            return (query.groups.isEmpty || query.groups.contains { $0.matches(log.group) })
                && query.bound?.matches(log.group) ?? true
                && query.levels >> log.level.rawValue & 1 == 1
                && log.timestamp >= query.since ?? .min && log.timestamp <= query.until ?? .max
                && (query.source == nil || query.source == log.source)
                && (query.tags.isEmpty
                    || (query.allTags
                        ? query.tags.allSatisfy(log.tags.contains) : query.tags.contains(where: log.tags.contains)))
                && one.sequence > query.arrivedAfter ?? 0
                && question.holds(log)
        }
        let sorted = found.sorted { ($0.log.timestamp, $0.sequence) < ($1.log.timestamp, $1.sequence) }
        return query.order == .oldestFirst ? sorted : sorted.reversed()
    }

    func histogram(_ question: Question, interval: Int64) -> [LogHistogram.Bucket] {
        var counts: [Int64: LevelCounts] = [:]
        for one in matching(question) {
            let start = LogID.floorDivide(one.log.timestamp, interval) * interval
            counts[start, default: LevelCounts()][Int(one.log.level.rawValue)] += 1
        }
        return counts.map { LogHistogram.Bucket(start: $0.key, levels: $0.value) }.sorted { $0.start < $1.start }
    }

    /// How often values occur, in the order of facets.
    func top(_ question: Question, _ values: (TestLog) -> [String]) -> [LogFacets.Value] {
        var counts: [String: Int] = [:]
        for one in matching(question) { for value in values(one.log) { counts[value, default: 0] += 1 } }
        return counts.map { LogFacets.Value(text: Array($0.key.utf8), count: $0.value) }
            .sorted { left, right in
                left.count != right.count
                    ? left.count > right.count : left.text.lexicographicallyPrecedes(right.text)
            }
    }

    /// The neighbours of a log.
    func context(_ one: Expected, before: Int, after: Int) -> (before: [String], after: [String]) {
        let near = logs.filter { $0.group == one.group && $0.log.source == one.log.source }
            .sorted { ($0.log.timestamp, $0.sequence) < ($1.log.timestamp, $1.sequence) }
        let place = near.firstIndex { $0.sequence == one.sequence } ?? 0
        return (near[..<place].suffix(before).map(\.log.message), near[(place + 1)...].prefix(after).map(\.log.message))
    }

    /// Forgets the logs of groups; returns how many that were.
    mutating func purge(_ pattern: GroupPattern?, bound: GroupPattern?) -> Int {
        let before = logs.count
        logs.removeAll { pattern?.matches($0.log.group) ?? true && bound?.matches($0.log.group) ?? true }
        return before - logs.count
    }
}

/// Random logs and questions about them.
struct RandomLogs {
    let groups: [String?] = [nil, "a", "a:b", "a:b:c", "ab", "a[1]", "w?", "x:y"]
    let tags = ["red", "green", "blue", "q\"uote", "ü"]
    let base: Int64
    private var counter = 0

    init(base: Int64) { self.base = base }

    /// Few different times, so that there are ties, over several spans.
    mutating func log(using random: inout SeededRandom) -> TestLog {
        counter += 1
        let hours = Int64.random(in: 0..<40, using: &random)
        let offset = Int64.random(in: 0..<5, using: &random) * 1_000_000
        var data: String?
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            data = "{\"n\":\(Int.random(in: 0..<5, using: &random)).50,\"host\":{\"name\":\"h\\u0041\"},\"on\":true}"
        case 1: data = "{ \"n\" : \(counter % 3) , \"list\":[1,{\"n\":2}] , \"s\":\"a,}\\\"b\" }"
        default: break
        }
        return TestLog(
            message: "log \(counter)",
            group: groups.randomElement(using: &random) ?? nil,
            level: Level.allCases.randomElement(using: &random) ?? .info,
            tags: tags.filter { _ in Int.random(in: 0..<3, using: &random) == 0 },
            timestamp: base - hours * 3_600_000_000_000 + offset,
            source: ["h1", "h2", nil].randomElement(using: &random) ?? nil,
            data: data
        )
    }

    func question(using random: inout SeededRandom) -> LogModel.Question {
        var question = LogModel.Question()
        if Bool.random(using: &random) {
            let patterns = ["a", "a:*", "a:b:*", "*", "w?", "a*", "x:*"]
            question.query.groups = (0..<Int.random(in: 1...2, using: &random))
                .map { _ in GroupPattern(patterns.randomElement(using: &random) ?? "*") }
        }
        if Int.random(in: 0..<8, using: &random) == 0 { question.query.bound = .tree("a") }
        if Int.random(in: 0..<3, using: &random) == 0 {
            question.query.tags = tags.filter { _ in Bool.random(using: &random) }
            question.query.allTags = Bool.random(using: &random)
        }
        if Bool.random(using: &random) { question.query.levels = UInt8.random(in: 1..<32, using: &random) }
        if Bool.random(using: &random) {
            question.query.since = base - Int64.random(in: 0..<42, using: &random) * 3_600_000_000_000
        }
        if Bool.random(using: &random) {
            question.query.until = base - Int64.random(in: 0..<20, using: &random) * 3_600_000_000_000 + 2_000_000
        }
        if Int.random(in: 0..<4, using: &random) == 0 { question.query.source = "h1" }
        if Int.random(in: 0..<3, using: &random) == 0 { ask(&question, &random) }
        question.query.order = Bool.random(using: &random) ? .newestFirst : .oldestFirst
        return question
    }

    /// Adds a search, and what it means.
    private func ask(_ question: inout LogModel.Question, _ random: inout SeededRandom) {
        let number = Int.random(in: 0...max(1, counter), using: &random)
        let shapes: [(String, (TestLog) -> Bool)] = [
            ("\(number)", { $0.message == "log \(number)" }),
            ("LOG -\(number)", { $0.message != "log \(number)" }),
            ("level:error", { $0.level == .error }),
            ("source:h1 OR tags:blue", { $0.source == "h1" || $0.tags.contains("blue") }),
            ("\"log \(number)\"", { $0.message == "log \(number)" }),
        ]
        guard let (text, holds) = shapes.randomElement(using: &random), let search = try? Search(text) else { return }
        question.query.search = search
        question.holds = holds
    }
}
