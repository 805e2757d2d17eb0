import EventLoop
import Foundation
import Logging
import Synchronization

@testable import KomfyrAgent

/// A log as a file input wrote it.
struct WrittenRecord: Decodable, Sendable, Equatable {
    struct File: Decodable, Sendable, Equatable { var file: String? }
    var message: String
    var level: String?
    var group: String?
    var tags: [String]?
    var source: String?
    var timestamp: String?
    var data: File?
}

/// Waits until `condition` holds, for a minute at most: some conditions read many thousand logs.
func eventually(_ condition: () -> Bool) -> Bool {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
        if condition() { return true }
        usleep(2_000)
    }
    return condition()
}

/// A file input on a loop of its own, with the real batcher, whose batches are kept here: what is kept is on disk.
final class FileHarness: Sendable {
    struct Options: Sendable {
        var paths = ["/*.log"]
        var exclude: [String] = []
        var parser = InputConfiguration.FileConfiguration.Parser.raw
        var pattern: String?
        var multiline: InputConfiguration.Multiline?
        var readFrom = InputConfiguration.FileConfiguration.ReadFrom.beginning
        var tags: [String] = []
        var group = "file:{file}"
        var maxGroups = 1_000
        var positions: [FilePosition] = []
        var maximumOpen = 64
        var scanMs: UInt64 = 20
        var hintMs: UInt64 = 2
        var leftFileMs: UInt64 = 100
        var startsHeld = false
        var shaping = Shaping()
        var calls = FileNames.Calls()
    }

    private let thread: LoopThread
    private let keeper = Keeper()
    private let path: String
    private let options: Options

    /// Belongs to the loop.
    private final class Parts {
        var input: FileInput?
        var batcher: Batcher?
        /// Whether the inputs are to wait: what delivery takes meanwhile does not end that.
        var isHeld = false
    }

    /// Only used on the loop.
    private struct LoopBound: @unchecked Sendable {
        let parts = Parts()
    }
    private let bound = LoopBound()

    init(_ folder: TemporaryFolder, _ options: Options = Options()) throws {
        let path = folder.path
        self.path = path
        self.options = options
        let bound = bound
        let keeper = keeper
        thread = try LoopThread(name: "files-test") { loop in
            do {
                try Self.setUp(loop, bound.parts, path, options, keeper)
            } catch {
                keeper.failure.withLock { $0 = "\(error)" }
            }
        }
    }

    /// What the loop hands out.
    private final class Keeper: Sendable {
        let batches = Mutex<[Batch]>([])
        let log = Mutex<[String]>([])
        let failure = Mutex<String?>(nil)
        let statistics = Mutex(InputStatistics())
        /// Batches that delivery was given and does not take, while it takes none.
        let untaken = Mutex<Int?>(nil)
    }
    deinit { thread.stop() }

    private static func setUp(
        _ loop: Loop,
        _ parts: Parts,
        _ path: String,
        _ options: Options,
        _ keeper: Keeper
    ) throws {
        let mailbox = loop.mailbox
        let unsafeParts = LoopBoundReference(parts: parts)
        let batcher = try Batcher(loop) { batch in
            keeper.batches.withLock { $0.append(batch) }
            let isTaken = keeper.untaken.withLock { untaken in
                untaken = untaken.map { $0 + 1 }
                return untaken == nil
            }
            guard isTaken else { return }
            mailbox.post { _ in
                let parts = unsafeParts.parts
                parts.batcher?.taken(count: 1, state: parts.isHeld ? .full : .open)
            }
        }
        parts.batcher = batcher
        parts.isHeld = options.startsHeld
        if options.startsHeld { batcher.taken(count: 0, state: .full) }
        try start(loop, batcher, parts, path, options, keeper, positions: options.positions, left: [])
    }

    private static func start(
        _ loop: Loop,
        _ batcher: Batcher,
        _ parts: Parts,
        _ path: String,
        _ options: Options,
        _ keeper: Keeper,
        positions: [FilePosition],
        left: [LeftFile]
    ) throws {
        let logger = Logger(label: "test") { _ in
            CapturingHandler(lines: { line in keeper.log.withLock { $0.append(line) } })
        }
        let configuration = InputConfiguration.FileConfiguration(
            paths: options.paths.map { path + $0 },
            exclude: options.exclude,
            parser: options.parser,
            pattern: options.pattern,
            multiline: options.multiline,
            readFrom: options.readFrom
        )
        var shaped = InputConfiguration(name: "files", group: options.group, kind: .file(configuration))
        shaped.tags = options.tags
        shaped.shaping = options.shaping
        let input = try FileInput(
            loop,
            name: "files",
            configuration: configuration,
            lines: FileLineWriter.Settings(
                parser: options.parser,
                group: options.group,
                maxGroups: options.maxGroups,
                tags: options.tags,
                source: "host",
                pattern: options.pattern,
                isMultiline: options.multiline != nil,
                levels: options.shaping.levels,
                shaper: try Shaper.make(shaped, agentTags: [], loop, batcher)
            ),
            sink: batcher,
            positions: positions,
            left: left,
            logger: logger,
            timing: FileInput.Timing(scanMs: options.scanMs, hintMs: options.hintMs, leftFileMs: options.leftFileMs),
            calls: options.calls,
            maximumOpen: options.maximumOpen
        )
        parts.input = input
        try input.start()
    }

    /// Crosses to the loop inside a job; what it holds is looked at there alone.
    private struct LoopBoundReference: @unchecked Sendable {
        let parts: Parts
    }

    /// The batches that are on disk by now.
    var onDisk: [Batch] { keeper.batches.withLock { $0 } }
    var log: [String] { keeper.log.withLock { $0 } }
    var failure: String? { keeper.failure.withLock { $0 } }

    var records: [WrittenRecord] { Self.records(onDisk) }
    var lines: [String] { records.map(\.message) }

    /// Lets the inputs wait, or go on; they do when this returns.
    func hold(_ held: Bool) {
        onLoop { parts, _ in
            parts.isHeld = held
            parts.batcher?.taken(count: 0, state: held ? .full : .open)
        }
    }

    /// Delivery takes nothing from here on, although its buffer is not full.
    func withhold() { keeper.untaken.withLock { $0 = 0 } }

    /// Delivery takes what it was given, and what comes.
    func take() {
        let count = keeper.untaken.withLock { untaken in
            defer { untaken = nil }
            return untaken ?? 0
        }
        let reference = LoopBoundReference(parts: bound.parts)
        thread.mailbox.post { _ in reference.parts.batcher?.taken(count: count, state: .open) }
    }

    /// Whether a file waits until it is clear whether it is a copy, and is known to be one as far as it goes.
    func isWaiting(_ name: String) -> Bool {
        let isKnown = Flag()
        onLoop { parts, _ in
            let entries = parts.input?.copies?.waiting.values.filter { $0.tail.baseName == name } ?? []
            if entries.contains(where: { $0.size > 0 && $0.met.offset <= $0.size }) { isKnown.set() }
        }
        return isKnown.isSet
    }

    /// How far files were read by now.
    var positions: [FilePosition] {
        let box = PositionBox()
        onLoop { parts, _ in box.positions.withLock { $0 = parts.input?.positions ?? [] } }
        return box.positions.withLock { $0 }
    }

    /// Puts another input in the place of the one that runs, as a reload does.
    ///
    /// Several times within one turn of the loop, so that those between never get to look at anything; `before` is
    /// called in the same turn, each time before the one that runs is asked to leave.
    func reload(
        times: Int = 1,
        _ change: (inout Options) -> Void = { _ in },
        before: @escaping @Sendable (_ time: Int, FileInput, Batcher) -> Void = { _, _, _ in }
    ) {
        var options = options
        change(&options)
        let (path, keeper, changed) = (path, keeper, options)
        onLoop { parts, loop in
            for time in 0..<times {
                guard let input = parts.input, let batcher = parts.batcher else { return }
                before(time, input, batcher)
                let left = input.leave()
                do {
                    try Self.start(loop, batcher, parts, path, changed, keeper, positions: input.positions, left: left)
                } catch {
                    keeper.failure.withLock { $0 = "\(error)" }
                }
            }
        }
    }

    /// Stops as SIGTERM does: what no other run can read is read before.
    /// - Returns: whether it stopped within ten seconds.
    @discardableResult
    func finish(withinMs: UInt64 = 60_000, whileItReads body: () -> Void = {}) -> Bool {
        let reference = LoopBoundReference(parts: bound.parts)
        let done = Flag()
        thread.mailbox.post { _ in
            guard let input = reference.parts.input else { return done.set() }
            input.finish(withinMs: withinMs) {
                input.stop()
                reference.parts.batcher?.drain()
                done.set()
            }
        }
        body()
        let hasStopped = eventually { done.isSet }
        thread.stop()
        return hasStopped
    }

    private func onLoop(_ body: @escaping @Sendable (Parts, Loop) -> Void) {
        let reference = LoopBoundReference(parts: bound.parts)
        let done = Flag()
        thread.mailbox.post { loop in
            body(reference.parts, loop)
            done.set()
        }
        _ = eventually { done.isSet }
    }

    var statistics: InputStatistics {
        let reference = LoopBoundReference(parts: bound.parts)
        let keeper = keeper
        let done = Flag()
        thread.mailbox.post { _ in
            keeper.statistics.withLock { $0 = reference.parts.input?.statistics ?? InputStatistics() }
            done.set()
        }
        _ = eventually { done.isSet }
        return keeper.statistics.withLock { $0 }
    }

    private final class Flag: Sendable {
        private let value = Mutex(false)
        func set() { value.withLock { $0 = true } }
        var isSet: Bool { value.withLock { $0 } }
    }

    /// Stops as SIGTERM does: what was read goes to disk.
    func stop() { _ = stopAndAsk() }

    /// Stops the input as a reload does, and asks how far it has read.
    @discardableResult
    func stopAndAsk() -> [FilePosition] {
        let reference = LoopBoundReference(parts: bound.parts)
        let box = PositionBox()
        thread.mailbox.post { _ in
            reference.parts.input?.stop()
            box.positions.withLock { $0 = reference.parts.input?.positions ?? [] }
            reference.parts.batcher?.drain()
        }
        thread.stop()
        return box.positions.withLock { $0 }
    }

    private final class PositionBox: Sendable {
        let positions = Mutex<[FilePosition]>([])
    }

    /// Stops as a kill does: what was not handed over is gone.
    func kill() {
        thread.stop()
    }

    static func records(_ batches: [Batch]) -> [WrittenRecord] {
        var records: [WrittenRecord] = []
        for batch in batches {
            for line in batch.body.split(separator: UInt8(ascii: "\n")) {
                do {
                    records.append(try JSONDecoder().decode(WrittenRecord.self, from: Data(line)))
                } catch {
                    records.append(WrittenRecord(message: "no JSON: \(String(decoding: line, as: UTF8.self))"))
                }
            }
        }
        return records
    }

    /// What the buffer knows after these batches.
    static func positions(_ batches: [Batch], before: [FilePosition] = []) -> [FilePosition] {
        var latest: [FileIdentity: FilePosition] = [:]
        for position in before + batches.flatMap(\.positions) {
            latest[FileIdentity(device: position.device, inode: position.inode)] = position
        }
        return Array(latest.values)
    }
}

/// Keeps what is logged.
struct CapturingHandler: LogHandler {
    var lines: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    init(lines: @escaping @Sendable (String) -> Void) {
        self.lines = lines
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines("\(event.level): \(event.message)")
    }
}
