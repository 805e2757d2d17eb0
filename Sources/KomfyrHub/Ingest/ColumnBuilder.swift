import Protocol

#if canImport(Glibc)
import Glibc
#endif

/// Collects the logs of one body in columns, all members of a log or none.
///
/// The rules of each member stand in ColumnBuilder+Members.swift.
struct ColumnBuilder {
    let context: BodyDecoder.Context
    /// What is wrong with the whole body, where it is no JSON problem.
    var problem: BodyProblem?
    /// Broken UTF-8 parts that were replaced before.
    var repairs = 0
    /// Whether the body has line breaks outside of strings: they are made blanks in `data`, so that a log always fits
    /// on one line of NDJSON or of an event stream.
    var hasLineBreaks = false

    /// Their text begins with the body's, so that ranges can name what stands there as it is to be kept.
    var columns = LogColumns()
    /// Where in it the cursor's text begins.
    var textStart = 0
    private var groups: [UInt32] = []
    private var positions: [UInt32] = []
    private var refusals: [Refusal] = []
    var table = GroupTable()
    private var position: UInt32 = 0
    /// On replay: the next refused position's index in `context.refusedPositions`.
    private var nextRefused = 0
    var scratch: [UInt8] = []
    private var defaultTags: [UInt8] = []
    /// Where the defaults stand in the text, once a log had none of its own: the others share them.
    private var defaultTagsRange: TextRange?
    private var defaultSourceRange: TextRange?

    init(context: BodyDecoder.Context) {
        self.context = context
        guard !context.defaults.tags.isEmpty else { return }
        defaultTags.append(UInt8(ascii: "["))
        for (index, tag) in context.defaults.tags.enumerated() {
            if index > 0 { defaultTags.append(UInt8(ascii: ",")) }
            JSONText.appendString(tag, to: &defaultTags)
        }
        defaultTags.append(UInt8(ascii: "]"))
    }

    /// Makes room for so many logs.
    mutating func reserve(_ logs: Int) {
        columns.reserve(logs)
        groups.reserveCapacity(logs)
        positions.reserveCapacity(logs)
    }

    /// Whether another log may be appended; when not, `problem` says why.
    var hasRoom: Bool {
        mutating get {
            if position < HubLimits.logsPerBody { return true }
            problem = .tooLarge("a body may have at most \(HubLimits.logsPerBody) logs; send smaller batches")
            return false
        }
    }

    /// The collected body.
    mutating func finish() -> DecodedBody {
        columns.compact()
        return DecodedBody(
            columns: columns,
            groups: groups,
            groupNames: table.names,
            positions: positions,
            positionCount: Int(position),
            refusals: refusals,
            repairs: repairs
        )
    }

    /// Whether these bytes are that text.
    @inline(__always)
    static func equals(_ bytes: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
        guard bytes.count == name.utf8CodeUnitCount, let base = bytes.baseAddress else { return false }
        return memcmp(base, name.utf8Start, bytes.count) == 0
    }

    // MARK: One log

    /// Reads the log that the cursor is at.
    /// - Parameter cursor: behind the log afterwards.
    /// - Throws: when the JSON is broken, which costs the whole body.
    mutating func appendLog(_ cursor: inout JSONCursor) throws(JSONProblem) {
        defer { position += 1 }
        let start = cursor.nextPosition
        if isRefusedOnReplay {
            try skipValue(&cursor, from: start)
            refusals.append(Refusal(index: position, type: "refused", location: [], message: "refused before"))
            return
        }
        let textCount = columns.text.count
        do throws(Fault) {
            try appendChecked(&cursor)
        } catch {
            if columns.text.count > textCount { columns.text.removeLast(columns.text.count - textCount) }
            switch error {
            case .refused(let type, let location, let message):
                refuse(type, location, message)
            case .json(let problem):
                // What is merely too deep is JSON: it costs only its log.
                guard problem.reason == .tooDeep else { throw problem }
                cursor.skipBrackets(from: start)
                refuse("too_deep", [], "the log nests deeper than \(ProtocolLimits.jsonDepth) levels")
            }
        }
    }

    /// Reads a line of NDJSON, which is one log and nothing else.
    mutating func appendLine(_ cursor: inout JSONCursor) {
        let before = position
        do throws(JSONProblem) {
            try appendLog(&cursor)
            // That nothing follows a log that was taken is made sure before it is.
            try cursor.finish()
        } catch {
            position = before
            if refusals.last?.index == position { refusals.removeLast() }
            refuseLine(error)
        }
    }

    /// Refuses a line that is not JSON.
    mutating func refuseLine(_ problem: JSONProblem) {
        refuse("json_invalid", [], "the line is not JSON: \(problem.words)")
        position += 1
    }

    private mutating func refuse(_ type: String, _ location: [String], _ message: String) {
        refusals.append(Refusal(index: position, type: type, location: location, message: message))
    }

    private var isRefusedOnReplay: Bool {
        mutating get {
            guard let refused = context.refusedPositions else { return false }
            while nextRefused < refused.count, refused[nextRefused] < position { nextRefused += 1 }
            return nextRefused < refused.count && refused[nextRefused] == position
        }
    }

    private func skipValue(_ cursor: inout JSONCursor, from start: Int) throws(JSONProblem) {
        do throws(JSONProblem) {
            _ = try cursor.readValue()
        } catch {
            guard error.reason == .tooDeep || context.format == .ndjson else { throw error }
            cursor.skipBrackets(from: start)
        }
    }

    /// Why a log is not taken.
    enum Fault: Error {
        case json(JSONProblem)
        case refused(type: String, location: [String], message: String)
    }

    /// The members of a log as they were met; of a name that stands twice the last counts.
    struct Members {
        var message: JSONValue?
        var level: JSONValue?
        var group: JSONValue?
        var tags: TextRange?
        var data: JSONValue?
        /// The cursor at `data`, to render a message from it.
        var dataCursor: JSONCursor?
        var timestamp: JSONValue?
        var source: JSONValue?
    }

    private mutating func appendChecked(_ cursor: inout JSONCursor) throws(Fault) {
        var members = Members()
        guard cursor.peek == UInt8(ascii: "{") else {
            do throws(JSONProblem) { _ = try cursor.readValue() } catch { throw .json(error) }
            throw .refused(type: "dict_type", location: [], message: "a log is a JSON object")
        }
        var lateFault: Fault?
        do throws(JSONProblem) {
            try cursor.enter(UInt8(ascii: "{"))
            var isFirst = true
            while let key = try cursor.nextKey(isFirst: &isFirst) {
                switch member(cursor, key) {
                case .message: members.message = try cursor.readValue()
                case .level: members.level = try cursor.readValue()
                case .group: members.group = try cursor.readValue()
                case .timestamp: members.timestamp = try cursor.readValue()
                case .source: members.source = try cursor.readValue()
                case .data:
                    members.dataCursor = cursor
                    members.data = try cursor.readValue()
                case .tags:
                    do throws(Fault) {
                        members.tags = try appendTags(&cursor)
                    } catch {
                        if case .json(let problem) = error { throw problem }
                        lateFault = error
                    }
                case nil: _ = try cursor.readValue()
                }
            }
            if context.format == .ndjson { try cursor.finish() }
        } catch {
            throw .json(error)
        }
        if let lateFault { throw lateFault }
        try appendRow(cursor, members)
    }

    private enum Member {
        case message
        case level
        case group
        case tags
        case data
        case timestamp
        case source
    }

    @inline(__always)
    private mutating func member(_ cursor: JSONCursor, _ key: JSONValue) -> Member? {
        guard key.hasEscapes else { return Self.member(cursor.bytes(key)) }
        scratch.removeAll(keepingCapacity: true)
        JSONText.appendUnescaped(cursor.bytes(key), to: &scratch)
        return scratch.withUnsafeBytes { Self.member($0) }
    }

    @inline(__always)
    private static func member(_ name: UnsafeRawBufferPointer) -> Member? {
        switch name.count {
        case 4:
            if equals(name, "data") { return .data }
            return equals(name, "tags") ? .tags : nil
        case 5:
            if equals(name, "level") { return .level }
            return equals(name, "group") ? .group : nil
        case 6: return equals(name, "source") ? .source : nil
        case 7: return equals(name, "message") ? .message : nil
        case 9: return equals(name, "timestamp") ? .timestamp : nil
        default: return nil
        }
    }

    /// Checks the members and appends them to all columns, or to none.
    @inline(__always)
    private mutating func appendRow(_ cursor: JSONCursor, _ members: Members) throws(Fault) {
        let timestamp = try timestamp(cursor, members.timestamp)
        let level = try level(cursor, members.level)
        let data = try appendData(cursor, members.data)
        let message = try appendMessage(cursor, members)
        let ownSource = try appendSource(cursor, members.source)
        // Last of what may refuse the log: the table keeps what it has met, and groups are made of it.
        let group = try group(cursor, members.group)
        let tags = members.tags ?? appendDefaultTags()
        let source = ownSource ?? appendDefaultSource()
        columns.timestamps.append(timestamp)
        columns.levels.append(level.rawValue)
        columns.messages.append(message)
        columns.tags.append(tags)
        columns.data.append(data)
        columns.sources.append(source)
        groups.append(group)
        positions.append(position)
    }

    private mutating func appendDefaultTags() -> TextRange {
        if let defaultTagsRange { return defaultTagsRange }
        let range = append(defaultTags)
        defaultTagsRange = range
        return range
    }

    private mutating func appendDefaultSource() -> TextRange {
        if let defaultSourceRange { return defaultSourceRange }
        let range = context.defaults.source.map { append(Array($0.utf8)) } ?? .none
        defaultSourceRange = range
        return range
    }

    // MARK: Bytes

    /// The range of a value where it stands in the body.
    @inline(__always)
    func range(of value: JSONValue) -> TextRange { range(from: value.start, to: value.end) }

    /// The range of what the cursor's text has from one offset to another.
    @inline(__always)
    func range(from start: Int, to end: Int) -> TextRange {
        TextRange(
            offset: UInt32(truncatingIfNeeded: textStart + start),
            length: UInt32(truncatingIfNeeded: end - start)
        )
    }

    /// The text of a string, or the bytes of another value; valid until the next call.
    @inline(__always)
    mutating func unescaped(_ cursor: JSONCursor, _ value: JSONValue) -> UnsafeRawBufferPointer {
        guard value.hasEscapes else { return cursor.bytes(value) }
        scratch.removeAll(keepingCapacity: true)
        JSONText.appendUnescaped(cursor.bytes(value), to: &scratch)
        // An array keeps its storage until it is changed, and `scratch` is not touched while the caller looks at it: it
        // appends to columns, not here.
        return scratch.withUnsafeBytes { $0 }
    }

    mutating func append(_ bytes: some Collection<UInt8>) -> TextRange {
        let start = columns.text.count
        columns.text.append(contentsOf: bytes)
        return range(from: start)
    }

    func range(from start: Int) -> TextRange {
        TextRange(
            offset: UInt32(truncatingIfNeeded: start),
            length: UInt32(truncatingIfNeeded: columns.text.count - start)
        )
    }
}
