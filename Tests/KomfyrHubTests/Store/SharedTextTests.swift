import EventLoop
import Protocol
import Synchronization
import Testing

@testable import KomfyrHub

/// Logs of a body share its default tags and source: a few bytes of body must not become gigabytes, nor a chunk that
/// nobody can read.
@Suite struct SharedTextTests {
    private static let arrival = WallClock.now()
    private static let tags = (0..<60).map { index in String(repeating: "t", count: 120) + String(index) }

    /// A body of lines without tags of their own, in turn of these groups.
    private static func body(_ groups: [String], count: Int) throws -> IngestRequest {
        var lines: [UInt8] = []
        for index in 0..<count {
            lines += Array("{\"message\":\"m\",\"group\":\"\(groups[index % groups.count])\"}\n".utf8)
        }
        var defaults = RequestDefaults()
        defaults.tags = tags
        return try request(lines: lines, arrival: arrival, defaults: defaults)
    }

    private static func rows(count: Int) throws -> LogRows {
        var rows = LogRows()
        rows.append(try body(["a"], count: count).decoded, firstSequence: 1, arrival: arrival)
        return rows
    }

    @Test func `a chunk holds no more than can be read again, however much its logs share`() throws {
        let rows = try Self.rows(count: HubLimits.chunkRecords)
        let parts = Seal.parts(of: rows, span: 3_600_000_000_000)
        #expect(parts.reduce(0) { $0 + $1.count } == rows.count)
        #expect(parts.flatMap(\.sequences) == rows.sequences)
        for part in parts {
            let read = try StoredChunk(part).rows()
            #expect(read.sequences == part.sequences)
            #expect(part.columns.text.count < 64 << 10)
        }
    }

    @Test func `what is written again after a loss is in pieces that can be read again`() throws {
        let rows = try Self.rows(count: HubLimits.chunkRecords)
        let pieces = Restorer.pieces(of: [("a", rows)])
        #expect(pieces.flatMap(\.rows.sequences) == rows.sequences)
        for piece in pieces {
            var writer = WALWriter()
            writer.append(piece.rows, group: piece.name)
            let parts = try WALEntry(value: writer.value()).parts
            guard case .rows("a", let read)? = parts.first else {
                Issue.record("no rows")
                return
            }
            #expect(read.sequences == piece.rows.sequences)
        }
    }

    @Test(arguments: [false, true])
    func `logs of several groups share the default tags in each group's tail`(isReplay: Bool) throws {
        let request = try Self.body(["a", "b"], count: 20_000)
        let memory = StoreMemory(hub: 1, nextSequence: 1)
        let groups = ["a", "b"].enumerated().map { StoreGroup(number: UInt32($0.offset + 1), name: $0.element) }
        memory.append(
            request.decoded,
            firstSequence: 1,
            arrival: Self.arrival,
            groups: groups,
            leavesOutMarked: isReplay,
            now: Self.arrival,
            policy: StoreConfiguration.SealPolicy()
        )
        #expect(memory.tailBytes.load(ordering: .relaxed) < 4 << 20)
        for group in groups {
            let rows = group.state.withLock { $0.open }
            #expect(rows.count == 10_000)
            let tags = rows.columns.tags.map { Array(rows.columns.bytes($0)) }
            #expect(Set(tags) == [Array(request.decoded.columns.bytes(request.decoded.columns.tags[0]))])
        }
    }

    @Test func `a body whose groups each copy the defaults counts as large as that makes it`() throws {
        let request = try Self.body((0..<100).map { "g\($0)" }, count: 100)
        let cost = OpenCommit.Waiting(request, nil).cost
        #expect(cost > 100 * 60 * 120)
    }
}
