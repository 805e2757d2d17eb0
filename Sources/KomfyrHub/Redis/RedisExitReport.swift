import EventLoop
import Glibc

/// Why a private Redis ended, in words: from how it ended and what it said last.
enum RedisExitReport {
    /// What is known, and what to do about it.
    /// - Parameters:
    ///   - exit: how it ended; nil when this hub did not start it.
    ///   - log: its log file.
    ///   - from: where in the log this run of it began, in bytes.
    ///   - folder: its folder.
    /// - Returns: a sentence or two, then its last lines.
    static func text(_ exit: ChildProcess.Exit?, log: String, from: Int, folder: String) -> String {
        let lines = lastLines(of: log, from: from)
        let ending =
            switch exit {
            case nil: "it ended"
            case let exit? where exit.signal != 0: "signal \(exit.signal) ended it"
            case let exit?: "it ended with status \(exit.status)"
            }
        let advice = advice(for: lines.joined(separator: "\n"), exit: exit, folder: folder)
        let words = lines.suffix(shownLines).map { "\n    " + $0 }.joined()
        return "\(ending)\(advice.map { ": \($0)" } ?? "")"
            + (words.isEmpty ? "" : "; its last words (\(log)):\(words)")
    }

    /// Whether this run of Redis found the end of its file torn, and cut it.
    static func tailWasCut(log: String, from: Int) -> Bool {
        lastLines(of: log, from: from).contains { $0.contains("aof-load-truncated is enabled") }
    }

    /// What the operator can do.
    static func advice(for log: String, exit: ChildProcess.Exit?, folder: String) -> String? {
        for (sign, advice) in signs where log.contains(sign) {
            return advice.split(separator: "{folder}", omittingEmptySubsequences: false).joined(separator: folder)
        }
        if exit?.signal == SIGKILL {
            return "it was killed, as the kernel does when memory runs out: lower KOMFYRVAKT_MEMORY_LIMIT"
        }
        return nil
    }

    private static let signs: [(String, String)] = [
        (
            "Bad file format reading the append only file",
            """
            its append-only file is damaged. Copy {folder} to a safe place, then run redis-check-aof --fix on the file \
            that is named below (in {folder}/appendonlydir): it keeps what stands before the damage. Then start the hub again
            """
        ),
        ("No space left on device", "the disk of {folder} is full: make room there"),
        ("Disk quota exceeded", "the disk quota of {folder} is used up: make room there"),
        ("Read-only file system", "{folder} is on a file system that is read-only now"),
        ("Out Of Memory", "it got no more memory: lower KOMFYRVAKT_MEMORY_LIMIT"),
        ("Can't handle RDB format", "{folder} was written by a newer Redis: install that one"),
        ("FATAL CONFIG FILE ERROR", "this redis-server does not know an option: Redis 6.2 or newer is wanted"),
        ("Permission denied", "it may not use a file in {folder}: give the folder to the user that the hub runs as"),
        ("Address already in use", "its socket is in use"),
    ]

    private static let shownLines = 6
    private static let readBytes = 16 << 10

    private static func lastLines(of log: String, from: Int) -> [String] {
        let descriptor = open(log, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let end = Int(lseek(descriptor, 0, SEEK_END))
        let start = max(from, end - readBytes, 0)
        guard end > start else { return [] }
        var bytes = [UInt8](repeating: 0, count: end - start)
        let count = pread(descriptor, &bytes, bytes.count, start)
        guard count > 0 else { return [] }
        return String(decoding: bytes.prefix(count), as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
    }
}
