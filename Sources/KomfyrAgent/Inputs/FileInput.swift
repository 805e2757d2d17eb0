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
/// An unfinished last line waits for its end; only when its file is rotated away or deleted, and has not grown for
/// `AgentLimits.leftFileMs`, it is taken as it is.
final class FileInput: Input {
    let name: String
    var statistics: InputStatistics { queue?.statistics ?? InputStatistics() }

    private let loop: Loop
    private let configuration: InputConfiguration.FileConfiguration
    private let scanner: FileScanner
    private let sink: any FileRecordSink
    private let logger: Logger
    private let clock: () -> Int64
    private let timing: Timing
    private let lines: FileLineWriter.Settings
    private let maximumOpen: Int

    private var queue: FileReadQueue?
    private var tails: [FileIdentity: FileTail] = [:]
    private var tailByPath: [[UInt8]: FileTail] = [:]
    /// What is known from before the start, of files that were not found yet: their disk may be mounted late.
    private var knownPositions: [UInt64: [FilePosition]] = [:]
    /// Whether this input never noted a position: files that are there now are met first.
    private let isFirstStart: Bool

    private var scanTimer: Timer?
    private var hintTimer: Timer?
    private var watchers: [[UInt8]: FileWatcher] = [:]
    private var hinted: [FileIdentity: FileTail] = [:]
    private var wantsScan = false
    private var isScanning = false
    private var hasScanned = false
    private var isStopped = false
    private var reportedProblems: Set<String> = []
    private var hasReportedTooMany = false

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
    ///   - logger: hears what an operator has to know.
    ///   - clock: nanoseconds since 1970.
    ///   - timing: how often it looks.
    ///   - maximumOpen: how many descriptors it keeps.
    /// - Throws: what is wrong with a glob.
    init(
        _ loop: Loop,
        name: String,
        configuration: InputConfiguration.FileConfiguration,
        lines: FileLineWriter.Settings,
        sink: any FileRecordSink,
        positions: [FilePosition],
        logger: Logger,
        clock: @escaping () -> Int64 = WallClock.now,
        timing: Timing = Timing(),
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
        self.maximumOpen = maximumOpen
        var globs: [FileGlob] = []
        for path in configuration.paths { globs.append(try FileGlob(path)) }
        var exclude: [FileGlob] = []
        for path in configuration.exclude { exclude.append(try FileGlob(path)) }
        scanner = FileScanner(globs: globs, exclude: exclude)
        let own = positions.filter { $0.input == name }
        isFirstStart = own.isEmpty
        knownPositions = Dictionary(grouping: own, by: \.inode)
    }

    func start() throws {
        queue = FileReadQueue(
            loop,
            input: name,
            sink: sink,
            lines: try FileLineWriter(lines),
            maximumOpen: maximumOpen,
            clock: clock,
            onEvent: { [weak self] tail, event in self?.happened(tail, event) }
        )
        let scanTimer = try Timer(loop) { [weak self] in self?.scan() }
        scanTimer.start(afterMs: timing.scanMs, repeatMs: timing.scanMs)
        self.scanTimer = scanTimer
        hintTimer = try Timer(loop) { [weak self] in self?.lookAtHints() }
        scan()
    }

    func stop() {
        isStopped = true
        scanTimer?.close()
        hintTimer?.close()
        for watcher in watchers.values { watcher.close() }
        watchers = [:]
        queue?.stop()
    }

    // MARK: Scans

    private func scan() {
        guard !isStopped else { return }
        guard !isScanning else {
            wantsScan = true
            return
        }
        isScanning = true
        wantsScan = false
        var inodes = Set(tails.keys.map(\.inode))
        inodes.formUnion(knownPositions.keys)
        loop.work({ [scanner, inodes] in scanner.scan(knownInodes: inodes) }, done: { [weak self] in self?.apply($0) })
    }

    private func apply(_ scan: FileScanner.Result) {
        isScanning = false
        guard !isStopped, let queue else { return }
        report(scan.problems)
        var seen: Set<FileIdentity> = []
        for found in scan.files {
            seen.insert(found.identity)
            if let tail = tails[found.identity] {
                update(tail, found)
            } else {
                meet(found)
            }
        }
        for tail in tails.values where !seen.contains(tail.identity) && !scan.mayHide(tail.path) { miss(tail) }
        hasScanned = true
        watch(scan.folders)
        queue.trim()
        if wantsScan { armHintTimer() }
    }

    /// A file that no tail follows yet.
    private func meet(_ found: FileScanner.Found) {
        guard tails.count < AgentLimits.positions else {
            if !hasReportedTooMany {
                logger.error(
                    "\(name): more than \(AgentLimits.positions) files; the others are not read, narrow the globs"
                )
            }
            hasReportedTooMany = true
            return
        }
        let known = position(of: found)
        // An inode alone does not make a file of another name ours.
        guard found.isMatched || known.map({ $0.fingerprintLength > 0 }) == true else { return }
        var mark = FileMark.beginning
        if let known {
            mark = FileMark(
                offset: known.offset,
                guardHash: known.guardHash,
                fingerprint: known.fingerprint,
                fingerprintLength: known.fingerprintLength
            )
            // The file's tail knows it from here on.
            knownPositions[known.inode]?.removeAll { $0 == known }
            if knownPositions[known.inode]?.isEmpty == true { knownPositions[known.inode] = nil }
        }
        let path = String(decoding: found.path, as: UTF8.self)
        let tail = FileTail(found, name: found.isMatched ? path : known?.path ?? path, mark: mark, nowMs: loop.nowMs)
        if known == nil, isFirstStart, !hasScanned, configuration.readFrom == .end { tail.start = .end }
        tails[found.identity] = tail
        tailByPath[found.path] = tail
        queue?.add(tail)
    }

    /// What the buffer knows of a file: by device and inode, or by the inode alone, since devices may be numbered anew
    /// at a machine's start; fingerprint and guard are checked when it is read.
    private func position(of found: FileScanner.Found) -> FilePosition? {
        guard let candidates = knownPositions[found.identity.inode] else { return nil }
        return candidates.first { $0.device == found.identity.device }
            ?? candidates.first { $0.fingerprintLength > 0 && $0.offset > 0 && $0.offset <= found.size }
    }

    private func update(_ tail: FileTail, _ found: FileScanner.Found) {
        if found.path != tail.path {
            if tailByPath[tail.path] === tail { tailByPath[tail.path] = nil }
            tail.path = found.path
        }
        tailByPath[found.path] = tail
        if tail.isMatched != found.isMatched || tail.isMissing {
            tail.lastChangeMs = loop.nowMs
            tail.isLeaving = false
        }
        tail.isMissing = false
        tail.isMatched = found.isMatched
        if !tail.isMatched, tail.mark.fingerprintLength == 0, tail.descriptor < 0, !tail.isQueued {
            // Nothing of it was ever read, so nothing tells whether this is it.
            return forget(tail)
        }
        let hasChanged = found.size != tail.seenEnd || found.modifiedNs != tail.modifiedNs
        tail.size = found.size
        tail.modifiedNs = found.modifiedNs
        if hasChanged {
            tail.isLeaving = false
            tail.hasLeft = false
            queue?.add(tail)
        } else if !tail.isMatched {
            leaveIfIdle(tail)
        }
    }

    /// No name was found for a file.
    private func miss(_ tail: FileTail) {
        if !tail.isMissing {
            tail.isMissing = true
            tail.isLeaving = false
            tail.hasLeft = false
            tail.lastChangeMs = loop.nowMs
            if tailByPath[tail.path] === tail { tailByPath[tail.path] = nil }
        }
        if tail.descriptor < 0 && !tail.isQueued {
            if tail.size > tail.mark.offset {
                logger.error(
                    "\(name): \(tail.name) was removed before \(tail.size - tail.mark.offset) bytes of it were read"
                )
            }
            forget(tail)
        } else {
            // Whoever has it open may still write.
            queue?.add(tail)
            leaveIfIdle(tail)
        }
    }

    private func leaveIfIdle(_ tail: FileTail) {
        guard !tail.hasLeft, loop.nowMs >= tail.lastChangeMs + timing.leftFileMs else { return }
        tail.isLeaving = true
        queue?.add(tail)
    }

    private func forget(_ tail: FileTail) {
        queue?.forget(tail)
        tails[tail.identity] = nil
        hinted[tail.identity] = nil
        if tailByPath[tail.path] === tail { tailByPath[tail.path] = nil }
    }

    // MARK: What became of a file

    private func happened(_ tail: FileTail, _ event: FileReadQueue.Event) {
        switch event {
        case .caughtUp: break
        case .left:
            tail.isLeaving = false
            tail.hasLeft = true
            queue?.close(tail)
            if tail.isMissing { forget(tail) }
        case .restarted(let words):
            logger.info("\(name): \(tail.name) is read from its beginning: \(words)")
        case .foreign:
            knownPositions[tail.identity.inode] = nil
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

    private static func remedy(_ code: Int32) -> String {
        switch code {
        case EACCES, EPERM: "; let the agent's user read it (group adm, or setfacl -m u:USER:r FILE)"
        case EMFILE, ENFILE: "; raise the limit of open files (LimitNOFILE=)"
        default: ""
        }
    }

    private func report(_ problems: [String]) {
        for problem in problems where !reportedProblems.contains(problem) {
            logger.warning("\(name): \(problem)")
        }
        reportedProblems = Set(problems)
    }

    // MARK: Hints

    private func watch(_ folders: [[UInt8]]) {
        let wanted = Set(folders.prefix(AgentLimits.watchedFolders))
        for folder in watchers.keys where !wanted.contains(folder) {
            watchers.removeValue(forKey: folder)?.close()
        }
        for folder in wanted where watchers[folder] == nil {
            let path = folder.isEmpty ? "/" : String(decoding: folder, as: UTF8.self)
            // Not there yet, or no watch left: the timer's scans find everything too.
            watchers[folder] = try? FileWatcher(loop, path: path) { [weak self] name in self?.hint(folder, name) }
        }
    }

    private func hint(_ folder: [UInt8], _ name: String?) {
        guard !isStopped else { return }
        guard let name, !name.isEmpty else { return scanSoon() }
        let path = folder + [UInt8(ascii: "/")] + Array(name.utf8)
        if let tail = tailByPath[path] {
            hinted[tail.identity] = tail
            armHintTimer()
        } else if scanner.matches(path) {
            scanSoon()
        }
    }

    private func scanSoon() {
        wantsScan = true
        armHintTimer()
    }

    private func armHintTimer() {
        guard let hintTimer, !hintTimer.isActive, !isStopped else { return }
        hintTimer.start(afterMs: timing.hintMs)
    }

    /// Reads what was hinted at, and looks whether its name still means it.
    private func lookAtHints() {
        for tail in hinted.values {
            queue?.add(tail)
            var status = stat()
            let code = FilePath.with(tail.path) { stat($0, &status) }
            if code != 0 || UInt64(status.st_ino) != tail.identity.inode { wantsScan = true }
        }
        hinted.removeAll(keepingCapacity: true)
        if wantsScan { scan() }
    }
}

@available(*, unavailable)
extension FileInput: Sendable {}
