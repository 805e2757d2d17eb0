import Synchronization

@testable import KomfyrAgent

/// The machine's file system, which counts what is read, and whose syncs a test can hold up.
final class CountingFileSystem: FileSystem {
    /// A number that several threads add to.
    final class Total: Sendable {
        private let value = Mutex<UInt64>(0)

        func add(_ count: UInt64) { value.withLock { $0 += count } }
        func store(_ count: UInt64) { value.withLock { $0 = count } }
        func load() -> UInt64 { value.withLock { $0 } }
    }

    let bytesRead = Total()
    /// While it holds one, a sync waits for the latch.
    let gate = Mutex<Latch?>(nil)
    private let files = PosixFileSystem()

    func makeFolder(_ path: String) throws(FileError) { try files.makeFolder(path) }
    func open(_ path: String, _ mode: FileMode) throws(FileError) -> any OpenFile {
        CountingFile(try files.open(path, mode), self)
    }
    func list(_ folder: String) throws(FileError) -> [String] { try files.list(folder) }
    func size(_ path: String) throws(FileError) -> UInt64 { try files.size(path) }
    func rename(_ path: String, to newPath: String) throws(FileError) { try files.rename(path, to: newPath) }
    func remove(_ path: String) throws(FileError) { try files.remove(path) }
    func syncFolder(_ path: String) throws(FileError) { try files.syncFolder(path) }
    func freeBytes(_ folder: String) throws(FileError) -> UInt64 { try files.freeBytes(folder) }
    func lock(_ path: String) throws(FileError) -> FolderLock { try files.lock(path) }
}

private final class CountingFile: OpenFile {
    private let file: any OpenFile
    private let files: CountingFileSystem

    init(_ file: any OpenFile, _ files: CountingFileSystem) {
        self.file = file
        self.files = files
    }

    func writeSome(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
        try file.writeSome(bytes, at: offset)
    }

    func readSome(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
        let count = try file.readSome(into: buffer, at: offset)
        files.bytesRead.add(UInt64(count))
        return count
    }

    func sync() throws(FileError) {
        files.gate.withLock { $0 }?.wait()
        try file.sync()
    }

    func truncate(to size: UInt64) throws(FileError) { try file.truncate(to: size) }
    func size() throws(FileError) -> UInt64 { try file.size() }
}
