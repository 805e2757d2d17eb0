import EventLoop

/// Recognises copies of followed files, as copy-truncate makes them, so that no line is read twice.
///
/// ```
///  app.log    |AAAABBBB|  copied, then truncated   |CC        goes on at its new beginning
///                  ▲ read so far
///  app.log.1  |AAAABBBB|  waits ─────────────────► BBBB       read from there: what nobody had read
/// ```
///
/// A file that is new, lies in the same folder as a followed one, has a name as rotation makes them of that one's, and
/// begins as it does, waits (`FileTail.original`) until it is clear what it is. So does one that is shorter than what is
/// known of the other's beginning, which has grown since it was copied, until both were looked at. In doubt it is a file
/// of its own: a line that comes twice is better than one that never comes.
///
/// - The other one is truncated, written anew, or gone: this one goes on where that was read to. The bytes before that
///   place are compared, and a file that has others there is read from its beginning.
/// - Its end is not what the other has at that place: a file of its own, read from its beginning.
/// - They are the same, and it has not grown for a while: nothing was truncated, so nobody can tell it from a file that
///   merely begins and ends alike. It is read from its beginning.
///
/// A look reads some hundred bytes, on the thread pool, since a disk may let it wait; one at a time, so that one that
/// hangs takes one thread. Owned by its `FileInput`, on the intake loop.
final class FileCopies {
    /// What became clear about a file.
    enum Verdict: Sendable, Equatable {
        /// It goes on here: what comes before was read in the original.
        case copy(FileMark)
        /// A file of its own.
        case other
    }

    /// What begins as a file does.
    enum Origin {
        /// One that is followed where it is.
        case followed(FileTail)
        /// One that was read so far when it was truncated.
        case truncated(FileTail, FileMark)
    }

    struct Waiting {
        let tail: FileTail
        let original: FileTail
        /// How far the original was read when this file was met; no further than this file goes, once a look has shown
        /// that both are the same so far.
        var met: FileMark
        let metMs: UInt64
        /// Its size at the last look.
        var size: UInt64 = 0
        /// How far the original was read, once it has no more to give.
        var end: FileMark?
        var isInLine = false
    }

    private let loop: Loop
    /// How long a copy has to be left alone, and how long ago a truncation may be, in milliseconds.
    private let leftFileMs: UInt64
    private let decided: (_ tail: FileTail, _ original: FileTail, Verdict) -> Void
    private(set) var waiting: [FileIdentity: Waiting] = [:]
    /// Those that are to be looked at.
    private var line: [FileIdentity] = []
    private var isLooking = false

    /// Calls `decided` when it is clear what a file is, never from within another call; it waits no more then.
    init(
        _ loop: Loop,
        leftFileMs: UInt64,
        decided: @escaping (_ tail: FileTail, _ original: FileTail, Verdict) -> Void
    ) {
        self.loop = loop
        self.leftFileMs = leftFileMs
        self.decided = decided
    }

    /// Those that may be copies of a file.
    func copies(of original: FileTail) -> [FileTail] {
        waiting.values.filter { $0.original === original }.map(\.tail)
    }

    /// Whether a file's original has no more to give, so that it is clear soon what the file is.
    func isNearlyClear(_ tail: FileTail) -> Bool { waiting[tail.identity]?.end != nil }

    /// Lets a file wait; its original was read up to `met`.
    func wait(_ tail: FileTail, for original: FileTail, met: FileMark) {
        tail.original = original
        waiting[tail.identity] = Waiting(tail: tail, original: original, met: met, metMs: loop.nowMs)
    }

    /// It waits no more.
    func forget(_ tail: FileTail) {
        guard tail.original != nil else { return }
        tail.original = nil
        waiting[tail.identity] = nil
    }

    /// Nobody hears of any of them any more.
    func close() {
        waiting = [:]
        line = []
    }

    // MARK: What it may be

    /// The file whose first bytes a new one has, if there is one.
    /// - Parameters:
    ///   - tail: the new one.
    ///   - head: what was read of it, from its beginning.
    ///   - tails: all that are followed.
    /// - Returns: nil when it is a file of its own.
    func origin(
        of tail: FileTail,
        _ head: UnsafeRawBufferPointer,
        among tails: some Sequence<FileTail>
    ) -> Origin? {
        var head = Head(bytes: head)
        var found: (origin: Origin, length: UInt32)?
        var longer: FileTail?
        // One that was truncated while nobody looked is not checked before it has a byte, and may have been copied.
        for other in tails where other.original == nil && (!other.isUnchecked || other.before != nil) {
            // The more of their beginning is known to be the same, the surer.
            if head.begins(as: other.mark), other.mark.fingerprintLength > found?.length ?? 0,
                Self.isNamed(tail, after: other)
            {
                found = (.followed(other), other.mark.fingerprintLength)
            } else if let before = other.before, loop.nowMs <= before.atMs + leftFileMs, head.begins(as: before.mark),
                before.mark.fingerprintLength > found?.length ?? 0, Self.isNamed(tail, after: other)
            {
                found = (.truncated(other, before.mark), before.mark.fingerprintLength)
            } else if head.bytes.count < other.mark.fingerprintLength, Self.isNamed(tail, after: other) {
                longer = other
            }
        }
        return found?.origin ?? longer.map { .followed($0) }
    }

    /// What was read of a new file, from its beginning.
    private struct Head {
        let bytes: UnsafeRawBufferPointer
        /// Nearly all fingerprints are as long as the one before: each length is hashed once in a row.
        private var length: UInt32 = 0
        private var hash: UInt64 = 0

        init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

        /// Whether they are those of a file that was read so far.
        mutating func begins(as mark: FileMark) -> Bool {
            guard mark.offset > 0, mark.fingerprintLength > 0, Int(mark.fingerprintLength) <= bytes.count else {
                return false
            }
            if mark.fingerprintLength != length {
                length = mark.fingerprintLength
                hash = FileCheck.hash(UnsafeRawBufferPointer(rebasing: bytes[..<Int(length)]))
            }
            return hash == mark.fingerprint && FileCopies.mayHave(mark, bytes)
        }
    }

    /// Whether the bytes before a place are those that were read there, as far as they are at hand.
    private static func mayHave(_ mark: FileMark, _ head: UnsafeRawBufferPointer) -> Bool {
        guard let place = Int(exactly: mark.offset), place <= head.count else { return true }
        let guarding = head[(place - FileCheck.guardLength(at: mark.offset))..<place]
        return FileCheck.hash(UnsafeRawBufferPointer(rebasing: guarding)) == mark.guardHash
    }

    /// Whether a name is one that rotation makes of another in the same folder: `app.log.1`, `app.log-20261123`,
    /// `app.1.log`.
    static func isNamed(_ tail: FileTail, after other: FileTail) -> Bool {
        guard tail.path.split(separator: 0x2F).dropLast().elementsEqual(other.path.split(separator: 0x2F).dropLast())
        else { return false }
        let name = Array(String(decoding: tail.path.split(separator: 0x2F).last ?? [], as: UTF8.self).utf8)
        let first = Array(other.baseName.utf8)
        let marks = Set(".-_~".utf8)
        if name.count > first.count, name.starts(with: first), marks.contains(name[first.count]) { return true }
        guard let dot = first.lastIndex(of: UInt8(ascii: ".")), dot > 0, name.count > first.count else { return false }
        let isInner = name.starts(with: first[..<dot]) && name.suffix(first.count - dot).elementsEqual(first[dot...])
        return isInner && marks.contains(name[dot])
    }

    // MARK: What it is

    /// Looks at a file that waits while its original goes on.
    func look(at tail: FileTail) {
        guard waiting[tail.identity]?.end == nil else { return }
        putInLine(tail)
    }

    /// Finds out what a file is whose original was read up to `end` and has no more to give.
    func settle(_ tail: FileTail, at end: FileMark) {
        guard waiting[tail.identity]?.end == nil else { return }
        waiting[tail.identity]?.end = end
        putInLine(tail)
    }

    private func putInLine(_ tail: FileTail) {
        guard waiting[tail.identity]?.isInLine == false else { return }
        waiting[tail.identity]?.isInLine = true
        line.append(tail.identity)
        next()
    }

    private func next() {
        while !isLooking, !line.isEmpty {
            let identity = line.removeFirst()
            guard let entry = waiting[identity] else { continue }
            waiting[identity]?.isInLine = false
            isLooking = true
            let look = FileCopyLook(
                copy: FileCopyLook.File(entry.tail),
                met: entry.met,
                size: entry.size,
                question: entry.end.map { .settle(at: $0) }
                    ?? .look(
                        original: FileCopyLook.File(entry.original),
                        mark: entry.original.mark,
                        isOld: loop.nowMs >= entry.metMs + leftFileMs,
                        isCaughtUp: entry.original.isCaughtUp
                    )
            )
            loop.work({ look.run() }, done: { [weak self] in self?.answered($0, entry) })
        }
    }

    private func answered(_ answer: FileCopyLook.Answer, _ asked: Waiting) {
        isLooking = false
        defer { next() }
        // What was asked while its original went on is no answer any more when that has ended.
        guard let entry = waiting[asked.tail.identity], entry.tail === asked.tail, entry.end == asked.end else {
            return
        }
        switch answer {
        case .unclear(let size, let met):
            waiting[asked.tail.identity]?.size = size
            waiting[asked.tail.identity]?.met = met
        case .clear(let verdict):
            forget(entry.tail)
            decided(entry.tail, entry.original, verdict)
        }
    }
}

@available(*, unavailable)
extension FileCopies: Sendable {}
