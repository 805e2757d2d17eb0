import struct TestSupport.SeededRandom
import Glibc
import Synchronization

@testable import KomfyrAgent

/// A file system in memory that fails and crashes by a seed.
///
/// Each file knows what is durable and which writes are not synced yet; a crash keeps of those what chance says:
/// whole, torn, or nothing, each on its own. Folder entries are durable once the folder is synced; a folder whose own
/// entry is not may be gone with all that is in it.
final class SimulatedFileSystem: FileSystem {
    struct Faults {
        /// One in so many calls fails; 0: none.
        var writeOneIn = 0
        var syncOneIn = 0
        var openOneIn = 0
        var removeOneIn = 0
        var renameOneIn = 0
        var readOneIn = 0
        /// One in so many calls of any kind.
        var anyOneIn = 0
        /// Nothing can be changed any more.
        var isReadOnly = false
        /// What a call that fails says.
        var code = EIO
        /// Writes take less than they are given.
        var shortWrites = false
        /// Bytes that fit on the disk.
        var capacity = Int.max
    }

    struct State {
        var files: [String: Node] = [:]
        /// Entries that are durable.
        var durableNames: [String: Node] = [:]
        var folders: Set<String> = []
        /// Folders whose entry in the one above is durable.
        var durableFolders: Set<String> = []
        /// Folders whose entries were forced to disk, in order.
        var syncedFolders: [String] = []
        /// Who holds which: a lock on a file that was deleted since is another one.
        var locks: [String: Int] = [:]
        var lastLock = 0
        var random: SeededRandom
        var faults = Faults()
        /// Calls so far.
        var calls = 0
        /// These calls fail, by number.
        var failingCalls: ClosedRange<Int>?
        /// Files that cannot be read.
        var unreadable: Set<String> = []
        /// Bytes read so far.
        var bytesRead = 0
        /// Hears of each file that is deleted, with its content.
        var onRemove: (@Sendable (String, [UInt8]) -> Void)?
    }

    final class Node: @unchecked Sendable {
        // Guarded by the file system's mutex.
        var content: [UInt8] = []
        var durable: [UInt8] = []
        var unsynced: [(offset: Int, bytes: [UInt8])] = []
        /// After a failed sync the bytes count as clean: no later sync writes them.
        var lost: [(offset: Int, bytes: [UInt8])] = []
        /// Whether a folder has it.
        var isLinked = true
    }

    let state: Mutex<State>

    init(seed: UInt64) {
        state = Mutex(State(random: SeededRandom(seed: seed)))
    }

    func setFaults(_ faults: Faults) { state.withLock { $0.faults = faults } }

    /// The machine stops and starts again: what was not synced is there, torn, or gone.
    func crash(losesUnsynced: Bool = true) {
        state.withLock { state in
            state.locks = [:]
            guard losesUnsynced else { return }
            // Names in a fixed order, so that a seed always does the same.
            var kept: [String: Node] = state.durableNames
            for (name, node) in state.files.sorted(by: { $0.key < $1.key }) where state.durableNames[name] == nil {
                if state.random.chance(1, in: 2) { kept[name] = node }
            }
            for (name, _) in state.durableNames.sorted(by: { $0.key < $1.key }) where state.files[name] == nil {
                if state.random.chance(1, in: 2) { kept[name] = nil }
            }
            // A rename that was not synced leaves one name or the other, never none.
            for (name, node) in state.durableNames.sorted(by: { $0.key < $1.key }) {
                let isRenamed = state.files[name] !== node && state.files.values.contains { $0 === node }
                if isRenamed, !kept.values.contains(where: { $0 === node }) { kept[name] = node }
            }
            for folder in state.folders.subtracting(state.durableFolders).sorted() where state.random.chance(1, in: 2) {
                state.folders = state.folders.filter { $0 != folder && !$0.hasPrefix(folder + "/") }
                kept = kept.filter { !$0.key.hasPrefix(folder + "/") }
            }
            state.durableFolders = state.folders
            for node in state.files.values { node.isLinked = false }
            for node in kept.values { node.isLinked = true }
            state.files = kept
            state.durableNames = kept
            for (_, node) in kept.sorted(by: { $0.key < $1.key }) {
                var content = node.durable
                for write in node.unsynced + node.lost {
                    switch state.random.below(3) {
                    case 0: Self.put(write.bytes[...], at: write.offset, in: &content)
                    case 1:
                        let cut = state.random.below(write.bytes.count + 1)
                        Self.put(write.bytes[..<cut], at: write.offset, in: &content)
                    default: break
                    }
                }
                node.content = content
                node.durable = content
                node.unsynced = []
                node.lost = []
            }
        }
    }

    /// The content of a file, whatever the disk says.
    func content(_ path: String) -> [UInt8]? { state.withLock { $0.files[path]?.content } }

    /// Replaces a file's content, durably.
    func put(_ path: String, _ content: [UInt8]) {
        state.withLock { state in
            let node = state.files[path] ?? Node()
            node.content = content
            node.durable = content
            node.unsynced = []
            node.lost = []
            let folder = path.split(separator: "/").dropLast().map { "/" + $0 }.joined()
            state.folders.formUnion(State.withThoseAbove(folder))
            state.durableFolders.formUnion(State.withThoseAbove(folder))
            state.files[path] = node
            state.durableNames[path] = node
        }
    }

    var names: [String] { state.withLock { $0.files.keys.sorted() } }

    // MARK: FileSystem

    func makeFolder(_ path: String) throws(FileError) {
        try state.withLock { state in
            if state.folders.contains(path) { return Result<Void, FileError>.success(()) }
            if let error = state.fault(0, "make folder \(path)", changes: true) { return .failure(error) }
            state.folders.formUnion(State.withThoseAbove(path))
            return .success(())
        }
        .get()
    }

    func open(_ path: String, _ mode: FileMode) throws(FileError) -> any OpenFile {
        let node: Result<Node, FileError> = state.withLock { state in
            if let error = state.fault(state.faults.openOneIn, "open \(path)", changes: mode != .read) {
                return .failure(error)
            }
            let folder = path.split(separator: "/").dropLast().map { "/" + $0 }.joined()
            switch mode {
            case .read, .readWrite:
                guard let node = state.files[path] else {
                    return .failure(FileError(code: ENOENT, attempt: "open \(path)"))
                }
                return .success(node)
            case .readWriteCreating:
                if let node = state.files[path] { return .success(node) }
            case .createEmpty:
                break
            }
            guard folder.isEmpty || state.folders.contains(folder) else {
                return .failure(FileError(code: ENOENT, attempt: "open \(path)"))
            }
            state.files[path]?.isLinked = false
            let node = Node()
            state.files[path] = node
            return .success(node)
        }
        return SimulatedFile(self, try node.get(), path)
    }

    func list(_ folder: String) throws(FileError) -> [String] {
        try state.withLock { state in
            if let error = state.fault(0, "list \(folder)") { return Result<[String], FileError>.failure(error) }
            guard state.folders.contains(folder) else {
                return .failure(FileError(code: ENOENT, attempt: "list \(folder)"))
            }
            let inside = (Array(state.files.keys) + Array(state.folders)).filter { $0.hasPrefix(folder + "/") }
                .map { String($0.dropFirst(folder.count + 1)) }
            return .success(inside.filter { !$0.contains("/") }.sorted())
        }
        .get()
    }

    func size(_ path: String) throws(FileError) -> UInt64 {
        try state.withLock { state in
            if let error = state.fault(0, "look at \(path)") { return Result<UInt64, FileError>.failure(error) }
            if state.folders.contains(path) { return .success(0) }
            guard let node = state.files[path] else {
                return .failure(FileError(code: ENOENT, attempt: "look at \(path)"))
            }
            return .success(UInt64(node.content.count))
        }
        .get()
    }

    func rename(_ path: String, to newPath: String) throws(FileError) {
        try state.withLock { state in
            if let error = state.fault(state.faults.renameOneIn, "rename \(path)", changes: true) {
                return Result<Void, FileError>.failure(error)
            }
            guard let node = state.files.removeValue(forKey: path) else {
                return .failure(FileError(code: ENOENT, attempt: "rename \(path)"))
            }
            state.files[newPath]?.isLinked = false
            state.files[newPath] = node
            return .success(())
        }
        .get()
    }

    func remove(_ path: String) throws(FileError) {
        let removed: Result<[UInt8]?, FileError> = state.withLock { state in
            if let error = state.fault(state.faults.removeOneIn, "remove \(path)", changes: true) {
                return .failure(error)
            }
            guard let node = state.files.removeValue(forKey: path) else { return .success(nil) }
            node.isLinked = false
            return .success(node.content)
        }
        guard let content = try removed.get() else { return }
        state.withLock { $0.onRemove }?(path, content)
    }

    func syncFolder(_ path: String) throws(FileError) {
        try state.withLock { state in
            if let error = state.fault(state.faults.syncOneIn, "sync \(path)") {
                return Result<Void, FileError>.failure(error)
            }
            state.syncedFolders.append(path)
            // Of this folder alone.
            let start = path == "/" ? path : path + "/"
            func isInside(_ name: String) -> Bool {
                name.hasPrefix(start) && !name.dropFirst(start.count).contains("/")
            }
            state.durableFolders.formUnion(state.folders.filter(isInside))
            state.durableNames = state.durableNames.filter { !isInside($0.key) }
            for (name, node) in state.files where isInside(name) { state.durableNames[name] = node }
            return .success(())
        }
        .get()
    }

    func freeBytes(_ folder: String) throws(FileError) -> UInt64 {
        try state.withLock { state in
            if let error = state.fault(0, "look at disk of \(folder)") {
                return Result<UInt64, FileError>.failure(error)
            }
            let free = state.faults.capacity == Int.max ? 1 << 40 : UInt64(max(state.faults.capacity - state.used, 0))
            return .success(free)
        }
        .get()
    }

    func lock(_ path: String) throws(FileError) -> FolderLock {
        let number: Int? = state.withLock { state in
            guard state.locks[path] == nil else { return nil }
            state.lastLock += 1
            state.locks[path] = state.lastLock
            return state.lastLock
        }
        guard let number else { return .heldByOther(pid: "4711") }
        return .held(SimulatedLock(self, path, number))
    }

    /// Someone deletes a folder with all that is in it.
    func removeFolder(_ path: String) {
        state.withLock { state in
            for name in state.files.keys.filter({ $0.hasPrefix(path + "/") }) {
                state.files.removeValue(forKey: name)?.isLinked = false
                state.durableNames[name] = nil
            }
            state.folders = state.folders.filter { $0 != path && !$0.hasPrefix(path + "/") }
            state.durableFolders.formIntersection(state.folders)
            state.locks = state.locks.filter { !$0.key.hasPrefix(path + "/") }
        }
    }

    static func put(_ bytes: ArraySlice<UInt8>, at offset: Int, in content: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        if content.count < offset + bytes.count {
            content.append(contentsOf: repeatElement(0, count: offset + bytes.count - content.count))
        }
        content.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
    }
}

extension SimulatedFileSystem.State {
    /// A folder, and those it lies in, without the root.
    static func withThoseAbove(_ path: String) -> [String] {
        let parts = path.split(separator: "/")
        return parts.indices.map { parts[...$0].map { "/" + $0 }.joined() }
    }

    var used: Int { files.values.reduce(0) { $0 + $1.content.count } }

    /// What this call fails with, if it does: counts it, and draws.
    mutating func fault(_ oneIn: Int, _ attempt: String, changes: Bool = false) -> FileError? {
        calls += 1
        if failingCalls?.contains(calls) == true { return FileError(code: faults.code, attempt: attempt) }
        if changes && faults.isReadOnly { return FileError(code: EROFS, attempt: attempt) }
        for chance in [oneIn, faults.anyOneIn] where chance > 0 && random.chance(1, in: chance) {
            return FileError(code: faults.code, attempt: attempt)
        }
        return nil
    }
}

private final class SimulatedLock: Sendable {
    let files: SimulatedFileSystem
    let path: String
    let number: Int

    init(_ files: SimulatedFileSystem, _ path: String, _ number: Int) {
        self.files = files
        self.path = path
        self.number = number
    }

    deinit {
        files.state.withLock { state in
            if state.locks[path] == number { state.locks[path] = nil }
        }
    }
}

private final class SimulatedFile: OpenFile {
    private let files: SimulatedFileSystem
    private let node: SimulatedFileSystem.Node
    private let path: String

    init(_ files: SimulatedFileSystem, _ node: SimulatedFileSystem.Node, _ path: String) {
        self.files = files
        self.node = node
        self.path = path
    }

    func writeSome(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
        try files.state
            .withLock { state in
                var count = bytes.count
                if state.faults.shortWrites { count = 1 + state.random.below(count) }
                if let error = state.fault(state.faults.writeOneIn, "write \(path)", changes: true) {
                    return Result<Int, FileError>.failure(error)
                }
                let growth = max(Int(offset) + count - node.content.count, 0)
                let room = state.faults.capacity == Int.max ? Int.max : state.faults.capacity - state.used
                if growth > room {
                    count -= growth - max(room, 0)
                    if count <= 0 { return .failure(FileError(code: ENOSPC, attempt: "write \(path)")) }
                }
                let taken = Array(bytes[..<count])
                SimulatedFileSystem.put(taken[...], at: Int(offset), in: &node.content)
                node.unsynced.append((Int(offset), taken))
                return .success(count)
            }
            .get()
    }

    func readSome(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
        try files.state
            .withLock { state in
                if state.unreadable.contains(path) {
                    return Result<Int, FileError>.failure(FileError(code: EIO, attempt: "read \(path)"))
                }
                if let error = state.fault(state.faults.readOneIn, "read \(path)") {
                    return Result<Int, FileError>.failure(error)
                }
                guard offset < UInt64(node.content.count) else { return .success(0) }
                let part = node.content[Int(offset)...].prefix(buffer.count)
                buffer.copyBytes(from: part)
                state.bytesRead += part.count
                return .success(part.count)
            }
            .get()
    }

    func sync() throws(FileError) {
        try files.state
            .withLock { state in
                if let error = state.fault(state.faults.syncOneIn, "sync \(path)") {
                    // As Linux does it: the pages are clean now, and no later sync will say a word.
                    node.lost += node.unsynced
                    node.unsynced = []
                    return Result<Void, FileError>.failure(error)
                }
                for write in node.unsynced {
                    SimulatedFileSystem.put(write.bytes[...], at: write.offset, in: &node.durable)
                }
                if node.durable.count > node.content.count {
                    node.durable.removeLast(node.durable.count - node.content.count)
                }
                node.unsynced = []
                return node.isLinked ? .success(()) : .failure(FileError(code: ENOENT, attempt: "sync \(path)"))
            }
            .get()
    }

    func truncate(to size: UInt64) throws(FileError) {
        try files.state
            .withLock { state in
                if let error = state.fault(0, "cut \(path)", changes: true) {
                    return Result<Void, FileError>.failure(error)
                }
                if node.content.count > Int(size) { node.content.removeLast(node.content.count - Int(size)) }
                node.unsynced = node.unsynced.compactMap { write in
                    guard write.offset < Int(size) else { return nil }
                    return (write.offset, Array(write.bytes.prefix(Int(size) - write.offset)))
                }
                return .success(())
            }
            .get()
    }

    func size() throws(FileError) -> UInt64 {
        files.state.withLock { _ in UInt64(node.content.count) }
    }
}
