import Foundation
import Glibc
import Synchronization
import Testing

@testable import KomfyrAgent

/// Delivery with its buffer on real disks that are full, read-only, slow or gone.
@Suite struct RealDiskTests {
    @Test(.enabled(if: MountedDisk.isPossible))
    func `a full disk makes batches wait, and what waited arrives when there is room`() throws {
        let disk = try MountedDisk(bytes: 24 << 20)
        let bench = try DeliveryBench()
        defer { bench.stop() }
        let delivery = try bench.start(in: disk.path + "/data")
        bench.submit(1, to: delivery, position: 1)
        try bench.wait("the first") { $0.hub.lines.count == 1 }
        try disk.fill()
        // More than what is left of the page that the segment has already.
        for number in 2...200 { bench.submit(number, to: delivery, position: UInt64(number)) }
        try DeliveryBench.wait("it is told") { bench.logged.contains { $0.contains("No space left") } }
        try disk.free()
        try bench.wait("all arrive") { $0.hub.lines.count == 200 }
        delivery.drain()
        #expect(bench.problems == [] && bench.numbers.sorted() == Array(1...200))
        #expect(bench.logged.contains { $0.contains("disk works again") })
    }

    @Test(.enabled(if: MountedDisk.isPossible))
    func `an agent that starts on a full disk sends what waits there`() throws {
        let disk = try MountedDisk(bytes: 24 << 20)
        let bench = try DeliveryBench()
        bench.hub.stop()
        let first = try bench.start(in: disk.path + "/data")
        for number in 1...20 { bench.submit(number, to: first, position: UInt64(number)) }
        first.drain(deadlineMs: 100)
        try disk.fill()
        let hub = try HTTPHub(port: bench.hub.port)
        defer { hub.stop() }
        let second = try bench.start(in: disk.path + "/data")
        try DeliveryBench.wait("all arrive") { hub.state.withLock { $0.hub.lines.count == 20 } }
        second.drain()
        #expect(hub.state.withLock { $0.hub.problems } == [])
    }

    @Test(.enabled(if: MountedDisk.isPossible))
    func `a disk that turns read-only, as one with errors does, is sent from and goes on afterwards`() throws {
        let disk = try MountedDisk(bytes: 32 << 20)
        let bench = try DeliveryBench()
        bench.hub.stop()
        let first = try bench.start(in: disk.path + "/data")
        for number in 1...10 { bench.submit(number, to: first, position: UInt64(number)) }
        first.drain(deadlineMs: 100)
        // Only now: a file that is open for writing keeps a disk from turning read-only by hand.
        try disk.setReadOnly(true)
        let hub = try HTTPHub(port: bench.hub.port)
        defer { hub.stop() }
        let second = try bench.start(in: disk.path + "/data")
        try DeliveryBench.wait("what was there") { hub.state.withLock { $0.hub.lines.count == 10 } }
        bench.submit(11, to: second, position: 11)
        try bench.waitForWords("Read-only file system")
        try disk.setReadOnly(false)
        try DeliveryBench.wait("the rest") { hub.state.withLock { $0.hub.lines.count == 11 } }
        second.drain()
        #expect(hub.state.withLock { $0.hub.problems } == [])
    }

    @Test func `a folder without a right to write names itself and what to do`() throws {
        // Root may write anywhere: what it may not is make a folder within a file.
        let folder = try TemporaryFolder()
        try folder.write("file", "")
        let settings = BufferSettings(
            folder: folder.path + "/file/buffer",
            agent: "a",
            section: AgentConfiguration.BufferSection()
        )
        var words = ""
        do throws(BufferError) {
            _ = try DiskBuffer(settings, files: PosixFileSystem())
        } catch {
            words = error.description
        }
        #expect(words.contains(folder.path + "/file") && words.contains("data_dir"))
    }

    @Test func `a folder that is deleted while the agent runs comes back with what waited`() throws {
        let bench = try DeliveryBench()
        bench.hub.stop()
        let first = try bench.start()
        for number in 1...5 { bench.submit(number, to: first, position: UInt64(number)) }
        try DeliveryBench.wait("on disk") { first.snapshot().batchesWaiting == 5 }
        try FileManager.default.removeItem(atPath: bench.folder.path + "/buffer")
        bench.submit(6, to: first, position: 6)
        try DeliveryBench.wait("made again") { bench.logged.contains { $0.contains("made again") } }
        first.drain(deadlineMs: 100)
        let hub = try HTTPHub(port: bench.hub.port)
        defer { hub.stop() }
        let second = try bench.start()
        #expect(second.knownPositions().map(\.offset) == [6])
        try DeliveryBench.wait("all arrive") { hub.state.withLock { $0.hub.lines.count == 6 } }
        second.drain()
        #expect(hub.state.withLock { $0.hub.problems } == [])
    }

    @Test func `a sync that hangs holds back lines of files alone, and nothing is lost`() throws {
        let bench = try DeliveryBench()
        defer { bench.stop() }
        let files = CountingFileSystem()
        let delivery = try bench.start(files: files)
        let latch = Latch()
        files.gate.withLock { $0 = latch }
        bench.submit(1, to: delivery, position: 1)
        for number in 2...20 { bench.submit(number, to: delivery) }
        // Four batches are under way at most, and the first is a file's: the three behind it are sent.
        try bench.wait("what needs no sync") { $0.hub.lines.count >= 3 }
        #expect(!bench.numbers.contains(1))
        files.gate.withLock { $0 = nil }
        for _ in 0..<8 { latch.open() }
        try bench.wait("all") { $0.hub.lines.count == 20 }
        delivery.drain()
        #expect(bench.problems == [])
    }
}
