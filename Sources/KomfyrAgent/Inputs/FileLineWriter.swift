import Protocol

/// Makes records of lines, by the input's parser.
///
/// `raw` writes the line as its message; `json` and `syslog` read it as the network inputs do, the others as
/// `LineReader` does, and keep it whole, tagged `unparsed`, when they cannot. One serves one input.
struct FileLineWriter: ~Copyable {
    /// What is the same for all files of an input.
    struct Settings {
        var parser: InputConfiguration.FileConfiguration.Parser
        /// A group template that was checked.
        var group: String
        var maxGroups: Int
        /// On every log, in this order.
        var tags: [String]
        /// The source of logs that name none: this machine.
        var source: String
        /// Of times that name none.
        var zone = Zone.utc
        /// Of the parser `regex`.
        var pattern: String?
        /// Whether a text may be of several lines.
        var isMultiline = false
        /// Whether texts are searched for members (`syslog`).
        var parsesPayload = false
        /// What becomes of each level; nil: it stays.
        var levels: LevelMap?
        /// Nil when every line is kept.
        var shaper: Shaper?
    }

    /// About what a record takes besides its text, in bytes.
    private var overhead = 0

    private let settings: Settings
    private let usesFile: Bool
    private var groups: GroupNames
    /// The file names that groups were made of, as many as `max_groups`.
    private var fileNames: Set<String> = []

    private var raw = FileRecordWriter()
    private var frame = FileRecordWriter.Frame(group: [], tags: [], level: .info, file: "", source: "")

    /// For which file name the parsers were made; the empty one when the group does not depend on it.
    private var parsersFile: String?
    private var json: JSONDatagramReader?
    private var syslog: RecordWriter?
    private let own = OwnMessages()
    private var syslogParser: SyslogParser
    private let lineParser: LineReader.Parser?
    private var lineReader: LineReader?
    private var time: Int64 = 0
    private var tail: FileTail?

    /// - Throws: what is wrong with the group's template or the pattern.
    init(_ settings: Settings) throws {
        let template = try GroupTemplate(settings.group)
        let lineParser = try Self.lineParser(settings)
        self.settings = settings
        self.lineParser = lineParser
        syslogParser = SyslogParser(zone: settings.zone)
        usesFile = template.uses(.file)
        groups = GroupNames(template, maxGroups: settings.maxGroups)
    }

    /// Begins to write lines of a file, read at `time`, in nanoseconds since 1970.
    mutating func begin(_ tail: FileTail, at time: Int64) {
        self.time = time
        self.tail = tail
        switch settings.parser {
        case .raw:
            let frame = tail.frame ?? makeFrame(tail)
            tail.frame = frame
            self.frame = frame
            raw.begin(at: time)
            overhead = raw.overhead(frame)
        case .json, .syslog, .logfmt, .combined, .regex:
            let file = usesFile ? groupPart(tail.baseName) : ""
            if parsersFile != file { makeParsers(file) }
            // Names, tags and times that are added.
            overhead = 1_024
        }
    }

    /// About what the record of a text of so many bytes takes besides it, in bytes.
    func overhead(of count: Int) -> Int {
        switch settings.parser {
        case .raw, .json: overhead
        case .syslog: overhead + (settings.parsesPayload ? min(count, AgentLimits.payloadBytes) : 0)
        // The whole line may be the message, and its parts data.
        case .logfmt, .combined, .regex: overhead + count
        }
    }

    /// Appends the record of a line.
    /// - Parameters:
    ///   - text: the line without its end.
    ///   - isPiece: whether it is a piece of a longer one.
    ///   - isContinuation: whether it is a piece, and not the first.
    ///   - body: the batch.
    ///   - statistics: what is counted.
    /// - Returns: how many records were appended.
    mutating func append(
        _ text: UnsafeRawBufferPointer,
        isPiece: Bool,
        isContinuation: Bool,
        to body: inout [UInt8],
        counting statistics: inout InputStatistics
    ) -> Int {
        statistics.received += 1
        statistics.bytes += UInt64(text.count)
        if isPiece { statistics.cut += 1 }
        guard let shaper = settings.shaper else {
            return write(text, isPiece: isPiece, isContinuation: isContinuation, to: &body, counting: &statistics)
        }
        // The pieces of a long line go where its first one went.
        if isContinuation, let reason = tail?.droppedLine {
            statistics.dropped[reason] += 1
            return 0
        }
        let start = body.count
        let parsed = statistics.parsed
        let records = write(text, isPiece: isPiece, isContinuation: isContinuation, to: &body, counting: &statistics)
        guard !isContinuation else { return records }
        let reason = records == 0 ? nil : shaper.judge(&body, from: start, of: nil)
        tail?.droppedLine = reason
        guard let reason else { return records }
        if statistics.parsed > parsed { statistics.parsed -= 1 } else { statistics.unparsed -= 1 }
        statistics.dropped[reason] += 1
        return 0
    }

    private mutating func write(
        _ text: UnsafeRawBufferPointer,
        isPiece: Bool,
        isContinuation: Bool,
        to body: inout [UInt8],
        counting statistics: inout InputStatistics
    ) -> Int {
        if settings.parser == .raw {
            if raw.append(text, isPiece: isPiece, frame, to: &body) { statistics.repaired += 1 }
            statistics.parsed += 1
            return 1
        }
        let before = counts()
        let outcome = parse(text, isPiece: isPiece, isContinuation, to: &body)
        let after = counts()
        statistics.repaired += after.repaired - before.repaired
        statistics.groupsFolded += after.folded - before.folded
        switch outcome {
        case .parsed: statistics.parsed += 1
        case .unparsed: statistics.unparsed += 1
        case .dropped(let reason):
            statistics.dropped[reason] += 1
            return 0
        }
        return 1
    }

    // MARK: Parsers

    /// What became of a line.
    private enum Outcome {
        case parsed
        case unparsed
        case dropped(InputStatistics.DropReason)
    }

    /// Lines that were repaired, and put into the group `other`, by the one parser that there is.
    private mutating func counts() -> (repaired: UInt64, folded: UInt64) {
        switch settings.parser {
        case .raw: return (0, 0)
        case .json:
            let repaired = json?.repaired ?? 0
            let folded = json?.folded ?? 0
            return (repaired, folded)
        case .syslog:
            let repaired = syslog?.repaired ?? 0
            let folded = syslog?.folded ?? 0
            return (repaired, folded)
        case .logfmt, .combined, .regex:
            let repaired = lineReader?.repaired ?? 0
            let folded = lineReader?.folded ?? 0
            return (repaired, folded)
        }
    }

    private mutating func parse(
        _ text: UnsafeRawBufferPointer,
        isPiece: Bool,
        _ isContinuation: Bool,
        to body: inout [UInt8]
    ) -> Outcome {
        let origin = RecordWriter.Origin(peer: nil, arrival: time, isTruncated: isPiece)
        switch settings.parser {
        case .raw: return .parsed
        case .json:
            switch json?.append(text, from: origin, to: &body) {
            case .parsed: return .parsed
            case .unparsed: return .unparsed
            case .wrongToken, .tooLarge, .empty, nil: return .dropped(.empty)
            }
        case .syslog: return parseSyslog(text, origin, isContinuation, to: &body)
        case .logfmt, .combined, .regex:
            switch lineReader?.append(text, from: origin, isContinuation: isContinuation, to: &body) {
            case .parsed: return .parsed
            case .unparsed: return .unparsed
            case .empty, nil: return .dropped(.empty)
            }
        }
    }

    private mutating func parseSyslog(
        _ text: UnsafeRawBufferPointer,
        _ origin: RecordWriter.Origin,
        _ isContinuation: Bool,
        to body: inout [UInt8]
    ) -> Outcome {
        guard !isContinuation else {
            syslog?.append(text: text, from: origin, to: &body)
            return .parsed
        }
        let message = syslogParser.parse(text, arrival: time)
        guard message.form != .unparsed || !message.message.isEmpty else { return .dropped(.empty) }
        guard !own.isOwn(message, of: text) else { return .dropped(.ownMessage) }
        syslog?.append(message, of: text, from: origin, to: &body)
        return message.form == .unparsed ? .unparsed : .parsed
    }

    /// The parser of `LineReader`, if it is one of them.
    private static func lineParser(_ settings: Settings) throws -> LineReader.Parser? {
        switch settings.parser {
        case .raw, .json, .syslog: return nil
        case .logfmt: return .logfmt(Logfmt(zone: settings.zone))
        case .combined: return .combined(CombinedLog(zone: settings.zone))
        case .regex:
            let pattern = settings.pattern ?? ""
            return .pattern(try LinePattern(pattern, isMultiline: settings.isMultiline, zone: settings.zone))
        }
    }

    // MARK: Groups

    private mutating func makeFrame(_ tail: FileTail) -> FileRecordWriter.Frame {
        var name: [UInt8] = []
        let source = Array(settings.source.utf8)
        let file = Array(tail.baseName.utf8)
        source.withUnsafeBytes { source in
            file.withUnsafeBytes { file in
                var values = GroupValues()
                values.hostname = source
                values.source = source
                values.file = file
                _ = groups.withName(values) { name = Array($0) }
            }
        }
        return FileRecordWriter.Frame(
            group: name,
            tags: settings.tags,
            level: settings.levels?[.info] ?? .info,
            file: tail.name,
            source: settings.source
        )
    }

    /// A file's name as a part of a template: without what means something there, and at most `max_groups` of them.
    private mutating func groupPart(_ baseName: String) -> String {
        guard fileNames.contains(baseName) || fileNames.count < settings.maxGroups else { return "other" }
        fileNames.insert(baseName)
        var part = ""
        for scalar in baseName.unicodeScalars {
            guard part.utf8.count < 64 else { break }
            let means = scalar == "{" || scalar == "}" || scalar == ":" || scalar == "*"
            part.unicodeScalars.append(means || scalar.value < 0x20 || scalar.value == 0x7F ? "_" : scalar)
        }
        return part
    }

    private mutating func makeParsers(_ file: String) {
        parsersFile = file
        var shared = RecordWriter.Settings(group: groups.template)
        shared.file = file
        shared.maxGroups = settings.maxGroups
        // The bound is the input's, not each file's.
        shared.knownGroups = json?.groupNames ?? syslog?.groupNames ?? lineReader?.groupNames ?? []
        shared.tags = settings.tags
        shared.levels = settings.levels
        shared.replacesFarTimes = false
        shared.parsesPayload = settings.parsesPayload && settings.parser == .syslog
        shared.source = settings.source
        switch settings.parser {
        case .raw: break
        case .json: json = JSONDatagramReader(shared, token: nil)
        case .syslog: syslog = RecordWriter(shared)
        case .logfmt, .combined, .regex:
            if let lineParser { lineReader = LineReader(lineParser, shared) }
        }
    }
}
