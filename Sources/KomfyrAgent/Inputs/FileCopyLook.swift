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
        /// Not yet; the size it has.
        case unclear(size: UInt64)
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
            return isOld && isCaughtUp ? .clear(settle(at: mark)) : .unclear(size: size)
        }
        let end = min(copy.size, first.size)
        guard let ours = copy.bytes(before: end), let theirs = first.bytes(before: end) else {
            return .unclear(size: size)
        }
        // One that was written anew just now is heard of soon.
        // Where nothing of it counts as read it was truncated just now, and what it is then is not known yet.
        let goesOn = mark.offset > 0 && first.has(mark)
        guard ours == theirs else { return goesOn ? .clear(.other) : .unclear(size: size) }
        // A copy is never longer than what it was made of.
        if copy.size > first.size, goesOn { return .clear(.other) }
        return isOld && copy.size == size ? .clear(.other) : .unclear(size: copy.size)
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
