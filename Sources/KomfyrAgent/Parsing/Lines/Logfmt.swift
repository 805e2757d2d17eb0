import Protocol

/// Reads lines of logfmt, as Heroku's and Go's loggers, logrus, Grafana and HashiCorp's programs write them.
///
/// ```
///  time=2026-11-23T08:00:01Z level=warn msg="disk \"sda\" is full" free=0.5 path=/var retry
///  └ the log's own ──────────────────────────────────────────────┘ └ data: number, text, true
/// ```
///
/// | own | names | taken when |
/// |---|---|---|
/// | message | `msg`, `message` | there; else the whole line is the message |
/// | level | `level`, `lvl`, `severity` | a level's name or alias |
/// | timestamp | `time`, `ts`, `timestamp` | `LineTime` understands it |
///
/// The first of each is taken; others, and what is not understood, are data under their own names. A value goes on to
/// the next blank, or stands in quotes (`BackslashText`); a name alone means true, one with an empty value is an empty
/// text. `app` also fills the group's `{app}`.
///
/// A line is logfmt when it has one `name=value` at least, no quote without its end, no quote that does not end its
/// value, and no `=` without a name.
struct Logfmt {
    private var time: LineTime

    /// Times without a zone are in `zone`.
    init(zone: Zone) { time = LineTime(zone: zone) }

    /// Reads a line; `record` is empty.
    /// - Returns: false when it is no logfmt.
    mutating func read(_ view: ByteView, arrival: Int64, into record: inout LineRecord) -> Bool {
        var position = 0
        var hasPair = false
        var own = Own()
        while true {
            while position < view.count, view[position] <= .space { position += 1 }
            guard position < view.count else { return hasPair }
            let start = position
            while Self.isNameByte(view[position]) { position += 1 }
            let name = Field(start: start, end: position)
            guard !name.isEmpty else { return false }
            guard view[position] == UInt8(ascii: "=") else {
                guard view[position] <= .space else { return false }
                record.members.append(.init(name: name, value: .init(form: .flag)))
                continue
            }
            position += 1
            guard let value = Self.readValue(view, &position) else { return false }
            hasPair = true
            if !take(name, value, of: view, arrival: arrival, &own, into: &record) {
                record.members.append(.init(name: name, value: value))
            }
        }
    }

    /// Above the blank, and neither `=` nor `"`.
    ///
    /// Beyond the line's end there is none.
    @inline(__always)
    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte > .space && byte != UInt8(ascii: "=") && byte != UInt8(ascii: "\"") && byte != 0x7F
    }

    /// Reads the value at `position`, and leaves that behind it; nil when its quotes are wrong.
    private static func readValue(_ view: ByteView, _ position: inout Int) -> LineRecord.Text? {
        guard view[position] == UInt8(ascii: "\"") else {
            let start = position
            while position < view.count, view[position] > .space { position += 1 }
            return .init(field: Field(start: start, end: position), form: .word)
        }
        let start = position + 1
        var from = start
        var form = LineRecord.Text.Form.plain
        while let quote = view.position(of: UInt8(ascii: "\""), from: from, to: view.count) {
            var backslashes = 0
            while quote - backslashes > start, view[quote - backslashes - 1] == UInt8(ascii: "\\") { backslashes += 1 }
            guard backslashes.isMultiple(of: 2) else {
                from = quote + 1
                continue
            }
            if view.contains(UInt8(ascii: "\\"), from: start, to: quote) { form = .escaped }
            position = quote + 1
            guard position >= view.count || view[position] <= .space else { return nil }
            return .init(field: Field(start: start, end: quote), form: form)
        }
        return nil
    }

    // MARK: The log's own

    /// Which of them were found.
    private struct Own {
        var hasMessage = false
        var hasLevel = false
    }

    /// Takes a pair that is one of the log's own.
    /// - Returns: false when it is data.
    private mutating func take(
        _ name: Field,
        _ value: LineRecord.Text,
        of view: ByteView,
        arrival: Int64,
        _ own: inout Own,
        into record: inout LineRecord
    ) -> Bool {
        func isName(_ text: StaticString) -> Bool {
            name.count == text.utf8CodeUnitCount && view.has(text, at: name.start)
        }
        switch view[name.start] {
        case UInt8(ascii: "m"):
            guard !own.hasMessage, isName("msg") || isName("message") else { return false }
            own.hasMessage = true
            record.message = .text(value)
            return true
        case UInt8(ascii: "l"), UInt8(ascii: "s"):
            guard !own.hasLevel, isName("level") || isName("lvl") || isName("severity"),
                let level = Level(name: view[value.field])
            else { return false }
            own.hasLevel = true
            record.level = level
            return true
        case UInt8(ascii: "t"):
            guard record.timestamp == nil, isName("time") || isName("ts") || isName("timestamp"),
                let read = time.read(view, value.field, arrival: arrival)
            else { return false }
            record.timestamp = read
            return true
        case UInt8(ascii: "a"):
            if record.app.isEmpty, isName("app") { record.app = value.field }
            return false
        default: return false
        }
    }
}
