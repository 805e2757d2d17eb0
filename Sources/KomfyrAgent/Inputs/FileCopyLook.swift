import Glibc

/// One look at a file that may be a copy of another, run on the thread pool: see `FileCopies`.
struct FileCopyLook: Sendable {
    /// A file as it was known when the look was asked for.
    struct File: Sendable {
        var path: [UInt8]
        var identity: FileIdentity
        var descriptor: OpenDescriptor?

        init(_ tail: FileTail) {
            path = tail.path
            identity = tail.identity
            descriptor = tail.descriptor
        }
    }

    enum Question: Sendable {
        /// The original goes on: what it was read to, whether the copy was met long ago, and whether all of the
        /// original's lines were read.
        case look(original: File, mark: FileMark, isOld: Bool, isCaughtUp: Bool)
        /// The original was read up to here and has no more to give.
        case settle(at: FileMark)
    }

    enum Answer: Sendable {
        /// Not yet; the size it has, and how far it is known to be what was read in the original.
        case unclear(size: UInt64, met: FileMark)
        case clear(FileCopies.Verdict)
    }

    var copy: File
    /// How far the original was read when the copy was met.
    var met: FileMark
    /// The copy's size at the last look.
    var size: UInt64
    var question: Question

    func run() -> Answer {
        switch question {
        case .settle(let mark): .clear(settle(at: mark))
        case .look(let original, let mark, let isOld, let isCaughtUp): look(original, mark, isOld, isCaughtUp)
        }
    }

    private func look(_ original: File, _ mark: FileMark, _ isOld: Bool, _ isCaughtUp: Bool) -> Answer {
        guard let copy = Content(copy), let first = Content(original), first.size >= mark.offset else {
            // Its truncation is heard of soon; a file that cannot be opened is never heard of.
            return isOld && isCaughtUp ? .clear(settle(at: mark)) : .unclear(size: size, met: met)
        }
        let end = min(copy.size, first.size)
        guard let ours = copy.bothEnds(at: end), let theirs = first.bothEnds(at: end) else {
            return .unclear(size: size, met: met)
        }
        // One that was written anew just now is heard of soon.
        // Where nothing of it counts as read it was truncated just now, and what it is then is not known yet.
        let goesOn = mark.offset > 0 && first.has(mark)
        guard ours == theirs else { return goesOn ? .clear(.other) : .unclear(size: size, met: met) }
        // A copy is never longer than what it was made of.
        if copy.size > first.size, goesOn { return .clear(.other) }
        if isOld, copy.size == size { return .clear(.other) }
        // The original was read further than the copy goes before anybody looked at the copy.
        let wasLate = goesOn && met.offset > copy.size && mark.offset >= copy.size
        return .unclear(size: copy.size, met: wasLate ? copy.mark(at: copy.size) ?? met : met)
    }

    private func settle(at mark: FileMark) -> FileCopies.Verdict {
        guard let copy = Content(copy) else { return .other }
        if mark.offset <= copy.size { return copy.has(mark) ? .copy(mark) : .other }
        // The original grew after it was copied, and was read further than the copy goes.
        guard met.offset <= copy.size, copy.has(met) else { return .other }
        return copy.mark(at: copy.size).map { .copy($0) } ?? .other
    }

    /// An open file.
    private struct Content {
        let size: UInt64
        private let descriptor: OpenDescriptor

        /// - Returns: nil when its path leads to it no more.
        init?(_ file: File) {
            guard let descriptor = file.descriptor ?? OpenDescriptor(file.path), let status = descriptor.status,
                status.isFile, status.identity == file.identity
            else { return nil }
            self.descriptor = descriptor
            size = UInt64(clamping: status.st_size)
        }

        /// The first bytes before a place, as many as fingerprints cover, and the last ones.
        func bothEnds(at end: UInt64) -> [[UInt8]]? {
            guard let head = bytes(Int(min(end, UInt64(FileCheck.fingerprintBytes))), at: 0),
                let last = bytes(before: end)
            else { return nil }
            return [head, last]
        }

        /// The (up to) 64 bytes before a place.
        func bytes(before end: UInt64) -> [UInt8]? {
            let length = FileCheck.guardLength(at: end)
            return bytes(length, at: end - UInt64(length))
        }

        func has(_ mark: FileMark) -> Bool {
            bytes(before: mark.offset).map { $0.withUnsafeBytes { FileCheck.hash($0) } } == mark.guardHash
        }

        /// How far it counts as read at a place.
        func mark(at end: UInt64) -> FileMark? {
            let length = Int(min(size, UInt64(FileCheck.fingerprintBytes)))
            guard let guarding = bytes(before: end), let head = bytes(length, at: 0) else { return nil }
            return FileMark(
                offset: end,
                guardHash: guarding.withUnsafeBytes { FileCheck.hash($0) },
                fingerprint: head.withUnsafeBytes { FileCheck.hash($0) },
                fingerprintLength: UInt32(length)
            )
        }

        private func bytes(_ count: Int, at offset: UInt64) -> [UInt8]? {
            guard let position = off_t(exactly: offset) else { return nil }
            var bytes = [UInt8](repeating: 0, count: count)
            let read = bytes.withUnsafeMutableBytes { pread(descriptor.number, $0.baseAddress, $0.count, position) }
            return read == count ? bytes : nil
        }
    }
}
