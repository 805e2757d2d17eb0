import Protocol
import struct TestSupport.SeededRandom
import Testing

@testable import KomfyrHub

@Suite struct StoreFormatTests {
    static func entry() throws -> [UInt8] {
        var writer = WALWriter()
        var first = try request(
            [TestLog(message: "one", group: "a:b", timestamp: 1_700_000_000_000_000_000)],
            arrival: 1_700_000_000_000_000_000,
            identity: BatchIdentity(agent: "gw-1", generation: .random(), sequence: 7)
        )
        first.defaults = RequestDefaults(group: "d", tags: ["x", "y\"z"], source: "s", level: .error)
        writer.append(first, firstSequence: 1 << 60, refused: [], accepted: 1)
        let lines = Array("nonsense\n{\"message\":\"two\"}\n".utf8)
        let second = try request(lines: lines, arrival: 1_700_000_000_000_000_001)
        writer.append(
            second,
            firstSequence: (1 << 60) + 1,
            refused: PositionRuns.runs(of: second.decoded.refusals.map(\.index)),
            accepted: 1
        )
        return writer.value()
    }

    @Test func `a WAL entry is read as it was written`() throws {
        let entry = try WALEntry(value: Self.entry())
        guard case .request(let first) = entry.parts.first, case .request(let second) = entry.parts.last else {
            Issue.record("not two requests")
            return
        }
        #expect(entry.parts.count == 2)
        #expect(first.defaults == RequestDefaults(group: "d", tags: ["x", "y\"z"], source: "s", level: .error))
        #expect(first.firstSequence == 1 << 60)
        #expect(first.identity?.agent == "gw-1")
        #expect(first.identity?.sequence == 7)
        #expect(first.refusedPositions == [])
        #expect(second.positionCount == 2)
        #expect(second.refusedPositions == [0])
        #expect(second.body == Array("nonsense\n{\"message\":\"two\"}\n".utf8))
        #expect(second.arrival == 1_700_000_000_000_000_001)
    }

    @Test func `a WAL entry that was cut or changed is an error, never a crash`() throws {
        let value = try Self.entry()
        for length in 0..<value.count {
            #expect(throws: FormatProblem.self) { try WALEntry(value: Array(value[..<length])) }
        }
        var generator = SeededRandom(seed: 1)
        for _ in 0..<3_000 {
            var broken = value
            for _ in 0...Int.random(in: 0..<3, using: &generator) {
                broken[Int.random(in: 0..<broken.count, using: &generator)] = UInt8.random(
                    in: 0...255,
                    using: &generator
                )
            }
            _ = try? WALEntry(value: broken)
        }
    }

    @Test func `rows of the WAL that were cut or changed are an error, never a crash`() throws {
        var rows = LogRows()
        let logs = (0..<50).map { TestLog(message: "message \($0)", group: nil, timestamp: 5_000_000_000 + Int64($0)) }
        rows.append(try request(logs, arrival: 6_000_000_000).decoded, firstSequence: 1, arrival: 6_000_000_000)
        var generator = SeededRandom(seed: 2)
        var plain: [UInt8] = []
        Chunk.encode(rows, to: &plain)
        #expect(try Chunk.decode(plain).lines == rows.lines)
        for length in 0..<plain.count {
            #expect(throws: FormatProblem.self) { try Chunk.decode(Array(plain[..<length])) }
        }
        for _ in 0..<3_000 {
            var broken = plain
            broken[Int.random(in: 0..<broken.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            if let read = try? Chunk.decode(broken) {
                for row in 0..<read.count { _ = read.log(at: row, hub: 1, group: 1, groupName: nil) }
            }
        }
    }

    @Test func `an index entry is read as it was written, and nothing else is one`() throws {
        var rows = LogRows()
        let logs = Level.allCases.map { TestLog(message: "m", group: nil, level: $0, timestamp: 5_000_000_001) }
        rows.append(try request(logs, arrival: 6_000_000_000).decoded, firstSequence: 1, arrival: 6_000_000_000)
        let entry = ChunkEntry(id: "1-2-3.0", rows: rows, bytes: 99)
        #expect(ChunkEntry(member: Array(entry.member.utf8)) == entry)
        #expect(entry.score == 5_001)
        #expect(entry.levels.values == [1, 1, 1, 1, 1])
        for text in ["", "1", "2" + entry.member.dropFirst(), entry.member + " 1", entry.member + "x"] {
            #expect(ChunkEntry(member: Array(text.utf8)) == nil)
        }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `a seen window knows what was seen, as a plain set does, with seed`(seed: UInt64) throws {
        var generator = SeededRandom(seed: seed)
        func answer(_ sequence: UInt64) -> SeenWindow.Answer {
            SeenWindow.Answer(
                sequence: sequence,
                firstSequence: sequence &* 5_000,
                arrival: Int64(sequence) * 1_000,
                accepted: Int(sequence % 7),
                refused: sequence % 3 == 0 ? [PositionRuns.Run(start: 2, length: 3)] : []
            )
        }
        var highest = UInt64.random(in: 1...200, using: &generator)
        var seen: Set<UInt64> = [highest]
        var window = SeenWindow(first: answer(highest))
        for _ in 0..<2_000 {
            let step = Bool.random(using: &generator) ? 3 : 100
            let low = highest > 80 ? highest - 80 : 1
            let sequence = UInt64.random(in: low...highest + UInt64(step), using: &generator)
            switch window.verdict(sequence) {
            case .new:
                #expect(!seen.contains(sequence))
                #expect(sequence > highest || highest - sequence <= 64)
                window.insert(answer(sequence))
                seen.insert(sequence)
                highest = max(highest, sequence)
            case .duplicate(let given):
                #expect(seen.contains(sequence))
                #expect(given == answer(sequence))
            case .forgotten: #expect(highest - sequence > 64)
            }
            let read = try SeenWindow(value: window.value)
            #expect(read == window)
            #expect(window.value.prefix(SeenWindow.revisionBytes).elementsEqual(window.revision))
        }
    }

    @Test func `a damaged seen window is an error, never a crash`() throws {
        var window = SeenWindow(
            first: SeenWindow.Answer(sequence: 1, firstSequence: 1, arrival: 1, accepted: 1, refused: [])
        )
        for sequence in UInt64(2)...20 {
            window.insert(
                SeenWindow.Answer(sequence: sequence, firstSequence: 9, arrival: 9, accepted: 2, refused: [])
            )
        }
        let value = window.value
        for length in 0..<value.count {
            #expect(throws: FormatProblem.self) { try SeenWindow(value: Array(value[..<length])) }
        }
        var generator = SeededRandom(seed: 3)
        for _ in 0..<3_000 {
            var broken = value
            broken[Int.random(in: 0..<broken.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            _ = try? SeenWindow(value: broken)
        }
    }

    @Test(
        arguments: [
            (
                LogID(timestamp: 1_790_054_632_999_999_999, hub: 1, group: 5, sequence: 77),
                "log_20260922052352_040005000000004d"
            ),
            (LogID(timestamp: 0, hub: 63, group: 262_143, sequence: .max), "log_19700101000000_ffffffffffffffff"),
            (LogID(timestamp: -1, hub: 0, group: 0, sequence: 1), "log_19691231235959_0000000000000001"),
        ]
    )
    func `an id's text is read as it was written`(id: LogID, text: String) {
        #expect(id.text == text)
        #expect(LogID(text: text) == id)
    }

    @Test(
        arguments: [
            "", "log_", "log_20261123052352_04000500000000", "log_20261323052352_040005000000004d",
            "log_20260230052352_040005000000004d", "log_20261123252352_040005000000004d",
            "log_20261123052352-040005000000004d", "LOG_20261123052352_040005000000004d",
            "log_20261123052352_040005000000004D", "log_2026112305235x_040005000000004d",
        ]
    )
    func `what is not an id is none`(text: String) {
        #expect(LogID(text: text) == nil)
    }

    @Test func `the full sequence of an id is the newest one that ends in its bits`() {
        let id = LogID(timestamp: 0, hub: 0, group: 0, sequence: 3 << 40 | 5)
        #expect(id.sequence == 5)
        #expect(id.fullSequence(newest: 3 << 40 | 9) == 3 << 40 | 5)
        #expect(id.fullSequence(newest: 3 << 40 | 4) == 2 << 40 | 5)
        #expect(id.fullSequence(newest: 4) == nil)
    }

    @Test func `groups whose names only look alike are two`() {
        var directory = GroupDirectory()
        directory.insert(StoreGroup(number: 1, name: "caf\u{E9}"))
        directory.insert(StoreGroup(number: 2, name: "cafe\u{301}"))
        #expect(directory.group("caf\u{E9}")?.number == 1)
        #expect(directory.group("cafe\u{301}")?.number == 2)
    }

    @Test func `group numbers are used again only when all have been given`() {
        var directory = GroupDirectory()
        directory.insert(StoreGroup(number: 7, name: "a"))
        #expect(directory.freeNumbers(2) == [8, 9])
        directory.insert(StoreGroup(number: HubLimits.groupNumber, name: "b"))
        #expect(directory.freeNumbers(2) == [1, 2])
    }
}
