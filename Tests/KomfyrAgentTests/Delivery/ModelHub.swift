import Protocol

@testable import EventLoop
@testable import KomfyrAgent

/// A hub as the agent knows it: takes each identity once within a window of 64, and keeps every line.
struct ModelHub: Sendable {
    private var seen: [String: (highest: UInt64, below: Set<UInt64>)] = [:]
    /// How often each line arrived.
    private(set) var lines: [String: Int] = [:]
    private(set) var order: [String] = []
    private(set) var problems: [String] = []
    private(set) var posts = 0
    private(set) var duplicates = 0
    /// What was first posted under an identity.
    private var bodies: [String: [UInt8]] = [:]
    /// What it says to identities that it has, and to those that it refused whole: the same for ever.
    private var answers: [String: (ingested: Int, refused: [Int])] = [:]
    private var refusedWhole: Set<String> = []
    /// Lines that it refuses by name.
    var refuses: (@Sendable (String) -> Bool)?
    /// Lines that may come twice, since nothing else was promised of them.
    var mayDouble: Set<String> = []

    /// Takes a post and answers as the hub does; `refusing`: not this one, unless it has it.
    mutating func take(_ identity: BatchIdentity, _ body: [UInt8], refusing: Bool = false) -> HTTPAnswer {
        posts += 1
        if let first = bodies[identity.text], first != body { problems.append("two contents for \(identity.text)") }
        bodies[identity.text] = body
        var stream = seen[identity.stream] ?? (0, [])
        let isDuplicate =
            stream.below.contains(identity.sequence)
            || (stream.highest >= 64 && identity.sequence <= stream.highest - 64)
        guard let content = try? BodyCompressor.decompress(body, limit: 1 << 20) else {
            problems.append("a body that is no zstd frame")
            return Self.answer(422, "{\"detail\":\"no zstd\"}")
        }
        let records = content.split(separator: UInt8(ascii: "\n"))
        if isDuplicate {
            duplicates += 1
            let first = answers[identity.text] ?? (records.count, [])
            return Self.answer(200, Self.receipt(first.ingested, first.refused, isDuplicate: true))
        }
        if refusing || refusedWhole.contains(identity.text) {
            refusedWhole.insert(identity.text)
            return Self.answer(422, "{\"detail\":\"all of it is wrong\"}")
        }
        stream.below.insert(identity.sequence)
        stream.highest = max(stream.highest, identity.sequence)
        seen[identity.stream] = stream
        var refused: [Int] = []
        for (index, record) in records.enumerated() {
            let line = String(decoding: record, as: UTF8.self)
            if refuses?(line) == true {
                refused.append(index)
                continue
            }
            lines[line, default: 0] += 1
            order.append(line)
            if lines[line] != 1 && !mayDouble.contains(line) { problems.append("twice: \(line)") }
        }
        answers[identity.text] = (records.count - refused.count, refused)
        return Self.answer(200, Self.receipt(records.count - refused.count, refused, isDuplicate: false))
    }

    private static func receipt(_ ingested: Int, _ refused: [Int], isDuplicate: Bool) -> String {
        let errors = refused.map { "{\"index\":\($0),\"detail\":\"too old\"}" }.joined(separator: ",")
        return "{\"status\":\"success\",\"ingested\":\(ingested),\"rejected\":\(refused.count),"
            + (isDuplicate ? "\"duplicate\":true," : "") + "\"errors\":[\(errors)]}"
    }

    static func answer(_ status: Int, _ body: String, headers: [(String, String)] = []) -> HTTPAnswer {
        HTTPAnswer(
            status: status,
            headers: [("content-type", "application/json")] + headers.map { (name: $0.0, value: $0.1) },
            body: Array(body.utf8)
        )
    }
}
