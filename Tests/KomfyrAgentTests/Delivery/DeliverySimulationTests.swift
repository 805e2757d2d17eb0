import Protocol
import Synchronization
import struct TestSupport.SeededRandom
import Testing

@testable import KomfyrAgent

@Suite struct DeliverySimulationTests {
    /// Seeds of one test run; a failing one stands in the failure's text.
    static let rounds = 8
    static let seedsPerRound = 25

    @Test(arguments: 0..<rounds)
    func `whatever fails and crashes, what was safe arrives once, and every line of a file does`(round: Int) throws {
        for seed in (round * Self.seedsPerRound)..<((round + 1) * Self.seedsPerRound) {
            var run = try DeliverySimulation(seed: UInt64(seed))
            let problem = try run.run()
            #expect(problem == nil, "seed \(seed)")
            if problem != nil { return }
        }
    }
}

/// One run: an agent's delivery that reads a file and gets datagrams and TCP batches, a hub, a disk, and bad luck.
struct DeliverySimulation {
    let seed: UInt64
    var random: SeededRandom
    let files: SimulatedFileSystem
    let world: SimulatedEdge.World
    var settings: BufferSettings
    var edge: SimulatedEdge
    var delivery: Delivery

    /// Lines of the file, and how far the input has read.
    let fileLines = 150
    var fileOffset = 0
    var nextMessage = 0
    /// Lines that the hub must have at the end.
    var promised: Set<String> = []
    let losesUnsynced: Bool
    var traces = false

    func trace(_ text: @autoclosure () -> String) { if traces { print(world.nowMs, text()) } }

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededRandom(seed: seed)
        files = SimulatedFileSystem(seed: seed &+ 77)
        world = SimulatedEdge.World(seed: seed &+ 99)
        losesUnsynced = random.chance(1, in: 2)
        var section = AgentConfiguration.BufferSection()
        section.maxBytes = UInt64(4_096 + random.below(16_384))
        section.fsync =
            losesUnsynced ? [.always, .interval][random.below(2)] : [.always, .interval, .never][random.below(3)]
        section.fsyncIntervalMs = UInt64(20 + random.below(300))
        settings = BufferSettings(folder: "/b", agent: "agent-1", section: section)
        (edge, delivery) = try Self.start(settings, files, world, &fileOffset)
    }

    static func start(
        _ settings: BufferSettings,
        _ files: SimulatedFileSystem,
        _ world: SimulatedEdge.World,
        _ fileOffset: inout Int
    ) throws -> (SimulatedEdge, Delivery) {
        let buffer = try DiskBuffer(settings, files: files)
        fileOffset = Int(buffer.knownPositions.first?.offset ?? 0)
        let edge = SimulatedEdge(world)
        let delivery = try Delivery(buffer: buffer, edge: edge)
        edge.delivery = delivery
        delivery.start()
        return (edge, delivery)
    }

    /// Returns what went wrong, or nil.
    mutating func run() throws -> String? {
        let hubMood = random.below(4)
        world.fate = { random in
            switch hubMood {
            case 0: return .answered
            case 1: return [.answered, .answered, .answerLost, .neverArrived][random.below(4)]
            case 2: return random.chance(1, in: 6) ? .answered : .neverArrived
            default:
                let busy = ModelHub.answer(503, "{\"detail\":\"later\"}", headers: [("retry-after", "1")])
                return random.chance(1, in: 2) ? .answered : .answeredWith(busy)
            }
        }
        for _ in 0..<(30 + random.below(60)) {
            act()
            if let problem = check() { return problem }
            world.run(ms: UInt64(random.below(120)))
            if random.chance(1, in: 25) { try restart() }
        }
        return try finish()
    }

    private mutating func act() {
        switch random.below(12) {
        case 0...4: readFile()
        case 5...8: submit(datagrams: random.chance(1, in: 2))
        case 9: setFaults()
        case 10: files.setFaults(SimulatedFileSystem.Faults())
        default: world.run(ms: UInt64(random.below(2_000)))
        }
    }

    private func setFaults() {
        var random = random
        var faults = SimulatedFileSystem.Faults()
        switch random.below(5) {
        case 0: faults.syncOneIn = 1 + random.below(4)
        case 1: faults.writeOneIn = 1 + random.below(8)
        case 2: faults.capacity = files.state.withLock { $0.used } + random.below(600)
        case 3: faults.shortWrites = true
        default:
            faults.openOneIn = 3
            faults.removeOneIn = 2
        }
        trace("faults \(faults)")
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
        trace("file to \(end) \(lines)")
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
        }
        trace("message to \(nextMessage) \(datagrams)")
        edge.submit(Batch(body: body, records: count, positions: [], isFromDatagramsOnly: datagrams))
    }

    /// Invariants that hold at every moment.
    private func check() -> String? {
        if let problem = world.hub.problems.first { return problem }
        for frame in delivery.buffer.window where edge.underWay[frame.ticket] != nil && !delivery.buffer.maySend(frame)
        {
            return "posted before its sync: \(frame.identity.text)"
        }
        var perStream: [String: Int] = [:]
        for identity in edge.underWay.values { perStream[identity.stream, default: 0] += 1 }
        if perStream.values.contains(where: { $0 > 4 }) { return "more than four under way" }
        return nil
    }

    private mutating func restart() throws {
        let isStop = random.chance(1, in: 3)
        if isStop {
            delivery.drain(deadlineMs: 5_000)
            world.run(ms: 6_000)
            if !edge.hasStopped { throw SimulationProblem(text: "did not stop") }
        }
        promise(isPowerLoss: losesUnsynced && !isStop)
        trace(
            "restart stop \(isStop) loses \(losesUnsynced) cursor \(delivery.buffer.cursor.place) synced \(delivery.buffer.cursor.synced) rewrite \(String(describing: delivery.buffer.rewriteFrom)) segments \(delivery.buffer.segments.map { ($0.number, $0.firstFrame, $0.end) }) state \(edge.state)"
        )
        edge.kill()
        files.setFaults(SimulatedFileSystem.Faults())
        // The last reference to the buffer goes, and with it the lock.
        let world = world
        delivery = try Delivery(buffer: DiskBuffer(settings, files: SimulatedFileSystem(seed: 0)), edge: edge)
        files.crash(losesUnsynced: losesUnsynced && !isStop)
        // The operator may change it between two starts.
        if !losesUnsynced { settings.section.fsync = [.always, .interval, .never][random.below(3)] }
        (edge, delivery) = try Self.start(settings, files, world, &fileOffset)
        trace(
            "started cursor \(delivery.buffer.cursor.place) synced \(delivery.buffer.cursor.synced) segments \(delivery.buffer.segments.map { ($0.number, $0.firstFrame, $0.end) }) file \(fileOffset)"
        )
    }

    /// Notes what is in the buffer, as far as it survives by its own promise.
    private mutating func promise(isPowerLoss: Bool) {
        let buffer = delivery.buffer
        for (index, segment) in buffer.segments.enumerated() {
            guard let file = try? files.open(segment.path, .read) else { continue }
            var walker = SegmentReader(file)
            var offset = segment.firstFrame
            var end = segment.end
            if isPowerLoss {
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
                        promised.insert(String(decoding: line, as: UTF8.self))
                    }
                }
                offset += UInt64(header.frameBytes)
            }
        }
    }

    private mutating func finish() throws -> String? {
        files.setFaults(SimulatedFileSystem.Faults())
        world.fate = { _ in .answered }
        var rounds = 0
        while fileOffset < fileLines || delivery.buffer.waiting.frames > 0 || !delivery.memory.entries.isEmpty
            || edge.untaken > 0
        {
            readFile()
            world.run(ms: 1_000)
            if let problem = check() { return problem }
            rounds += 1
            if rounds > 400 {
                return
                    "does not come to an end: \(delivery.statistics) \(edge.state) untaken \(edge.untaken) \(edge.reports.suffix(3))"
            }
        }
        for line in 0..<fileLines where !isFiltered(line) && world.hub.lines["file line \(line)"] != 1 {
            return "missing: file line \(line)"
        }
        for line in promised where world.hub.lines[line] != 1 { return "missing: \(line)" }
        return world.hub.problems.first
    }
}

struct SimulationProblem: Error {
    var text: String
}
