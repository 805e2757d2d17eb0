import Glibc
import Protocol

/// The folders of the dead letters, for whoever reads them or puts them back in line.
///
/// ```
///  DATA_DIR/dead-letter/NAME.ndjson.zst, NAME.json           refused (`DeadLetter` says what is in them)
///  DATA_DIR/dead-letter/retry/NAME.ndjson.zst, NAME.json     back in line: the agent takes them into its buffer
/// ```
///
/// `komfyr-agent buffer retry` moves the logs first and the reason last, with a sync in between, so that a letter in
/// `retry/` with its reason is whole, also after a power loss: renames that are not synced may reach the disk in any
/// order, and a reason that was faster would leave logs that count as unfinished. The agent appends it to the buffer under `retry_identity`, waits for the sync that covers it (with `fsync
/// = "never"` for the hub), and removes it, the logs first. Whatever is cut short on the way is done again under the
/// same identity, which the hub takes once.
struct DeadLetterFolder: Sendable {
    /// A letter, by the names and sizes of its files.
    struct Entry: Sendable, Equatable {
        var name: String
        var bytes: UInt64
        /// By its name.
        var records: Int { name.split(separator: "-").last.flatMap { Int($0) } ?? 0 }
    }

    /// What its `.json` says.
    struct Reason: Sendable, Equatable {
        var identity = ""
        var retryIdentity = ""
        var made = ""
        var status = 0
        /// The hub's answer, or the reasons of single lines: JSON.
        var answer = ""
    }

    let folder: String
    let files: any FileSystem

    /// The folder of those that are back in line.
    var line: DeadLetterFolder { DeadLetterFolder(folder: folder + "/retry", files: files) }

    /// Whole letters, oldest first; none when there is no folder.
    func entries() throws(FileError) -> [Entry] {
        let names: Set<String>
        do throws(FileError) {
            names = Set(try files.list(folder))
        } catch {
            guard error.code == ENOENT else { throw error }
            return []
        }
        var entries: [Entry] = []
        for name in names where name.hasSuffix(".json") {
            let stem = String(name.dropLast(".json".utf8.count))
            guard names.contains(stem + ".ndjson.zst") else { continue }
            do throws(FileError) {
                let bytes = try files.size(logsPath(stem)) + files.size(reasonPath(stem))
                entries.append(Entry(name: stem, bytes: bytes))
            } catch {
                // Dropped or sent meanwhile.
                guard error.code == ENOENT else { throw error }
            }
        }
        return entries.sorted { $0.name < $1.name }
    }

    /// The logs of a letter: NDJSON.
    /// - Throws: the disk's words, or what is wrong with the file.
    func logs(_ name: String) throws -> [UInt8] {
        let path = logsPath(name)
        let size = try files.size(path)
        guard size <= UInt64(AgentLimits.frameBodyBytes) else {
            throw DeadLetterProblem("\(path) has \(size) bytes: more than any batch")
        }
        let packed = try files.open(path, .read).read(Int(size), at: 0)
        do throws(BodyError) {
            return try BodyCompressor.decompress(packed, limit: AgentLimits.frameBodyBytes)
        } catch {
            throw DeadLetterProblem("\(path) cannot be unpacked: \(error)")
        }
    }

    /// Why it was refused.
    func reason(_ name: String) throws -> Reason {
        let path = reasonPath(name)
        let size = min(try files.size(path), UInt64(AgentLimits.deadLetterReasonBytes))
        let bytes = try files.open(path, .read).read(Int(size), at: 0)
        guard let reason = Self.read(bytes) else { throw DeadLetterProblem("\(path) is damaged") }
        return reason
    }

    /// Puts a letter of this folder in line.
    /// - Returns: false when it is gone: sent or dropped meanwhile.
    func putInLine(_ name: String) throws(FileError) -> Bool {
        // First: logs that are in a folder which a power failure takes away are in none. What is above is the agent's
        // data_dir, and lasting since it kept the letter.
        try files.makeFolder(line.folder)
        try files.syncFolder(folder)
        for suffix in [".ndjson.zst", ".json"] {
            do throws(FileError) {
                try files.rename(folder + "/" + name + suffix, to: line.folder + "/" + name + suffix)
            } catch {
                guard error.code == ENOENT else { throw error }
                // The first half may have been moved by a command that was cut short.
                guard suffix == ".ndjson.zst", (try? files.size(line.logsPath(name))) != nil else { return false }
            }
            try files.syncFolder(line.folder)
        }
        try files.syncFolder(folder)
        return true
    }

    /// Puts a letter that is in line back to this folder: the reason first, so that its logs count as unfinished nowhere.
    func takeBack(_ name: String) throws(FileError) {
        try files.rename(line.reasonPath(name), to: reasonPath(name))
        try files.syncFolder(folder)
        try files.rename(line.logsPath(name), to: logsPath(name))
        try files.syncFolder(folder)
    }

    /// Letters whose logs are in line and whose reason is not: a command was cut short.
    func half() throws(FileError) -> [Entry] {
        do throws(FileError) {
            let waiting = Set(try files.list(line.folder))
            return try files.list(folder).filter { $0.hasSuffix(".json") }
                .map { String($0.dropLast(".json".utf8.count)) }
                .filter { waiting.contains($0 + ".ndjson.zst") }.sorted().map { Entry(name: $0, bytes: 0) }
        } catch {
            guard error.code == ENOENT else { throw error }
            return []
        }
    }

    func logsPath(_ name: String) -> String { folder + "/" + name + ".ndjson.zst" }

    func reasonPath(_ name: String) -> String { folder + "/" + name + ".json" }

    private static func read(_ bytes: [UInt8]) -> Reason? {
        var scanner = JSONScanner()
        return bytes.withUnsafeBytes { raw in
            do throws(JSONProblem) {
                var reason = Reason()
                var cursor = try scanner.indexCopy(of: raw)
                try cursor.enter(UInt8(ascii: "{"))
                var isFirst = true
                while let key = try cursor.nextKey(isFirst: &isFirst) {
                    let name = String(decoding: cursor.bytes(key), as: UTF8.self)
                    let value = try cursor.readValue()
                    let text = String(decoding: cursor.bytes(value), as: UTF8.self)
                    switch name {
                    case "identity": reason.identity = text
                    case "retry_identity": reason.retryIdentity = text
                    case "made": reason.made = text
                    case "status": reason.status = Int(text) ?? 0
                    case "answer", "errors": reason.answer = value.kind == .string ? "\"\(text)\"" : text
                    default: break
                    }
                }
                try cursor.finish()
                return reason
            } catch {
                return nil
            }
        }
    }
}

/// What is wrong with a dead letter's file.
struct DeadLetterProblem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
