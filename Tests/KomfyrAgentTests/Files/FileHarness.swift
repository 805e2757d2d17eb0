import EventLoop
import Foundation
import Logging
import Synchronization

@testable import KomfyrAgent

/// A log as a file input wrote it.
struct WrittenRecord: Decodable, Sendable, Equatable {
    struct File: Decodable, Sendable, Equatable { var file: String? }
    var message: String
    var group: String?
    var tags: [String]?
    var source: String?
    var timestamp: String?
    var data: File?
}

/// Waits until `condition` holds, for ten seconds at most.
func eventually(_ condition: () -> Bool) -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
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
        var readFrom = InputConfiguration.FileConfiguration.ReadFrom.beginning
        var tags: [String] = []
        var group = "file:{file}"
        var maxGroups = 1_000
        var positions: [FilePosition] = []
        var maximumOpen = 64
        var scanMs: UInt64 = 20
        var leftFileMs: UInt64 = 100
        var startsHeld = false
    }

    private let thread: LoopThread
    private let keeper = Keeper()

    /// Belongs to the loop.
    private final class Parts {
        var input: FileInput?
        var batcher: Batcher?
    }

    /// Only used on the loop.
    private struct LoopBound: @unchecked Sendable {
        let parts = Parts()
    }
    private let bound = LoopBound()

    init(_ folder: TemporaryFolder, _ options: Options = Options()) throws {
        let path = folder.path
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
            mailbox.post { _ in unsafeParts.parts.batcher?.taken(count: 1, state: .open) }
        }
        parts.batcher = batcher
        if options.startsHeld { batcher.taken(count: 0, state: .full) }
        let logger = Logger(label: "test") { _ in
            CapturingHandler(lines: { line in keeper.log.withLock { $0.append(line) } })
        }
        let configuration = InputConfiguration.FileConfiguration(
            paths: options.paths.map { path + $0 },
            exclude: options.exclude,
            parser: options.parser,
            readFrom: options.readFrom
        )
        let input = try FileInput(
            loop,
            name: "files",
            configuration: configuration,
            lines: FileLineWriter.Settings(
                parser: options.parser,
                group: options.group,
                maxGroups: options.maxGroups,
                tags: options.tags,
                source: "host"
            ),
            sink: batcher,
            positions: options.positions,
            logger: logger,
            timing: FileInput.Timing(scanMs: options.scanMs, hintMs: 2, leftFileMs: options.leftFileMs),
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

    /// Lets the inputs wait, or go on.
    func hold(_ held: Bool) {
        let reference = LoopBoundReference(parts: bound.parts)
        thread.mailbox.post { _ in reference.parts.batcher?.taken(count: 0, state: held ? .full : .open) }
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
    func stop() {
        let reference = LoopBoundReference(parts: bound.parts)
        thread.mailbox.post { _ in
            reference.parts.input?.stop()
            reference.parts.batcher?.drain()
        }
        thread.stop()
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
