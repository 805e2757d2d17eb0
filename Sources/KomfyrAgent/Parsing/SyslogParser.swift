/// Reads one syslog message: RFC 5424 or RFC 3164, told apart per message, and what real devices make of them.
///
/// ```
///  <165>1 2003-10-11T22:14:15.003Z host app 4711 ID47 [id param="value"] text      RFC 5424
///  <34>Oct 11 22:14:15 host app[4711]: text                                        RFC 3164
///  <189>29: *Mar  1 18:48:50.483 UTC: %SYS-5-CONFIG_I: text                        Cisco
///  <30>app[4711]: text         app text without anything         system,info text  and the rest
/// ```
///
/// Takes what it can: every part but the text may be missing. What neither begins with a priority nor with a time, and
/// is none of the forms above, is `unparsed`, its text the whole message. Nothing is dropped for its form.
///
/// Pure: no clock of its own. Keeps the last seconds that it read, so one parser serves one thread.
struct SyslogParser {
    var time: SyslogTime

    /// A parser of messages whose times are in `zone` when they name none.
    init(zone: Zone = .utc) { time = SyslogTime(zone: zone) }

    /// Reads a message.
    /// - Parameters:
    ///   - bytes: the datagram or frame; LF, CR and NUL at its end are left out.
    ///   - arrival: nanoseconds since 1970; chooses the year of a time that names none.
    /// - Returns: what was found, as ranges of `bytes`.
    mutating func parse(_ bytes: UnsafeRawBufferPointer, arrival: Int64) -> SyslogMessage {
        let view = ByteView(bytes, count: Self.trimmedCount(bytes))
        var message = SyslogMessage()
        var position = 0
        if let (priority, next) = Self.readPriority(view, at: Self.skippingPreamble(view)) {
            message.priority = priority
            position = next
        } else if view[0] == 0xEF && view.has("\u{FEFF}", at: 0) {
            position = 3
        }
        if let next = Self.readVersion(view, at: position) {
            parseRFC5424(view, from: position, at: next, arrival: arrival, into: &message)
        } else {
            parseRFC3164(view, at: position, arrival: arrival, into: &message)
        }
        if message.form == .unparsed {
            message = SyslogMessage()
            message.message = Field(start: 0, end: view.count)
        }
        return message
    }

    /// The count without line ends and NUL at the end.
    private static func trimmedCount(_ bytes: UnsafeRawBufferPointer) -> Int {
        var count = bytes.count
        while count > 0 {
            let last = bytes[count - 1]
            guard last == .lineFeed || last == .carriageReturn || last == 0 else { break }
            count -= 1
        }
        return count
    }

    /// What may stand before the priority: blanks (Cisco sends LF, blank, priority), a byte order mark, the octet count
    /// of RFC 6587 in a datagram.
    private static func skippingPreamble(_ view: ByteView) -> Int {
        var position = 0
        if view[0] == UInt8(ascii: "<") { return 0 }
        if view.has("\u{FEFF}", at: 0) { position = 3 }
        while view[position] == .space || view[position] == .lineFeed || view[position] == .carriageReturn {
            position += 1
        }
        guard view[position].isDigit else { return position }
        var end = position
        while view[end].isDigit && end - position < 7 { end += 1 }
        return view[end] == .space && view[end + 1] == UInt8(ascii: "<") ? end + 1 : position
    }

    /// `<`, 1 to 3 digits, `>` (RFC 5424 §6.2.1).
    ///
    /// Numbers above 191 are no facility, but still tell a severity.
    static func readPriority(_ view: ByteView, at position: Int) -> (Int, Int)? {
        guard view[position] == UInt8(ascii: "<") else { return nil }
        var value = 0
        var next = position + 1
        while view[next].isDigit && next - position <= 3 {
            value = value * 10 + Int(view[next] - .zero)
            next += 1
        }
        guard next > position + 1, view[next] == UInt8(ascii: ">") else { return nil }
        return (value, next + 1)
    }

    /// The version of RFC 5424 with its blank, when a time, or `-`, follows that no RFC 3164 message could have there.
    private static func readVersion(_ view: ByteView, at position: Int) -> Int? {
        guard view[position] &- UInt8(ascii: "1") <= 8 else { return nil }
        var next = position + 1
        while view[next].isDigit && next - position < 3 { next += 1 }
        guard view[next] == .space else { return nil }
        next = view.skippingBlanks(from: next)
        let first = view[next]
        if first == UInt8(ascii: "-") && (view[next + 1] == .space || next + 1 >= view.count) { return next }
        if first.isDigit || first.isLetter { return next }
        return nil
    }
}
