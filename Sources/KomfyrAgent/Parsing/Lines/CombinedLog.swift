import Protocol

/// Reads the access logs of web servers: Apache's `common`, `combined` and `vhost_combined`, nginx's `combined`.
///
/// ```
///  2001:db8::7 - frank [23/Nov/2026:08:00:01 +0100] "GET /a?b=1 HTTP/2.0" 404 153 "https://ref/" "Mozilla/5.0" 0.012
///  client    ident user └ time ───────────────────┘ └ method path protocol ┘ status bytes referer user_agent    extra
///  www.example.org:443 10.0.0.1 - - […]                                          vhost before the client
/// ```
///
/// The message is `GET /a?b=1 404`; everything else is data under the names above, numbers as numbers. `-` and an empty
/// text mean that there is nothing. A status of 5xx is an error, of 4xx a warning. A request that is not three words,
/// as of a client that speaks TLS to a plain port, is kept as `request`. What follows the last known part is `extra`.
///
/// A line is one when client, ident, user, a time in brackets, a request in quotes and a status stand where they
/// should.
struct CombinedLog {
    /// The names of its members.
    static let names = [
        "vhost", "client", "ident", "user", "method", "path", "protocol", "request", "status", "bytes", "referer",
        "user_agent", "extra",
    ]

    /// Indices of `names`.
    private enum Name: Int {
        case vhost, client, ident, user, method, path, `protocol`, request, status, bytes, referer, userAgent, extra
    }

    private var time: LineTime

    /// Times without a zone are in `zone`.
    init(zone: Zone) { time = LineTime(zone: zone) }

    /// Reads a line; `record` is empty.
    /// - Returns: false when it is none of these formats.
    mutating func read(_ view: ByteView, arrival: Int64, into record: inout LineRecord) -> Bool {
        guard let bracket = Self.timeStart(view), Self.readHead(view, to: bracket, into: &record),
            let close = view.position(of: UInt8(ascii: "]"), from: bracket, to: min(bracket + 66, view.count)),
            let time = time.read(view, Field(start: bracket + 1, end: close), arrival: arrival),
            view[close + 1] == .space, let request = Self.quoted(view, at: close + 2)
        else { return false }
        record.timestamp = time
        var position = request.end + 1
        guard view[position] == .space else { return false }
        let status = Self.word(view, &position)
        guard status.count == 3, let code = view.number(at: status.start, digits: 3) else { return false }
        record.level = code >= 500 ? .error : code >= 400 ? .warning : .info
        Self.readRequest(view, request, status: status, into: &record)
        Self.append(.status, .init(field: status), view, &record)
        readTail(view, from: position, into: &record)
        return true
    }

    // MARK: Before the request

    /// Where ` [` stands before a digit: users may have brackets in their names.
    private static func timeStart(_ view: ByteView) -> Int? {
        var from = 0
        // A client sends its user name; nobody's is longer.
        while let bracket = view.position(of: UInt8(ascii: "["), from: from, to: min(view.count, 1_024)) {
            if bracket > 0, view[bracket - 1] == .space, view[bracket + 1].isDigit { return bracket }
            from = bracket + 1
        }
        return nil
    }

    /// `client ident user`, and maybe a virtual host before them; the user's name may hold blanks.
    private static func readHead(_ view: ByteView, to end: Int, into record: inout LineRecord) -> Bool {
        var position = 0
        var first = word(view, &position)
        var second = word(view, &position)
        guard !first.isEmpty, !second.isEmpty, position < end - 1 else { return false }
        var behind = position
        let third = word(view, &behind)
        if behind < end - 1, !isNothing(view, second), isNothing(view, third) {
            append(.vhost, .init(field: first), view, &record)
            first = second
            second = third
            position = behind
        }
        let user = Field(start: position + 1, end: end - 1)
        guard !user.isEmpty else { return false }
        append(.client, .init(field: first), view, &record)
        append(.ident, .init(field: second), view, &record)
        append(.user, .init(field: user, form: form(view, user)), view, &record)
        return true
    }

    // MARK: The request

    private static func readRequest(
        _ view: ByteView,
        _ request: Field,
        status: Field,
        into record: inout LineRecord
    ) {
        var position = request.start
        while position < request.end, view[position].isLetter || view[position] == UInt8(ascii: "-") { position += 1 }
        let method = Field(start: request.start, end: position)
        // The protocol stands behind the last blank: a path may hold some.
        var last = request.end
        while last > position, view[last - 1] != .space { last -= 1 }
        let path = Field(start: position + 1, end: last - 1)
        let version = Field(start: last, end: request.end)
        guard method.count >= 1, method.count <= 32, view[position] == .space, !path.isEmpty,
            view.has("HTTP/", at: last) || view.has("RTSP/", at: last)
        else {
            let whole = LineRecord.Text(field: request, form: form(view, request))
            append(.request, whole, view, &record)
            let shown = request.isEmpty ? LineRecord.Text(form: .flag) : whole
            record.message = .joined(shown, .init(field: status), .init())
            return
        }
        let text = LineRecord.Text(field: path, form: form(view, path))
        append(.method, .init(field: method), view, &record)
        append(.path, text, view, &record)
        append(.protocol, .init(field: version, form: form(view, version)), view, &record)
        record.message = .joined(.init(field: method), text, .init(field: status))
    }

    // MARK: Behind the status

    private func readTail(_ view: ByteView, from start: Int, into record: inout LineRecord) {
        var position = start
        let bytes = Self.word(view, &position)
        if Self.isNothing(view, bytes)
            || bytes.count <= 18 && (bytes.start..<bytes.end).allSatisfy({ view[$0].isDigit })
        {
            Self.append(.bytes, .init(field: bytes), view, &record)
        } else {
            position = start
        }
        for name in [Name.referer, .userAgent] {
            guard view[position] == .space, let text = Self.quoted(view, at: position + 1) else { break }
            Self.append(name, .init(field: text, form: Self.form(view, text)), view, &record)
            position = text.end + 1
        }
        let extra = Field(start: view.skippingBlanks(from: position), end: view.count)
        Self.append(.extra, .init(field: extra), view, &record)
    }

    // MARK: Parts

    private static func append(
        _ name: Name,
        _ text: LineRecord.Text,
        _ view: ByteView,
        _ record: inout LineRecord
    ) {
        guard !isNothing(view, text.field) else { return }
        record.members.append(.init(known: name.rawValue, value: text))
    }

    /// `-`, or empty.
    private static func isNothing(_ view: ByteView, _ field: Field) -> Bool {
        field.isEmpty || field.count == 1 && view[field.start] == UInt8(ascii: "-")
    }

    /// The word at `position`, behind one blank; leaves `position` behind it.
    private static func word(_ view: ByteView, _ position: inout Int) -> Field {
        if view[position] == .space { position += 1 }
        let start = position
        position = view.endOfToken(from: start)
        return Field(start: start, end: position)
    }

    /// What stands in quotes at `position`, without them; a backslash makes the next quote part of it.
    private static func quoted(_ view: ByteView, at position: Int) -> Field? {
        guard view[position] == UInt8(ascii: "\"") else { return nil }
        var end = position + 1
        while end < view.count, view[end] != UInt8(ascii: "\"") {
            end += view[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        return end < view.count ? Field(start: position + 1, end: end) : nil
    }

    private static func form(_ view: ByteView, _ field: Field) -> LineRecord.Text.Form {
        view.contains(UInt8(ascii: "\\"), from: field.start, to: field.end) ? .escaped : .plain
    }
}
