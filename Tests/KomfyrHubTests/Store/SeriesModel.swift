import Protocol
import struct TestSupport.SeededRandom

@testable import KomfyrHub

/// What a series should be, computed from plain logs.
struct SeriesModel {
    /// The numbers of one interval, in order of time, ties by sequence.
    typealias Cell = [Double]

    var logs = LogModel()
    /// The object of each log, by its message.
    var trees: [String: JSONTree] = [:]

    struct Expected {
        var levels: [LevelCounts]
        /// By the bytes of the path.
        var fields: [[UInt8]: [Cell]]
    }

    func series(_ question: LogModel.Question, like series: LogSeries) -> Expected {
        var question = question
        question.query.order = .oldestFirst
        var expected = Expected(
            levels: [LevelCounts](repeating: LevelCounts(), count: series.count),
            fields: [:]
        )
        for one in logs.matching(question) {
            let place = (one.log.timestamp - series.start) / series.interval
            guard one.log.timestamp >= series.start, place < Int64(series.count) else { continue }
            expected.levels[Int(place)][Int(one.log.level.rawValue)] += 1
            for (path, value) in trees[one.log.message]?.numbers ?? [] where value.isFinite {
                expected.fields[path, default: [Cell](repeating: [], count: series.count)][Int(place)].append(value)
            }
        }
        return expected
    }
}

extension JSONTree {
    /// The numbers that are members of objects, the first of each path.
    var numbers: [(path: [UInt8], value: Double)] {
        var found: [(path: [UInt8], value: Double)] = []
        for (path, value, isElement) in values() {
            guard case .number(let digits) = value, !isElement, let path, let number = Double(digits) else { continue }
            let bytes = Array(path.utf8)
            if !found.contains(where: { $0.path == bytes }) { found.append((bytes, number)) }
        }
        return found
    }
}

/// Random objects: nested, with names and numbers of all sorts.
struct RandomObjects {
    private static let names = [
        "a", "b", "a.b", "", ".", "temperature", "å", "é", "e\u{301}", "q\"uote", "back\\slash", "line\nfeed",
        "__proto__", "0", "{\"a\":1}",
    ]

    private static let digits = [
        "0", "-0", "1", "1.10", "21.5", "-7.25", "1e2", "1e400", "-1e400", "123456789012345678901234567890",
        "0.1000000000000000055511151231257827", "1E-400", "3.0",
    ]

    /// With objects in objects, so many at most.
    static func object(using random: inout SeededRandom, most depth: Int) -> JSONTree {
        .object(
            (0..<Int.random(in: 0..<4, using: &random))
                .map { _ in
                    (names.randomElement(using: &random) ?? "a", value(using: &random, most: depth))
                }
        )
    }

    private static func value(using random: inout SeededRandom, most depth: Int) -> JSONTree {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return .string("12")
        case 1: return .literal(["true", "false", "null"].randomElement(using: &random) ?? "null")
        case 2: return .array([.number("5"), object(using: &random, most: 0)])
        case 3 where depth > 0, 4 where depth > 0: return object(using: &random, most: depth - 1)
        case 5: return .number(digits.randomElement(using: &random) ?? "0")
        default: return .number("\(Int.random(in: -50...50, using: &random)).25")
        }
    }
}
