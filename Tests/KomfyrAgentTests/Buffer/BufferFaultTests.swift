import Glibc
import Protocol
import Synchronization
import Testing

@testable import KomfyrAgent

/// The buffer on a disk that fails: each call of it, and in the ways that disks and people have.
@Suite struct BufferFaultTests {
    @Test(arguments: [EIO, ENOSPC, EROFS])
    func `whichever call of a start fails once, all that waits is delivered, and positions are known`(code: Int32)
        throws
    {
        let disk = try filled()
        let image = disk.image
        var call = 1
        while true {
            disk.restore(image)
            disk.fail(calls: call...call, code)
            defer { call += 1 }
            var opened = try? disk.open()
            // A list that fails is a start that fails: whoever runs the agent tries again.
            if opened == nil { opened = try disk.open() }
            let buffer = try #require(opened)
            let calls = disk.files.state.withLock { $0.calls }
            disk.fail(calls: nil, EIO)
            #expect(buffer.knownPositions.map(\.offset) == [30], "call \(call)")
            disk.nowMs += 60_000
            disk.runJobs(buffer)
            let taken = disk.take(buffer).filter { $0 > 7 }
            #expect(taken == Array(8...30), "call \(call): \(taken)")
            if call > calls { return }
        }
    }

    @Test(arguments: [EIO, ENOSPC, EROFS])
    func `whichever calls of a working buffer fail, what it took comes back in order`(code: Int32) throws {
        for length in [1, 5] {
            var call = 1
            var isOver = false
            while !isOver {
                let disk = BufferBench(maxBytes: 8_192)
                disk.fail(calls: call...(call + length), code)
                guard let buffer = try? disk.open() else {
                    call += 1
                    continue
                }
                var taken: [Int] = []
                var delivered: [Int] = []
                for number in 1...40 {
                    for _ in 0..<20 {
                        if disk.tryAppend(number, to: buffer) == .appended { break }
                        disk.nowMs += 20_000
                        disk.runJobs(buffer)
                        delivered += disk.take(buffer, acknowledging: 3)
                    }
                    taken.append(number)
                    if number % 7 == 0 { disk.sync(buffer) }
                    buffer.writeCursorIfDue(nowMs: disk.nowMs)
                }
                isOver = disk.files.state.withLock { $0.calls } < call
                disk.fail(calls: nil, EIO)
                for _ in 0..<3 { delivered += disk.take(buffer) }
                #expect(delivered == taken, "call \(call)")
                call += length
            }
        }
    }

    @Test func `wherever the machine stops, what was synced is there at the next start`() throws {
        var call = 1
        while true {
            let disk = BufferBench(maxBytes: 8_192)
            disk.fail(calls: call...Int.max, EIO)
            var synced = 0
            var appended = 0
            do {
                if let buffer = try? disk.open() {
                    for number in 1...20 {
                        guard disk.tryAppend(number, to: buffer) == .appended else { break }
                        appended = number
                        if number % 3 == 0 {
                            disk.sync(buffer)
                            if buffer.isSynced && buffer.state == .open { synced = number }
                        }
                    }
                }
            }
            let calls = disk.files.state.withLock { $0.calls }
            disk.fail(calls: nil, EIO)
            disk.files.crash()
            let buffer = try disk.open()
            let taken = disk.take(buffer)
            #expect(taken.count >= synced && taken == Array(1..<(taken.count + 1)), "call \(call): \(taken), \(synced)")
            #expect(taken.count <= appended + 1, "call \(call)")
            if call > calls { return }
            call += 1
        }
    }

    @Test func `a segment that cannot be read is tried, passed over and kept, and the rest is delivered`() throws {
        let disk = try filled()
        let segments = disk.files.names.filter { $0.hasSuffix(".segment") }
        try #require(segments.count > 2)
        let bad = segments[1]
        disk.files.state.withLock { $0.unreadable = [bad] }
        let world = SimulatedEdge.World(seed: 1)
        let edge = SimulatedEdge(world)
        let delivery = try Delivery(buffer: disk.open(), edge: edge)
        edge.delivery = delivery
        delivery.start()
        world.run(ms: 60_000)
        #expect(delivery.buffer.waiting.frames == 0)
        #expect(world.hub.posts > 10)
        #expect(edge.reports.contains { $0.contains(bad) && $0.contains("error") }, "\(edge.reports)")
        #expect(
            disk.files.names.contains {
                $0.contains("/corrupt/") && bad.hasSuffix($0.split(separator: "/").last ?? "?")
            }
        )
    }

    @Test func `a folder that someone deletes is made again with all that was left to send`() throws {
        let disk = BufferBench()
        var opened: DiskBuffer? = try disk.open()
        do {
            let buffer = try #require(opened)
            for number in 1...5 { disk.append(number, to: buffer) }
            disk.sync(buffer)
            #expect(disk.take(buffer, acknowledging: 2) == [1, 2])
            disk.files.removeFolder("/b")
            disk.append(6, to: buffer)
            for _ in 0..<3 {
                disk.nowMs += 20_000
                disk.runJobs(buffer, force: true)
            }
            #expect(buffer.state == .open)
            #expect(buffer.events.notices.contains { $0.contains("made again") })
            disk.append(7, to: buffer)
            disk.sync(buffer)
            buffer.writeCursorIfDue(nowMs: disk.nowMs, force: true)
            #expect(throws: BufferError.self) { try disk.open() }
        }
        opened = nil
        disk.files.crash()
        let again = try disk.open()
        #expect(again.knownPositions.map(\.offset) == [7])
        #expect(disk.take(again) == [3, 4, 5, 6, 7])
    }

    @Test func `an older segment that someone deletes is told, and the rest is delivered`() throws {
        let disk = try filled()
        let buffer = try disk.open()
        let second = try #require(buffer.segments.dropFirst().first)
        try disk.files.remove(second.path)
        let taken = disk.take(buffer)
        #expect(taken.first == 8 && taken.last == 30 && taken.count < 23)
        #expect(buffer.events.notices.contains { $0.contains("deleted by someone") })
        #expect(buffer.events.corruptRecords == UInt64(23 - taken.count))
    }

    @Test func `a read-only disk is sent from, and goes on when it can be written again`() throws {
        let disk = try filled()
        var faults = SimulatedFileSystem.Faults()
        faults.isReadOnly = true
        disk.files.setFaults(faults)
        let buffer = try disk.open()
        #expect(buffer.state == .broken)
        #expect(buffer.events.broke?.code == EROFS)
        #expect(disk.take(buffer).filter { $0 > 7 } == Array(8...30))
        #expect(disk.tryAppend(31, to: buffer) == .broken)
        disk.files.setFaults(SimulatedFileSystem.Faults())
        disk.nowMs += 60_000
        disk.runJobs(buffer)
        #expect(disk.tryAppend(31, to: buffer) == .appended)
        #expect(disk.take(buffer) == [31])
    }

    @Test func `a disk that the buffer filled itself is free again when the hub has it all`() throws {
        let disk = BufferBench()
        let buffer = try disk.open()
        for number in 1...50 { disk.append(number, to: buffer) }
        disk.sync(buffer)
        var faults = SimulatedFileSystem.Faults()
        // Far below what a buffer that breaks otherwise waits for.
        faults.capacity = disk.files.state.withLock { $0.used } + 80 << 10
        disk.files.setFaults(faults)
        buffer.breakOff(FileError(code: ENOSPC, attempt: "write"), nowMs: disk.nowMs)
        disk.nowMs += 60_000
        disk.runJobs(buffer)
        #expect(buffer.state == .broken)
        #expect(disk.take(buffer) == Array(1...50))
        disk.nowMs += 60_000
        disk.runJobs(buffer)
        #expect(buffer.state == .open)
        #expect(buffer.segments.count == 1)
        #expect(buffer.knownPositions.map(\.offset) == [50])
    }

    @Test func `what the disk does not let go of counts as there, and is deleted later`() throws {
        for whenFull in AgentConfiguration.BufferSection.WhenFull.allCases {
            let disk = BufferBench(maxBytes: 4_096, whenFull: whenFull)
            let buffer = try disk.open()
            var faults = SimulatedFileSystem.Faults()
            faults.removeOneIn = 1
            disk.files.setFaults(faults)
            var number = 1
            for _ in 0..<200 {
                if disk.tryAppend(number, to: buffer) == .appended { number += 1 }
                if whenFull == .block { _ = disk.take(buffer) }
                let used = disk.files.names.filter { $0.hasSuffix(".segment") }
                    .reduce(0) { $0 + (disk.files.content($1)?.count ?? 0) }
                // A header more, when a segment was made for what then found no room.
                try #require(used <= 4_096 + 256, "\(whenFull)")
            }
            #expect(buffer.state == .full)
            disk.files.setFaults(SimulatedFileSystem.Faults())
            disk.nowMs += 2_000
            disk.runJobs(buffer)
            #expect(buffer.state == .open)
            #expect(disk.tryAppend(number, to: buffer) == .appended)
        }
    }

    @Test func `options that change while it runs hold from then on`() throws {
        let disk = BufferBench(maxBytes: 4_096, fsync: .interval)
        let buffer = try disk.open()
        var number = 1
        while disk.tryAppend(number, to: buffer) == .appended { number += 1 }
        #expect(buffer.state == .full)
        var section = buffer.settings.section
        section.maxBytes = 16_384
        buffer.use(section)
        #expect(disk.tryAppend(number, to: buffer) == .appended)

        let frame = try #require(try lastFrame(buffer))
        #expect(!buffer.maySend(frame))
        section.fsync = .never
        buffer.use(section)
        #expect(buffer.maySend(frame) && buffer.isSynced)
        section.fsync = .always
        buffer.use(section)
        disk.sync(buffer)
        #expect(buffer.isSynced && buffer.cursor.synced == buffer.segments.last?.endPlace)

        section.maxBytes = 4_096
        buffer.use(section)
        #expect(disk.tryAppend(number + 1, to: buffer) == .full)
        section.whenFull = .dropOldest
        buffer.use(section)
        #expect(disk.tryAppend(number + 1, to: buffer) == .appended)
        #expect(buffer.totalBytes <= 4_096 && buffer.events.droppedRecords > 0)
    }

    @Test func `logs that fsync never left to the system are safe after it is turned on`() throws {
        let disk = BufferBench(maxBytes: 8_192, fsync: .never)
        var opened: DiskBuffer? = try disk.open()
        if let buffer = opened {
            for number in 1...30 { disk.append(number, to: buffer) }
            #expect(buffer.segments.count > 1)
            var section = buffer.settings.section
            section.fsync = .interval
            buffer.use(section)
            disk.nowMs += 10_000
            disk.runJobs(buffer)
        }
        opened = nil
        disk.files.crash()
        #expect(disk.take(try disk.open()) == Array(1...30))
    }

    @Test func `a long backlog is opened by its headers`() throws {
        // 1 GiB in segments of 64 MiB, bodies of 128 KiB that are holes: whoever read them would find no sound one.
        let folder = try TemporaryFolder()
        let counting = CountingFileSystem()
        let path = folder.path + "/buffer"
        try counting.makeFolder(path)
        let body = 128 << 10
        var waiting = 0
        for number in 1...UInt64(16) {
            let file = try counting.open(path + "/" + Segment.name(number), .createEmpty)
            let header = SegmentHeader(number: number, previous: 0, previousEnd: 0, agent: "bench", positions: [])
            try file.write(header.encoded(), at: 0)
            var offset = UInt64(header.encoded().count)
            while offset + UInt64(body) < 64 << 20 {
                waiting += 1
                let frame = FrameHeader(
                    positionsBytes: 0,
                    bodyBytes: body,
                    records: 5_000,
                    uncompressedBytes: 512 << 10,
                    isFromDatagramsOnly: false,
                    madeNs: 1,
                    generation: BatchIdentity.Generation(high: 1, low: 1),
                    sequence: UInt64(waiting),
                    positionsChecksum: CRC32C.checksum([], in: 0..<0),
                    bodyChecksum: 1
                )
                var bytes: [UInt8] = []
                frame.append(to: &bytes)
                try file.write(bytes, at: offset)
                offset += UInt64(frame.frameBytes)
            }
            try file.truncate(to: offset)
            if number == 16 {
                var (cursor, _) = try CursorFile.open(path + "/cursor", counting)
                try cursor.write(
                    Cursor(place: .init(segment: 1, offset: 0), synced: .init(segment: 16, offset: offset))
                )
            }
        }
        var section = AgentConfiguration.BufferSection()
        section.maxBytes = 2 << 30
        counting.bytesRead.store(0)
        let buffer = try DiskBuffer(BufferSettings(folder: path, agent: "bench", section: section), files: counting)
        #expect(buffer.waiting.frames == UInt64(waiting) && waiting > 8_000)
        #expect(buffer.totalBytes > 1_070_000_000)
        // A page for each header, and the cursor.
        #expect(counting.bytesRead.load() < UInt64(waiting + 40) * 4_400, "\(counting.bytesRead.load())")
    }

    /// 30 numbers in several segments, 7 of them acknowledged, all synced.
    private func filled() throws -> BufferBench {
        let disk = BufferBench(maxBytes: 8_192)
        let buffer = try disk.open()
        for number in 1...30 { disk.append(number, to: buffer) }
        disk.sync(buffer)
        #expect(disk.take(buffer, acknowledging: 7) == Array(1...7))
        buffer.writeCursorIfDue(nowMs: 1, force: true)
        try buffer.cursorFile?.sync()
        return disk
    }

    private func lastFrame(_ buffer: DiskBuffer) throws -> StoredFrame? {
        var last: StoredFrame?
        while let frame = try buffer.next() { last = frame }
        return last
    }
}

extension BufferBench {
    /// All files with their contents.
    var image: [String: [UInt8]] {
        Dictionary(uniqueKeysWithValues: files.names.map { ($0, files.content($0) ?? []) })
    }

    /// Puts the disk back to what it was.
    func restore(_ image: [String: [UInt8]]) {
        fail(calls: nil, EIO)
        for name in files.names { try? files.remove(name) }
        for (name, content) in image { files.put(name, content) }
        nowMs = 1_000
    }

    /// These calls fail, counted from now.
    func fail(calls: ClosedRange<Int>?, _ code: Int32) {
        files.state.withLock {
            $0.calls = 0
            $0.failingCalls = calls
            $0.faults.code = code
        }
    }
}
