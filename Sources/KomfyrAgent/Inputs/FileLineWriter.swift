import Protocol

/// Makes records of lines, by the input's parser.
struct FileLineWriter {
    /// What is the same for all files of an input.
    struct Settings {
        var parser: InputConfiguration.FileConfiguration.Parser
        /// On every log.
        var tags: [String]
        /// The source of logs that name none: this machine.
        var source: String
        /// The group of a file's logs, by the file's name without its folder.
        var group: (_ baseName: String) -> [UInt8]
    }

    /// About what a record takes besides its text, in bytes.
    private(set) var overhead = 0

    private let settings: Settings
    private var raw = FileRecordWriter()
    private var frame = FileRecordWriter.Frame(group: [], tags: [], file: "", source: "")

    init(_ settings: Settings) {
        self.settings = settings
    }

    /// Begins to write lines of a file, read at `time`, in nanoseconds since 1970.
    mutating func begin(_ tail: FileTail, at time: Int64) {
        let frame = tail.frame ?? makeFrame(tail)
        tail.frame = frame
        self.frame = frame
        raw.begin(at: time)
        overhead = raw.overhead(frame)
    }

    /// Appends the record of a line.
    /// - Returns: how many records were appended.
    mutating func append(
        _ text: UnsafeRawBufferPointer,
        isPiece: Bool,
        to body: inout [UInt8],
        counting statistics: inout InputStatistics
    ) -> Int {
        statistics.received += 1
        statistics.bytes += UInt64(text.count)
        if isPiece { statistics.cut += 1 }
        if raw.append(text, isPiece: isPiece, frame, to: &body) { statistics.repaired += 1 }
        statistics.parsed += 1
        return 1
    }

    private func makeFrame(_ tail: FileTail) -> FileRecordWriter.Frame {
        FileRecordWriter.Frame(
            group: settings.group(tail.baseName),
            tags: settings.tags,
            file: tail.name,
            source: settings.source
        )
    }
}
