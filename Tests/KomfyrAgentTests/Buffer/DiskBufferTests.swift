import Glibc
import Protocol
import Synchronization
import Testing

@testable import KomfyrAgent

@Suite struct DiskBufferTests {
    @Test func `what was appended comes back in order, also after a start`() throws {
        let disk = BufferBench()
        do {
            let buffer = try disk.open()
            for number in 1...5 { disk.append(number, to: buffer) }
            #expect(disk.take(buffer, acknowledging: 2) == [1, 2])
            buffer.writeCursorIfDue(nowMs: 1, force: true)
        }
        let again = try disk.open()
        #expect(again.waiting.frames == 3)
        #expect(disk.take(again) == [3, 4, 5])
        #expect(again.waiting.frames == 0)
    }

    @Test func `identities are kept over a start, and a new run draws a new generation`() throws {
        let disk = BufferBench()
        let first: BatchIdentity.Generation
        do {
            let buffer = try disk.open()
            first = buffer.generation
            disk.append(1, to: buffer)
        }
        let again = try disk.open()
        disk.append(2, to: again)
        let old = try #require(try again.next())
        let new = try #require(try again.next())
        #expect(old.identity == BatchIdentity(agent: "bench", generation: first, sequence: 1))
        #expect(new.header.generation == again.generation && again.generation != first)
        #expect(new.header.sequence == 1)
    }

    @Test func `a segment cut at any byte loses only what was cut`() throws {
        let disk = BufferBench(fsync: .never)
        var ends: [Int] = []
        do {
            let buffer = try disk.open()
            for number in 1...4 {
                disk.append(number, to: buffer)
                ends.append(Int(buffer.segments[0].end))
            }
        }
        let path = try #require(disk.files.names.first { $0.hasSuffix(".segment") })
        let whole = try #require(disk.files.content(path))
        for cut in 0...whole.count {
            disk.files.put(path, Array(whole[..<cut]))
            for name in disk.files.names where name.hasSuffix(".segment") && name != path {
                try disk.files.remove(name)
            }
            let buffer = try disk.open()
            disk.append(9, to: buffer)
            let expected = ends.enumerated().filter { $0.element <= cut }.map { $0.offset + 1 }
            #expect(disk.take(buffer) == expected + [9], "cut at \(cut)")
            #expect(buffer.knownPositions.map(\.offset) == [9], "cut at \(cut)")
        }
    }

    @Test func `any damaged byte costs at most the frame that it is in`() throws {
        let disk = BufferBench()
        do {
            let buffer = try disk.open()
            for number in 1...6 { disk.append(number, to: buffer) }
            disk.sync(buffer)
            buffer.writeCursorIfDue(nowMs: 1, force: true)
        }
        let path = try #require(disk.files.names.first { $0.hasSuffix(".segment") })
        let whole = try #require(disk.files.content(path))
        let cursor = try #require(disk.files.content("/b/cursor"))
        for index in whole.indices {
            var damaged = whole
            damaged[index] ^= 0x40
            for name in disk.files.names { try disk.files.remove(name) }
            disk.files.put(path, damaged)
            disk.files.put("/b/cursor", cursor)
            let buffer = try disk.open()
            disk.append(7, to: buffer)
            let taken = disk.take(buffer)
            #expect(taken.count >= 6 && taken.last == 7, "byte \(index): \(taken)")
            #expect(taken == taken.sorted() && Set(taken).count == taken.count, "byte \(index): \(taken)")
            // Padding apart, a damaged frame is reported and set aside.
            if taken.count == 6 {
                #expect(buffer.events.corruptPlaces == 1, "byte \(index)")
                #expect(disk.files.names.contains { $0.contains("/corrupt/") }, "byte \(index)")
            }
        }
    }

    @Test func `segments are deleted when the hub has them, the newest never, and positions stay known`() throws {
        let disk = BufferBench(maxBytes: 8_192)
        let buffer = try disk.open()
        for number in 1...60 {
            disk.append(number, to: buffer)
            _ = disk.take(buffer)
            #expect(buffer.totalBytes <= 8_192)
        }
        #expect(buffer.segments.count == 1)
        #expect(buffer.segments[0].number > 2)
        #expect(buffer.knownPositions.map(\.offset) == [60])
        #expect(disk.files.names.filter { $0.hasSuffix(".segment") }.count == 1)
    }

    @Test func `a full buffer blocks until something is acknowledged`() throws {
        let disk = BufferBench(maxBytes: 4_096)
        let buffer = try disk.open()
        var number = 1
        while disk.tryAppend(number, to: buffer) == .appended { number += 1 }
        #expect(disk.tryAppend(number, to: buffer) == .full)
        #expect(buffer.state == .full)
        #expect(buffer.totalBytes <= 4_096)
        #expect(disk.take(buffer) == Array(1..<number))
        #expect(disk.tryAppend(number, to: buffer) == .appended)
        #expect(buffer.state == .open)
    }

    @Test func `a buffer that broke while it was full is open again when the hub has its logs`() throws {
        let disk = BufferBench(maxBytes: 4_096)
        let buffer = try disk.open()
        var number = 1
        while disk.tryAppend(number, to: buffer) == .appended { number += 1 }
        #expect(buffer.state == .full)
        var faults = SimulatedFileSystem.Faults()
        faults.syncOneIn = 1
        disk.files.setFaults(faults)
        disk.nowMs += 10_000
        disk.runJobs(buffer)
        #expect(buffer.state == .broken)
        disk.files.setFaults(SimulatedFileSystem.Faults())
        disk.nowMs += 60_000
        disk.runJobs(buffer)
        // What was refused has gone elsewhere meanwhile: nothing is appended that would tell.
        #expect(disk.take(buffer) == Array(1..<number))
        #expect(buffer.state == .open)
    }

    @Test func `what the hub has counts as read, also when fsync was never before and is not now`() throws {
        let disk = BufferBench(fsync: .never)
        do {
            let buffer = try disk.open()
            for number in 1...3 { disk.append(number, to: buffer) }
            #expect(disk.take(buffer) == [1, 2, 3])
            buffer.writeCursorIfDue(nowMs: 1, force: true)
        }
        let again = try disk.open(fsync: .interval)
        #expect(again.knownPositions.map(\.offset) == [3])
        disk.sync(again)
        #expect(again.knownPositions.map(\.offset) == [3])
    }

    @Test func `a full buffer that may drop drops the oldest segment, and counts`() throws {
        let disk = BufferBench(maxBytes: 4_096, whenFull: .dropOldest)
        let buffer = try disk.open()
        let underWay = 1
        disk.append(underWay, to: buffer)
        let ticket = try #require(try buffer.next()).ticket
        for number in 2...100 { disk.append(number, to: buffer) }
        #expect(buffer.totalBytes <= 4_096)
        #expect(buffer.takeDroppedTickets() == [ticket])
        let dropped = Int(buffer.events.droppedRecords)
        let taken = disk.take(buffer)
        #expect(taken == Array((dropped + 1)...100))
        #expect(buffer.knownPositions.map(\.offset) == [100])
    }

    @Test func `a disk without room breaks the buffer, and it opens again by itself`() throws {
        let disk = BufferBench()
        let buffer = try disk.open()
        disk.append(1, to: buffer)
        var faults = SimulatedFileSystem.Faults()
        faults.capacity = disk.files.state.withLock { $0.used } + 20
        disk.files.setFaults(faults)
        #expect(disk.tryAppend(2, to: buffer) == .broken)
        #expect(buffer.state == .broken)
        #expect(buffer.events.broke?.code == ENOSPC)
        disk.nowMs += 60_000
        disk.runJobs(buffer)
        #expect(buffer.state == .broken)
        disk.files.setFaults(SimulatedFileSystem.Faults())
        disk.nowMs += 60_000
        disk.runJobs(buffer)
        #expect(buffer.state == .open)
        #expect(buffer.events.reopened)
        disk.append(3, to: buffer)
        #expect(disk.take(buffer) == [1, 3])
    }

    @Test func `after a failed sync what was in doubt is written again, and survives a crash`() throws {
        let disk = BufferBench()
        var buffer: DiskBuffer? = try disk.open()
        do {
            let buffer = try #require(buffer)
            disk.append(1, to: buffer)
            disk.sync(buffer)
            disk.append(2, to: buffer)
            disk.append(3, to: buffer)
            #expect(try buffer.next()?.header.sequence == 1)
            let second = try #require(try buffer.next())
            #expect(!buffer.maySend(second))
            var faults = SimulatedFileSystem.Faults()
            faults.syncOneIn = 1
            disk.files.setFaults(faults)
            disk.nowMs += 10_000
            disk.runJobs(buffer)
            #expect(buffer.syncsFailed == 1)
            #expect(buffer.state == .broken)
            disk.files.setFaults(SimulatedFileSystem.Faults())
            disk.nowMs += 60_000
            disk.runJobs(buffer)
            #expect(buffer.state == .open)
            #expect(buffer.events.rewrittenFrames == 2)
            let moved = try #require(buffer.window.first { $0.ticket == second.ticket })
            #expect(moved.place.segment == buffer.segments.last?.number)
            #expect(buffer.maySend(moved))
        }
        buffer = nil
        disk.files.crash()
        #expect(disk.take(try disk.open()) == [1, 2, 3])
    }

    @Test func `a batch with positions waits for its sync, others do not, unless fsync says so`() throws {
        for (fsync, mayPlain, mayFile) in [
            (AgentConfiguration.BufferSection.Fsync.interval, true, false), (.always, false, false),
            (.never, true, true),
        ] {
            let disk = BufferBench(fsync: fsync)
            let buffer = try disk.open()
            disk.append(1, to: buffer, withPosition: false)
            disk.append(2, to: buffer)
            let plain = try #require(try buffer.next())
            let file = try #require(try buffer.next())
            #expect(buffer.maySend(plain) == mayPlain, "\(fsync)")
            #expect(buffer.maySend(file) == mayFile, "\(fsync)")
            disk.sync(buffer)
            #expect(buffer.maySend(plain) && buffer.maySend(file), "\(fsync)")
        }
    }

    @Test func `a second agent on the same folder is told who has it`() throws {
        let folder = "/tmp/komfyr-buffer-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        let files = PosixFileSystem()
        defer {
            for name in (try? files.list(folder)) ?? [] { try? files.remove(folder + "/" + name) }
            rmdir(folder)
        }
        let settings = BufferSettings(
            folder: folder,
            agent: "bench",
            section: AgentConfiguration.BufferSection()
        )
        let first = try DiskBuffer(settings, files: files)
        var told = ""
        do throws(BufferError) {
            _ = try DiskBuffer(settings, files: files)
        } catch {
            told = error.description
        }
        #expect(told.contains("process \(getpid())"))
        #expect(told.contains(folder))
        #expect(first.state == .open)
    }

    @Test func `a torn cursor slot leaves the one before`() throws {
        let files = SimulatedFileSystem(seed: 1)
        var cursor = Cursor()
        do {
            var (file, _) = try CursorFile.open("/c", files)
            for offset in 1...5 {
                cursor.place = Cursor.Place(segment: 1, offset: UInt64(offset))
                try file.write(cursor)
            }
        }
        #expect(try CursorFile.open("/c", files).1.place.offset == 5)
        var content = try #require(files.content("/c"))
        // The fifth turn is odd: the first slot.
        content[20] ^= 1
        files.put("/c", content)
        #expect(try CursorFile.open("/c", files).1.place.offset == 4)
    }

    @Test func `a frame of another place that reaches over others hides none of them`() throws {
        let disk = BufferBench(maxBytes: 1 << 20)
        var places: [Int] = []
        do {
            let buffer = try disk.open()
            for number in 1...6 {
                disk.append(number, to: buffer, withPosition: false)
                places.append(Int(buffer.segments[0].end))
            }
            disk.sync(buffer)
            buffer.writeCursorIfDue(nowMs: 1, force: true)
        }
        let path = try #require(disk.files.names.first { $0.hasSuffix(".segment") })
        var content = try #require(disk.files.content(path))
        // A whole header, and of the body nothing, somewhere in the second frame: it reaches into the third.
        let size = places[1] - places[0]
        let header = content[places[3]..<(places[3] + FrameHeader.size)]
        let start = places[0] + size - FrameHeader.size - 1
        content.replaceSubrange(start..<(start + FrameHeader.size), with: header)
        disk.files.put(path, content)
        #expect(disk.take(try disk.open()) == [1, 3, 4, 5, 6])
    }

    @Test func `a cursor that is ahead of what a crash left hides nothing that comes after`() throws {
        let disk = BufferBench()
        do {
            let buffer = try disk.open()
            for number in 1...3 { disk.append(number, to: buffer, withPosition: false) }
            _ = disk.take(buffer)
            buffer.writeCursorIfDue(nowMs: 1, force: true)
        }
        let path = try #require(disk.files.names.first { $0.hasSuffix(".segment") })
        let whole = try #require(disk.files.content(path))
        disk.files.put(path, Array(whole[..<120]))
        let again = try disk.open()
        for number in 4...6 { disk.append(number, to: again) }
        #expect(disk.take(again) == [4, 5, 6])
    }

    @Test(
        arguments: [
            ("", 0), ("123456789", 0xE306_9283), ("a", 0xC1D0_4330),
            ("The quick brown fox jumps over the lazy dog", 0x2262_0404),
        ] as [(String, UInt32)]
    )
    func `CRC-32C has the known values`(text: String, checksum: UInt32) {
        let bytes = Array(text.utf8)
        #expect(CRC32C.checksum(bytes, in: 0..<bytes.count) == checksum)
    }

    @Test func `positions are bounded, the oldest are forgotten first`() {
        var table = PositionTable(capacity: 80)
        for inode in 0..<200 { table.advance([BufferBench.position(inode: UInt64(inode), offset: 1)]) }
        #expect(table.count <= 80 && table.count >= 70)
        #expect(table.positions.last?.inode == 199)
        #expect(table.positions.allSatisfy { $0.inode >= 120 })
    }

    @Test func `positions come back from their block as they were`() {
        let positions = (0..<20)
            .map { number in
                FilePosition(
                    input: "input \(number)",
                    device: .max - UInt64(number),
                    inode: UInt64(number),
                    fingerprint: 1 << 60,
                    fingerprintLength: 1_024,
                    offset: 1 << 40,
                    guardHash: .max,
                    path: "/var/log/ærlig \(number).log"
                )
            }
        var bytes: [UInt8] = []
        PositionsBlock.append(positions, to: &bytes)
        #expect(bytes.withUnsafeBytes { PositionsBlock.read($0) } == positions)
        for cut in 1..<bytes.count {
            #expect(bytes[..<cut].withUnsafeBytes { PositionsBlock.read($0) } == nil, "cut at \(cut)")
        }
    }
}

/// A disk buffer on a simulated disk, whose batches are numbers.
final class BufferBench {
    let files = SimulatedFileSystem(seed: 1)
    let settings: BufferSettings
    var nowMs: UInt64 = 1_000

    init(
        maxBytes: UInt64 = 1 << 20,
        fsync: AgentConfiguration.BufferSection.Fsync = .interval,
        whenFull: AgentConfiguration.BufferSection.WhenFull = .block
    ) {
        var section = AgentConfiguration.BufferSection()
        section.maxBytes = maxBytes
        section.fsync = fsync
        section.whenFull = whenFull
        settings = BufferSettings(folder: "/b", agent: "bench", section: section)
    }

    /// Opens the buffer; with another `fsync` than it was made with, if one is given.
    func open(fsync: AgentConfiguration.BufferSection.Fsync? = nil) throws -> DiskBuffer {
        var settings = settings
        settings.section.fsync = fsync ?? settings.section.fsync
        return try DiskBuffer(settings, files: files)
    }

    static func position(inode: UInt64, offset: UInt64) -> FilePosition {
        FilePosition(
            input: "f",
            device: 1,
            inode: inode,
            fingerprint: 0,
            fingerprintLength: 0,
            offset: offset,
            guardHash: 0,
            path: ""
        )
    }

    func tryAppend(_ number: Int, to buffer: DiskBuffer, withPosition: Bool = true) -> AppendOutcome {
        let batch = EncodedBatch(
            body: Array("number \(number)".utf8),
            records: 1,
            uncompressedBytes: 10,
            positions: withPosition ? [Self.position(inode: 1, offset: UInt64(number))] : [],
            isFromDatagramsOnly: !withPosition,
            madeNs: Int64(number)
        )
        for _ in 0..<5 {
            let outcome = buffer.append(batch, nowMs: nowMs)
            guard outcome == .busy else { return outcome }
            runJobs(buffer)
        }
        return .busy
    }

    func append(_ number: Int, to buffer: DiskBuffer, withPosition: Bool = true) {
        #expect(tryAppend(number, to: buffer, withPosition: withPosition) == .appended)
    }

    func runJobs(_ buffer: DiskBuffer, force: Bool = false) {
        if let job = buffer.nextJob(nowMs: nowMs, force: force) { buffer.finish(job.run(), nowMs: nowMs) }
    }

    func sync(_ buffer: DiskBuffer) { runJobs(buffer, force: true) }

    /// Takes out and acknowledges what is there, and says which numbers it was.
    func take(_ buffer: DiskBuffer, acknowledging limit: Int = .max) -> [Int] {
        var numbers: [Int] = []
        while numbers.count < limit, let frame = try? buffer.next() {
            if let body = try? buffer.body(ofTicket: frame.ticket) {
                numbers.append(Int(String(decoding: body, as: UTF8.self).dropFirst(7)) ?? -1)
            }
            buffer.acknowledge(ticket: frame.ticket)
        }
        return numbers
    }
}
