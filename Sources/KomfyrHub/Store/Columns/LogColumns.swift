import Protocol

/// A piece of a column's text: offset and length in bytes.
struct TextRange: Sendable, Equatable {
    var offset: UInt32
    var length: UInt32
    /// Stands for null.
    static let none = TextRange(offset: 0, length: 0)
    var isNone: Bool { length == 0 }
}

/// Logs in columns, in order of arrival: the form of a decoded body and of a group's tail alike.
///
/// All columns have the same count; ranges point into `text`.
struct LogColumns: Sendable {
    /// The bytes that the ranges name; in a decoded body it begins with the body's own, unless it was compacted.
    var text: [UInt8] = []
    /// The logs' own times, nanoseconds since 1970.
    var timestamps: [Int64] = []
    /// `Level.rawValue`.
    var levels: [UInt8] = []
    /// UTF-8, escapes resolved; never none.
    var messages: [TextRange] = []
    /// A JSON array of strings without blanks, each written by `JSONText`, so that tags compare as bytes; none: no
    /// tags.
    var tags: [TextRange] = []
    /// The JSON object as it was sent; none: null.
    var data: [TextRange] = []
    /// UTF-8; none: null.
    var sources: [TextRange] = []

    var count: Int { timestamps.count }

    /// Makes room for so many logs; not for their text.
    mutating func reserve(_ logs: Int) {
        timestamps.reserveCapacity(logs)
        levels.reserveCapacity(logs)
        messages.reserveCapacity(logs)
        tags.reserveCapacity(logs)
        data.reserveCapacity(logs)
        sources.reserveCapacity(logs)
    }

    func bytes(_ range: TextRange) -> ArraySlice<UInt8> {
        text[Int(range.offset)..<Int(range.offset) + Int(range.length)]
    }

    /// Lets go of the text that no range names, where that is most of a long one.
    ///
    /// A body's logs wait in memory until Redis has them: blanks, refused logs and members that nobody knows need not.
    mutating func compact() {
        guard text.count > HubLimits.compactedTextBytes, let bytes = namedBytes(below: text.count / 2) else { return }
        var shared = LogRows.SharedText()
        var named: [UInt8] = []
        named.reserveCapacity(bytes)
        // Column by column, as tails are: what is scanned together lies together.
        for row in messages.indices { messages[row] = Self.move(messages[row], of: text, to: &named) }
        for row in tags.indices { tags[row] = shared.copy(tags[row], of: text, to: &named) }
        for row in data.indices { data[row] = Self.move(data[row], of: text, to: &named) }
        for row in sources.indices { sources[row] = shared.copy(sources[row], of: text, to: &named) }
        text = named
    }

    /// How many bytes the ranges name, where these are fewer than `bound`; a long text that logs share counts once.
    private func namedBytes(below bound: Int) -> Int? {
        var bytes = 0
        for range in messages { bytes += Int(range.length) }
        for range in data { bytes += Int(range.length) }
        // So it is with usual logs: nothing is looked up for them.
        guard bytes < bound else { return nil }
        for column in [tags, sources] {
            var seen: [UInt32: UInt32] = [:]
            for range in column {
                if range.length >= LogRows.SharedText.leastBytes {
                    if seen[range.offset] == range.length { continue }
                    seen[range.offset] = range.length
                }
                bytes += Int(range.length)
            }
        }
        return bytes < bound ? bytes : nil
    }

    private static func move(_ range: TextRange, of source: [UInt8], to text: inout [UInt8]) -> TextRange {
        if range.isNone { return .none }
        let offset = UInt32(truncatingIfNeeded: text.count)
        text.append(contentsOf: source[range.bounds])
        return TextRange(offset: offset, length: range.length)
    }
}

/// A request's body, decoded and checked.
struct DecodedBody: Sendable {
    /// The accepted logs.
    var columns = LogColumns()
    /// For each accepted log, the index of its group in `groupNames`.
    var groups: [UInt32] = []
    /// The groups that occur; nil is "no group".
    var groupNames: [String?] = []
    /// For each accepted log, its position in the body (rising; refused positions are left out).
    var positions: [UInt32] = []
    /// All positions of the body, refused ones included: how many sequence numbers it takes.
    var positionCount = 0
    /// The refused ones, by position.
    var refusals: [Refusal] = []
    /// Broken UTF-8 parts that became U+FFFD.
    var repairs = 0
}

/// A log of a batch that was not taken, and why.
struct Refusal: Sendable, Equatable {
    /// Its position in the body, from 0.
    var index: UInt32
    /// What is wrong, in the API's terms: `type`, `loc` below the log, `msg`.
    var type: String
    var location: [String]
    var message: String
}
