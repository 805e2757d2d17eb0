/// Makes forms of messages: their words, a blank between them, with what varies by its nature replaced by a `MaskCode`.
///
/// ```
///  Accepted key for deploy from 10.0.0.7 port 51544   ─▶  Accepted key for deploy from ④ port ①
///  took 12.5ms, 2026-11-23T05:00:00Z, eth0            ─▶  took ①ms, ①, eth①
///  user="Ann Lee" id=8f14e45f-ceea-467f-a8cf-…        ─▶  user=⑥ id=③
/// ```
///
/// Every run of digits is masked, also within words, which makes a form hardly ever depend on which of the messages
/// that share a chunk's template it was made of. Of several lines those that are indented, as frames of a stack trace
/// are, count as one `<*>`. One pass over at most `HubLimits.patternMessageBytes`; nothing is allocated for a message.
struct MessageMask {
    /// The form of the message that was masked last; never empty.
    private(set) var form: [UInt8] = []

    /// Makes `form` of a message.
    mutating func mask(_ message: UnsafeRawBufferPointer) {
        let seen = UnsafeRawBufferPointer(rebasing: TextCut.begin(message, bytes: HubLimits.patternMessageBytes))
        // What is written is never more than was read, but for what marks cuts.
        let room = min(seen.count, HubLimits.patternFormBytes + HubLimits.patternTokenBytes) + 32
        form.removeAll(keepingCapacity: true)
        form.reserveCapacity(room)
        form.append(contentsOf: repeatElement(0, count: room))
        let written = MaskScan.classes.withUnsafeBufferPointer { classes in
            form.withUnsafeMutableBufferPointer { output -> Int in
                guard let classes = classes.baseAddress, let output = output.baseAddress else { return 0 }
                var scan = MaskScan(message: seen, classes: classes, output: output)
                scan.run()
                if scan.isCut || message.count > seen.count { scan.cut() }
                return scan.written
            }
        }
        form.removeLast(room - written)
        if form.isEmpty { form.append(MaskCode.any) }
    }
}
