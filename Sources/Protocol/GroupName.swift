/// Rules for group names: parts joined by `:`, a part without `:`, `*` or control characters, 1 to 255 bytes in all.
public enum GroupName {
    /// What is wrong with a name.
    public enum Problem: Error, Sendable, Equatable {
        case empty
        case tooLong
        /// A part is empty: the name begins or ends with `:`, or has `::`.
        case emptyPart
        /// `*` or a control character at this byte.
        case badCharacter(at: Int)
    }

    /// Checks a name given as UTF-8.
    public static func check(_ bytes: UnsafeRawBufferPointer) throws(Problem) {
        guard bytes.count > 0 else { throw .empty }
        guard bytes.count <= ProtocolLimits.groupBytes else { throw .tooLong }
        var previous = UInt8(ascii: ":")
        for index in 0..<bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: ":") && previous == byte { throw .emptyPart }
            if byte == UInt8(ascii: "*") || byte < 0x20 || byte == 0x7F { throw .badCharacter(at: index) }
            previous = byte
        }
        if previous == UInt8(ascii: ":") { throw .emptyPart }
    }
}

/// Which groups a query means: `a` only `a`; `a:*` `a` and all below it; `*` all, those without a group too.
///
/// No other character is a pattern.
public enum GroupPattern: Sendable, Hashable {
    case all
    case exact(String)
    /// The named group and all below it.
    case tree(String)

    /// Reads a pattern; every text is one.
    public init(_ text: String) {
        if text == "*" {
            self = .all
        } else if text.utf8.count > 2 && text.hasSuffix(":*") {
            self = .tree(String(text.dropLast(2)))
        } else {
            self = .exact(text)
        }
    }

    /// Whether the pattern means this group; nil is the group of logs without one.
    public func matches(_ group: String?) -> Bool {
        switch self {
        case .all:
            return true
        case .exact(let name):
            guard let group else { return false }
            return group.utf8.elementsEqual(name.utf8)
        case .tree(let name):
            guard let group, group.utf8.starts(with: name.utf8) else { return false }
            return group.utf8.count == name.utf8.count
                || group.utf8.dropFirst(name.utf8.count).first == UInt8(ascii: ":")
        }
    }

    /// The pattern as it is written.
    public var text: String {
        switch self {
        case .all: "*"
        case .exact(let name): name
        case .tree(let name): name + ":*"
        }
    }
}
