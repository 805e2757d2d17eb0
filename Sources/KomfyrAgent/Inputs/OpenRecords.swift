import EventLoop

/// The last records of an input's files, which wait for their next line.
///
/// A file whose record waits is read again when it has not grown for `waitMs`: then the record is taken as it is. Its
/// text is kept, as far as there is room, for the case that the file is truncated before: of what was read nothing is
/// lost then. Owned by the `FileReadQueue`, on the intake loop.
final class OpenRecords {
    /// How long a record waits, in milliseconds since its file grew.
    let waitMs: UInt64

    private let loop: Loop
    private let due: (FileTail) -> Void
    private var timer: Timer?
    private var waiting: [FileIdentity: FileTail] = [:]
    private var texts: [FileIdentity: Text] = [:]
    private var keptBytes = 0

    /// What is kept of a file.
    struct Text {
        var text: [UInt8]
        /// How far the file was read with it.
        var end: FileMark
    }

    /// Calls `due` for each file whose record has waited long enough.
    init(_ loop: Loop, waitMs: Int, due: @escaping (FileTail) -> Void) throws(LoopError) {
        self.loop = loop
        self.waitMs = UInt64(clamping: waitMs)
        self.due = due
        timer = try Timer(loop) { [weak self] in self?.look() }
    }

    func close() {
        timer?.close()
        timer = nil
        waiting = [:]
        texts = [:]
        keptBytes = 0
    }

    /// Whether a file has not grown for so long that its record is whole.
    func isQuiet(_ tail: FileTail) -> Bool { loop.nowMs >= tail.lastChangeMs + waitMs }

    /// Notes a file's record that waits: its whole lines, and the mark behind them.
    func wait(_ tail: FileTail, _ text: UnsafeRawBufferPointer, end: FileMark) {
        forgetText(of: tail)
        if keptBytes + text.count <= AgentLimits.openRecordBytes {
            keptBytes += text.count
            texts[tail.identity] = Text(text: Array(text), end: end)
        }
        waiting[tail.identity] = tail
        arm()
    }

    /// The file has no record that waits any more.
    func forget(_ tail: FileTail) {
        guard waiting.removeValue(forKey: tail.identity) != nil else { return }
        forgetText(of: tail)
    }

    /// What waited of a file that is not there any more; it is forgotten.
    func take(of tail: FileTail) -> Text? {
        let text = texts[tail.identity]
        forget(tail)
        return text
    }

    private func forgetText(of tail: FileTail) {
        if let text = texts.removeValue(forKey: tail.identity) { keptBytes -= text.text.count }
    }

    private func arm() {
        guard let timer, !timer.isActive, !waiting.isEmpty else { return }
        // Files are looked at together, so that thousands of them cost one timer and few looks.
        let first = waiting.values.map { $0.lastChangeMs + waitMs }.min() ?? 0
        timer.start(afterMs: max(first > loop.nowMs ? first - loop.nowMs : 0, waitMs / 8) + 1)
    }

    private func look() {
        for tail in waiting.values where isQuiet(tail) { due(tail) }
        arm()
    }
}

@available(*, unavailable)
extension OpenRecords: Sendable {}
