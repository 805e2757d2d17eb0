import Protocol

#if canImport(Glibc)
import Glibc
#endif

/// The rules of a log, member by member: what is taken, what is refused and in which words.
extension ColumnBuilder {
    var isReplay: Bool { context.refusedPositions != nil }

    mutating func timestamp(_ cursor: JSONCursor, _ value: JSONValue?) throws(Fault) -> Int64 {
        guard let value, value.kind != .null else { return context.arrival }
        let bytes = unescaped(cursor, value)
        let parsed: Int64? =
            switch value.kind {
            case .string: Timestamp.parse(bytes) ?? Timestamp.parseNumber(bytes)
            case .number: Timestamp.parseNumber(bytes)
            default: nil
            }
        guard let parsed else {
            throw .refused(
                type: "datetime_parsing",
                location: ["timestamp"],
                message:
                    "not a time: send RFC 3339 (2026-11-23T05:23:52Z) or seconds, milliseconds or nanoseconds since 1970"
            )
        }
        guard !isReplay, !context.window.contains(parsed) else { return parsed }
        if parsed < context.window.lowerBound {
            throw .refused(
                type: "too_old",
                location: ["timestamp"],
                message:
                    "older than the retention: logs before \(Timestamp.text(context.window.lowerBound)) are gone already"
            )
        }
        throw .refused(
            type: "too_new",
            location: ["timestamp"],
            message: "more than a day in the future: check the sender's clock"
        )
    }

    mutating func level(_ cursor: JSONCursor, _ value: JSONValue?) throws(Fault) -> Level {
        guard let value, value.kind != .null else { return context.defaults.level }
        if value.kind == .string || value.kind == .number {
            let name = unescaped(cursor, value)
            // As nearly all senders write them.
            switch name.count {
            case 4 where Self.equals(name, "info"): return .info
            case 5 where Self.equals(name, "error"): return .error
            case 5 where Self.equals(name, "debug"): return .debug
            case 7 where Self.equals(name, "warning"): return .warning
            default: if let level = Level(name: name) { return level }
            }
        }
        throw .refused(
            type: "enum",
            location: ["level"],
            message: "the level must be debug, info, warning, error or critical"
        )
    }

    mutating func group(_ cursor: JSONCursor, _ value: JSONValue?) throws(Fault) -> UInt32 {
        guard let value, value.kind != .null, value.kind != .string || value.end > value.start else {
            guard let name = context.defaults.group else { return table.indexOfNull() }
            scratch.removeAll(keepingCapacity: true)
            scratch.append(contentsOf: name.utf8)
            // As in `unescaped`: nothing touches `scratch` while the table looks at it.
            return try groupIndex(scratch.withUnsafeBytes { $0 }, isChecked: !isReplay)
        }
        guard value.kind == .string else {
            throw .refused(type: "string_type", location: ["group"], message: "the group must be a string or null")
        }
        return try groupIndex(unescaped(cursor, value), isChecked: !isReplay)
    }

    mutating func groupIndex(_ name: UnsafeRawBufferPointer, isChecked: Bool) throws(Fault) -> UInt32 {
        do throws(GroupName.Problem) {
            return try table.index(of: name, isChecked: isChecked)
        } catch {
            let words =
                switch error {
                case .empty: "the group is empty"
                case .tooLong: "the group is longer than \(ProtocolLimits.groupBytes) bytes"
                case .emptyPart: "the group has an empty part; parts are joined by one ':'"
                case .badCharacter(let offset): "the group has '*' or a control character at byte \(offset)"
                }
            throw .refused(type: "group_name", location: ["group"], message: words)
        }
    }

    mutating func appendData(_ cursor: JSONCursor, _ value: JSONValue?) throws(Fault) -> TextRange {
        guard let value, value.kind != .null else { return .none }
        guard value.kind == .object else {
            throw .refused(type: "dict_type", location: ["data"], message: "data must be a JSON object or null")
        }
        let bytes = cursor.bytes(value)
        guard isReplay || bytes.count <= ProtocolLimits.dataBytes else {
            throw .refused(
                type: "too_long",
                location: ["data"],
                message: "data is larger than \(ProtocolLimits.dataBytes >> 10) KiB"
            )
        }
        guard hasLineBreaks, Self.hasLineBreak(bytes) else { return range(of: value) }
        let range = append(bytes)
        // Outside of strings alone: within them line breaks are not JSON.
        columns.text.withUnsafeMutableBytes { text in
            for index in Int(range.offset)..<text.count where text[index] == 0x0A || text[index] == 0x0D {
                text[index] = 0x20
            }
        }
        return range
    }

    private static func hasLineBreak(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return false }
        return memchr(base, 0x0A, bytes.count) != nil || memchr(base, 0x0D, bytes.count) != nil
    }

    @inline(__always)
    mutating func appendMessage(_ cursor: JSONCursor, _ members: borrowing Members) throws(Fault) -> TextRange {
        if let value = members.message, value.kind != .null {
            guard value.kind == .string else {
                throw .refused(type: "string_type", location: ["message"], message: "the message must be a string")
            }
            if value.end > value.start {
                guard value.hasEscapes else { return try checkedMessage(range(of: value)) }
                let start = columns.text.count
                JSONText.appendUnescaped(cursor.bytes(value), to: &columns.text)
                return try checkedMessage(range(from: start))
            }
        }
        guard let data = members.data, data.kind == .object, let dataCursor = members.dataCursor else {
            throw .refused(
                type: "missing",
                location: ["message"],
                message: "a log needs a message, or data to make one from"
            )
        }
        let start = columns.text.count
        do throws(JSONProblem) {
            try MessageRendering.append(dataCursor, to: &columns.text)
        } catch {
            throw .json(error)
        }
        if columns.text.count - start > ProtocolLimits.messageBytes {
            columns.text.removeLast(columns.text.count - start - ProtocolLimits.messageBytes)
        }
        return range(from: start)
    }

    private func checkedMessage(_ message: TextRange) throws(Fault) -> TextRange {
        guard isReplay || message.length <= ProtocolLimits.messageBytes else {
            throw .refused(
                type: "too_long",
                location: ["message"],
                message: "the message is longer than \(ProtocolLimits.messageBytes >> 20) MiB"
            )
        }
        return message
    }

    /// nil: the log has none of its own.
    mutating func appendSource(_ cursor: JSONCursor, _ value: JSONValue?) throws(Fault) -> TextRange? {
        guard let value, value.kind != .null, value.kind != .string || value.end > value.start else { return nil }
        guard value.kind == .string else {
            throw .refused(type: "string_type", location: ["source"], message: "the source must be a string or null")
        }
        let bytes = unescaped(cursor, value)
        guard isReplay || bytes.count <= ProtocolLimits.sourceBytes else {
            throw .refused(
                type: "too_long",
                location: ["source"],
                message: "the source is longer than \(ProtocolLimits.sourceBytes) bytes"
            )
        }
        // Logs of one sender come in rows: they share the bytes of the first.
        if let last = columns.sources.last, Int(last.length) == bytes.count, let base = bytes.baseAddress {
            let isSame = columns.text.withUnsafeBytes { text in
                text.baseAddress.map { memcmp($0 + Int(last.offset), base, bytes.count) == 0 } ?? false
            }
            if isSame { return last }
        }
        return value.hasEscapes ? append(bytes) : range(of: value)
    }

    /// Reads an array of tags, or null.
    mutating func appendTags(_ cursor: inout JSONCursor) throws(Fault) -> TextRange? {
        guard cursor.peek == UInt8(ascii: "[") else {
            let value: JSONValue
            do throws(JSONProblem) { value = try cursor.readValue() } catch { throw .json(error) }
            if value.kind == .null { return nil }
            throw .refused(type: "list_type", location: ["tags"], message: "tags must be an array of strings")
        }
        if let range = plainTags(&cursor) { return range }
        return try appendTagsAnew(&cursor)
    }

    /// Reads tags that stand in the body just as they are to be kept: no blanks, no escapes, none empty, too long or
    /// there twice.
    ///
    /// - Returns: nil for all others, with the cursor where it was.
    private func plainTags(_ cursor: inout JSONCursor) -> TextRange? {
        var ahead = cursor
        let start = ahead.nextPosition
        var next = start + 1
        var count = 0
        do throws(JSONProblem) {
            try ahead.enter(UInt8(ascii: "["))
            var isFirst = true
            while try ahead.nextElement(isFirst: &isFirst) {
                let value = try ahead.readValue()
                guard value.kind == .string, !value.hasEscapes, value.start == next + 1, value.end > value.start,
                    value.end - value.start <= ProtocolLimits.tagBytes, count < ProtocolLimits.tags,
                    !Self.stands(value.start - 1, value.end + 1, in: cursor.text, from: start + 1)
                else { return nil }
                count += 1
                // Behind the quote and what follows it directly: a comma, or the bracket.
                next = value.end + 2
            }
        } catch {
            return nil
        }
        guard count > 0 else {
            cursor = ahead
            return TextRange.none
        }
        guard next <= ahead.end, cursor.text[next - 1] == UInt8(ascii: "]") else { return nil }
        cursor = ahead
        return range(from: start, to: next)
    }

    /// Whether a tag, quotes included, stands among those before it, of which the first begins at `first`.
    @inline(__always)
    private static func stands(
        _ start: Int,
        _ end: Int,
        in text: UnsafePointer<UInt8>,
        from first: Int
    ) -> Bool {
        var candidate = first
        while candidate + (end - start) < start {
            if memcmp(text + candidate, text + start, end - start) == 0 { return true }
            candidate += 1
            while text[candidate] != UInt8(ascii: "\"") { candidate += 1 }
            // Behind the closing quote and the comma.
            candidate += 2
        }
        return false
    }

    /// Reads an array of tags into the text column as it is to be kept.
    private mutating func appendTagsAnew(_ cursor: inout JSONCursor) throws(Fault) -> TextRange? {
        let start = columns.text.count
        var count = 0
        var fault: Fault?
        do throws(JSONProblem) {
            try cursor.enter(UInt8(ascii: "["))
            columns.text.append(UInt8(ascii: "["))
            var isFirst = true
            while try cursor.nextElement(isFirst: &isFirst) {
                let value = try cursor.readValue()
                if fault != nil { continue }
                guard value.kind == .string else {
                    fault = .refused(type: "string_type", location: ["tags"], message: "a tag must be a string")
                    continue
                }
                let bytes = unescaped(cursor, value)
                if bytes.isEmpty { continue }
                guard isReplay || bytes.count <= ProtocolLimits.tagBytes else {
                    fault = .refused(
                        type: "too_long",
                        location: ["tags"],
                        message: "a tag is longer than \(ProtocolLimits.tagBytes) bytes"
                    )
                    continue
                }
                if appendTag(bytes, from: start, isFirst: count == 0) { count += 1 }
                if count > ProtocolLimits.tags, !isReplay {
                    fault = .refused(
                        type: "too_long",
                        location: ["tags"],
                        message: "a log may have at most \(ProtocolLimits.tags) tags"
                    )
                }
            }
        } catch {
            throw .json(error)
        }
        if let fault { throw fault }
        guard count > 0 else {
            columns.text.removeLast(columns.text.count - start)
            return TextRange.none
        }
        columns.text.append(UInt8(ascii: "]"))
        return range(from: start)
    }

    /// Appends a tag unless it stands in the array already.
    mutating func appendTag(_ tag: UnsafeRawBufferPointer, from start: Int, isFirst: Bool) -> Bool {
        let before = columns.text.count
        if !isFirst { columns.text.append(UInt8(ascii: ",")) }
        let written = columns.text.count
        JSONText.appendString(tag, to: &columns.text)
        let length = columns.text.count - written
        let isRepeat = columns.text.withUnsafeBytes { text in
            guard let base = text.baseAddress else { return false }
            // From tag to tag, each with its quotes: none of them is the beginning of another.
            var candidate = start + 1
            while candidate + length <= before {
                if memcmp(base + candidate, base + written, length) == 0 { return true }
                candidate += 1
                while candidate < before, text[candidate] != UInt8(ascii: "\"") {
                    candidate += text[candidate] == UInt8(ascii: "\\") ? 2 : 1
                }
                // Behind the closing quote and the comma.
                candidate += 2
            }
            return false
        }
        if isRepeat { columns.text.removeLast(columns.text.count - before) }
        return !isRepeat
    }
}
