import EventLoop
import Protocol

/// Turns one JSON object, as a microcontroller sends it, into a log's line.
///
/// A bare `{"temperature": 21.5}` is a complete log: see `JSONRecord` for which members mean what. Values are kept as
/// sent, so numbers keep every digit. What is no JSON object is kept whole as the message, tagged `unparsed`.
///
/// Names within `data` are made unique: the second `a` becomes `a_2`, so nothing is lost, and series stay apart.
///
/// With a `token` each object must carry it in its member `token`; it is compared in constant time and left out.
/// Serves one input on one thread.
struct JSONDatagramReader: ~Copyable {
    /// What became of an object.
    enum Outcome: Equatable {
        case parsed
        /// Kept whole.
        case unparsed
        /// Not kept: the token was missing or wrong.
        case wrongToken
        /// Not kept: the hub takes no data of that size, and as text it would show its token.
        case tooLarge
        /// Not kept: there was nothing in it.
        case empty
    }

    /// Objects whose bytes were not UTF-8 and were repaired.
    private(set) var repaired: UInt64 = 0
    /// Logs put into `…:other`.
    var folded: UInt64 { groups.folded + writer.folded }
    /// The groups that the input has made.
    var groupNames: Set<[UInt8]> { groups.known.union(writer.groupNames) }

    private let settings: RecordWriter.Settings
    private let token: [UInt8]?
    private var scanner = JSONScanner()
    private var record = JSONRecord()
    private var groups: GroupNames
    /// Writes what is no JSON.
    private var writer: RecordWriter
    private var time = TimeText()
    private var names = MemberNames()
    private var repairedBytes: [UInt8] = []
    private var data: [UInt8] = []
    /// For the members that the group's template names.
    private var memberScanner = JSONScanner()
    private var text: [UInt8] = []

    /// A reader for one input.
    /// - Parameters:
    ///   - settings: what all its logs share.
    ///   - token: the shared secret; nil when none is asked for.
    init(_ settings: RecordWriter.Settings, token: String?) {
        self.settings = settings
        self.token = token.map { Array($0.utf8) }
        groups = GroupNames(settings.group, maxGroups: settings.maxGroups, known: settings.knownGroups)
        writer = RecordWriter(settings)
    }

    /// Appends the log's line; nothing for `wrongToken`, `tooLarge` and `empty`.
    mutating func append(
        _ bytes: UnsafeRawBufferPointer,
        from origin: RecordWriter.Origin,
        to output: inout [UInt8]
    ) -> Outcome {
        let bytes = Self.trimmed(bytes)
        guard !bytes.isEmpty else { return .empty }
        do throws(JSONProblem) {
            return try appendObject(bytes, bytes, from: origin, to: &output)
        } catch {
            guard error.reason == .notUTF8 else { return appendUnparsed(bytes, from: origin, to: &output) }
        }
        repairedBytes.removeAll(keepingCapacity: true)
        JSONText.appendRepaired(bytes, to: &repairedBytes)
        let copy = repairedBytes
        return copy.withUnsafeBytes { mended in
            do throws(JSONProblem) {
                let outcome = try appendObject(mended, bytes, from: origin, to: &output)
                if outcome == .parsed { repaired += 1 }
                return outcome
            } catch {
                return appendUnparsed(bytes, from: origin, to: &output)
            }
        }
    }

    private mutating func appendUnparsed(
        _ bytes: UnsafeRawBufferPointer,
        from origin: RecordWriter.Origin,
        to output: inout [UInt8]
    ) -> Outcome {
        guard token == nil else { return .wrongToken }
        var message = SyslogMessage()
        message.message = Field(start: 0, end: bytes.count)
        writer.append(message, of: bytes, from: origin, to: &output)
        return .unparsed
    }

    /// Without blanks, line ends and NUL around it.
    private static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var start = 0
        var end = bytes.count
        func isBlank(_ byte: UInt8) -> Bool {
            byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 || byte == 0
        }
        while end > start && isBlank(bytes[end - 1]) { end -= 1 }
        while start < end && isBlank(bytes[start]) { start += 1 }
        if end - start >= 3 && bytes[start] == 0xEF && bytes[start + 1] == 0xBB && bytes[start + 2] == 0xBF {
            start += 3
        }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }
}

// MARK: - One object

extension JSONDatagramReader {
    /// Reads `bytes`, which are `original`, maybe repaired.
    private mutating func appendObject(
        _ bytes: UnsafeRawBufferPointer,
        _ original: UnsafeRawBufferPointer,
        from origin: RecordWriter.Origin,
        to output: inout [UInt8]
    ) throws(JSONProblem) -> Outcome {
        var cursor = try scanner.indexCopy(of: bytes)
        record.reset()
        try record.read(&cursor, takesToken: token != nil)
        guard isTokenRight(cursor) else { return .wrongToken }

        let sentLevel = takeLevel(cursor)
        let level = settings.levels?[sentLevel] ?? sentLevel
        let timestamp = takeTimestamp(cursor, arrival: origin.arrival)
        let (source, isOwnSource) = takeSource(cursor, origin)
        let hasGroup = takeGroup(cursor)
        let hasTags = takeTags(cursor)
        let message = takeMessage()
        writeData(cursor, deviceTime: timestamp.device)
        let hasMessage = message.map { $0.end > $0.start } ?? false
        // The hub refuses a log without message and data, and data above its limit: such an object is text.
        guard hasMessage || data.count > 2, data.count <= ProtocolLimits.dataBytes else {
            if token == nil { return appendUnparsed(original, from: origin, to: &output) }
            return data.count > 2 ? .tooLarge : .empty
        }
        write(
            cursor,
            message: hasMessage ? message : nil,
            level: level,
            source: source,
            isOwnSource: isOwnSource,
            hasGroup: hasGroup,
            tags: hasTags ? record.tags?.value : nil,
            timestamp: timestamp.nanoseconds,
            to: &output
        )
        return .parsed
    }

    private mutating func write(
        _ cursor: JSONCursor,
        message: JSONValue?,
        level: Level,
        source: [UInt8],
        isOwnSource: Bool,
        hasGroup: Bool,
        tags: JSONValue?,
        timestamp: Int64,
        to output: inout [UInt8]
    ) {
        output.append(UInt8(ascii: "{"))
        var members = MemberWriter(hasMembers: false)
        if let message {
            members.appendName("message", to: &output)
            output.append(UInt8(ascii: "\""))
            output.append(contentsOf: cursor.bytes(message))
            output.append(UInt8(ascii: "\""))
        }
        members.append("level", PlainText.bytes(level.name), to: &output)
        if hasGroup || !settings.group.isEmpty {
            members.appendName("group", to: &output)
            writeGroup(cursor, source: source, isOwnSource: isOwnSource, isGiven: hasGroup, to: &output)
        }
        writeTags(cursor, tags, &members, to: &output)
        if data.count > 2 {
            members.appendName("data", to: &output)
            output.append(contentsOf: data)
        }
        members.appendName("timestamp", to: &output)
        output.append(UInt8(ascii: "\""))
        time.append(timestamp, to: &output)
        output.append(UInt8(ascii: "\""))
        source.withUnsafeBytes { members.append("source", $0, to: &output) }
        output.append(contentsOf: [UInt8(ascii: "}"), .lineFeed])
    }

    private mutating func writeGroup(
        _ cursor: JSONCursor,
        source: [UInt8],
        isOwnSource: Bool,
        isGiven: Bool,
        to output: inout [UInt8]
    ) {
        var isFolded = false
        if isGiven {
            let name = text
            isFolded = name.withUnsafeBytes { name in
                groups.withName(given: name) { _ = JSONText.appendString($0, to: &output) } ?? false
            }
        } else {
            let file = Array(settings.file.utf8)
            let members = settings.group.members.isEmpty ? [] : findMembers()
            isFolded = source.withUnsafeBytes { source in
                file.withUnsafeBytes { file in
                    var values = GroupValues()
                    values.source = source
                    if isOwnSource { values.hostname = source }
                    values.file = file
                    values.members = members
                    if settings.group.uses(.app), let app = record.members.first(where: { isApp($0, cursor) }) {
                        values.app = cursor.bytes(app.value)
                    }
                    return groups.withName(values) { _ = JSONText.appendString($0, to: &output) }
                }
            }
        }
        if isFolded { groups.countFolded() }
    }

    /// The values of the template's members of `data`, as text; empty where there is none.
    private mutating func findMembers() -> [[UInt8]] {
        var values = [[UInt8]](repeating: [], count: settings.group.members.count)
        let finder = MemberFinder(
            wanted: settings.group.members.enumerated().map { MemberFinder.Wanted(path: $1, slot: $0) }
        )
        let written = data
        written.withUnsafeBytes { bytes in
            do throws(JSONProblem) {
                var cursor = try memberScanner.indexCopy(of: bytes)
                let start = cursor
                try finder.find(&cursor) { slot, value in
                    if values[slot].isEmpty, value.kind != .null {
                        JSONText.appendUnescaped(start.bytes(value), to: &values[slot])
                    }
                }
            } catch {
                // What was found before stays; `data` is JSON, as it was written here.
            }
        }
        return values
    }

    private func isApp(_ member: JSONRecord.Member, _ cursor: JSONCursor) -> Bool {
        member.value.kind == .string && !member.value.hasEscapes
            && PlainText.equal(cursor.bytes(member.name), PlainText.bytes("app"))
    }

    private func writeTags(
        _ cursor: JSONCursor,
        _ tags: JSONValue?,
        _ members: inout MemberWriter,
        to output: inout [UInt8]
    ) {
        guard !settings.tags.isEmpty || tags != nil else { return }
        members.appendName("tags", to: &output)
        output.append(UInt8(ascii: "["))
        for (index, tag) in settings.tags.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            JSONText.appendString(tag, to: &output)
        }
        if let tags {
            let sent = cursor.bytes(tags)
            let inner = tags.kind == .array ? UnsafeRawBufferPointer(rebasing: sent[1..<(sent.count - 1)]) : sent
            let hasOwn = tags.kind == .string || inner.contains(UInt8(ascii: "\""))
            if hasOwn && !settings.tags.isEmpty { output.append(UInt8(ascii: ",")) }
            if tags.kind == .string { output.append(UInt8(ascii: "\"")) }
            for byte in inner where byte != .lineFeed && byte != .carriageReturn { output.append(byte) }
            if tags.kind == .string { output.append(UInt8(ascii: "\"")) }
        }
        output.append(UInt8(ascii: "]"))
    }

    /// Writes `record.members` into `data`, each name once.
    private mutating func writeData(_ cursor: JSONCursor, deviceTime: JSONRecord.Own?) {
        data.removeAll(keepingCapacity: true)
        data.append(UInt8(ascii: "{"))
        names.reset()
        for member in record.members { writeMember(cursor, cursor.bytes(member.name), member) }
        if let deviceTime {
            let member = JSONRecord.Member(name: deviceTime.name, value: deviceTime.value)
            writeMember(cursor, PlainText.bytes("device_time"), member)
        }
        data.append(UInt8(ascii: "}"))
    }

    private mutating func writeMember(
        _ cursor: JSONCursor,
        _ name: UnsafeRawBufferPointer,
        _ member: JSONRecord.Member
    ) {
        if data.count > 1 { data.append(UInt8(ascii: ",")) }
        data.append(UInt8(ascii: "\""))
        data.append(contentsOf: name)
        let number = names.take(name)
        if number > 1 { data.append(contentsOf: "_\(number)".utf8) }
        data.append(contentsOf: [UInt8(ascii: "\""), .colon])
        let isString = member.value.kind == .string
        if isString { data.append(UInt8(ascii: "\"")) }
        // Line ends between the parts of a value would end the record; within a string there are none.
        let value = cursor.bytes(member.value)
        if member.value.kind == .object || member.value.kind == .array {
            for byte in value where byte != .lineFeed && byte != .carriageReturn { data.append(byte) }
        } else {
            data.append(contentsOf: value)
        }
        if isString { data.append(UInt8(ascii: "\"")) }
    }
}

// MARK: - A log's own members

extension JSONDatagramReader {
    private func isTokenRight(_ cursor: JSONCursor) -> Bool {
        guard let token else { return true }
        guard let sent = record.token, sent.kind == .string else { return false }
        var text: [UInt8] = []
        JSONText.appendUnescaped(cursor.bytes(sent), to: &text)
        return text.withUnsafeBytes { sent in
            token.withUnsafeBytes { PlainText.equalInConstantTime(sent, $0) }
        }
    }

    private mutating func giveBack(_ own: JSONRecord.Own) {
        record.members.append(JSONRecord.Member(name: own.name, value: own.value))
    }

    private mutating func takeMessage() -> JSONValue? {
        guard let own = record.message else { return nil }
        switch own.value.kind {
        case .string, .number, .true, .false: return own.value
        default:
            giveBack(own)
            return nil
        }
    }

    private mutating func takeLevel(_ cursor: JSONCursor) -> Level {
        guard let own = record.level else { return .info }
        if own.value.kind == .string || own.value.kind == .number, !own.value.hasEscapes,
            let level = Level(name: cursor.bytes(own.value))
        {
            return level
        }
        giveBack(own)
        return .info
    }

    /// The time, and the member to keep as `device_time` when it was not used.
    private mutating func takeTimestamp(
        _ cursor: JSONCursor,
        arrival: Int64
    ) -> (nanoseconds: Int64, device: JSONRecord.Own?) {
        guard let own = record.timestamp else { return (arrival, nil) }
        let bytes = cursor.bytes(own.value)
        let read: Int64? =
            switch own.value.kind {
            case .string: Timestamp.parse(bytes) ?? Timestamp.parseNumber(bytes)
            case .number: Timestamp.parseNumber(bytes)
            default: nil
            }
        if let read {
            let isFar = (read &- arrival).magnitude > RecordWriter.farNanoseconds
            if !isFar || !settings.replacesFarTimes { return (read, nil) }
        }
        if own.rank == 0 { return (arrival, own) }
        giveBack(own)
        return (arrival, nil)
    }

    /// The source, and whether the record names it.
    private mutating func takeSource(_ cursor: JSONCursor, _ origin: RecordWriter.Origin) -> ([UInt8], isOwn: Bool) {
        var source: [UInt8] = []
        if let own = record.source {
            if own.value.kind == .string, own.value.end - own.value.start <= ProtocolLimits.sourceBytes {
                JSONText.appendUnescaped(cursor.bytes(own.value), to: &source)
                if !source.isEmpty { return (source, true) }
            } else {
                giveBack(own)
            }
        }
        if let peer = origin.peer, !peer.isUnix {
            peer.appendAddress(to: &source)
        } else {
            source = PlainText.cut(Array(settings.source.utf8), to: ProtocolLimits.sourceBytes)
        }
        return (source, false)
    }

    /// Whether the record names its group; it is in `text` then.
    private mutating func takeGroup(_ cursor: JSONCursor) -> Bool {
        text.removeAll(keepingCapacity: true)
        guard let own = record.group else { return false }
        if own.value.kind == .string, own.value.end - own.value.start <= 6 * ProtocolLimits.groupBytes {
            JSONText.appendUnescaped(cursor.bytes(own.value), to: &text)
            if text.withUnsafeBytes(GroupNames.isName) { return true }
        }
        giveBack(own)
        return false
    }

    /// Whether the record's tags can be used as they are.
    private mutating func takeTags(_ cursor: JSONCursor) -> Bool {
        guard let own = record.tags else { return false }
        if areTags(cursor.bytes(own.value), own.value) { return true }
        giveBack(own)
        return false
    }

    private func areTags(_ bytes: UnsafeRawBufferPointer, _ value: JSONValue) -> Bool {
        let room = ProtocolLimits.tags - settings.tags.count
        if value.kind == .string { return room >= 1 && (1...ProtocolLimits.tagBytes).contains(bytes.count) }
        guard value.kind == .array else { return false }
        // A well-formed array of strings: strings, commas, blanks.
        var count = 0
        var index = 1
        while index < bytes.count - 1 {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\"") {
                let start = index
                while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
                    index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
                }
                guard (1...ProtocolLimits.tagBytes).contains(index - start) else { return false }
                count += 1
                index += 1
            } else if byte > 0x20 && byte != UInt8(ascii: ",") {
                return false
            }
        }
        return count <= room
    }
}
