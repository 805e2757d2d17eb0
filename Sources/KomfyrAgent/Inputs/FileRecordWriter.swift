import Protocol

/// Writes a file's lines as they are: each a log with the line as its message.
///
/// ```
///  {"timestamp":"…","message":"  the line, escaped  ","group":"app:myapp","data":{"file":"…"},"source":"myhost"}
///  └─ head: one for each read ┘                     └─ tail: one for each file ────────────────────────────────┘
/// ```
///
/// Copies and escapes, and nothing else: head and tail are made once.
struct FileRecordWriter {
    /// What stands around every line of a file.
    struct Frame {
        /// Behind the message, up to and with the LF.
        let tail: [UInt8]
        /// The same for a piece of a line that was cut.
        let tailOfPiece: [UInt8]

        init(group: [UInt8], tags: [String], level: Level, file: String, source: String) {
            tail = Self.tail(group, tags, level, file, source)
            tailOfPiece = Self.tail(group, tags + ["truncated"], level, file, source)
        }

        private static func tail(
            _ group: [UInt8],
            _ tags: [String],
            _ level: Level,
            _ file: String,
            _ source: String
        ) -> [UInt8] {
            var bytes = Array("\"".utf8)
            // The hub's default is left to it.
            if level != .info {
                bytes.append(contentsOf: ",\"level\":\"".utf8)
                bytes.append(contentsOf: PlainText.bytes(level.name))
                bytes.append(UInt8(ascii: "\""))
            }
            if !group.isEmpty {
                bytes.append(contentsOf: ",\"group\":".utf8)
                group.withUnsafeBytes { _ = JSONText.appendString($0, to: &bytes) }
            }
            if !tags.isEmpty {
                bytes.append(contentsOf: ",\"tags\":[".utf8)
                for (index, tag) in tags.enumerated() {
                    if index > 0 { bytes.append(UInt8(ascii: ",")) }
                    JSONText.appendString(tag, to: &bytes)
                }
                bytes.append(UInt8(ascii: "]"))
            }
            bytes.append(contentsOf: ",\"data\":{\"file\":".utf8)
            JSONText.appendString(file, to: &bytes)
            bytes.append(contentsOf: "},\"source\":".utf8)
            JSONText.appendString(source, to: &bytes)
            bytes.append(contentsOf: "}\n".utf8)
            return bytes
        }
    }

    /// Before the message.
    private(set) var head: [UInt8] = []

    /// Begins a read: its lines get this time, in nanoseconds since 1970.
    ///
    /// They get one at all since the hub's time of arrival may be hours later.
    mutating func begin(at time: Int64) {
        head.removeAll(keepingCapacity: true)
        head.append(contentsOf: "{\"timestamp\":\"".utf8)
        Timestamp.append(time / 1_000_000 * 1_000_000, to: &head)
        head.append(contentsOf: "\",\"message\":\"".utf8)
    }

    /// What a record takes besides its message, in bytes.
    func overhead(_ frame: Frame) -> Int { head.count + frame.tailOfPiece.count }

    /// Appends a line's record.
    /// - Returns: whether bytes that were not UTF-8 had to be replaced.
    func append(_ text: UnsafeRawBufferPointer, isPiece: Bool, _ frame: Frame, to body: inout [UInt8]) -> Bool {
        body.append(contentsOf: head)
        let repairs = JSONText.appendEscaped(text, to: &body)
        body.append(contentsOf: isPiece ? frame.tailOfPiece : frame.tail)
        return repairs > 0
    }
}
