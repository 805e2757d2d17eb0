import Logging

/// What an input does with files that may be copies of others: see `FileCopies`.
extension FileInput {
    /// Whether a new file may be a copy of another one, and is not read now.
    func isCopy(_ tail: FileTail, _ head: UnsafeRawBufferPointer) -> Bool {
        guard let copies, let origin = copies.origin(of: tail, head, among: tails.values) else { return false }
        switch origin {
        case .followed(let original):
            copies.wait(tail, for: original, met: original.mark)
            // Nobody waits for what becomes of the other one.
            if isFinishing { settle(tail) } else { copies.look(at: tail) }
        case .truncated(let original, let mark):
            copies.wait(tail, for: original, met: mark)
            copies.settle(tail, at: mark)
        }
        return true
    }

    /// Its original gives no more: it was truncated, or is gone.
    func settle(_ tail: FileTail) {
        guard let original = tail.original else { return }
        copies?.settle(tail, at: original.mark.offset > 0 ? original.mark : original.before?.mark ?? original.mark)
    }

    func settleCopies(of original: FileTail) {
        for copy in copies?.copies(of: original) ?? [] { settle(copy) }
    }

    /// A truncated file is read on when it is clear of all its copies where they go on.
    func goOnIfClear(_ original: FileTail) {
        if copies?.copies(of: original).isEmpty != false { queue?.goOn(original) }
    }

    /// It is clear what a file is.
    func follow(_ verdict: FileCopies.Verdict, _ tail: FileTail, _ original: FileTail) {
        switch verdict {
        case .copy(let mark): take(tail, as: original, at: mark)
        case .other: queue?.add(tail)
        }
        goOnIfClear(original)
    }

    /// A copy goes on where its original was read to, and its logs carry the original's name.
    private func take(_ tail: FileTail, as original: FileTail, at mark: FileMark) {
        logger.info("\(name): \(tail.name) is a copy of \(original.name): read from byte \(mark.offset) on")
        tail.mark = mark
        tail.ownName = tail.name
        tail.name = original.name
        tail.frame = nil
        tail.isNoted = true
        sink.advance(tail.position(input: name, mark: mark))
        queue?.add(tail)
    }
}
