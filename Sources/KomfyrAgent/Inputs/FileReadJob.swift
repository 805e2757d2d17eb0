import Glibc

/// The memory that a file input reads into: one block, lent to one read at a time.
///
/// The loop's thread gives it to a `FileReadJob` and does not look at it until the job is done; libuv's queue orders
/// the two. That is why it may cross threads although it holds a pointer.
final class FileBlock: @unchecked Sendable {
    private(set) var bytes: UnsafeMutableRawBufferPointer

    init(capacity: Int) {
        bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
    }

    deinit { bytes.deallocate() }
}

/// One read of one file, run on the thread pool, since a disk may let it wait: opens the file if need be, checks that
/// it is still the one that was read before, and reads a block.
///
/// The block begins with the guard, the bytes before the position, so that checking it costs no call of its own:
///
/// ```
///  block:  | guard (up to 64 bytes, read already) | what is new … |
/// ```
struct FileReadJob: Sendable {
    /// Where in the file a job begins.
    enum Start: Sendable, Equatable {
        /// At the mark's offset.
        case mark
        /// Behind the last whole line of what was there when it was met: only for files of the input's first start.
        case end(size: UInt64)
    }

    enum Outcome: Sendable, Equatable {
        /// `count` bytes are in the block, of which the guard is no news. Equal to the guard's length: nothing is new.
        case read(count: Int)
        /// With `Start.end(size:)`: the mark tells where to begin.
        case positioned
        /// The file is shorter than what was read of it.
        case truncated
        /// The bytes before the position, or the file's first ones, are others.
        case rewritten
        /// The path names another file by now.
        case replaced
        /// errno.
        case failed(Int32)
    }

    struct Result: Sendable {
        var outcome: Outcome
        /// Open unless opening failed.
        var descriptor: OpenDescriptor?
        /// The job's mark, its fingerprint extended by what the file has by now.
        var mark: FileMark
        /// Whether no name leads to the file any more.
        var isDeleted = false
    }

    /// Where to open it; not used while `descriptor` is one.
    var path: [UInt8]
    var identity: FileIdentity
    /// Nil: to be opened.
    var descriptor: OpenDescriptor?
    var mark: FileMark
    var start: Start
    var block: FileBlock

    func run() -> Result {
        var result = Result(outcome: .failed(EBADF), descriptor: descriptor ?? OpenDescriptor(path), mark: mark)
        guard let file = result.descriptor, let status = file.status else { return failed(errno, result) }
        if descriptor == nil {
            guard status.isFile, status.identity == identity else {
                result.outcome = .replaced
                return result
            }
            // Another file may have got the inode while it was closed.
            if mark.fingerprintLength > 0, fingerprint(file, Int(mark.fingerprintLength)) != mark.fingerprint {
                result.outcome = .rewritten
                return result
            }
        }
        result.isDeleted = status.st_nlink == 0
        let size = UInt64(clamping: status.st_size)
        // What has come since it was met is new; so is all of a file that is shorter than it was then.
        if case .end(let met) = start { return position(file, size < met ? 0 : met, result) }
        guard size >= mark.offset else {
            result.outcome = .truncated
            return result
        }
        return read(file, size, result)
    }

    private func failed(_ code: Int32, _ result: Result) -> Result {
        var result = result
        result.outcome = .failed(code)
        return result
    }

    private func read(_ file: OpenDescriptor, _ size: UInt64, _ result: Result) -> Result {
        var result = result
        let guardLength = FileCheck.guardLength(at: mark.offset)
        let begin = mark.offset - UInt64(guardLength)
        let count = Self.read(file, block.bytes, at: begin)
        guard count >= 0 else { return failed(errno, result) }
        guard count >= guardLength else {
            result.outcome = .truncated
            return result
        }
        let bytes = UnsafeRawBufferPointer(block.bytes)
        if mark.offset > 0, FileCheck.hash(UnsafeRawBufferPointer(rebasing: bytes[..<guardLength])) != mark.guardHash {
            result.outcome = .rewritten
            return result
        }
        if count > guardLength { extendFingerprint(&result, file, size, blockStart: begin, blockCount: count) }
        result.outcome = .read(count: count)
        return result
    }

    /// Covers more of the file's first bytes, if there are more by now.
    private func extendFingerprint(
        _ result: inout Result,
        _ file: OpenDescriptor,
        _ size: UInt64,
        blockStart: UInt64,
        blockCount: Int
    ) {
        guard Int(mark.fingerprintLength) < FileCheck.fingerprintBytes else { return }
        let length: Int
        if blockStart == 0 {
            length = min(blockCount, FileCheck.fingerprintBytes)
            let head = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(block.bytes)[..<length])
            result.mark.fingerprint = FileCheck.hash(head)
        } else {
            length = Int(min(size, UInt64(FileCheck.fingerprintBytes)))
            guard length > mark.fingerprintLength, let hash = fingerprint(file, length) else { return }
            result.mark.fingerprint = hash
        }
        result.mark.fingerprintLength = UInt32(length)
    }

    /// The hash of the first `length` bytes; nil when the file has fewer.
    private func fingerprint(_ file: OpenDescriptor, _ length: Int) -> UInt64? {
        guard length <= FileCheck.fingerprintBytes else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: FileCheck.fingerprintBytes, alignment: 8) { buffer in
            let head = UnsafeMutableRawBufferPointer(rebasing: buffer[..<length])
            guard Self.read(file, head, at: 0) == length else { return nil }
            return FileCheck.hash(UnsafeRawBufferPointer(head))
        }
    }

    /// Finds the place behind the last line end; a line that is being written now is read whole later.
    private func position(_ file: OpenDescriptor, _ size: UInt64, _ result: Result) -> Result {
        var result = result
        let window = min(size, UInt64(block.bytes.count))
        let count = Self.read(
            file,
            UnsafeMutableRawBufferPointer(rebasing: block.bytes[..<Int(window)]),
            at: size - window
        )
        guard count >= 0 else { return failed(errno, result) }
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(block.bytes)[..<count])
        let end: Int
        if let last = bytes.lastIndex(of: UInt8(ascii: "\n")) {
            end = last + 1
        } else {
            end = size <= window ? 0 : count
        }
        result.mark.offset = size - window + UInt64(end)
        let guardLength = min(end, FileCheck.guardLength(at: result.mark.offset))
        result.mark.guardHash = FileCheck.hash(UnsafeRawBufferPointer(rebasing: bytes[(end - guardLength)..<end]))
        let length = Int(min(size, UInt64(FileCheck.fingerprintBytes)))
        if length > 0, let hash = fingerprint(file, length) {
            result.mark.fingerprint = hash
            result.mark.fingerprintLength = UInt32(length)
        }
        result.outcome = .positioned
        return result
    }

    private static func read(
        _ file: OpenDescriptor,
        _ buffer: UnsafeMutableRawBufferPointer,
        at offset: UInt64
    ) -> Int {
        guard let position = off_t(exactly: offset) else { return 0 }
        while true {
            let count = pread(file.number, buffer.baseAddress, buffer.count, position)
            if count >= 0 || errno != EINTR { return count }
        }
    }
}
