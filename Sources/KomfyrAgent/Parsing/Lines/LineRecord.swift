import Protocol

/// What a parser of lines found in one of them: numbers, and ranges of its bytes.
///
/// Filled by `Logfmt`, `CombinedLog` and `LinePattern`, written by `LineRecordWriter`. Its storage is kept from one
/// line to the next.
struct LineRecord {
    /// A part of the line, and how it stands there.
    struct Text {
        enum Form: UInt8 {
            /// As it is.
            case plain
            /// As it is, without quotes: `true` and `false` are more than words.
            case word
            /// With backslashes; see `BackslashText`.
            case escaped
            /// Nothing but a name: it means true.
            case flag
        }

        var field = Field.none
        var form = Form.plain
    }

    /// A member of `data`.
    struct Member {
        /// Its name in the line; empty when `known` tells it.
        var name = Field.none
        /// Which of the parser's own names it has; these are written as they are and never repeat.
        var known = 0
        var value: Text
    }

    /// The log's message; the whole line when nothing in it is one.
    var message = Message.wholeLine
    var level = Level.info
    /// Nanoseconds since 1970; nil when the line tells no time, or none that can be understood.
    var timestamp: Int64?
    /// Who wrote it; empty when the line does not tell.
    var source = Field.none
    /// The program, for the group's `{app}`; what stands here is a member as well.
    var app = Field.none
    var members: [Member] = []

    /// What the message is.
    enum Message {
        case wholeLine
        case text(Text)
        /// Pieces with a blank between them.
        case joined(Text, Text, Text)
    }

    /// Forgets the last line.
    mutating func reset() {
        message = .wholeLine
        level = .info
        timestamp = nil
        source = .none
        app = .none
        members.removeAll(keepingCapacity: true)
    }
}
