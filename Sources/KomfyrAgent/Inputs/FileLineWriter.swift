import Protocol

/// Makes records of lines, by the input's parser.
///
/// `raw` writes the line as its message; `json` and `syslog` read it as the network inputs do, and keep it whole,
/// tagged `unparsed`, when they cannot. One serves one input.
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
        /// Of times that name none (`syslog`).
        var zone = Zone.utc
        /// Whether texts are searched for members (`syslog`).
        var parsesPayload = false
    }

    /// About what a record takes besides its text, in bytes.
    private var overhead = 0

    private let settings: Settings
    private let usesFile: Bool
    private var groups: GroupNames
    /// The file names that groups were made of, as many as `max_groups`.
    private var fileNames: Set<String> = []

    private var raw = FileRecordWriter()
    private var frame = FileRecordWriter.Frame(group: [], tags: [], file: "", source: "")

    /// For which file name `json` and `syslog` were made; the empty one when the group does not depend on it.
    private var parsersFile: String?
    private var json: JSONDatagramReader?
    private var syslog: RecordWriter?
    private var syslogParser: SyslogParser
    private var time: Int64 = 0

    /// - Throws: what is wrong with the group's template.
    init(_ settings: Settings) throws(GroupTemplate.Problem) {
        self.settings = settings
        syslogParser = SyslogParser(zone: settings.zone)
        let template = try GroupTemplate(settings.group)
        usesFile = template.uses(.file)
        groups = GroupNames(template, maxGroups: settings.maxGroups)
    }

    /// Begins to write lines of a file, read at `time`, in nanoseconds since 1970.
    mutating func begin(_ tail: FileTail, at time: Int64) {
        self.time = time
        switch settings.parser {
        case .raw:
            let frame = tail.frame ?? makeFrame(tail)
            tail.frame = frame
            self.frame = frame
            raw.begin(at: time)
            overhead = raw.overhead(frame)
        case .json, .syslog:
            let file = usesFile ? groupPart(tail.baseName) : ""
            if parsersFile != file { makeParsers(file) }
            // Names, tags and times that are added.
            overhead = 1_024
        }
    }

    /// About what the record of a text of so many bytes takes besides it, in bytes.
    func overhead(of count: Int) -> Int {
        let isDoubled = settings.parsesPayload && settings.parser == .syslog
        return overhead + (isDoubled ? min(count, AgentLimits.payloadBytes) : 0)
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
        switch settings.parser {
        case .raw:
            if raw.append(text, isPiece: isPiece, frame, to: &body) { statistics.repaired += 1 }
            statistics.parsed += 1
            return 1
        case .json: return appendJSON(text, isPiece: isPiece, to: &body, counting: &statistics)
        case .syslog:
            return appendSyslog(text, isPiece: isPiece, isContinuation, to: &body, counting: &statistics)
        }
    }

    // MARK: Parsers

    private mutating func appendJSON(
        _ text: UnsafeRawBufferPointer,
        isPiece: Bool,
        to body: inout [UInt8],
        counting statistics: inout InputStatistics
    ) -> Int {
        let repairedBefore = json?.repaired ?? 0
        let foldedBefore = json?.folded ?? 0
        let origin = origin(isPiece)
        let outcome = json?.append(text, from: origin, to: &body)
        statistics.repaired += (json?.repaired ?? 0) - repairedBefore
        statistics.groupsFolded += (json?.folded ?? 0) - foldedBefore
        switch outcome {
        case .parsed:
            statistics.parsed += 1
            return 1
        case .unparsed:
            statistics.unparsed += 1
            return 1
        case .wrongToken, .empty, nil:
            statistics.dropped[.empty] += 1
            return 0
        }
    }

    private mutating func appendSyslog(
        _ text: UnsafeRawBufferPointer,
        isPiece: Bool,
        _ isContinuation: Bool,
        to body: inout [UInt8],
        counting statistics: inout InputStatistics
    ) -> Int {
        let repairedBefore = syslog?.repaired ?? 0
        let foldedBefore = syslog?.folded ?? 0
        let origin = origin(isPiece)
        if isContinuation {
            syslog?.append(text: text, from: origin, to: &body)
            statistics.parsed += 1
        } else {
            let message = syslogParser.parse(text, arrival: time)
            guard message.form != .unparsed || !message.message.isEmpty else {
                statistics.dropped[.empty] += 1
                return 0
            }
            syslog?.append(message, of: text, from: origin, to: &body)
            if message.form == .unparsed { statistics.unparsed += 1 } else { statistics.parsed += 1 }
        }
        statistics.repaired += (syslog?.repaired ?? 0) - repairedBefore
        statistics.groupsFolded += (syslog?.folded ?? 0) - foldedBefore
        return 1
    }

    private func origin(_ isPiece: Bool) -> RecordWriter.Origin {
        RecordWriter.Origin(peer: nil, arrival: time, isTruncated: isPiece)
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
        return FileRecordWriter.Frame(group: name, tags: settings.tags, file: tail.name, source: settings.source)
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
        let text = usesFile ? Self.replacing("{file}", in: settings.group, by: file) : settings.group
        // A name that makes the group too long: then without the file.
        let template = (try? GroupTemplate(text)) ?? groups.template
        var shared = RecordWriter.Settings(group: template)
        shared.maxGroups = settings.maxGroups
        // The bound is the input's, not each file's.
        shared.knownGroups = json?.groupNames ?? syslog?.groupNames ?? []
        shared.tags = settings.tags
        shared.replacesFarTimes = false
        shared.parsesPayload = settings.parsesPayload && settings.parser == .syslog
        shared.source = settings.source
        switch settings.parser {
        case .raw: break
        case .json: json = JSONDatagramReader(shared, token: nil)
        case .syslog: syslog = RecordWriter(shared)
        }
    }

    private static func replacing(_ placeholder: String, in text: String, by value: String) -> String {
        var result = ""
        var rest = Substring(text)
        while let brace = rest.firstIndex(of: "{") {
            result += rest[..<brace]
            rest = rest[brace...]
            if rest.hasPrefix(placeholder) {
                result += value
                rest = rest.dropFirst(placeholder.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result + rest
    }
}
