import Protocol

/// Writes what was found in lines as the hub takes it.
///
/// ```
///  {"message":"…","level":"warning","group":"app:web","tags":["site"],"data":{"status":404},"timestamp":"…","source":"…"}
///                └ head: kept for each level when the group is always the same ┘
/// ```
///
/// Members of the parser's own have names that never repeat; of those that a line names itself the second `a` becomes
/// `a_2`, as in JSON. One writer serves one input on one thread.
struct LineRecordWriter: ~Copyable {
    /// Lines whose bytes were not UTF-8 and were repaired.
    private(set) var repaired: UInt64 = 0
    /// Logs put into `…:other`.
    var folded: UInt64 { groups.folded }
    /// The groups that the input has made.
    var groupNames: Set<[UInt8]> { groups.known }

    private let settings: RecordWriter.Settings
    /// The parser's own names as JSON, with their colons.
    private let knownNames: [[UInt8]]
    private let source: [UInt8]
    /// The value of `{file}`.
    private let file: [UInt8]
    private var groups: GroupNames
    private var time = TimeText()
    private var names = MemberNames()
    private var text: [UInt8] = []
    /// By level and flags; empty ones are not made yet, and none is kept when the group may change.
    private var heads: [[UInt8]]

    /// How a line is marked.
    struct Flags: OptionSet {
        let rawValue: Int
        static let unparsed = Flags(rawValue: 1)
        static let truncated = Flags(rawValue: 2)
    }

    init(_ settings: RecordWriter.Settings, knownNames: [String]) {
        self.settings = settings
        self.knownNames = knownNames.map { name in
            var bytes: [UInt8] = []
            JSONText.appendString(name, to: &bytes)
            return bytes + [.colon]
        }
        source = PlainText.cut(Array(settings.source.utf8), to: ProtocolLimits.sourceBytes)
        file = Array(settings.file.utf8)
        groups = GroupNames(settings.group, maxGroups: settings.maxGroups, known: settings.knownGroups)
        heads = Array(repeating: [], count: Level.allCases.count * 4)
    }

    /// Appends the record of a line.
    /// - Returns: false, and nothing appended, when the hub would refuse it: without a message and data, or with more
    ///   data than a log may have.
    mutating func append(
        _ record: LineRecord,
        of view: ByteView,
        arrival: Int64,
        flags: Flags = [],
        to output: inout [UInt8]
    ) -> Bool {
        let start = output.count
        output.append(contentsOf: Self.messageStart)
        let messageStart = output.count
        var repairs = appendMessage(record.message, of: view, to: &output)
        let hasMessage = output.count > messageStart
        if hasMessage {
            output.append(contentsOf: Self.messageEnd)
        } else {
            output.removeSubrange((start + 1)...)
        }
        let isFolded = appendHead(record, of: view, flags, to: &output)
        let dataStart = output.count
        repairs += appendMembers(record.members, of: view, to: &output)
        let dataBytes = output.count - dataStart + 2
        guard dataBytes <= ProtocolLimits.dataBytes, hasMessage || dataBytes > 2 else {
            output.removeSubrange(start...)
            return false
        }
        output.append(contentsOf: Self.timestampStart)
        time.append(record.timestamp ?? arrival, to: &output)
        appendTail(record.source, of: view, to: &output)
        if repairs > 0 { repaired += 1 }
        if isFolded { groups.countFolded() }
        return true
    }

    /// Counts a line that was repaired before it was read.
    mutating func countRepaired() { repaired += 1 }

    private static let messageStart = Array("{\"message\":\"".utf8)
    private static let messageEnd = Array("\",".utf8)
    private static let timestampStart = Array("},\"timestamp\":\"".utf8)
}

// MARK: - Around the members

extension LineRecordWriter {
    /// Level, group, tags, and `data` up to its brace.
    /// - Returns: whether the group is the shared `…:other`.
    private mutating func appendHead(
        _ record: LineRecord,
        of view: ByteView,
        _ flags: Flags,
        to output: inout [UInt8]
    ) -> Bool {
        guard settings.group.isConstant else {
            return appendNewHead(record, of: view, flags, to: &output)
        }
        let slot = Int(record.level.rawValue) * 4 + flags.rawValue
        if heads[slot].isEmpty {
            var head: [UInt8] = []
            _ = appendNewHead(record, of: view, flags, to: &head)
            heads[slot] = head
        }
        output.append(contentsOf: heads[slot])
        return false
    }

    private mutating func appendNewHead(
        _ record: LineRecord,
        of view: ByteView,
        _ flags: Flags,
        to output: inout [UInt8]
    ) -> Bool {
        output.append(contentsOf: "\"level\":\"".utf8)
        let level = settings.levels?[record.level] ?? record.level
        output.append(contentsOf: PlainText.bytes(level.name))
        output.append(contentsOf: "\",\"group\":".utf8)
        let isFolded = appendGroup(record, of: view, to: &output)
        var tags = settings.tags
        if flags.contains(.unparsed) { tags.append("unparsed") }
        if flags.contains(.truncated) { tags.append("truncated") }
        for (index, tag) in tags.enumerated() {
            output.append(contentsOf: (index == 0 ? ",\"tags\":[" : ",").utf8)
            JSONText.appendString(tag, to: &output)
        }
        if !tags.isEmpty { output.append(UInt8(ascii: "]")) }
        output.append(contentsOf: ",\"data\":{".utf8)
        return isFolded
    }

    private mutating func appendGroup(_ record: LineRecord, of view: ByteView, to output: inout [UInt8]) -> Bool {
        guard !settings.group.isEmpty else {
            output.append(contentsOf: "null".utf8)
            return false
        }
        return source.withUnsafeBytes { own in
            file.withUnsafeBytes { file in
                let source = record.source.isEmpty ? own : view[record.source]
                var values = GroupValues()
                values.hostname = source
                values.source = source
                values.app = view[record.app]
                values.severity = PlainText.bytes(record.level.name)
                values.file = file
                return groups.withName(values) { _ = JSONText.appendString($0, to: &output) }
            }
        }
    }

    /// Behind the timestamp's text.
    private func appendTail(_ field: Field, of view: ByteView, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        if !field.isEmpty || !source.isEmpty {
            output.append(contentsOf: ",\"source\":".utf8)
            if field.isEmpty {
                source.withUnsafeBytes { _ = JSONText.appendString($0, to: &output) }
            } else {
                var repaired: [UInt8] = []
                JSONText.appendRepaired(view[field], to: &repaired)
                PlainText.cut(repaired, to: ProtocolLimits.sourceBytes)
                    .withUnsafeBytes { _ = JSONText.appendString($0, to: &output) }
            }
        }
        output.append(contentsOf: "}\n".utf8)
    }
}

// MARK: - Message and members

extension LineRecordWriter {
    /// - Returns: how many replacements were made.
    private mutating func appendMessage(
        _ message: LineRecord.Message,
        of view: ByteView,
        to output: inout [UInt8]
    ) -> Int {
        switch message {
        case .wholeLine: return JSONText.appendEscaped(view.base, to: &output)
        case .text(let text): return appendText(text, of: view, to: &output)
        case .joined(let first, let second, let third):
            var repairs = 0
            for (index, text) in [first, second, third].enumerated() where index == 0 || !text.field.isEmpty {
                if index > 0 { output.append(.space) }
                // A request that is not there, as web servers show it.
                if text.form == .flag { output.append(UInt8(ascii: "-")) }
                repairs += appendText(text, of: view, to: &output)
            }
            return repairs
        }
    }

    private mutating func appendMembers(
        _ members: [LineRecord.Member],
        of view: ByteView,
        to output: inout [UInt8]
    ) -> Int {
        names.reset()
        var repairs = 0
        for (index, member) in members.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            if member.name.isEmpty {
                output.append(contentsOf: knownNames[member.known])
            } else {
                repairs += appendName(view[member.name], to: &output)
            }
            repairs += appendValue(member.value, of: view, to: &output)
        }
        return repairs
    }

    private mutating func appendName(_ name: UnsafeRawBufferPointer, to output: inout [UInt8]) -> Int {
        output.append(UInt8(ascii: "\""))
        let start = output.count
        let repairs = JSONText.appendEscaped(name, to: &output)
        let number = output.withUnsafeBytes { names.take(UnsafeRawBufferPointer(rebasing: $0[start...])) }
        if number > 1 { output.append(contentsOf: "_\(number)".utf8) }
        output.append(UInt8(ascii: "\""))
        output.append(.colon)
        return repairs
    }

    private mutating func appendValue(
        _ value: LineRecord.Text,
        of view: ByteView,
        to output: inout [UInt8]
    ) -> Int {
        let bytes = view[value.field]
        let isLiteral =
            value.form == .word
            && (PlainText.equal(bytes, PlainText.bytes("true")) || PlainText.equal(bytes, PlainText.bytes("false")))
        if value.form == .flag {
            output.append(contentsOf: "true".utf8)
        } else if isLiteral || PayloadName.isNumber(bytes) {
            output.append(contentsOf: bytes)
        } else {
            output.append(UInt8(ascii: "\""))
            let repairs = appendText(value, of: view, to: &output)
            output.append(UInt8(ascii: "\""))
            return repairs
        }
        return 0
    }

    private mutating func appendText(_ value: LineRecord.Text, of view: ByteView, to output: inout [UInt8]) -> Int {
        guard value.form == .escaped else { return JSONText.appendEscaped(view[value.field], to: &output) }
        text.removeAll(keepingCapacity: true)
        BackslashText.append(view[value.field], to: &text)
        return text.withUnsafeBytes { JSONText.appendEscaped($0, to: &output) }
    }
}
