/// What is made of certificates' files, and made anew when they change: a TLS context, or texts for https.
///
/// Looked at every few seconds, on the thread pool: by their times and inodes, not by inotify, so that a link that is
/// pointed elsewhere, and a folder that is mounted anew, are seen too. While the files are wrong, or do not fit together
/// as in the moment between replacing the one and the other, the last that was right goes on being used: `changed` is
/// told what is wrong at the second look, once for each state of the files.
public final class TLSFileWatch<Made: Sendable> {
    /// The newest that was right.
    public private(set) var made: Made

    private let loop: Loop
    private let files: [String]
    private let make: @Sendable () throws(TLSProblem) -> Made
    private var changed: (Result<Made, TLSProblem>) -> Void
    private var timer: Timer?
    private var isLooking = false
    /// The files that `made` was made of; nil: not known, so the first look makes it anew.
    private var stamps: [FileStamp?]?
    /// The files that were found wrong at the last look.
    private var wrong: [FileStamp?]?
    private var isReported = false

    /// Makes the first, and begins to watch.
    ///
    /// - Parameters:
    ///   - loop: where `changed` is called.
    ///   - files: what `make` reads.
    ///   - intervalMs: the time between two looks.
    ///   - made: what was made of the files before; nil: it is made now, on this thread.
    ///   - make: reads the files; called on the thread pool later.
    ///   - changed: told of each that is made anew, and of what is wrong with new files.
    /// - Throws: `TLSProblem`, `LoopError`.
    public init(
        _ loop: Loop,
        files: [String],
        intervalMs: UInt64 = 5_000,
        made: Made? = nil,
        make: @escaping @Sendable () throws(TLSProblem) -> Made,
        changed: @escaping (Result<Made, TLSProblem>) -> Void
    ) throws {
        self.loop = loop
        self.files = files
        self.make = make
        self.changed = changed
        // Before the files are read: what changes meanwhile is seen at the first look.
        stamps = made == nil ? files.map { FileStamp($0) } : nil
        self.made = try made ?? make()
        timer = try Timer(loop) { [weak self] in self?.look() }
        timer?.start(afterMs: intervalMs, repeatMs: intervalMs)
    }

    /// Ends watching; nothing is told any more.
    public func close() {
        timer?.close()
        timer = nil
        changed = { _ in }
    }

    /// What a look came to.
    private struct Look: Sendable {
        var stamps: [FileStamp?]
        var made: Result<Made, TLSProblem>?
    }

    private func look() {
        guard !isLooking else { return }
        isLooking = true
        let (files, make, stamps) = (files, make, stamps)
        let known = isReported ? wrong : nil
        loop.work {
            let now = files.map { FileStamp($0) }
            guard now != stamps, now != known else { return Look(stamps: now, made: nil) }
            return Look(stamps: now, made: Result { () throws(TLSProblem) in try make() })
        } done: { [weak self] look in
            self?.looked(look)
        }
    }

    private func looked(_ look: Look) {
        isLooking = false
        guard timer != nil, let made = look.made else { return }
        switch made {
        case .success(let fresh):
            self.made = fresh
            stamps = look.stamps
            wrong = nil
            isReported = false
            changed(made)
        case .failure:
            let isSecondLook = wrong == look.stamps
            wrong = look.stamps
            isReported = isSecondLook
            if isSecondLook { changed(made) }
        }
    }
}

@available(*, unavailable)
extension TLSFileWatch: Sendable {}
