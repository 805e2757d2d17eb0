import Protocol

#if canImport(Glibc)
import Glibc
#endif

/// Turns a request's body into columns: unpacks it, scans it once and checks each log on the way.
///
/// One bad log costs only itself. Used by one caller at a time (`BodyDecoders` lends it), and keeps its memory for the
/// next body.
final class BodyDecoder {
    /// What a body is decoded under.
    ///
    /// The WAL keeps all of it, so that replay gives the same logs.
    struct Context {
        var format: BodyFormat
        var encoding: BodyEncoding
        var defaults: RequestDefaults
        /// Nanoseconds since 1970; the time of logs that have none.
        var arrival: Int64
        /// The times that are taken, in nanoseconds; others are refused by name.
        var window: ClosedRange<Int64>
        /// Replay: the positions that were refused then (rising).
        ///
        /// All others are taken, whatever the rules are now.
        var refusedPositions: [UInt32]?
        /// The largest body after unpacking, in bytes.
        var limit = ProtocolLimits.bodyBytes
    }

    private let decompressor = Decompressor()
    private var scanner = JSONScanner()
    private var lineScanner = JSONScanner()
    private let text = PaddedBuffer()
    private let packer = BodyPacker()

    /// Decodes a body.
    ///
    /// What needs no change is not copied: the columns' text begins with the body's own bytes, and ranges name them.
    /// What does (escapes, repairs) is appended to it. A large body of which little is kept is copied in the end.
    /// - Parameters:
    ///   - body: as it came.
    ///   - context: how to read it.
    /// - Returns: its accepted logs, and the refused ones with their reasons.
    /// - Throws: what is wrong with the whole.
    func decode(_ body: [UInt8], _ context: Context) throws(BodyProblem) -> DecodedBody {
        defer { giveBack() }
        let plain = try plain(body, context)
        var builder = ColumnBuilder(context: context)
        do throws(JSONProblem) {
            try decodeText(plain, &builder)
        } catch {
            guard error.reason == .notUTF8 else { throw .notJSON(error) }
            // Broken UTF-8 is repaired, never refused; what else is wrong shows when it is scanned again.
            var repaired: [UInt8] = []
            let repairs = plain.withUnsafeBytes { JSONText.appendRepaired($0, to: &repaired) }
            repaired.reserveCapacity(repaired.count + JSONScanner.padding)
            builder = ColumnBuilder(context: context)
            builder.repairs = repairs
            do throws(JSONProblem) { try decodeText(repaired, &builder) } catch { throw .notJSON(error) }
        }
        if let problem = builder.problem { throw problem }
        return builder.finish()
    }

    /// The unpacked body, with room behind it that the scanner may read over: what lies there does not matter to it.
    private func plain(_ body: [UInt8], _ context: Context) throws(BodyProblem) -> [UInt8] {
        let hasMark = body.starts(with: [0xEF, 0xBB, 0xBF])
        if context.encoding == .identity, body.count <= context.limit, !hasMark,
            body.capacity - body.count >= JSONScanner.padding
        {
            return body
        }
        try body.withUnsafeBufferPointer { body throws(BodyProblem) in
            let body = UnsafeRawBufferPointer(body)
            try decompressor.unpack(body, encoding: context.encoding, limit: context.limit, into: text)
        }
        text.blankByteOrderMark()
        // Not beside its copy for as long as that is decoded.
        defer { text.removeAll(keeping: HubLimits.decoderScratchBytes) }
        return [UInt8](unsafeUninitializedCapacity: text.count + JSONScanner.padding) { plain, count in
            count = text.count
            UnsafeMutableRawBufferPointer(plain).copyMemory(from: text.bytes)
        }
    }

    /// A body as one zstd frame; nil when that makes it no smaller.
    func pack(_ body: [UInt8]) -> [UInt8]? { packer.pack(body) }

    /// What a large body has made it take, so that idle decoders stay small.
    private func giveBack() {
        text.removeAll(keeping: HubLimits.decoderScratchBytes)
        scanner.trim(toBytes: HubLimits.decoderScratchBytes)
        lineScanner.trim(toBytes: HubLimits.decoderScratchBytes)
        decompressor.trim(toBytes: HubLimits.decoderScratchBytes)
    }

    /// What an idle decoder keeps, in bytes.
    var memory: Int { text.capacity + scanner.memory + lineScanner.memory + decompressor.memory + packer.memory }

    /// Decodes a text; problems of the whole body that are no JSON problems are left in the builder.
    private func decodeText(_ plain: [UInt8], _ builder: inout ColumnBuilder) throws(JSONProblem) {
        // The builder holds the text as well, so appending to it moves its copy and leaves this one where it is.
        builder.columns.text = plain
        if builder.context.format != .single { builder.reserve(plain.count / HubLimits.usualLogBytes) }
        try plain.withUnsafeBufferPointer { text throws(JSONProblem) in
            let text = UnsafeRawBufferPointer(text)
            if builder.context.format == .ndjson {
                try decodeLines(text, &builder)
                return
            }
            var cursor = try scanner.index(text)
            builder.hasLineBreaks = Self.hasLineBreaks(text)
            if builder.context.format == .single {
                try builder.appendLog(&cursor)
            } else {
                try decodeBatch(&cursor, &builder)
            }
            if builder.problem == nil { try cursor.finish() }
        }
    }

    /// An array of logs, or an object whose `logs` is one; its other members are ignored.
    private func decodeBatch(_ cursor: inout JSONCursor, _ builder: inout ColumnBuilder) throws(JSONProblem) {
        switch cursor.peek {
        case UInt8(ascii: "["): try decodeArray(&cursor, &builder)
        case UInt8(ascii: "{"):
            try cursor.enter(UInt8(ascii: "{"))
            var isFirst = true
            var hasLogs = false
            while let key = try cursor.nextKey(isFirst: &isFirst) {
                if !key.hasEscapes, ColumnBuilder.equals(cursor.bytes(key), "logs") {
                    guard cursor.peek == UInt8(ascii: "["), !hasLogs else {
                        builder.problem = .invalid(
                            type: "list_type",
                            location: ["body", "logs"],
                            message: hasLogs ? "'logs' stands twice" : "'logs' must be an array of logs"
                        )
                        return
                    }
                    hasLogs = true
                    try decodeArray(&cursor, &builder)
                    if builder.problem != nil { return }
                } else {
                    _ = try cursor.readValue()
                }
            }
            if !hasLogs {
                builder.problem = .invalid(
                    type: "missing",
                    location: ["body", "logs"],
                    message: "send an array of logs, or an object with 'logs'; one log goes to POST /api/logs"
                )
            }
        default:
            _ = try cursor.readValue()
            builder.problem = .invalid(
                type: "list_type",
                location: ["body"],
                message: "send an array of logs, or an object with 'logs'"
            )
        }
    }

    private func decodeArray(_ cursor: inout JSONCursor, _ builder: inout ColumnBuilder) throws(JSONProblem) {
        try cursor.enter(UInt8(ascii: "["))
        var isFirst = true
        while try cursor.nextElement(isFirst: &isFirst) {
            guard builder.hasRoom else { return }
            try builder.appendLog(&cursor)
        }
    }

    /// One log a line.
    ///
    /// All lines are scanned in one go; only when a line breaks the structure of the whole (a string that is not
    /// closed) is each scanned by itself.
    private func decodeLines(_ whole: UnsafeRawBufferPointer, _ builder: inout ColumnBuilder) throws(JSONProblem) {
        var cursor: JSONCursor?
        do throws(JSONProblem) {
            cursor = try scanner.index(whole)
        } catch {
            switch error.reason {
            case .notUTF8: throw error
            case .empty: return
            default:
                // What else is wrong is told before broken UTF-8 is, which must be mended in all lines first.
                guard JSONText.isUTF8(whole) else { throw JSONProblem(.notUTF8) }
                cursor = nil
            }
        }
        guard let base = whole.baseAddress else { return }
        builder.hasLineBreaks = memchr(base, 0x0D, whole.count) != nil
        var start = 0
        while start < whole.count {
            let lineFeed = memchr(base + start, 0x0A, whole.count - start)
            let end = lineFeed.map { UnsafeRawPointer($0) - base } ?? whole.count
            let line = UnsafeRawBufferPointer(rebasing: whole[start..<end])
            if !Self.isBlank(line) {
                guard builder.hasRoom else { return }
                if cursor != nil {
                    cursor?.skip(to: start)
                    cursor?.end = end
                    // The copy keeps the optional out of the hot loop; a cursor is five words.
                    if var lineCursor = cursor {
                        builder.appendLine(&lineCursor)
                        cursor = lineCursor
                    }
                } else {
                    decodeLineAlone(line, at: start, &builder)
                }
            }
            start = end + 1
        }
    }

    private func decodeLineAlone(_ line: UnsafeRawBufferPointer, at start: Int, _ builder: inout ColumnBuilder) {
        // The cursor counts from the line's begin.
        builder.textStart = start
        do throws(JSONProblem) {
            var cursor = try lineScanner.indexCopy(of: line)
            builder.appendLine(&cursor)
        } catch {
            builder.refuseLine(error)
        }
    }

    private static func isBlank(_ line: UnsafeRawBufferPointer) -> Bool {
        for byte in line where byte != 0x20 && byte != 0x09 && byte != 0x0D { return false }
        return true
    }

    private static func hasLineBreaks(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return false }
        return memchr(base, 0x0A, bytes.count) != nil || memchr(base, 0x0D, bytes.count) != nil
    }
}
