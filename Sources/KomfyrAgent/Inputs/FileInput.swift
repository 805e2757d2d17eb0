import EventLoop
import Glibc
import Logging

/// Follows the files that some globs mean, through rotation, truncation and restarts, every line exactly once.
///
/// ```
///  folder watches ──hint──►┐
///                          ├─► scan (thread pool) ─► tails ─► FileReadQueue ─► Batcher: records + position
///  timer ──every 2 s──────►┘                           ▲
///  positions on disk ──at the start────────────────────┘
/// ```
///
/// A file is its device, inode and first bytes. A scan finds known files under any name in the globs' folders, so what
/// was rotated, also while the agent was down, is read to its end. Positions travel in the batches that hold the
/// lines: what is on disk says how far a file was read, and nothing else does.
///
/// A new name is opened as soon as it is heard of, so that a file that is renamed or deleted before the next scan is
/// followed all the same (`FileNames`).
///
/// An unfinished last line waits for its end; only when its file is rotated away or deleted, and has not grown for
/// `AgentLimits.leftFileMs`, it is taken as it is.
final class FileInput: Input {
    let name: String
    var statistics: InputStatistics { queue?.statistics ?? InputStatistics() }

    let loop: Loop
    let configuration: InputConfiguration.FileConfiguration
    let scanner: FileScanner
    let sink: any FileRecordSink
    let logger: Logger
    private let clock: () -> Int64
    let timing: Timing
    private let calls: FileNames.Calls
    private let lines: FileLineWriter.Settings
    let maximumOpen: Int
    private var left: [LeftFile]

    private(set) var queue: FileReadQueue?
    private(set) var copies: FileCopies?
    var tails: [FileIdentity: FileTail] = [:]
    var tailByPath: [[UInt8]: FileTail] = [:]
    var known: KnownPositions
    /// Whether this input never noted a position: files that are there now are met first.
    let isFirstStart: Bool

    private var scanTimer: Timer?
    private(set) var hintTimer: Timer?
    private(set) var watches: FolderWatches?
    private(set) var names: FileNames?
    var hinted: [FileIdentity: FileTail] = [:]
    var wantsScan = false
    /// How far files were read that were let go of while names are asked for: an answer may still mean one of them.
    var forgotten: [FileIdentity: FileMark] = [:]
    /// Scans whose results are known.
    var appliedScans: UInt64 = 0
    var isScanning = false
    var hasScanned = false
    /// Files that were met while a scan was under way, which may not have seen them.
    var metDuringScan: Set<FileIdentity> = []
    private(set) var isStopped = false
    /// Reads what no other run can read, and nothing else.
    private(set) var isFinishing = false
    private var lastTimer: Timer?
    var reportedProblems: Set<String> = []
    var hasReportedTooMany = false

    /// How often the input looks at things; tests hasten it.
    struct Timing {
        var scanMs = AgentLimits.fileScanMs
        var hintMs = AgentLimits.fileHintMs
        var leftFileMs = AgentLimits.leftFileMs
    }

    /// An input that has not started.
    /// - Parameters:
    ///   - loop: the intake loop.
    ///   - name: the input's name.
    ///   - configuration: checked already.
    ///   - lines: how records are made.
    ///   - sink: gets them.
    ///   - positions: all that the buffer knew at the start; those of other inputs are left out here.
    ///   - left: what the input before it has left, after a reload.
    ///   - logger: hears what an operator has to know.
    ///   - clock: nanoseconds since 1970.
    ///   - timing: how often it looks.
    ///   - calls: the system's.
    ///   - maximumOpen: how many descriptors it keeps.
    /// - Throws: what is wrong with a glob.
    init(
        _ loop: Loop,
        name: String,
        configuration: InputConfiguration.FileConfiguration,
        lines: FileLineWriter.Settings,
        sink: any FileRecordSink,
        positions: [FilePosition],
        left: [LeftFile] = [],
        logger: Logger,
        clock: @escaping () -> Int64 = WallClock.now,
        timing: Timing = Timing(),
        calls: FileNames.Calls = FileNames.Calls(),
        maximumOpen: Int = AgentLimits.openFilesPerInput
    ) throws(ValueProblem) {
        self.loop = loop
        self.name = name
        self.configuration = configuration
        self.lines = lines
        self.sink = sink
        self.logger = logger
        self.clock = clock
        self.timing = timing
        self.calls = calls
        self.maximumOpen = maximumOpen
        self.left = left
        var globs: [FileGlob] = []
        for path in configuration.paths { globs.append(try FileGlob(path)) }
        var exclude: [FileGlob] = []
        for path in configuration.exclude { exclude.append(try FileGlob(path)) }
        scanner = FileScanner(globs: globs, exclude: exclude)
        let own = positions.filter { $0.input == name }
        isFirstStart = own.isEmpty
        known = KnownPositions(own)
    }

    func start() throws {
        queue = try FileReadQueue(
            loop,
            input: name,
            sink: sink,
            lines: try FileLineWriter(lines),
            multiline: configuration.multiline,
            maximumOpen: maximumOpen,
            clock: clock,
            isCopy: { [weak self] tail, head in self?.isCopy(tail, head) ?? false },
            onEvent: { [weak self] tail, event in self?.happened(tail, event) }
        )
        copies = FileCopies(loop, leftFileMs: timing.leftFileMs) { [weak self] tail, original, verdict in
            self?.follow(verdict, tail, original)
        }
        names = FileNames(
            loop,
            calls,
            ownFiles: scanner.ownFiles,
            room: { [weak self] in self?.room ?? 0 },
            opened: { [weak self] in self?.opened($0) },
            moved: { [weak self] in self?.scan() }
        )
        watches = FolderWatches(loop) { [weak self] folder, name, change in self?.hint(folder, name, change) }
        let scanTimer = try Timer(loop) { [weak self] in self?.scan() }
        scanTimer.start(afterMs: timing.scanMs, repeatMs: timing.scanMs)
        self.scanTimer = scanTimer
        hintTimer = try Timer(loop) { [weak self] in self?.lookAtHints() }
        for file in left { goOn(with: file) }
        left = []
        scan()
    }

    func stop() { Self.tellLost(of: leave(), name, logger) }

    /// Stops, and hands over what positions cannot say, for an input of the same name that goes on.
    func leave() -> [LeftFile] {
        var left = self.left
        self.left = []
        for tail in tails.values {
            let saysAll = tail.descriptor == nil && tail.start == .mark && tail.before == nil && tail.original == nil
            if !saysAll { left.append(LeftFile(tail)) }
        }
        isStopped = true
        closeWatches()
        lastTimer?.close()
        copies?.close()
        queue?.stop()
        lines.shaper?.close()
        return left
    }

    /// Says what nobody reads any more: who had it open was the last.
    static func tellLost(of files: [LeftFile], _ name: String, _ logger: Logger) {
        for file in files {
            let bytes = file.unreadBytes
            guard bytes > 0 else { continue }
            logger.error("\(name): \(file.name) was removed, and \(bytes) bytes of it are not read any more")
        }
    }

    /// Reads deleted files to their end, which the next run finds under no name, then calls `done`; after `withinMs`
    /// at the latest.
    func finish(withinMs: UInt64, _ done: @escaping () -> Void) {
        isFinishing = true
        closeWatches()
        let last = tails.values.filter { tail in
            // Whose beginning was not looked for yet, the next run would read whole; also a copy of a file that was
            // truncated before.
            if tail.start != .mark || copies?.isNearlyClear(tail) == true { return true }
            guard let file = tail.descriptor,
                file.unreadBytes(from: tail.mark.offset, isMissing: tail.isMissing) > 0
            else { return false }
            settle(tail)
            tail.isLeaving = true
            return true
        }
        guard let queue, !last.isEmpty, let timer = try? Timer(loop, { done() }) else { return done() }
        lastTimer = timer
        timer.start(afterMs: withinMs)
        queue.finish(last) {
            guard timer.isActive else { return }
            timer.stop()
            done()
        }
    }

    private func closeWatches() {
        scanTimer?.close()
        hintTimer?.close()
        watches?.close()
        names?.close()
    }

    /// Follows a file on, if the globs still mean its name.
    private func goOn(with file: LeftFile) {
        guard scanner.matches(Array(file.name.utf8)), tails[file.identity] == nil else {
            return Self.tellLost(of: [file], name, logger)
        }
        let tail = FileTail(file, nowMs: loop.nowMs)
        tails[tail.identity] = tail
        if !file.isMissing { tailByPath[tail.path] = tail }
        known.remove(tail.identity)
        if let descriptor = file.descriptor { queue?.adopt(descriptor, of: tail) }
        queue?.add(tail)
    }

    /// How far each of its files was read, for an input of the same name that goes on there.
    ///
    /// To be asked after `leave()`. What was not found since the start is part of it: its disk may be mounted late.
    var positions: [FilePosition] {
        tails.values.filter { $0.start == .mark && !$0.isUnchecked && $0.original == nil && $0.tried == nil }
            .map { $0.position(input: name, mark: $0.mark) } + known.all + (hasLooked ? [.beginning(of: name)] : [])
    }

    /// Whether this input, or one of its name before it, has looked for files once: what is met from then on is new,
    /// also if there was none.
    var hasLooked: Bool { hasScanned || !isFirstStart }

    // MARK: What became of a file

    private func happened(_ tail: FileTail, _ event: FileReadQueue.Event) {
        switch event {
        case .caughtUp: break
        case .left:
            tail.isLeaving = false
            tail.hasLeft = true
            queue?.close(tail)
            if tail.isMissing { forget(tail) }
        case .recognized:
            if let position = tail.tried { known.remove(position) }
            tail.tried = nil
        case .restarted(let words):
            if tail.tried == nil { logger.info("\(name): \(tail.name) is read from its beginning: \(words)") }
            refute(tail)
            settleCopies(of: tail)
            goOnIfClear(tail)
        case .foreign:
            // What has its inode on other disks is theirs, also if they are mounted later.
            refute(tail)
            forget(tail)
        case .replaced:
            // The next scan finds it under its new name, or nowhere.
            if !tail.isMissing { scanSoon() }
        case .failed(let code):
            guard code != ENOENT else { return scanSoon() }
            if tail.reportedCode != code {
                tail.reportedCode = code
                logger.warning(
                    "\(name): \(tail.name) cannot be read: \(FileFailure(code: code).words)\(Self.remedy(code))"
                )
            }
            // Tried again when it changes, or with every scan.
            tail.seenEnd = .max
        }
    }

    /// The position that was tried on a file is not its own.
    private func refute(_ tail: FileTail) {
        if let position = tail.tried { known.refute(position, on: tail.identity.device) }
        tail.tried = nil
    }

    private static func remedy(_ code: Int32) -> String {
        switch code {
        case EACCES, EPERM: "; let the agent's user read it (group adm, or setfacl -m u:USER:r FILE)"
        case EMFILE, ENFILE: "; raise the limit of open files (LimitNOFILE=)"
        default: ""
        }
    }
}

@available(*, unavailable)
extension FileInput: Sendable {}
