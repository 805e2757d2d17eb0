/// A file that an input followed when it stopped, for the one that goes on in its place after a reload.
///
/// A position says how far a file was read; this has what a position cannot: the descriptor of a file that no name
/// leads to any more, and what is not on disk yet.
final class LeftFile {
    let identity: FileIdentity
    let path: [UInt8]
    let name: String
    let mark: FileMark
    let start: FileReadJob.Start
    let isUnchecked: Bool
    let isKnown: Bool
    let before: (mark: FileMark, atMs: UInt64)?
    let size: UInt64
    let isMissing: Bool
    /// Nil where it was not open.
    let descriptor: OpenDescriptor?

    init(_ tail: FileTail) {
        identity = tail.identity
        path = tail.path
        name = tail.name
        mark = tail.original == nil ? tail.mark : .beginning
        start = tail.start
        isUnchecked = tail.isUnchecked || tail.original != nil
        isKnown = tail.isKnown
        before = tail.before
        size = tail.size
        isMissing = tail.isMissing
        descriptor = tail.descriptor
    }

    /// What is lost when nobody goes on with it, in bytes: nobody else has what was not read of a deleted file.
    var unreadBytes: UInt64 { descriptor?.unreadBytes(from: mark.offset, isMissing: isMissing) ?? 0 }
}

@available(*, unavailable)
extension LeftFile: Sendable {}
