import EventLoop
import Protocol

/// Writes logs as the lines that `POST /api/logs/batch` takes: one JSON object and LF each, straight into a batch.
///
/// ```
///  {"message":"link down","level":"error","group":"syslog:sw1:kernel","tags":["site"],
///   "data":{"facility":"kern","severity":"err","host":"sw1","peer":"10.0.0.9","app":"kernel","pid":12},
///   "timestamp":"2026-10-11T22:14:15.000Z","source":"sw1"}
///  └── per log ───────────┘└──────────── head: the same for all logs of one ────────────┘└ per log ┘
///                                        priority, host, app and sender                 + the tail with the source
/// ```
///
/// Head and tail are kept for the last few hundred combinations, so that most logs cost a comparison and two copies.
/// No String and no allocation for a log whose combination is known. One writer serves one input on one thread.
struct RecordWriter: ~Copyable {
    /// What is the same for all logs of an input.
    struct Settings {
        /// The group's template.
        var group: GroupTemplate
        /// How many groups it may make.
        var maxGroups = 1_000
        /// The groups that the input has made already.
        var knownGroups: Set<[UInt8]> = []
        /// On every log, in this order.
        var tags: [String] = []
        /// What becomes of each level; nil: it stays.
        var levels: LevelMap?
        /// Whether the texts of messages are searched for members: see `PayloadReader`.
        var parsesPayload = false
        /// Whether a time more than 24 h from arrival is replaced by it: network inputs, whose devices may have no
        /// clock.
        var replacesFarTimes = true
        /// This machine: the source of logs that name no host and come from no peer or a unix socket, and the host of
        /// the latter.
        var source = ""
        /// The value of `{file}`.
        var file = ""
    }

    /// Which log is written.
    struct Origin {
        /// The sender; nil for files.
        ///
        /// Its process is the log's `pid` when the message names none and is this machine's.
        var peer: Peer?
        /// Nanoseconds since 1970.
        var arrival: Int64
        /// Whether it is a part of something longer.
        var isTruncated = false
    }

    /// Messages whose bytes were not UTF-8 and were repaired.
    private(set) var repaired: UInt64 = 0
    /// Logs put into `…:other`.
    var folded: UInt64 { groups.folded }
    /// The groups that the input has made.
    var groupNames: Set<[UInt8]> { groups.known }

    private let settings: Settings
    private var groups: GroupNames
    private var time = TimeText()
    private var payload = PayloadReader()
    private var senderProcess = ProcessText()
    private let ownHost: [UInt8]
    private var combinations: [Combination]
    /// Counts combinations made: which of four places the next one takes.
    private var replaced = 0

    /// The farthest that a device's time may be from arrival.
    static let farNanoseconds: UInt64 = 24 * 3_600 * 1_000_000_000

    /// A writer that has written nothing.
    init(_ settings: Settings) {
        self.settings = settings
        groups = GroupNames(settings.group, maxGroups: settings.maxGroups, known: settings.knownGroups)
        ownHost = Array(settings.source.utf8)
        combinations = Array(repeating: Combination(), count: AgentLimits.combinationsPerInput)
    }

    /// Appends a syslog message's line.
    mutating func append(
        _ message: SyslogMessage,
        of bytes: UnsafeRawBufferPointer,
        from origin: Origin,
        to output: inout [UInt8]
    ) {
        let view = ByteView(bytes)
        let index = combination(of: message, in: view, from: origin)
        if combinations[index].isFolded { groups.countFolded() }

        var timestamp = message.timestamp ?? origin.arrival
        var hasDeviceTime = message.timestamp == nil && !message.time.isEmpty
        if settings.replacesFarTimes, (timestamp &- origin.arrival).magnitude > Self.farNanoseconds {
            timestamp = origin.arrival
            hasDeviceTime = true
        }
        let text = view[message.message]
        let processID = processID(of: message, in: view, origin)
        let hasPayload =
            settings.parsesPayload && message.form != .plain && !origin.isTruncated && payload.read(view, message)
        let isPlain =
            !hasPayload && !hasDeviceTime && message.messageID.isEmpty && message.structuredData.isEmpty
            && message.device.isEmpty
            && message.sequence.isEmpty && message.topics.isEmpty && PlainText.isPlain(text)
        if isPlain {
            appendPlain(text, processID, combination: index, timestamp, to: &output)
            return
        }
        var members = MemberWriter(hasMembers: combinations[index].hasMembers)
        if text.isEmpty {
            output.append(UInt8(ascii: "{"))
        } else {
            output.append(contentsOf: Self.messageStart)
            if JSONText.appendEscaped(text, to: &output) > 0 { repaired += 1 }
            output.append(contentsOf: Self.messageEnd)
        }
        let dataStart = output.count
        combinations[index].appendHead(to: &output)
        members.append("pid", numberOrText: processID, to: &output)
        members.append("msgid", view[message.messageID], to: &output)
        members.append("device", view[message.device], to: &output)
        members.append("sequence", numberOrText: view[message.sequence], to: &output)
        members.append("topics", view[message.topics], to: &output)
        members.append("sd", structuredData: message.structuredData, of: view, to: &output)
        if hasDeviceTime { members.append("device_time", view[message.time], to: &output) }
        if hasPayload {
            let end = output.count
            payload.append(of: view, &members, to: &output)
            // More than a log may have stays in the text alone.
            if output.count - dataStart > ProtocolLimits.dataBytes { output.removeSubrange(end...) }
        }
        output.append(contentsOf: Self.timestampStart)
        time.append(timestamp, to: &output)
        combinations[index].appendTail(to: &output)
    }

    /// The message's own, else its sender's: a relay that hands another machine's messages on is not who wrote them.
    private mutating func processID(
        of message: SyslogMessage,
        in view: ByteView,
        _ origin: Origin
    ) -> UnsafeRawBufferPointer {
        let named = view[message.processID]
        guard named.isEmpty, let process = origin.peer?.process, process > 0 else { return named }
        let host = view[message.host]
        guard host.isEmpty || ownHost.withUnsafeBytes({ PlainText.equal($0, host) }) else { return named }
        return senderProcess.bytes(of: process)
    }

    /// Appends a text as it is, with the input's defaults: a line of a file, a piece of what was too long.
    mutating func append(text: UnsafeRawBufferPointer, from origin: Origin, to output: inout [UInt8]) {
        var message = SyslogMessage()
        message.form = .plain
        message.message = Field(start: 0, end: text.count)
        append(message, of: text, from: origin, to: &output)
    }

    private static let messageStart = Array("{\"message\":\"".utf8)
    private static let messageEnd = Array("\",".utf8)
    private static let timestampStart = Array("},\"timestamp\":\"".utf8)
}

// MARK: - The usual line

extension RecordWriter {
    /// A line whose text needs no escapes and whose data has nothing rare: one reservation, a few copies.
    private mutating func appendPlain(
        _ text: UnsafeRawBufferPointer,
        _ processID: UnsafeRawBufferPointer,
        combination index: Int,
        _ timestamp: Int64,
        to output: inout [UInt8]
    ) {
        let isNumber = MemberWriter.isNumber(processID)
        guard processID.isEmpty || isNumber || PlainText.isPlain(processID) else {
            return appendUnusualProcessID(text, processID, combination: index, timestamp, to: &output)
        }
        let hasMembers = combinations[index].hasMembers
        combinations[index].text
            .withUnsafeBytes { cached in
                let head = combinations[index].head(of: cached)
                let tail = combinations[index].tail(of: cached)
                let needed = text.count + head.count + tail.count + processID.count + TimeText.maximumCount + 64
                output.append(addingCapacity: needed) { span in
                    span.withUnsafeMutableBufferPointer { buffer, count in
                        guard let base = buffer.baseAddress else { return }
                        var line = LinePointer(UnsafeMutableRawPointer(base + count))
                        if text.isEmpty {
                            line.write("{")
                        } else {
                            line.write("{\"message\":\"")
                            line.write(text)
                            line.write("\",")
                        }
                        line.write(head)
                        if !processID.isEmpty {
                            if hasMembers { line.write(",") }
                            line.write(isNumber ? "\"pid\":" : "\"pid\":\"")
                            line.write(processID)
                            if !isNumber { line.write("\"") }
                        }
                        line.write("},\"timestamp\":\"")
                        line.advance(time.write(timestamp, to: line.end))
                        line.write(tail)
                        count += line.count
                    }
                }
            }
    }

    private mutating func appendUnusualProcessID(
        _ text: UnsafeRawBufferPointer,
        _ processID: UnsafeRawBufferPointer,
        combination index: Int,
        _ timestamp: Int64,
        to output: inout [UInt8]
    ) {
        var members = MemberWriter(hasMembers: combinations[index].hasMembers)
        output.append(UInt8(ascii: "{"))
        if !text.isEmpty {
            output.append(contentsOf: Self.messageStart.dropFirst())
            output.append(contentsOf: text)
            output.append(contentsOf: Self.messageEnd)
        }
        combinations[index].appendHead(to: &output)
        members.append("pid", processID, to: &output)
        output.append(contentsOf: Self.timestampStart)
        time.append(timestamp, to: &output)
        combinations[index].appendTail(to: &output)
    }
}

// MARK: - Combinations

extension RecordWriter {
    /// The kept head and tail for this message, made anew when they are not of its combination.
    private mutating func combination(of message: SyslogMessage, in view: ByteView, from origin: Origin) -> Int {
        let host = view[message.host]
        let app = view[message.app]
        let code =
            UInt64(message.form == .unparsed ? 1 : 0) | UInt64(origin.isTruncated ? 2 : 0)
            | UInt64(origin.peer == nil ? 4 : 0) | UInt64(truncatingIfNeeded: message.severityOfText ?? 8) << 8
            | UInt64(truncatingIfNeeded: message.priority ?? 0xFFFF) << 16
        let high = origin.peer?.high ?? 0
        let low = origin.peer?.low ?? 0
        var hash = PlainText.hash(host, seed: code ^ high &* 0x9E37_79B9_7F4A_7C15 ^ low)
        hash = PlainText.hash(app, seed: hash)
        // Four places for each hash, so that a few hundred busy combinations do not push each other out.
        let first = Int(truncatingIfNeeded: hash >> 32) & (AgentLimits.combinationsPerInput - 1) & ~3
        for index in first..<(first + 4)
        where combinations[index].matches(code: code, high: high, low: low, host: host, app: app) {
            return index
        }
        replaced &+= 1
        let index = combinations[first..<(first + 4)].firstIndex { $0.isUnused } ?? first + replaced & 3
        combinations[index] = makeCombination(
            code: code,
            message: message,
            host: host,
            app: app,
            peer: origin.peer,
            isTruncated: origin.isTruncated
        )
        return index
    }

    /// Not a hot path: a new combination of sender, host, app and priority.
    private mutating func makeCombination(
        code: UInt64,
        message: SyslogMessage,
        host: UnsafeRawBufferPointer,
        app: UnsafeRawBufferPointer,
        peer: Peer?,
        isTruncated: Bool
    ) -> Combination {
        var address: [UInt8] = []
        peer?.appendAddress(to: &address)
        var source: [UInt8] = []
        let isUnix = peer?.isUnix ?? false
        if !host.isEmpty {
            JSONText.appendRepaired(host, to: &source)
        } else if peer != nil, !isUnix {
            source = address
        } else {
            source = ownHost
        }
        source = PlainText.cut(source, to: ProtocolLimits.sourceBytes)

        var head: [UInt8] = Array("\"level\":\"".utf8)
        let sent = message.severity.flatMap { Level(syslogSeverity: $0) } ?? .info
        let level = settings.levels?[sent] ?? sent
        head.append(contentsOf: PlainText.bytes(level.name))
        let isFolded = appendGroup(message, host: host, app: app, source: source, to: &head)
        var tags = settings.tags
        if message.form == .unparsed { tags.append("unparsed") }
        if isTruncated { tags.append("truncated") }
        appendTags(tags, to: &head)
        head.append(contentsOf: ",\"data\":{".utf8)
        var members = MemberWriter(hasMembers: false)
        if let facility = message.facility {
            members.append("facility", PlainText.bytes(SyslogNames.facility(facility)), to: &head)
        }
        if let severity = message.severity {
            members.append("severity", PlainText.bytes(SyslogNames.severity(severity)), to: &head)
        }
        if host.isEmpty && isUnix {
            ownHost.withUnsafeBytes { members.append("host", $0, to: &head) }
        } else {
            members.append("host", host, to: &head)
        }
        if let peer, !host.isEmpty, !peer.isLocal {
            address.withUnsafeBytes { bytes in
                if !PlainText.equal(bytes, host) { members.append("peer", bytes, to: &head) }
            }
        }
        members.append("app", app, to: &head)

        var tail: [UInt8] = Array("\"".utf8)
        if !source.isEmpty {
            tail.append(contentsOf: ",\"source\":".utf8)
            source.withUnsafeBytes { _ = JSONText.appendString($0, to: &tail) }
        }
        tail.append(contentsOf: "}\n".utf8)
        return Combination(
            code: code,
            high: peer?.high ?? 0,
            low: peer?.low ?? 0,
            host: host,
            app: app,
            head: head,
            tail: tail,
            hasMembers: members.hasMembers,
            isFolded: isFolded
        )
    }

    private mutating func appendGroup(
        _ message: SyslogMessage,
        host: UnsafeRawBufferPointer,
        app: UnsafeRawBufferPointer,
        source: [UInt8],
        to head: inout [UInt8]
    ) -> Bool {
        head.append(contentsOf: "\",\"group\":".utf8)
        guard !settings.group.isEmpty else {
            head.append(contentsOf: "null".utf8)
            return false
        }
        let file = Array(settings.file.utf8)
        return source.withUnsafeBytes { source in
            file.withUnsafeBytes { file in
                let values = GroupValues(
                    hostname: host,
                    app: app,
                    source: source,
                    facility: message.facility.map { PlainText.bytes(SyslogNames.facility($0)) } ?? GroupValues().app,
                    severity: message.severity.map { PlainText.bytes(SyslogNames.severity($0)) } ?? GroupValues().app,
                    file: file
                )
                return groups.withName(values) { name in _ = JSONText.appendString(name, to: &head) }
            }
        }
    }

    private func appendTags(_ tags: [String], to head: inout [UInt8]) {
        guard !tags.isEmpty else { return }
        head.append(contentsOf: ",\"tags\":[".utf8)
        for (index, tag) in tags.enumerated() {
            if index > 0 { head.append(UInt8(ascii: ",")) }
            JSONText.appendString(tag, to: &head)
        }
        head.append(UInt8(ascii: "]"))
    }
}
