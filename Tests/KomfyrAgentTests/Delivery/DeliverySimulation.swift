import Glibc
import Protocol
import Synchronization
import struct TestSupport.SeededRandom

@testable import EventLoop
@testable import KomfyrAgent

/// One run: an agent's delivery that reads a file and gets datagrams and TCP batches, a hub, a disk, a clock, and bad
/// luck.
///
/// What is promised, and so looked for at the end:
/// - each line of the file arrives once, whatever happens;
/// - a message that is in the buffer when the agent is killed or stopped arrives once, and when the machine crashes, if
///   the sync that covers it had succeeded;
/// - nothing else arrives twice.
///
/// What is not: with `fsync = "never"` a crash of the machine may lose what is in the buffer and was not synced before,
/// and lose or double lines of the file that had been read. `drop_oldest`, an unwritable dead letter and a place that
/// cannot be read may lose as many logs as they count. A batch that waits for a broken disk in memory dies with the
/// process.
struct DeliverySimulation {
    let seed: UInt64
    var tells = false
    private var random: SeededRandom
    private let files: SimulatedFileSystem
    private let world: SimulatedEdge.World
    private var settings: BufferSettings
    private var edge: SimulatedEdge
    private var delivery: Delivery

    /// Lines of the file, and how far the input has read.
    private let fileLines = 100
    private var fileOffset = 0
    private var nextMessage = 0
    /// Messages that the hub must have at the end.
    private var promised: Set<String> = []
    /// Messages submitted under `fsync = "never"`: no crash of the machine was promised to spare them.
    private var risked: Set<String> = []
    /// Lines of the file that a crash under `fsync = "never"` may have lost.
    private var mayMiss: Set<String> = []
    /// Logs that were reported as lost, in all lives.
    private var countedLost: UInt64 = 0
    private let crashesMachines: Bool
    /// Whether `fsync = "never"` left positions of the file to the system, and no sync has covered them since.
    private var isFileRisked = false
    /// Whether the options were changed in this life.
    private var hasReloaded = false

    private func tell(_ text: @autoclosure () -> String) { if tells { print(world.nowMs, text()) } }

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededRandom(seed: seed)
        files = SimulatedFileSystem(seed: seed &+ 77)
        world = SimulatedEdge.World(seed: seed &+ 99)
        crashesMachines = random.chance(2, in: 3)
        settings = BufferSettings(folder: "/b", agent: "agent-1", section: AgentConfiguration.BufferSection())
        settings.section = Self.section(&random)
        if random.chance(1, in: 3) {
            let digit = "\(random.below(10))"
            world.hub.refuses = { $0.hasSuffix(digit) }
        }
        (edge, delivery) = try Self.start(settings, files, world)
        isFileRisked = settings.section.fsync == .never
    }

    /// What an operator may choose.
    private static func section(_ random: inout SeededRandom) -> AgentConfiguration.BufferSection {
        var section = AgentConfiguration.BufferSection()
        section.maxBytes = UInt64(4_096 + random.below(16_384))
        section.fsync = [.always, .interval, .interval, .never][random.below(4)]
        section.fsyncIntervalMs = UInt64(20 + random.below(300))
        section.whenFull = random.chance(1, in: 4) ? .dropOldest : .block
        return section
    }

    private static func start(
        _ settings: BufferSettings,
        _ files: SimulatedFileSystem,
        _ world: SimulatedEdge.World
    ) throws -> (SimulatedEdge, Delivery) {
        let buffer = try DiskBuffer(settings, files: files)
        let edge = SimulatedEdge(world)
        world.letters = DeadLetterStore(folder: "/d", maxBytes: 1 << 20, files: files)
        let delivery = try Delivery(
            buffer: buffer,
            edge: edge,
            letters: DeadLetterFolder(folder: "/d", files: files)
        )
        edge.delivery = delivery
        delivery.start()
        return (edge, delivery)
    }

    /// Returns what went wrong, or nil.
    mutating func run() throws -> String? {
        changeHub()
        for _ in 0..<(20 + random.below(50)) {
            act()
            if let problem = check() { return problem }
            world.run(ms: UInt64(random.below(120)))
            if random.chance(1, in: 18) { try restart() }
        }
        return try finish()
    }

    // MARK: What happens

    private mutating func act() {
        switch random.below(20) {
        case 0...6: readFile()
        case 7...12: submit(datagrams: random.chance(1, in: 2))
        case 13: setFaults()
        case 14: files.setFaults(SimulatedFileSystem.Faults())
        case 15: changeHub()
        case 16: retryLetters()
        case 17: reload()
        case 18:
            let hours = Int64(random.below(200_000)) - 100_000
            world.clockIsOffNs = hours * 3_600_000_000_000
            world.slowestJobMs = random.chance(1, in: 3) ? 5_000 : 30
            tell("clock off by \(hours) h, jobs up to \(world.slowestJobMs) ms")
        default: world.run(ms: UInt64(random.below(2_000)))
        }
    }

    private mutating func changeHub() {
        let mood = random.below(6)
        tell("hub \(mood)")
        world.fate = { random in
            switch mood {
            case 0: return .answered
            case 1: return [.answered, .answered, .answerLost, .neverArrived][random.below(4)]
            case 2: return random.chance(1, in: 6) ? .answered : .neverArrived
            case 3: return random.chance(1, in: 2) ? .answered : .answeredWith(Self.nonsense(&random))
            case 4: return random.chance(1, in: 2) ? .answered : .takenAndAnsweredWith(Self.nonsense(&random))
            default: return random.chance(1, in: 3) ? .refused : .answered
            }
        }
    }

    /// What stands between agent and hub says such things, and hubs in trouble do.
    private static func nonsense(_ random: inout SeededRandom) -> HTTPAnswer {
        let waits = ["1", "0", "999999999", "-5", "soon", "Wed, 21 Oct 2099 07:28:00 GMT"]
        let later = [("retry-after", waits[random.below(waits.count)])]
        switch random.below(11) {
        case 0: return ModelHub.answer(503, "{\"detail\":\"later\"}", headers: later)
        case 1: return ModelHub.answer(429, "{\"detail\":\"slow down\"}", headers: later)
        case 2: return ModelHub.answer(401, "{\"detail\":\"unknown key\"}")
        case 3: return ModelHub.answer(403, "{\"detail\":\"not yours\"}")
        case 4: return ModelHub.answer(302, "", headers: [("location", "http://portal.example/")])
        case 5: return ModelHub.answer(200, "<html>Please accept our terms</html>")
        case 6: return ModelHub.answer(200, "{\"status\":\"success\",\"ingested\":999,\"rejected\":0}")
        case 7: return ModelHub.answer(200, "{\"status\":\"succ")
        case 8: return ModelHub.answer(422, "<h1>no reason</h1>")
        case 9: return ModelHub.answer(500, "")
        default: return ModelHub.answer(204, "")
        }
    }

    private mutating func setFaults() {
        var faults = SimulatedFileSystem.Faults()
        faults.code = random.chance(1, in: 2) ? EIO : ENOSPC
        switch random.below(8) {
        case 0: faults.syncOneIn = 1 + random.below(4)
        case 1: faults.writeOneIn = 1 + random.below(8)
        case 2: faults.capacity = files.state.withLock { $0.used } + random.below(600)
        case 3: faults.shortWrites = true
        case 4: faults.renameOneIn = 1 + random.below(3)
        case 5: faults.anyOneIn = 40 + random.below(40)
        case 6: faults.isReadOnly = true
        default:
            faults.openOneIn = 3
            faults.removeOneIn = 2
        }
        tell("faults \(faults)")
        files.setFaults(faults)
    }

    private mutating func readFile() {
        guard edge.state == .open, edge.untaken < 8, fileOffset < fileLines else { return }
        let end = min(fileOffset + 1 + random.below(5), fileLines)
        var body: [UInt8] = []
        // Some lines are filtered: a batch may carry a position alone.
        let lines = (fileOffset..<end).filter { !isFiltered($0) }
        for line in lines { body.append(contentsOf: "file line \(line)\n".utf8) }
        let position = FilePosition(
            input: "f",
            device: 1,
            inode: 2,
            fingerprint: 3,
            fingerprintLength: 4,
            offset: UInt64(end),
            guardHash: 0,
            path: "/x"
        )
        fileOffset = end
        tell("file to \(end) \(lines)")
        edge.submit(Batch(body: body, records: lines.count, positions: [position], isFromDatagramsOnly: false))
    }

    private func isFiltered(_ line: Int) -> Bool { seed % 3 == 0 && line % 3 != 0 }

    private mutating func submit(datagrams: Bool) {
        guard edge.state == .open || datagrams, edge.untaken < 8 else { return }
        let count = 1 + random.below(4)
        var body: [UInt8] = []
        for _ in 0..<count {
            nextMessage += 1
            body.append(contentsOf: "message \(nextMessage)\n".utf8)
            if settings.section.fsync == .never { risked.insert("message \(nextMessage)") }
        }
        tell("message to \(nextMessage) \(datagrams)")
        edge.submit(Batch(body: body, records: count, positions: [], isFromDatagramsOnly: datagrams))
    }

    /// `komfyr-agent buffer retry`, which may meet the same disk.
    private func retryLetters() {
        let letters = DeadLetterFolder(folder: "/d", files: files)
        guard let entries = try? letters.entries() + letters.half() else { return }
        for entry in entries {
            let isMoved = try? letters.putInLine(entry.name)
            tell("retry \(entry.name): \(String(describing: isMoved))")
        }
    }

    private mutating func reload() {
        settings.section = Self.section(&random)
        if settings.section.fsync == .never { riskAll() }
        hasReloaded = true
        tell("reload \(settings.section)")
        delivery.use(settings.section)
    }

    /// What is on its way while `never` holds may be written under it.
    private mutating func riskAll() {
        isFileRisked = true
        for number in 1..<(nextMessage + 1) where !promised.contains("message \(number)") {
            risked.insert("message \(number)")
        }
    }

    // MARK: Crashes

    private mutating func restart() throws {
        let isStop = random.chance(1, in: 3)
        if isStop {
            delivery.drain(deadlineMs: 5_000)
            world.run(ms: 12_000)
            if !edge.hasStopped { throw SimulationProblem(text: "seed \(seed) did not stop") }
        }
        let isPowerLoss = crashesMachines && !isStop && random.chance(1, in: 2)
        promise(isPowerLoss: isPowerLoss)
        let unsynced = isPowerLoss ? [] : standing(afterPowerLoss: false).subtracting(standing(afterPowerLoss: true))
        countLost()
        tell("restart: stop \(isStop), power loss \(isPowerLoss), \(BufferWords.of(delivery.buffer)) \(edge.state)")
        edge.kill()
        files.setFaults(SimulatedFileSystem.Faults())
        // The last reference to the buffer goes, and with it the lock.
        delivery = try Delivery(buffer: DiskBuffer(settings, files: SimulatedFileSystem(seed: 0)), edge: edge)
        files.crash(losesUnsynced: isPowerLoss)
        if isPowerLoss && isFileRisked {
            for line in 0..<fileOffset { mayMiss.insert("file line \(line)") }
            world.hub.mayDouble.formUnion(mayMiss)
        }
        // The operator may change it between two starts.
        if random.chance(1, in: 2) { settings.section = Self.section(&random) }
        hasReloaded = false
        if settings.section.fsync == .never {
            riskAll()
            // What was killed before its sync was promised to outlive that; this life will not sync it.
            risked.formUnion(unsynced)
        }
        (edge, delivery) = try Self.start(settings, files, world)
        fileOffset = Int(delivery.buffer.knownPositions.first?.offset ?? 0)
        tell("started: \(BufferWords.of(delivery.buffer)) file \(fileOffset)")
    }

    /// Notes what is in the buffer, as far as it survives by its own promise.
    private mutating func promise(isPowerLoss: Bool) {
        let kept = standing(afterPowerLoss: isPowerLoss)
        promised.formUnion(isPowerLoss ? kept.subtracting(risked) : kept)
        if isPowerLoss { promised.subtract(risked.filter { world.hub.lines[$0] == nil }) }
    }

    /// The lines in the buffer; `afterPowerLoss`: those that a sync covers.
    private func standing(afterPowerLoss: Bool) -> Set<String> {
        let buffer = delivery.buffer
        var lines: Set<String> = []
        // By its own interface: no faults may hide a frame from the model.
        files.setFaults(SimulatedFileSystem.Faults())
        for (index, segment) in buffer.segments.enumerated() {
            guard let file = try? files.open(segment.path, .read) else { continue }
            var walker = SegmentReader(file)
            var offset = segment.firstFrame
            var end = segment.end
            if afterPowerLoss {
                if index == buffer.segments.count - 1 {
                    end = buffer.cursor.synced.segment == segment.number ? buffer.cursor.synced.offset : offset
                }
                if let from = buffer.rewriteFrom, from.segment == segment.number { end = min(end, from.offset) }
            }
            while offset < end, case .frame(let header) = try? walker.step(at: offset, end: segment.end) {
                guard offset + UInt64(header.frameBytes) <= end else { break }
                if let body = try? walker.body(of: header, at: offset), header.records > 0,
                    let content = try? BodyCompressor.decompress(body, limit: 1 << 20)
                {
                    for line in content.split(separator: UInt8(ascii: "\n")) {
                        lines.insert(String(decoding: line, as: UTF8.self))
                    }
                }
                offset += UInt64(header.frameBytes)
            }
        }
        return lines
    }

    private mutating func countLost() {
        let statistics = delivery.statistics
        let events = delivery.buffer.events
        countedLost += statistics.recordsDroppedFull + events.droppedRecords
        countedLost += statistics.recordsDroppedFromDeadLetters + statistics.recordsCorrupt + events.corruptRecords
    }

    // MARK: What must hold

    /// Invariants that hold at every moment.
    private mutating func check() -> String? {
        let buffer = delivery.buffer
        if settings.section.fsync != .never, buffer.isSynced, buffer.rewriteFrom == nil, !buffer.isFolderUnsynced {
            isFileRisked = false
        }
        if let problem = world.hub.problems.first { return problem }
        for frame in delivery.buffer.window where edge.underWay[frame.ticket] != nil && !delivery.buffer.maySend(frame)
        {
            // A change of `fsync` does not call back what is under way.
            if settings.section.fsync == .interval && frame.header.positionsBytes > 0 && !hasReloaded {
                return "posted before its sync: \(frame.identity.text)"
            }
        }
        var perStream: [String: Int] = [:]
        for identity in edge.underWay.values { perStream[identity.stream, default: 0] += 1 }
        if perStream.values.contains(where: { $0 > 4 }) { return "more than four under way" }
        return nil
    }

    private mutating func finish() throws -> String? {
        files.setFaults(SimulatedFileSystem.Faults())
        world.fate = { _ in .answered }
        world.hub.refuses = nil
        let letters = DeadLetterFolder(folder: "/d", files: files)
        var rounds = 0
        while fileOffset < fileLines || delivery.buffer.waiting.frames > 0 || !delivery.memory.entries.isEmpty
            || edge.untaken > 0 || !letters.isEmpty
        {
            readFile()
            if rounds % 8 == 0 { retryLetters() }
            world.run(ms: 1_000)
            if let problem = check() { return problem }
            rounds += 1
            if rounds > 1_000 {
                return "does not come to an end: \(delivery.statistics) \(edge.state) untaken \(edge.untaken) "
                    + "letters \(letters.isEmpty) \(BufferWords.of(delivery.buffer)) \(edge.reports.suffix(3))"
            }
        }
        countLost()
        var missing = (0..<fileLines).filter { !isFiltered($0) }.map { "file line \($0)" }
            .filter { world.hub.lines[$0] == nil && !mayMiss.contains($0) }
        missing += promised.filter { world.hub.lines[$0] == nil && !mayMiss.contains($0) }
        if Set(missing).count > Int(countedLost) {
            return "missing \(missing.count), told of \(countedLost): \(missing.sorted().prefix(5))"
        }
        return world.hub.problems.first
    }

}

extension DeadLetterFolder {
    /// Whether neither here nor in line is anything.
    var isEmpty: Bool {
        guard let here = try? entries(), let inLine = try? line.entries(), let half = try? half() else { return false }
        return here.isEmpty && inLine.isEmpty && half.isEmpty
    }
}

/// A buffer in a few words.
enum BufferWords {
    static func of(_ buffer: DiskBuffer) -> String {
        "cursor \(buffer.cursor.place) synced \(buffer.cursor.synced) rewrite \(String(describing: buffer.rewriteFrom)) "
            + "segments \(buffer.segments.map { ($0.number, $0.firstFrame, $0.end) })"
    }
}

struct SimulationProblem: Error {
    var text: String
}
