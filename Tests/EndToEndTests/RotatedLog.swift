import Foundation
import TestSupport

/// A log file of a test, as a program and logrotate treat it: lines with numbers are written, and the file is rotated
/// in one of the ways that there are.
///
/// What an agent could not but lose is not asked of it, and the conditions say what that is:
/// - A file is renamed, packed or deleted only after a line of it has arrived: one that came and went while no agent ran
///   is known to nobody.
/// - A file is packed or deleted before all of it has arrived only while the agent runs and has it open; until all has
///   arrived the agent is not killed.
/// - What a copied file holds unread when it is truncated is the gap of that way of rotation: it is noted, and may be
///   missing. When `isPatient` the truncation waits until all has arrived, and nothing may be missing.
final class RotatedLog {
    /// How the file is rotated.
    enum Way: CaseIterable {
        /// `app.log` → `app.log.1`; the program writes some more lines into it before it opens a new one.
        case rename
        /// Renamed, and packed when all of it has arrived.
        case packLater
        /// Renamed and packed at once, while the agent reads.
        case packNow
        /// Deleted and made anew, while the agent reads.
        case recreate
        /// Copied and truncated, while the program goes on.
        case copyTruncate
        /// Copied and truncated after all has arrived.
        case copyTruncatePatiently
    }

    let path: String
    /// Whether a log has a second line, with its number behind the second word.
    let isMultiline: Bool
    /// Numbers that the gap of copying and truncating may have swallowed.
    private(set) var gap: Set<Int> = []
    private(set) var rotations: [Way: Int] = [:]

    private var descriptor: Int32 = -1
    /// What this file, under its present inode, holds and was not seen at the hub yet, in the order of writing.
    private var unseen: [Range<Int>] = []
    /// The first number that was written since the file was made, or truncated.
    private var first: Int?
    /// The first number that was written into it since the agent was started last.
    private var firstOfRun: Int?
    private var pending: Way?
    private var generation = 0
    /// Rotated files to be packed, with what they hold.
    private var toPack: [(path: String, unseen: [Range<Int>])] = []
    /// Files that are gone, and that the agent reads to their end.
    private var leaving: [[Range<Int>]] = []
    /// The end of a line that was begun.
    private var rest: [UInt8] = []

    init(_ path: String, isMultiline: Bool) {
        self.path = path
        self.isMultiline = isMultiline
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Whether a kill would cost lines that no agent could know of.
    var forbidsKill: Bool { !leaving.isEmpty }

    /// The agent was started anew: it has none of the files open yet.
    func agentStarted() { firstOfRun = nil }

    // MARK: Writing

    /// Appends logs with these numbers; the last line may be left unfinished until the next call.
    func append(_ numbers: Range<Int>, leavesLine: Bool) throws {
        guard !numbers.isEmpty else { return }
        var bytes = rest
        for number in numbers {
            bytes.append(
                contentsOf: "2026-11-23 number \(number) is a line of some length, as programs write it\n".utf8
            )
            if isMultiline { bytes.append(contentsOf: "    more \(number)\n".utf8) }
        }
        rest = leavesLine ? Array(bytes.suffix(20)) : []
        try write(Array(bytes.dropLast(rest.count)))
        unseen.append(numbers)
        first = first ?? numbers.lowerBound
        firstOfRun = firstOfRun ?? numbers.lowerBound
    }

    private func write(_ bytes: [UInt8]) throws {
        if descriptor < 0 { descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, $0.count - written)
            }
            guard count > 0 else { throw TestFailure("write \(path): errno \(errno)") }
            written += count
        }
    }

    private func finishLine() throws {
        try write(rest)
        rest = []
    }

    // MARK: Rotating

    /// Begins a rotation, or goes on with one whose condition was not met yet.
    func rotate(_ way: Way, _ hub: CountingHub, isRunning: Bool) async throws {
        forgetSeen(hub)
        let way = pending ?? way
        pending = way
        guard let first, hub.hasAll(first..<first + 1, of: words) else { return }
        let isOpen = isRunning && firstOfRun.map { hub.hasAll($0..<$0 + 1, of: words) } ?? false
        switch way {
        case .rename: try rename()
        case .packLater: toPack.append((try rename(), unseen))
        case .packNow:
            guard isOpen else { return }
            leaving.append(unseen)
            try await pack(try rename())
        case .recreate:
            guard isOpen else { return }
            leaving.append(unseen)
            try finishLine()
            guard unlink(path) == 0 else { throw TestFailure("unlink \(path): errno \(errno)") }
        case .copyTruncate: try copyAndTruncate(hub)
        case .copyTruncatePatiently:
            try finishLine()
            guard unseen.isEmpty else { return }
            try copyAndTruncate(hub)
        }
        pending = nil
        rotations[way, default: 0] += 1
        unseen = []
        self.first = nil
        firstOfRun = nil
        if way != .copyTruncate, way != .copyTruncatePatiently {
            close(descriptor)
            descriptor = -1
        }
    }

    /// Whether a rotation waits for its condition.
    var isRotating: Bool { pending != nil }

    /// Whether it waits for what it has written to arrive, so that nothing more may be written.
    var waits: Bool { pending == .copyTruncatePatiently }

    /// Packs rotated files that have arrived, and forgets what has arrived of those that are gone.
    func tidy(_ hub: CountingHub) async throws {
        forgetSeen(hub)
        leaving = leaving.map { seen(hub, $0) }.filter { !$0.isEmpty }
        for index in toPack.indices { toPack[index].unseen = seen(hub, toPack[index].unseen) }
        for file in toPack where file.unseen.isEmpty { try await pack(file.path) }
        toPack.removeAll { $0.unseen.isEmpty }
    }

    /// Ends what was begun.
    func finish() throws { try finishLine() }

    private var words: Range<Int> { isMultiline ? 0..<2 : 0..<1 }

    private func forgetSeen(_ hub: CountingHub) { unseen = seen(hub, unseen) }

    private func seen(_ hub: CountingHub, _ ranges: [Range<Int>]) -> [Range<Int>] {
        Array(ranges.drop { hub.hasAll($0, of: words) })
    }

    /// - Returns: the new path.
    @discardableResult
    private func rename() throws -> String {
        generation += 1
        let rotated = "\(path).\(generation)"
        guard Glibc.rename(path, rotated) == 0 else { throw TestFailure("rename \(path): errno \(errno)") }
        // The program has it open still, and ends its line.
        try finishLine()
        return rotated
    }

    private func pack(_ path: String) async throws {
        try await ChildProgram.run("gzip", ["-1", path], folder: (path as NSString).deletingLastPathComponent)
    }

    private func copyAndTruncate(_ hub: CountingHub) throws {
        generation += 1
        try finishLine()
        try FileManager.default.copyItem(atPath: path, toPath: "\(path).\(generation)")
        for range in unseen {
            for number in range where !hub.hasAll(number..<number + 1, of: words) { gap.insert(number) }
        }
        guard truncate(path, 0) == 0 else { throw TestFailure("truncate \(path): errno \(errno)") }
    }
}
