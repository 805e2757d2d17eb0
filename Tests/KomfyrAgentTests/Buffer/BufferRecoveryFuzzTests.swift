import Glibc
import Protocol
import struct TestSupport.SeededRandom
import Testing

@testable import KomfyrAgent

/// Files of a buffer that were damaged in every way that a seed thinks of.
///
/// `KOMFYRVAKT_FUZZ_SEEDS=20000` runs more seeds.
@Suite struct BufferRecoveryFuzzTests {
    static let rounds = 20

    @Test(arguments: 0..<rounds)
    func `recovery of damaged files goes on by itself, and delivers what is sound once`(round: Int) throws {
        let seeds = getenv("KOMFYRVAKT_FUZZ_SEEDS").flatMap { Int(String(cString: $0)) } ?? 2_000
        let each = (seeds + Self.rounds - 1) / Self.rounds
        for seed in (round * each)..<((round + 1) * each) {
            var fuzz = RecoveryFuzz(seed: UInt64(seed))
            let problem = try fuzz.run()
            #expect(problem == nil, "seed \(seed): \(fuzz.done)")
            if problem != nil { return }
        }
    }
}

/// One buffer, its damage, and what comes of it.
struct RecoveryFuzz {
    private var random: SeededRandom
    private let disk: BufferBench
    /// What was done to the files.
    private(set) var done: [String] = []
    /// Each frame's bytes, by its number.
    private var frames: [Int: [UInt8]] = [:]
    private var withPosition: Set<Int> = []
    private var acknowledged = 0
    private var olderCursor: [UInt8] = []
    /// Where each frame was written.
    private var places: [Int: (path: String, offset: Int)] = [:]
    private var newest = ""
    /// Numbers of the frames that stand somewhere in a segment as they were written.
    private var intact: [Int] = []

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        let fsync: AgentConfiguration.BufferSection.Fsync = [.always, .interval, .never][random.below(3)]
        disk = BufferBench(maxBytes: UInt64(4_096 + random.below(8_192)), fsync: fsync)
    }

    /// Returns what went wrong, or nil.
    mutating func run() throws -> String? {
        try write()
        damage()
        var delivered: [Int] = []
        let buffer: DiskBuffer
        do throws(BufferError) {
            buffer = try DiskBuffer(disk.settings, files: disk.files)
        } catch {
            return "it does not start: \(error)"
        }
        let known = Int(buffer.knownPositions.first?.offset ?? 0)
        var seen: Set<String> = []
        while let frame = try buffer.next() {
            if let body = try buffer.body(ofTicket: frame.ticket), seen.insert(frame.identity.text).inserted {
                let text = String(decoding: body, as: UTF8.self)
                guard let number = Int(text.dropFirst(7)), text == "number \(number)" else { return "made up: \(text)" }
                delivered.append(number)
            }
            buffer.acknowledge(ticket: frame.ticket)
        }
        return check(delivered, known: known, buffer)
    }

    private func check(_ delivered: [Int], known: Int, _ buffer: DiskBuffer) -> String? {
        if Set(delivered).count != delivered.count { return "twice: \(delivered)" }
        // What says that it is another segment's copy is set aside whole, and told.
        let hasCopy = buffer.events.notices.contains { $0.contains("is a copy") }
        for number in intact where !hasCopy && number > acknowledged && !delivered.contains(number) {
            guard withPosition.contains(number), known < number else { return "not delivered: \(number)" }
        }
        let events = buffer.events
        let isTold =
            events.corruptPlaces > 0 || events.cutBytes > 0 || events.damagedPositions > 0 || !events.notices.isEmpty
        let lost = frames.keys.filter { $0 > acknowledged && !delivered.contains($0) }
        // Of an end that no sync covered nobody knows that it was there.
        let hasLostItsEnd = done.contains { $0.hasPrefix("truncate \(newest)") }
        if !lost.isEmpty && !isTold && !hasLostItsEnd && known > (lost.min() ?? 0) {
            return "lost without a word: \(lost.sorted())"
        }
        let position = Int(buffer.knownPositions.first?.offset ?? 0)
        if let last = delivered.filter({ withPosition.contains($0) }).max(), position < last, !isTold {
            return "line \(last) comes again, without a word"
        }
        return nil
    }

    private mutating func write() throws {
        let buffer = try disk.open()
        let count = 5 + random.below(40)
        for number in 1...count {
            let hasPosition = random.chance(1, in: 2)
            guard disk.tryAppend(number, to: buffer, withPosition: hasPosition) == .appended else { break }
            if hasPosition { withPosition.insert(number) }
            if let last = buffer.segments.last, let content = disk.files.content(last.path) {
                let start = frameStart(content, last)
                frames[number] = Array(content[start...])
                places[number] = (last.path, start)
            }
            if random.chance(1, in: 4) { disk.sync(buffer) }
            if random.chance(1, in: 5) {
                acknowledged += disk.take(buffer, acknowledging: 1 + random.below(6)).count
                disk.nowMs += 200
                olderCursor = disk.files.content("/b/cursor") ?? []
                buffer.writeCursorIfDue(nowMs: disk.nowMs)
            }
        }
        if random.chance(2, in: 3) { disk.sync(buffer) }
        buffer.writeCursorIfDue(nowMs: disk.nowMs, force: true)
    }

    /// Where the last frame of a segment begins.
    private func frameStart(_ content: [UInt8], _ segment: Segment) -> Int {
        var offset = Int(segment.firstFrame)
        while true {
            let header = content[offset...].withUnsafeBytes { FrameHeader($0) }
            guard let header, offset + header.frameBytes < Int(segment.end) else { return offset }
            offset += header.frameBytes
        }
    }

    // MARK: Damage

    private mutating func damage() {
        let segments = disk.files.names.filter { $0.hasSuffix(".segment") }
        newest = segments.last ?? ""
        switch random.below(8) {
        case 0 where segments.count > 1:
            let one = segments[random.below(segments.count)]
            let other = segments[random.below(segments.count)]
            done.append("swap \(one) \(other)")
            if let first = disk.files.content(one), let second = disk.files.content(other) {
                disk.files.put(one, second)
                disk.files.put(other, first)
            }
        case 1:
            done.append("strange files")
            disk.files.put("/b/ffffffffffffffff.segment", bytes(random.below(300)))
            disk.files.put("/b/0000000000000000.segment", [])
            disk.files.put("/b/00000000000000zz.segment", bytes(20))
            disk.files.put("/b/0000000000000001.segment.new", bytes(200))
            disk.files.put("/b/lost+found", [])
        case 2:
            done.append("a copy of a segment under a later number")
            if let content = disk.files.content(segments[0]) { disk.files.put("/b/00000000000000ff.segment", content) }
        default:
            for _ in 0..<(1 + random.below(3)) { damageOne(segments[random.below(segments.count)]) }
        }
        if random.chance(1, in: 4) { damageCursor() }
        intact = frames.filter { stands($0.key, $0.value) }.map(\.key).sorted()
    }

    private mutating func damageOne(_ path: String) {
        guard var content = disk.files.content(path), !content.isEmpty else { return }
        let start = random.below(content.count)
        let end = min(start + 1 + random.below(random.chance(1, in: 2) ? 8 : 400), content.count)
        switch random.below(5) {
        case 0:
            done.append("flip \(path) \(start)")
            content[start] ^= 1 << UInt8(random.below(8))
        case 1:
            done.append("truncate \(path) to \(start)")
            content.removeSubrange(start...)
        case 2:
            done.append("zero \(path) \(start)..<\(end)")
            for index in start..<end { content[index] = 0 }
        case 3:
            done.append("noise \(path) \(start)..<\(end)")
            content.replaceSubrange(start..<end, with: bytes(end - start))
        default:
            let names = disk.files.names.filter { $0.hasSuffix(".segment") }
            let other = disk.files.content(names[random.below(names.count)]) ?? []
            guard other.count > end - start else { return }
            let from = random.below(other.count - (end - start))
            done.append("splice \(path) \(start)..<\(end)")
            content.replaceSubrange(start..<end, with: other[from..<(from + end - start)])
        }
        disk.files.put(path, content)
    }

    private mutating func damageCursor() {
        guard var content = disk.files.content("/b/cursor") else { return }
        switch random.below(5) {
        case 0:
            done.append("no cursor")
            try? disk.files.remove("/b/cursor")
            return
        case 1:
            done.append("cursor cut")
            content.removeLast(random.below(content.count + 1))
        case 2:
            done.append("cursor of noise")
            content = bytes(random.below(10_000))
        case 3:
            done.append("older cursor")
            content = olderCursor
        default:
            done.append("cursor flipped")
            for _ in 0..<3 where !content.isEmpty { content[random.below(min(content.count, 60))] ^= 4 }
        }
        disk.files.put("/b/cursor", content)
    }

    private mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(random.below(256)) } }

    /// Whether a frame stands where it was written, or anywhere when only whole files were moved.
    private func stands(_ number: Int, _ frame: [UInt8]) -> Bool {
        guard let place = places[number] else { return false }
        if done.first?.hasPrefix("swap") == true { return true }
        let content = disk.files.content(place.path) ?? []
        return content.count >= place.offset + frame.count
            && content[place.offset..<(place.offset + frame.count)].elementsEqual(frame)
    }
}
