import Glibc
import Protocol

/// Dead letters that were put back in line, on their way into the buffer (`DeadLetterFolder` has the whole way).
///
/// Belongs to the delivery loop; what waits for the disk is a `DiskJob`. One letter is in memory at a time.
struct RetryLine {
    /// What the disk is asked for.
    enum Job: Sendable {
        /// The oldest letter in line that is none of these.
        case look(except: Set<String>)
        /// These are in the buffer.
        case remove([String])
    }

    /// What became of it.
    enum Outcome: Sendable {
        case found(Letter)
        /// It cannot be sent: it was put back to the dead letters, for this reason.
        case unfit(String)
        case nothing
        case removed([String])
        case failed(FileError)
    }

    /// A letter as a batch.
    struct Letter: Sendable {
        var name: String
        var batch: EncodedBatch
    }

    private let letters: DeadLetterFolder
    private var isUnderWay = false
    private var lookMs: UInt64 = 0
    private var waiting: Letter?
    /// Appended, with the ends of their frames: to be removed when they are safe.
    private var appended: [(name: String, end: Cursor.Place)] = []

    init(_ letters: DeadLetterFolder) {
        self.letters = letters
    }

    /// Appends the letter that was read, if the buffer takes it.
    /// - Returns: the records that went in.
    mutating func append(to buffer: DiskBuffer, nowMs: UInt64) -> Int {
        guard let letter = waiting, buffer.append(letter.batch, nowMs: nowMs) == .appended,
            let end = buffer.segments.last?.endPlace
        else { return 0 }
        waiting = nil
        appended.append((letter.name, end))
        return letter.batch.records
    }

    /// The next thing to ask of the disk, if any.
    mutating func nextJob(_ buffer: DiskBuffer, nowMs: UInt64) -> DiskJob? {
        guard !isUnderWay else { return nil }
        // Where nothing is synced the letter stays until the hub has it: it is safer than the buffer.
        let isSynced = buffer.settings.section.fsync != .never
        let safe = appended.filter {
            $0.end <= buffer.cursor.place || isSynced && $0.end <= buffer.cursor.synced
        }
        let job: Job
        if !safe.isEmpty {
            job = .remove(safe.map(\.name))
        } else if waiting == nil, appended.count < AgentLimits.lettersInLine, nowMs >= lookMs {
            job = .look(except: Set(appended.map(\.name)))
        } else {
            return nil
        }
        isUnderWay = true
        return DiskJob(letters: letters, job)
    }

    /// When `nextJob` has something to do without anything else happening.
    var dueMs: UInt64? {
        isUnderWay || waiting != nil || appended.count >= AgentLimits.lettersInLine ? nil : lookMs
    }

    /// Takes the result of a job.
    /// - Returns: what an operator has to hear.
    mutating func finish(_ outcome: Outcome, nowMs: UInt64) -> String? {
        isUnderWay = false
        switch outcome {
        case .found(let letter):
            waiting = letter
        case .removed(let names):
            appended.removeAll { names.contains($0.name) }
        case .nothing:
            lookMs = nowMs + AgentLimits.retryLookMs
        case .unfit(let words):
            return "a dead letter cannot be sent again and stays where it was: \(words)"
        case .failed(let error):
            lookMs = nowMs + AgentLimits.retryLookMs
            return "dead letters cannot be sent again: \(error)"
        }
        return nil
    }
}

extension RetryLine.Job {
    /// Does it; blocks.
    func run(_ letters: DeadLetterFolder) -> RetryLine.Outcome {
        do throws(FileError) {
            switch self {
            case .look(let known): return try Self.look(letters, known)
            case .remove(let names):
                for name in names {
                    try letters.files.remove(letters.line.logsPath(name))
                    try letters.files.remove(letters.line.reasonPath(name))
                }
                return .removed(names)
            }
        } catch {
            return .failed(error)
        }
    }

    private static func look(_ letters: DeadLetterFolder, _ known: Set<String>) throws(FileError) -> RetryLine.Outcome {
        try removeSent(letters)
        guard let entry = try letters.line.entries().first(where: { !known.contains($0.name) }) else { return .nothing }
        do {
            return .found(try letter(entry.name, letters.line))
        } catch let error as FileError {
            return .failed(error)
        } catch {
            try letters.takeBack(entry.name)
            return .unfit("\(error)")
        }
    }

    /// A reason without logs is what a kill left of a letter that is in the buffer.
    private static func removeSent(_ letters: DeadLetterFolder) throws(FileError) {
        let names: Set<String>
        do throws(FileError) {
            names = Set(try letters.files.list(letters.line.folder))
        } catch {
            guard error.code == ENOENT else { throw error }
            return
        }
        for name in names where name.hasSuffix(".json") {
            let stem = String(name.dropLast(".json".utf8.count))
            if !names.contains(stem + ".ndjson.zst") { try letters.files.remove(letters.line.reasonPath(stem)) }
        }
    }

    /// The letter as a batch; lines are counted anew, since a person may have mended some and left out others.
    private static func letter(_ name: String, _ line: DeadLetterFolder) throws -> RetryLine.Letter {
        let reason = try line.reason(name)
        guard let identity = BatchIdentity(text: reason.retryIdentity) else {
            throw DeadLetterProblem("\(line.reasonPath(name)) has no retry_identity that can be read")
        }
        let logs = try line.logs(name)
        let records =
            logs.reduce(0) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 } + (logs.last == UInt8(ascii: "\n") ? 0 : 1)
        guard !logs.isEmpty, logs.count <= ProtocolLimits.bodyBytes else {
            throw DeadLetterProblem("\(line.logsPath(name)) holds \(logs.count) bytes of logs")
        }
        let made = Array(reason.made.utf8).withUnsafeBytes { Timestamp.parse($0) }
        let batch = EncodedBatch(
            body: try BodyCompressor().compress(logs),
            records: records,
            uncompressedBytes: logs.count,
            positions: [],
            isFromDatagramsOnly: false,
            madeNs: made ?? 0,
            identity: (identity.generation, identity.sequence)
        )
        return RetryLine.Letter(name: name, batch: batch)
    }
}

extension DiskJob {
    /// A job of the letters that are back in line.
    init(letters: DeadLetterFolder, _ job: RetryLine.Job) {
        self.init(
            files: letters.files,
            folder: letters.folder,
            older: [],
            syncsFolder: false,
            current: nil,
            new: nil,
            isSynced: false,
            retry: (letters, job)
        )
    }
}
