import Protocol
import struct TestSupport.SeededRandom
import Testing

@testable import KomfyrHub

/// A chunk as Redis holds it, read without Redis.
struct StoredChunk {
    var address: ChunkReader.Address
    var fields: [String: [UInt8]] = [:]

    init(_ chunk: EncodedChunk, group: UInt32 = 1) {
        address = ChunkReader.Address(group: group, entry: chunk.entry)
        for index in stride(from: 0, to: chunk.fields.count, by: 2) {
            fields[String(decoding: chunk.fields[index], as: UTF8.self)] = chunk.fields[index + 1]
        }
    }

    init(_ rows: LogRows, id: String = "1-2-3.0", level: Int32 = 1) throws {
        self.init(try ChunkEncoder().encode(rows, id: id, level: level))
    }

    private func answer(_ load: inout ChunkLoad, _ asked: inout [String]) {
        guard !load.missing.isEmpty, load.isReadable else { return }
        asked += load.missing
        load.take(.array(([Chunk.versionField] + load.missing).map { fields[$0].map(RedisValue.string) ?? .null }))
    }

    /// Reads columns as `ChunkReader.blocks` does; also which fields were asked for.
    func read(
        _ request: ColumnRequest = ColumnRequest(columns: .all),
        caches: ChunkCaches = ChunkCaches()
    ) -> (ChunkReader.Fetched<RowBlock>, asked: [String]) {
        var asked: [String] = []
        var load = ChunkLoad(address, caches)
        load.wantColumns(request)
        answer(&load, &asked)
        load.wantNumbers(request)
        answer(&load, &asked)
        return (load.result { load throws(ChunkProblem) in try load.block(request) }, asked)
    }

    func rows() throws -> LogRows {
        switch read().0 {
        case .found(let block): return LogRows(block)
        case .missing: throw ChunkProblem.missingField("all")
        case .damaged(let problem): throw ChunkProblem.zstd(problem)
        }
    }

    func facts() throws -> ChunkFacts {
        var asked: [String] = []
        var load = ChunkLoad(address, ChunkCaches())
        load.want(.catalogue, Chunk.Field.catalogue)
        load.want(.words, Chunk.Field.words)
        answer(&load, &asked)
        return ChunkFacts(
            levels: address.entry.levelMask,
            words: try load.words(),
            numbers: try load.catalogue().columns
        )
    }

    /// As `ChunkReader.summaries` does.
    func summaries(_ request: ColumnRequest) throws -> ChunkSummaries {
        var asked: [String] = []
        var load = ChunkLoad(address, ChunkCaches())
        load.wantIntervals()
        answer(&load, &asked)
        load.wantSummaries(request)
        answer(&load, &asked)
        return try load.summaries(request)
    }

    func summaries(numbers: [String]) throws -> ChunkSummaries {
        try summaries(ColumnRequest(numbers: Set(numbers.map { Array($0.utf8) })))
    }
}

extension LogRows {
    /// Appends a log as it is; empty texts are null.
    mutating func append(
        _ message: String,
        level: Level = .info,
        tags: String = "",
        data: String = "",
        source: String = "",
        timestamp: Int64,
        sequence: UInt64,
        receivedAt arrival: Int64 = 0
    ) {
        func text(_ text: String) -> TextRange {
            let offset = UInt32(columns.text.count)
            columns.text.append(contentsOf: text.utf8)
            return text.isEmpty ? .none : TextRange(offset: offset, length: UInt32(text.utf8.count))
        }
        columns.messages.append(text(message))
        columns.tags.append(text(tags))
        columns.data.append(text(data))
        columns.sources.append(text(source))
        columns.levels.append(level.rawValue)
        columns.timestamps.append(timestamp)
        sequences.append(sequence)
        receivedAt.append(arrival)
    }

    /// Each row as text, to be compared.
    var lines: [String] {
        (0..<count)
            .map { row in
                let texts = [columns.messages, columns.tags, columns.data, columns.sources]
                    .map { String(decoding: columns.bytes($0[row]), as: UTF8.self) }
                return "\(columns.timestamps[row]) \(sequences[row]) \(receivedAt[row]) \(columns.levels[row]) "
                    + texts.joined(separator: " | ")
            }
    }
}

/// Rows of all sorts, by a seed.
struct RandomRows {
    var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func rows(_ count: Int) -> LogRows {
        var rows = LogRows()
        var time = Int64.random(in: -5_000_000_000...1_900_000_000_000_000_000, using: &random)
        var sequence = UInt64.random(in: 1...(.max / 2), using: &random)
        let unit: Int64 = [1, 1_000, 1_000_000, 1_000_000_000].randomElement(using: &random) ?? 1
        for _ in 0..<count {
            time += Int64.random(in: 0..<10_000, using: &random) * unit
            sequence = sequence &+ UInt64.random(in: 1..<300, using: &random)
            if Int.random(in: 0..<20, using: &random) == 0, sequence > 100_000 { sequence -= 100_000 }
            rows.append(
                message(),
                level: Level.allCases.randomElement(using: &random) ?? .info,
                tags: tags(),
                data: data(),
                source: ["", "h1", "h2", "2001:db8::1", "ü\"\\"].randomElement(using: &random) ?? "",
                timestamp: time,
                sequence: sequence,
                receivedAt: time + Int64.random(in: -100..<100, using: &random)
            )
        }
        return rows
    }

    private static let words: [String] = [
        "GET", "/api/users/17", "user-42", "10.3.255.1", "request_id=3fa9c0d1e2", "timeout", "after", "12.3ms",
        "deadbeef", "00ff00ff", "0", "007", "18446744073709551616", "99999999999999999999", "\u{1}", "\u{1}\u{2}",
        "naïve", "日本語", "\n", "\t", "e=2.718281828", "-5", "A1b2C3", "ffffffff", "0x1F", "pi_ab12cd34",
    ]

    private mutating func message() -> String {
        let count = Int.random(in: 1..<8, using: &random)
        return (0..<count)
            .map { _ in
                if Int.random(in: 0..<3, using: &random) == 0 {
                    return String(UInt32.random(in: 0...(.max), using: &random))
                }
                if Int.random(in: 0..<4, using: &random) == 0 {
                    return String(UInt64.random(in: 0...(.max), using: &random), radix: 16)
                }
                return Self.words.randomElement(using: &random) ?? ""
            }
            .joined(separator: [" ", "", "=", ", "].randomElement(using: &random) ?? " ")
    }

    private mutating func tags() -> String {
        let count = Int.random(in: 0..<4, using: &random)
        if count == 0 { return "" }
        let tags = (0..<count).map { _ in "\"t\(Int.random(in: 0..<200, using: &random))\"" }
        return "[" + tags.joined(separator: ",") + "]"
    }

    private mutating func number() -> String {
        switch Int.random(in: 0..<9, using: &random) {
        case 0:
            return ["1.10", "1e400", "-0", "9223372036854775809", "-0.0", "1E5", "0.000", "1e-400", "100.00"]
                .randomElement(using: &random) ?? "0"
        case 1: return String(Int64.random(in: .min...(.max), using: &random))
        case 2: return String(Double.random(in: -1000...1000, using: &random))
        default: return "\(Int.random(in: 0..<500, using: &random)).\(Int.random(in: 0..<10, using: &random))"
        }
    }

    private mutating func data() -> String {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return ""
        case 1: return "{}"
        case 2:
            return
                "{ \"a\" : {\"b\":\(number()), \"c\":[\(number()),{\"d\":\(number())}]}, \"s\":\"x\\n\\u00fcber 12\" }"
        case 3: return "{\"a\":\(number()),\"a\":\(number()),\"a.b\":\(number()),\"k\\u0061\":null,\"t\":true}"
        case 4:
            return
                "{\"id\":\(Int.random(in: 1_000_000..<9_000_000, using: &random)),\"host\":\"node-\(Int.random(in: 0..<9, using: &random))\"}"
        default: return "{\"cpu\":\(number()),\"mem\":\(Int.random(in: 0..<100, using: &random))}"
        }
    }
}
