import EventLoop
import Glibc

/// Asks the system what names mean, on the thread pool, since a disk, or another machine, may let that wait.
///
/// ```
///  a new name ──► open, look ──► the file, held open: by the next scan it may have another name, or none
///  a hint ──────► look ────────► whether the name still means its file; if not, a scan finds out what it means
/// ```
///
/// One request is under way at a time, so that a disk that hangs takes one thread; they are answered in the order in
/// which they were asked. Owned by its `FileInput`, on the intake loop.
final class FileNames {
    /// A file that was opened by its name.
    struct Opened: Sendable {
        var found: FileScanner.Found
        var descriptor: OpenDescriptor
        /// What the name meant before, as far as was known, when that was asked.
        var seen: FileIdentity?
        /// How many scans had been applied when that was asked.
        var scan: UInt64
    }

    /// The calls that may wait; a test lets them.
    struct Calls: Sendable {
        var open: @Sendable ([UInt8]) -> OpenDescriptor? = { OpenDescriptor($0) }
        /// The file that a name means; nil when there is none.
        var identity: @Sendable ([UInt8]) -> FileIdentity? = { path in
            var status = stat()
            return FilePath.with(path, { stat($0, &status) }) == 0 ? status.identity : nil
        }
    }

    private enum Request: Sendable {
        case open([UInt8], seen: FileIdentity?, scan: UInt64)
        case look([UInt8], FileIdentity)
    }

    private enum Answer: Sendable {
        case opened(Opened)
        /// A name means another file by now, or none.
        case moved
    }

    private let loop: Loop
    private let calls: Calls
    private let ownFiles: @Sendable () -> Set<FileIdentity>
    private let room: () -> Int
    private let opened: (Opened) -> Void
    private let moved: () -> Void
    private var waiting: [Request] = []
    /// Files whose names wait to be looked at.
    private var looks: Set<FileIdentity> = []
    private(set) var isAsking = false

    /// Nothing is asked yet.
    /// - Parameters:
    ///   - loop: the intake loop.
    ///   - calls: the system's.
    ///   - ownFiles: what is never opened.
    ///   - room: how many files may be opened now.
    ///   - opened: gets each file that was opened.
    ///   - moved: hears that a name means something else.
    init(
        _ loop: Loop,
        _ calls: Calls,
        ownFiles: @escaping @Sendable () -> Set<FileIdentity>,
        room: @escaping () -> Int,
        opened: @escaping (Opened) -> Void,
        moved: @escaping () -> Void
    ) {
        self.loop = loop
        self.calls = calls
        self.ownFiles = ownFiles
        self.room = room
        self.opened = opened
        self.moved = moved
    }

    /// Opens the file that has just got this name; what is beyond the limits is left to the next scan.
    func open(_ path: [UInt8], seen: FileIdentity?, scan: UInt64) {
        guard waiting.count - looks.count < AgentLimits.newNames else { return }
        waiting.append(.open(path, seen: seen, scan: scan))
        next()
    }

    /// Looks whether a file's name still means it.
    func look(at tail: FileTail) {
        guard looks.insert(tail.identity).inserted else { return }
        waiting.append(.look(tail.path, tail.identity))
        next()
    }

    /// Asks nothing more; what is being asked is not answered.
    func close() {
        waiting = []
        looks = []
    }

    private func next() {
        guard !isAsking, !waiting.isEmpty else { return }
        isAsking = true
        let (requests, calls, ownFiles, room) = (waiting, calls, ownFiles, room())
        close()
        loop.work(
            { Self.answer(requests, calls, ownFiles(), room) },
            done: { [weak self] answers in self?.answered(answers) }
        )
    }

    private func answered(_ answers: [Answer]) {
        isAsking = false
        var hasMoved = false
        for answer in answers {
            switch answer {
            case .opened(let file): opened(file)
            case .moved: hasMoved = true
            }
        }
        if hasMoved { moved() }
        next()
    }

    private static func answer(
        _ requests: [Request],
        _ calls: Calls,
        _ ownFiles: Set<FileIdentity>,
        _ room: Int
    ) -> [Answer] {
        var room = room
        var answers: [Answer] = []
        for request in requests {
            switch request {
            case .look(let path, let identity):
                if calls.identity(path) != identity { answers.append(.moved) }
            case .open(let path, let seen, let scan):
                guard room > 0, let descriptor = calls.open(path), let status = descriptor.status, status.isFile,
                    !ownFiles.contains(status.identity)
                else { continue }
                room -= 1
                let found = FileScanner.Found(
                    path: path,
                    identity: status.identity,
                    size: UInt64(clamping: status.st_size),
                    modifiedNs: status.modifiedNs,
                    isMatched: true
                )
                answers.append(.opened(Opened(found: found, descriptor: descriptor, seen: seen, scan: scan)))
            }
        }
        return answers
    }
}

@available(*, unavailable)
extension FileNames: Sendable {}
