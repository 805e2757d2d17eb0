import Synchronization

/// Writes dead letters, and drops the oldest when they reach their bound.
///
/// Safe from any thread; blocks on the disk. It never stands in delivery's way: what it cannot write is reported and
/// dropped.
final class DeadLetterStore: Sendable {
    /// What writing one came to.
    struct Outcome: Sendable, Equatable {
        /// Logs kept.
        var records = 0
        /// Logs of older letters that were dropped for it.
        var droppedRecords = 0
        /// Why it could not be written.
        var failure: String?
    }

    private struct Letter {
        var name: String
        var records: Int
        var bytes: UInt64
    }

    private let folder: String
    private let maximum: Mutex<UInt64>
    private let files: any FileSystem
    /// Oldest first; nil until the folder has been read.
    private let letters = Mutex<[Letter]?>(nil)

    /// A store in this folder, which is made with the first letter.
    init(folder: String, maxBytes: UInt64, files: any FileSystem) {
        self.folder = folder
        maximum = Mutex(maxBytes)
        self.files = files
    }

    /// Takes another bound, which the next letter keeps to.
    func use(maxBytes: UInt64) { maximum.withLock { $0 = maxBytes } }

    /// Writes a letter: logs first, then why, each synced before its name appears.
    func write(_ letter: DeadLetter) -> Outcome {
        let contents: DeadLetter.Files
        do throws(BodyError) {
            contents = try letter.files()
        } catch {
            return Outcome(failure: "the batch could not be unpacked: \(error)")
        }
        // No line was named: there is nothing to keep.
        guard contents.records > 0 else { return Outcome() }
        let maxBytes = maximum.withLock { $0 }
        return letters.withLock { letters in
            var outcome = Outcome()
            do throws(FileError) {
                var known: [Letter]
                if let letters { known = letters } else { known = try read() }
                let size = UInt64(contents.logs.count + contents.why.count)
                guard size <= maxBytes else {
                    return Outcome(failure: "it is larger than dead_letter_max_bytes (\(size) bytes)")
                }
                // Others may have been put back in line meanwhile.
                if known.reduce(size, { $0 + $1.bytes }) > maxBytes { known = try read() }
                known.removeAll { $0.name == contents.name }
                outcome.droppedRecords = try makeRoom(for: size, within: maxBytes, &known)
                letters = known
                try put(contents.logs, contents.name + ".ndjson.zst")
                try put(contents.why, contents.name + ".json")
                try files.syncFolder(folder)
                known.append(Letter(name: contents.name, records: contents.records, bytes: size))
                letters = known
                outcome.records = contents.records
            } catch {
                outcome.failure = error.description
            }
            return outcome
        }
    }

    private func put(_ bytes: [UInt8], _ name: String) throws(FileError) {
        let path = folder + "/" + name
        let file = try files.open(path + ".new", .createEmpty)
        try file.write(bytes, at: 0)
        try file.sync()
        try files.rename(path + ".new", to: path)
    }

    private func makeRoom(for size: UInt64, within maxBytes: UInt64, _ letters: inout [Letter]) throws(FileError) -> Int
    {
        var total = letters.reduce(0) { $0 + $1.bytes } + size
        var dropped = 0
        while total > maxBytes, let oldest = letters.first {
            // The reason goes first: logs without it count as unfinished.
            try files.remove(folder + "/" + oldest.name + ".json")
            try files.remove(folder + "/" + oldest.name + ".ndjson.zst")
            letters.removeFirst()
            total -= oldest.bytes
            dropped += oldest.records
        }
        return dropped
    }

    /// What the folder holds; what is unfinished there is removed.
    private func read() throws(FileError) -> [Letter] {
        try files.makeLastingFolder(folder)
        let names = Set(try files.list(folder))
        var letters: [Letter] = []
        for name in names {
            if name.hasSuffix(".new") {
                try files.remove(folder + "/" + name)
            } else if name.hasSuffix(".ndjson.zst") {
                let stem = String(name.dropLast(".ndjson.zst".utf8.count))
                guard names.contains(stem + ".json") else {
                    try files.remove(folder + "/" + name)
                    continue
                }
                let bytes = try files.size(folder + "/" + name) + files.size(folder + "/" + stem + ".json")
                let records = stem.split(separator: "-").last.flatMap { Int($0) } ?? 0
                letters.append(Letter(name: stem, records: records, bytes: bytes))
            }
        }
        return letters.sorted { $0.name < $1.name }
    }
}
