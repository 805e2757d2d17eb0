import Glibc
import Synchronization
import Testing

@testable import KomfyrAgent

/// Folders that were made are there after a power failure, with all that was synced in them.
@Suite struct LastingFolderTests {
    private static let folder = "/var/lib/site/agent/buffer"

    /// Keeps a byte in the folder as the buffer keeps its segments.
    private func keep(_ files: SimulatedFileSystem) throws {
        let file = try files.open(Self.folder + "/kept", .createEmpty)
        try file.write([7], at: 0)
        try file.sync()
        try files.syncFolder(Self.folder)
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `a folder whose ancestors are new too outlives a power failure`(_ seed: UInt64) throws {
        let files = SimulatedFileSystem(seed: seed)
        try files.makeLastingFolder(Self.folder)
        try keep(files)
        files.crash()
        #expect(files.content(Self.folder + "/kept") == [7])
    }

    /// As an agent that makes its data_dir, and is killed before it has opened the buffer.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func `folders that were there already, and that nobody forced to disk, outlive it too`(_ seed: UInt64) throws {
        let files = SimulatedFileSystem(seed: seed)
        try files.makeFolder("/var/lib/site/agent")
        try files.makeLastingFolder(Self.folder)
        try keep(files)
        files.crash()
        #expect(files.content(Self.folder + "/kept") == [7])
    }

    @Test(
        arguments: [
            ("/a/b/c", ["/a/b", "/a", "/"]), ("//a///b/", ["/a", "/"]), ("/a", ["/"]), ("/", []),
            ("a/b", ["a", "."]), ("a", ["."]), ("../a", ["..", "."]),
        ] as [(String, [String])]
    )
    func `every folder above is forced to disk, the nearest first`(_ path: String, _ above: [String]) throws {
        let files = SimulatedFileSystem(seed: 1)
        try files.makeLastingFolder(path)
        #expect(files.state.withLock { $0.syncedFolders } == above)
    }

    @Test func `an ancestor that cannot be forced keeps nobody from starting, a disk with errors does`() throws {
        for code in [EACCES, EPERM, EINVAL, ENOTSUP, EROFS, EIO] {
            let files = SimulatedFileSystem(seed: 1)
            files.state.withLock { state in
                state.faults.code = code
                // The first makes the folder.
                state.failingCalls = 3...3
            }
            let isMade = (try? files.makeLastingFolder(Self.folder)) != nil
            #expect(isMade == (code != EIO), "\(code)")
            if isMade { #expect(files.state.withLock { $0.syncedFolders.last } == "/") }
        }
    }

    @Test func `the machine's own file system makes all of them`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/new/data/buffer"
        try PosixFileSystem().makeLastingFolder(path)
        #expect(try PosixFileSystem().list(path) == [])
    }
}
