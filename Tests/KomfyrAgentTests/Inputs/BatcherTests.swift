import Protocol
import Testing

@testable import KomfyrAgent

struct BatcherTests {
    /// A batcher with a delivery and a timer that the test drives.
    final class Bench {
        var batches: [Batch] = []
        var timer: UInt64?
        var holds: [Bool] = []
        private(set) var batcher: Batcher!

        init() {
            batcher = Batcher(
                setTimer: { [unowned self] in timer = $0 },
                submit: { [unowned self] in batches.append($0) }
            )
            batcher.onHold(for: self) { [unowned self] in holds.append($0) }
        }

        @discardableResult
        func add(_ bytes: Int, datagram: Bool = false) -> Bool {
            batcher.append(fromDatagrams: datagram) { output in
                output.append(contentsOf: [UInt8](repeating: 0x78, count: bytes - 1) + [0x0A])
                return true
            }
        }

        /// Fills and closes so many batches.
        func submit(_ count: Int, datagram: Bool = false) {
            for _ in 0..<count { add(ProtocolLimits.batchBytes, datagram: datagram) }
        }

        static func position(inode: UInt64 = 1, offset: UInt64) -> FilePosition {
            FilePosition(
                input: "f",
                device: 1,
                inode: inode,
                fingerprint: 0,
                fingerprintLength: 0,
                offset: offset,
                guardHash: 0,
                path: "/f"
            )
        }
    }

    @Test func `a batch closes at the most records`() {
        let bench = Bench()
        for _ in 0..<(ProtocolLimits.batchRecords + 1) { bench.add(10) }
        #expect(bench.batches.map(\.records) == [ProtocolLimits.batchRecords])
        #expect(bench.batches.first?.body.count == ProtocolLimits.batchRecords * 10)
    }

    @Test func `a batch closes at the most bytes, and only a lone record is ever larger`() {
        let bench = Bench()
        bench.add(ProtocolLimits.batchBytes - 100)
        bench.add(200)
        #expect(bench.batches.map(\.body.count) == [ProtocolLimits.batchBytes - 100])
        bench.add(ProtocolLimits.batchBytes * 2)
        #expect(
            bench.batches.map(\.body.count) == [ProtocolLimits.batchBytes - 100, 200, ProtocolLimits.batchBytes * 2]
        )
        #expect(bench.batches.map(\.records) == [1, 1, 1])
        #expect(bench.timer == nil)
    }

    @Test func `a batch closes 200 ms after its first record`() {
        let bench = Bench()
        #expect(bench.timer == nil)
        bench.add(10)
        #expect(bench.timer == 200)
        bench.timer = 1
        bench.add(10)
        #expect(bench.timer == 1, "the second record does not prolong it")
        bench.batcher.flush()
        #expect(bench.batches.map(\.records) == [2])
        #expect(bench.timer == nil)
        bench.add(10)
        #expect(bench.timer == 200)
    }

    @Test func `a writer that writes nothing makes no record`() {
        let bench = Bench()
        bench.batcher.append(fromDatagrams: false) { _ in false }
        bench.batcher.flush()
        #expect(bench.batches.isEmpty)
        #expect(bench.timer == nil)
    }

    @Test func `the latest position of each file goes with the batch, or alone`() {
        let bench = Bench()
        bench.batcher.advance(Bench.position(offset: 5))
        bench.batcher.advance(Bench.position(inode: 2, offset: 7))
        bench.batcher.advance(Bench.position(offset: 9))
        #expect(bench.timer == 200)
        bench.batcher.flush()
        #expect(bench.batches.map(\.records) == [0])
        #expect(bench.batches[0].positions.map(\.offset) == [9, 7])
        #expect(!bench.batches[0].isFromDatagramsOnly)
    }

    @Test func `a position does not go with a batch that its record is not in`() {
        let bench = Bench()
        bench.add(ProtocolLimits.batchBytes - 10)
        bench.batcher.advance(Bench.position(offset: 5))
        bench.add(20)
        bench.batcher.advance(Bench.position(offset: 25))
        bench.batcher.flush()
        #expect(bench.batches.map { $0.positions.map(\.offset) } == [[5], [25]])
    }

    @Test func `inputs are held back at eight batches and go on at four`() {
        let bench = Bench()
        bench.submit(7)
        #expect(!bench.batcher.isHeldBack)
        bench.submit(1)
        #expect(bench.batcher.isHeldBack)
        bench.submit(2)
        #expect(bench.batches.count == 8, "the others wait")
        bench.batcher.taken(count: 1, state: .open)
        #expect(bench.batches.count == 9)
        bench.batcher.taken(count: 4, state: .open)
        #expect(bench.batches.count == 10)
        #expect(bench.holds == [true], "five are still there")
        bench.batcher.taken(count: 1, state: .open)
        #expect(bench.holds == [true, false])
        bench.batcher.taken(count: 100, state: .open)
        #expect(bench.holds == [true, false])
    }

    @Test(arguments: [BufferState.full, .broken])
    func `a full or broken buffer holds back, and datagrams go on by themselves`(state: BufferState) {
        let bench = Bench()
        bench.add(10)
        bench.batcher.taken(count: 0, state: state)
        #expect(bench.holds == [true])
        bench.add(20, datagram: true)
        bench.batcher.flush()
        #expect(bench.batches.map(\.isFromDatagramsOnly) == [true])
        #expect(bench.batches.map(\.body.count) == [20])
        bench.batcher.taken(count: 1, state: .open)
        #expect(bench.holds == [true, false])
        #expect(bench.batches.map(\.body.count) == [20, 10])
    }

    @Test func `datagrams are refused when no more of them can wait, and taken again when there is room`() {
        let bench = Bench()
        bench.batcher.taken(count: 0, state: .full)
        bench.submit(AgentLimits.batchesToDelivery + AgentLimits.datagramBatchesWaiting, datagram: true)
        #expect(bench.batches.count == AgentLimits.batchesToDelivery)
        #expect(!bench.batcher.hasRoomForDatagrams)
        #expect(!bench.add(10, datagram: true))
        bench.batcher.taken(count: 1, state: .full)
        #expect(bench.batcher.hasRoomForDatagrams)
        #expect(bench.add(10, datagram: true))
    }

    @Test func `a batch of datagrams alone says so, a mixed one does not`() {
        let bench = Bench()
        bench.add(10, datagram: true)
        bench.batcher.flush()
        bench.add(10, datagram: true)
        bench.add(10)
        bench.batcher.flush()
        #expect(bench.batches.map(\.isFromDatagramsOnly) == [true, false])
    }

    @Test func `the end hands everything over`() {
        let bench = Bench()
        bench.submit(12)
        bench.add(10)
        bench.batcher.taken(count: 0, state: .broken)
        bench.batcher.drain()
        #expect(bench.batches.count == 13)
    }

    @Test func `who asks while held back hears it at once`() {
        let bench = Bench()
        bench.batcher.taken(count: 0, state: .full)
        var heard: [Bool] = []
        bench.batcher.onHold(for: bench) { heard.append($0) }
        #expect(heard == [true])
    }

    @Test func `who is gone hears nothing more`() {
        final class Owner {}
        let bench = Bench()
        var owner: Owner? = Owner()
        var heard: [Bool] = []
        if let owner { bench.batcher.onHold(for: owner) { heard.append($0) } }
        owner = nil
        bench.batcher.taken(count: 0, state: .full)
        #expect(bench.holds == [true])
        #expect(heard == [])
    }
}
