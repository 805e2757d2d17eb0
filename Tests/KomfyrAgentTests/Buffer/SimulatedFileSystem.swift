import struct TestSupport.SeededRandom
import Glibc
import Synchronization

@testable import KomfyrAgent

/// A file system in memory that fails and crashes by a seed.
///
/// Each file knows what is durable and which writes are not synced yet; a crash keeps of those what chance says:
/// whole, torn, or nothing, each on its own. Folder entries are durable once the folder is synced.
final class SimulatedFileSystem: FileSystem {
    struct Faults {
        /// One in so many calls fails; 0: none.
        var writeOneIn = 0
        var syncOneIn = 0
        var openOneIn = 0
        var removeOneIn = 0
        var readOneIn = 0
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
        var locks: Set<String> = []
        var random: SeededRandom
        var faults = Faults()
        var operations = 0
    }

    final class Node: @unchecked Sendable {
        // Guarded by the file system's mutex.
        var content: [UInt8] = []
        var durable: [UInt8] = []
        var unsynced: [(offset: Int, bytes: [UInt8])] = []
        /// After a failed sync the bytes count as clean: no later sync writes them.
        var lost: [(offset: Int, bytes: [UInt8])] = []
        var truncations = 0
    }

    let state: Mutex<State>

    init(seed: UInt64) {
        state = Mutex(State(random: SeededRandom(seed: seed)))
    }

    func setFaults(_ faults: Faults) { state.withLock { $0.faults = faults } }

    /// The machine stops and starts again: what was not synced is there, torn, or gone.
    func crash(losesUnsynced: Bool = true) {
        state.withLock { state in
            state.locks = []
            guard losesUnsynced else { return }
            // Names in a fixed order, so that a seed always does the same.
            var kept: [String: Node] = state.durableNames
            for (name, node) in state.files.sorted(by: { $0.key < $1.key }) where state.durableNames[name] == nil {
                if state.random.chance(1, in: 2) { kept[name] = node }
            }
            for (name, _) in state.durableNames.sorted(by: { $0.key < $1.key }) where state.files[name] == nil {
                if state.random.chance(1, in: 2) { kept[name] = nil }
            }
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

    /// The content of a file.
    func content(_ path: String) -> [UInt8]? { state.withLock { $0.files[path]?.content } }

    /// Replaces a file's content, durably.
    func put(_ path: String, _ content: [UInt8]) {
        state.withLock { state in
            let node = state.files[path] ?? Node()
            node.content = content
            node.durable = content
            node.unsynced = []
            state.files[path] = node
            state.durableNames[path] = node
        }
    }

    var names: [String] { state.withLock { $0.files.keys.sorted() } }

    // MARK: FileSystem

    func makeFolder(_ path: String) throws(FileError) {
        state.withLock { _ = $0.folders.insert(path) }
    }

    func open(_ path: String, _ mode: FileMode) throws(FileError) -> any OpenFile {
        let node: Result<Node, FileError> = state.withLock { state in
            if state.fails(state.faults.openOneIn) { return .failure(FileError(code: EIO, attempt: "open \(path)")) }
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
            let node = Node()
            state.files[path] = node
            return .success(node)
        }
        return SimulatedFile(self, try node.get(), path)
    }

    func list(_ folder: String) throws(FileError) -> [String] {
        state.withLock { state in
            state.files.keys.filter { $0.hasPrefix(folder + "/") && !$0.dropFirst(folder.count + 1).contains("/") }
                .map { String($0.dropFirst(folder.count + 1)) }
        }
    }

    func size(_ path: String) throws(FileError) -> UInt64 {
        guard let count = content(path)?.count else { throw FileError(code: ENOENT, attempt: "look at \(path)") }
        return UInt64(count)
    }

    func rename(_ path: String, to newPath: String) throws(FileError) {
        let isThere = state.withLock { state in
            guard let node = state.files.removeValue(forKey: path) else { return false }
            state.files[newPath] = node
            return true
        }
        if !isThere { throw FileError(code: ENOENT, attempt: "rename \(path)") }
    }

    func remove(_ path: String) throws(FileError) {
        let fails = state.withLock { state in
            if state.fails(state.faults.removeOneIn) { return true }
            state.files[path] = nil
            return false
        }
        if fails { throw FileError(code: EIO, attempt: "remove \(path)") }
    }

    func syncFolder(_ path: String) throws(FileError) {
        let fails = state.withLock { state in
            if state.fails(state.faults.syncOneIn) { return true }
            state.durableNames = state.files
            return false
        }
        if fails { throw FileError(code: EIO, attempt: "sync \(path)") }
    }

    func freeBytes(_ folder: String) throws(FileError) -> UInt64 {
        state.withLock { state in
            let free = state.faults.capacity - state.used
            return state.faults.capacity == Int.max ? 1 << 40 : UInt64(max(free, 0))
        }
    }

    func lock(_ path: String) throws(FileError) -> FolderLock {
        state.withLock { $0.locks.insert(path).inserted } ? .held(SimulatedLock(self, path)) : .heldByOther(pid: "4711")
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
    var used: Int { files.values.reduce(0) { $0 + $1.content.count } }

    mutating func fails(_ oneIn: Int) -> Bool { oneIn > 0 && random.chance(1, in: oneIn) }
}

private final class SimulatedLock: Sendable {
    let files: SimulatedFileSystem
    let path: String

    init(_ files: SimulatedFileSystem, _ path: String) {
        self.files = files
        self.path = path
    }

    deinit { _ = files.state.withLock { $0.locks.remove(path) } }
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
        let written: Result<Int, FileError> = files.state.withLock { state in
            var count = bytes.count
            if state.faults.shortWrites { count = 1 + state.random.below(count) }
            if state.fails(state.faults.writeOneIn) {
                return .failure(FileError(code: EIO, attempt: "write \(path)"))
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
        return try written.get()
    }

    func readSome(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
        let read: Result<Int, FileError> = files.state.withLock { state in
            if state.fails(state.faults.readOneIn) { return .failure(FileError(code: EIO, attempt: "read \(path)")) }
            guard Int(offset) < node.content.count else { return .success(0) }
            let part = node.content[Int(offset)...].prefix(buffer.count)
            buffer.copyBytes(from: part)
            return .success(part.count)
        }
        return try read.get()
    }

    func sync() throws(FileError) {
        let fails = files.state.withLock { state in
            if state.fails(state.faults.syncOneIn) {
                // As Linux does it: the pages are clean now, and no later sync will say a word.
                node.lost += node.unsynced
                node.unsynced = []
                return true
            }
            for write in node.unsynced {
                SimulatedFileSystem.put(write.bytes[...], at: write.offset, in: &node.durable)
            }
            if node.durable.count > node.content.count {
                node.durable.removeLast(node.durable.count - node.content.count)
            }
            node.unsynced = []
            return false
        }
        if fails { throw FileError(code: EIO, attempt: "sync \(path)") }
    }

    func truncate(to size: UInt64) throws(FileError) {
        files.state.withLock { _ in
            if node.content.count > Int(size) { node.content.removeLast(node.content.count - Int(size)) }
            node.unsynced = node.unsynced.compactMap { write in
                guard write.offset < Int(size) else { return nil }
                return (write.offset, Array(write.bytes.prefix(Int(size) - write.offset)))
            }
        }
    }

    func size() throws(FileError) -> UInt64 {
        files.state.withLock { _ in UInt64(node.content.count) }
    }
}
