import Protocol

/// One JSON object taken apart: the members that are a log's own, and the others, which become its `data`.
///
/// | own member | other names for it | taken when |
/// |---|---|---|
/// | `message` | `msg` (slog, pino, zerolog, logrus) | text; a number, true or false is written as text |
/// | `level` | `severity` (Google Cloud, syslog), `lvl` | a level's name or alias, or a syslog number 0 to 7 |
/// | `timestamp` | `time` (pino, slog, zerolog), `ts` (zap), `@timestamp` (Elastic) | RFC 3339 or a number since 1970 |
/// | `source` | `host` (GELF), `hostname` (pino, bunyan) | text of at most 255 bytes |
/// | `group` | | a group's name |
/// | `tags` | | texts of at most 128 bytes, one or many, 64 in all |
/// | `data` | | an object: its members are members of `data` |
///
/// The name itself goes before the others, which must also make sense: a `time` more than 24 h from arrival, for
/// example, is a device's own counter. What is not taken is a member of `data` under its own name, so are `id` and
/// `received_at`, and nothing is lost. `null` says that an own member is not there.
struct JSONRecord {
    /// A member of `data`.
    struct Member {
        var name: JSONValue
        var value: JSONValue
    }

    /// An own member: which name it had, and its value.
    struct Own {
        var name: JSONValue
        var value: JSONValue
        /// 0 for the name itself, then the others in their order.
        var rank: Int
    }

    var message: Own?
    var level: Own?
    var timestamp: Own?
    var source: Own?
    var group: Own?
    var tags: Own?
    /// The shared secret, never part of the log.
    var token: JSONValue?
    /// What else there is; the storage is kept from one record to the next.
    var members: [Member] = []

    /// Forgets the last record.
    mutating func reset() {
        message = nil
        level = nil
        timestamp = nil
        source = nil
        group = nil
        tags = nil
        token = nil
        members.removeAll(keepingCapacity: true)
    }

    /// Reads the object that the cursor is at.
    /// - Parameters:
    ///   - cursor: at the object's `{`; nothing may follow the object.
    ///   - takesToken: whether `token` is the shared secret, and not data.
    /// - Throws: what makes it no JSON object.
    mutating func read(_ cursor: inout JSONCursor, takesToken: Bool) throws(JSONProblem) {
        try cursor.enter(UInt8(ascii: "{"))
        var isFirst = true
        while let name = try cursor.nextKey(isFirst: &isFirst) {
            let bytes = cursor.bytes(name)
            if cursor.peek == UInt8(ascii: "{"), PlainText.equal(bytes, PlainText.bytes("data")) {
                try readData(&cursor)
                continue
            }
            let value = try cursor.readValue()
            if takesToken, token == nil, PlainText.equal(bytes, PlainText.bytes("token")) {
                token = value
            } else {
                take(name, value, bytes)
            }
        }
        try cursor.finish()
    }

    private mutating func readData(_ cursor: inout JSONCursor) throws(JSONProblem) {
        try cursor.enter(UInt8(ascii: "{"))
        var isFirst = true
        while let name = try cursor.nextKey(isFirst: &isFirst) {
            members.append(Member(name: name, value: try cursor.readValue()))
        }
    }

    private mutating func take(_ name: JSONValue, _ value: JSONValue, _ bytes: UnsafeRawBufferPointer) {
        switch OwnName(bytes) {
        case nil: members.append(Member(name: name, value: value))
        case .data?:
            if value.kind != .null { members.append(Member(name: name, value: value)) }
        case .message(let rank)?: Self.keep(Own(name: name, value: value, rank: rank), as: &message, orIn: &members)
        case .level(let rank)?: Self.keep(Own(name: name, value: value, rank: rank), as: &level, orIn: &members)
        case .timestamp(let rank)?: Self.keep(Own(name: name, value: value, rank: rank), as: &timestamp, orIn: &members)
        case .source(let rank)?: Self.keep(Own(name: name, value: value, rank: rank), as: &source, orIn: &members)
        case .group?: Self.keep(Own(name: name, value: value, rank: 0), as: &group, orIn: &members)
        case .tags?: Self.keep(Own(name: name, value: value, rank: 0), as: &tags, orIn: &members)
        }
    }

    /// Of two with one meaning the one of lower rank stays, the other becomes data.
    private static func keep(_ own: Own, as place: inout Own?, orIn members: inout [Member]) {
        if own.value.kind == .null && own.rank == 0 { return }
        guard let before = place else {
            place = own
            return
        }
        let isBetter = own.rank < before.rank
        if isBetter { place = own }
        let other = isBetter ? before : own
        members.append(Member(name: other.name, value: other.value))
    }
}

/// The names that are a log's own.
private enum OwnName {
    case message(Int)
    case level(Int)
    case timestamp(Int)
    case source(Int)
    case group
    case tags
    case data

    @inline(__always)
    init?(_ name: UnsafeRawBufferPointer) {
        func isName(_ text: StaticString) -> Bool { PlainText.equal(name, PlainText.bytes(text)) }
        switch name.count {
        case 2:
            guard isName("ts") else { return nil }
            self = .timestamp(2)
        case 3:
            if isName("msg") { self = .message(1) } else if isName("lvl") { self = .level(2) } else { return nil }
        case 4:
            if isName("time") {
                self = .timestamp(1)
            } else if isName("tags") {
                self = .tags
            } else if isName("data") {
                self = .data
            } else if isName("host") {
                self = .source(1)
            } else {
                return nil
            }
        case 5:
            if isName("level") { self = .level(0) } else if isName("group") { self = .group } else { return nil }
        case 6:
            guard isName("source") else { return nil }
            self = .source(0)
        case 7:
            guard isName("message") else { return nil }
            self = .message(0)
        case 8:
            if isName("severity") {
                self = .level(1)
            } else if isName("hostname") {
                self = .source(2)
            } else {
                return nil
            }
        case 9:
            guard isName("timestamp") else { return nil }
            self = .timestamp(0)
        case 10:
            guard isName("@timestamp") else { return nil }
            self = .timestamp(3)
        default: return nil
        }
    }
}
