import Protocol

/// What `komfyr-agent buffer inspect` found.
struct BufferInspection {
    /// A segment and what stands in it.
    struct SegmentFacts {
        var path: String
        var number: UInt64
        var bytes: UInt64
        var agent: String
        var frames: UInt64 = 0
        var records: UInt64 = 0
        var waitingFrames: UInt64 = 0
        var waitingRecords: UInt64 = 0
        /// When the oldest and the newest batch in it were made, ns since 1970; nil without any.
        var oldestNs: Int64?
        var newestNs: Int64?
    }

    /// A dead letter, with the hub's answer.
    struct Letter {
        var entry: DeadLetterFolder.Entry
        var reason: DeadLetterFolder.Reason?
        /// Put back in line, and not taken into the buffer yet.
        var isInLine: Bool
    }

    var folder: String
    /// Whether an agent uses it.
    var owner: FolderOwner
    var segments: [SegmentFacts] = []
    var cursor: Cursor
    var hasCursor: Bool
    var positions = 0
    var damage: [BufferFolder.Damage] = []
    var notices: [String]
    /// Files in `corrupt/`.
    var setAside: [(name: String, bytes: UInt64)] = []
    var letters: [Letter] = []

    var isSound: Bool { notices.isEmpty && !damage.contains { $0.kind != .unfinished } }

    /// Looks into a data_dir.
    ///
    /// `verifies`: bodies are read too, and compared with their checksums; else a long backlog is walked by its
    /// headers.
    /// - Throws: when the buffer's folder cannot be listed.
    init(_ dataDirectory: String, _ files: any FileSystem, owner: FolderOwner, verifies: Bool) throws(FileError) {
        folder = dataDirectory + "/buffer"
        self.owner = owner
        let buffer = try BufferFolder(folder, files, isInUse: owner.mayRun)
        cursor = buffer.cursor
        hasCursor = buffer.hasCursor
        notices = buffer.notices
        var table = PositionTable()
        for segment in buffer.segments {
            if let header = segment.header {
                table = PositionTable()
                table.advance(header.positions)
            }
            read(segment, buffer, verifies, &table)
        }
        positions = table.count
        if let names = try? files.list(folder + "/corrupt") {
            setAside = names.sorted().map { ($0, (try? files.size(folder + "/corrupt/" + $0)) ?? 0) }
        }
        let refused = DeadLetterFolder(folder: dataDirectory + "/dead-letter", files: files)
        for (folder, isInLine) in [(refused, false), (refused.line, true)] {
            letters += try folder.entries()
                .map { Letter(entry: $0, reason: try? folder.reason($0.name), isInLine: isInLine) }
        }
    }

    private mutating func read(
        _ segment: SegmentFolder.Opened,
        _ buffer: BufferFolder,
        _ verifies: Bool,
        _ table: inout PositionTable
    ) {
        var facts = SegmentFacts(
            path: segment.path,
            number: segment.number,
            bytes: segment.size,
            agent: segment.header?.agent ?? ""
        )
        var damage: [BufferFolder.Damage] = []
        buffer.walk(segment) { item, reader in
            switch item {
            case .damaged(let found):
                damage.append(found)
            case .frame(let header, let place, let isWaiting):
                if isWaiting {
                    facts.waitingFrames += 1
                    facts.waitingRecords += UInt64(header.records)
                }
                facts.frames += 1
                facts.records += UInt64(header.records)
                facts.oldestNs = min(facts.oldestNs ?? header.madeNs, header.madeNs)
                facts.newestNs = max(facts.newestNs ?? header.madeNs, header.madeNs)
                let end = place.offset + UInt64(header.frameBytes)
                if let problem = Self.check(header, at: place.offset, reader, verifies, &table) {
                    damage.append(
                        BufferFolder.Damage(
                            kind: .damaged,
                            path: segment.path,
                            range: place.offset..<end,
                            words: problem
                        )
                    )
                }
            }
            return true
        }
        self.damage += damage
        segments.append(facts)
    }

    private static func check(
        _ header: FrameHeader,
        at offset: UInt64,
        _ reader: SegmentReader?,
        _ verifies: Bool,
        _ table: inout PositionTable
    ) -> String? {
        guard let reader else { return nil }
        do throws(FileError) {
            guard let positions = try reader.positions(of: header, at: offset) else {
                return "the positions of a frame of \(header.records) logs"
            }
            table.advance(positions)
            if verifies, try reader.body(of: header, at: offset) == nil {
                return "the body of a frame of \(header.records) logs"
            }
            return nil
        } catch {
            return error.description
        }
    }
}
