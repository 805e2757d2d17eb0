import CSimdjson

/// What is wrong with a JSON text, and where.
public struct JSONProblem: Error, Sendable, Equatable {
    /// The kinds of problem.
    public enum Reason: Sendable, Equatable {
        case empty
        case notUTF8
        case unclosedString
        case controlCharacter
        case expectedValue
        case expectedKey
        case expectedColon
        case expectedCommaOrEnd
        case badNumber
        case badLiteral
        case badEscape
        case tooDeep
        case trailingCharacters
        case tooLarge
    }

    /// What is wrong.
    public var reason: Reason
    /// The byte where it was noticed; 0 where only the whole is known to be wrong.
    public var offset: Int

    /// A problem at a byte.
    @inlinable
    public init(_ reason: Reason, at offset: Int = 0) {
        self.reason = reason
        self.offset = offset
    }

    /// In words, for the one who sent it.
    public var words: String {
        switch reason {
        case .empty: "there is nothing here"
        case .notUTF8: "not UTF-8"
        case .unclosedString: "a string is not closed"
        case .controlCharacter: "a string has a control character that is not escaped"
        case .expectedValue: "a value is missing at byte \(offset)"
        case .expectedKey: "a member's name is missing at byte \(offset)"
        case .expectedColon: "a ':' is missing at byte \(offset)"
        case .expectedCommaOrEnd: "a ',' or a closing bracket is missing at byte \(offset)"
        case .badNumber: "not a JSON number at byte \(offset)"
        case .badLiteral: "neither true, false nor null at byte \(offset)"
        case .badEscape: "a string has a bad escape at byte \(offset)"
        case .tooDeep: "nested deeper than \(ProtocolLimits.jsonDepth) levels at byte \(offset)"
        case .trailingCharacters: "something follows the value at byte \(offset)"
        case .tooLarge: "too large to scan"
        }
    }
}

/// Finds the structure of JSON texts: simdjson's first stage, which also checks UTF-8 and that strings are closed and
/// free of control characters.
///
/// The grammar is `JSONCursor`'s. One scanner serves one text at a time and keeps its memory for the next.
public struct JSONScanner: ~Copyable {
    /// Bytes that must be readable behind a text given to `index`.
    public static let padding = Int(CSIMDJSON_PADDING)

    private let handle: OpaquePointer?
    private var scratch: [UInt8] = []

    /// A scanner; without memory every text it is given is `tooLarge`.
    public init() {
        handle = csimdjson_make()
    }

    deinit {
        if let handle { csimdjson_free(handle) }
    }

    /// What it keeps for texts to come, in bytes.
    public var memory: Int { (handle.map { csimdjson_capacity($0) } ?? 0) * Self.positionBytes + scratch.capacity }

    /// Gives back what it has grown to beyond so many bytes.
    ///
    /// A cursor is not valid after this.
    public mutating func trim(toBytes kept: Int) {
        if let handle { csimdjson_trim(handle, max(0, kept) / Self.positionBytes) }
        if scratch.capacity > kept { scratch = [] }
    }

    /// A text of nothing but brackets has a position for each byte, so that memory for as many is kept.
    private static let positionBytes = MemoryLayout<UInt32>.size

    /// Finds the structure of `text`, behind which `padding` bytes must be readable.
    ///
    /// The cursor is valid until the next call, and as long as `text` is.
    public mutating func index(_ text: UnsafeRawBufferPointer) throws(JSONProblem) -> JSONCursor {
        guard let handle else { throw JSONProblem(.tooLarge) }
        guard let base = text.bindMemory(to: UInt8.self).baseAddress, !text.isEmpty else { throw JSONProblem(.empty) }
        var positions: UnsafePointer<UInt32>?
        var count = 0
        switch UInt32(bitPattern: csimdjson_index(handle, base, text.count, &positions, &count)) {
        case CSIMDJSON_OK.rawValue: break
        case CSIMDJSON_EMPTY.rawValue: throw JSONProblem(.empty)
        case CSIMDJSON_BROKEN_UTF8.rawValue: throw JSONProblem(.notUTF8)
        case CSIMDJSON_UNCLOSED_STRING.rawValue: throw JSONProblem(.unclosedString)
        case CSIMDJSON_CONTROL_CHARACTER.rawValue: throw JSONProblem(.controlCharacter)
        default: throw JSONProblem(.tooLarge)
        }
        guard let positions else { throw JSONProblem(.empty) }
        return JSONCursor(text: base, length: text.count, positions: positions, count: count)
    }

    /// As `index`, for a text without padding: it is copied first, and the cursor points into the copy.
    public mutating func indexCopy(of text: UnsafeRawBufferPointer) throws(JSONProblem) -> JSONCursor {
        scratch.removeAll(keepingCapacity: true)
        scratch.append(contentsOf: text)
        scratch.append(contentsOf: repeatElement(0x20, count: Self.padding))
        // The array is not touched until the next call, so its storage stays where it is; the cursor's contract says
        // so. Leaving withUnsafeBytes with the pointer is sound only because of that.
        let copy = scratch.withUnsafeBytes { UnsafeRawBufferPointer(rebasing: $0[..<text.count]) }
        return try index(copy)
    }
}
