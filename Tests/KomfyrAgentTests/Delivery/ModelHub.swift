import Protocol

@testable import EventLoop
@testable import KomfyrAgent

/// A hub as the agent knows it: takes each identity once within a window of 64, and keeps every line.
struct ModelHub {
    private var seen: [String: (highest: UInt64, below: Set<UInt64>)] = [:]
    /// How often each line arrived.
    private(set) var lines: [String: Int] = [:]
    private(set) var order: [String] = []
    private(set) var problems: [String] = []
    private(set) var posts = 0
    private(set) var duplicates = 0
    /// What was first posted under an identity.
    private var bodies: [String: [UInt8]] = [:]

    /// Takes a post and answers as the hub does.
    mutating func take(_ identity: BatchIdentity, _ body: [UInt8]) -> HTTPAnswer {
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
            return Self.answer(
                200,
                "{\"status\":\"success\",\"ingested\":\(records.count),\"rejected\":0,\"duplicate\":true}"
            )
        }
        stream.below.insert(identity.sequence)
        stream.highest = max(stream.highest, identity.sequence)
        seen[identity.stream] = stream
        for record in records {
            let line = String(decoding: record, as: UTF8.self)
            lines[line, default: 0] += 1
            order.append(line)
            if lines[line] != 1 { problems.append("twice: \(line)") }
        }
        return Self.answer(200, "{\"status\":\"success\",\"ingested\":\(records.count),\"rejected\":0,\"errors\":[]}")
    }

    static func answer(_ status: Int, _ body: String, headers: [(String, String)] = []) -> HTTPAnswer {
        HTTPAnswer(
            status: status,
            headers: [("content-type", "application/json")] + headers.map { (name: $0.0, value: $0.1) },
            body: Array(body.utf8)
        )
    }
}
