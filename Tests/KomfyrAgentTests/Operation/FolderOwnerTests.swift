import Glibc
import Testing

@testable import KomfyrAgent

/// Who uses a data_dir is found without touching the lock.
struct FolderOwnerTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.makeFolder("buffer")
    }

    private var owner: FolderOwner { .of(folder.path) }

    @Test func `nobody, somebody, nobody again`() throws {
        #expect(owner == .none)
        do {
            guard case .held(let lock) = try PosixFileSystem().lock(folder.path + "/buffer/lock") else {
                Issue.record("the lock is free")
                return
            }
            #expect(owner == .running(pid: getpid()))
            // One that is held is refused at once.
            guard case .heldByOther(let pid) = try PosixFileSystem().lock(folder.path + "/buffer/lock") else {
                Issue.record("the lock is held")
                return
            }
            #expect(pid == "\(getpid())")
            withExtendedLifetime(lock) {}
        }
        // A program that another test starts at this moment has what was open until it runs.
        #expect(eventually { owner == .none })
        #expect(FolderOwner.of(folder.path + "/nowhere") == .none)
    }

    @Test func `a look never keeps an agent from starting`() throws {
        let path = folder.path + "/buffer/lock"
        try folder.write("buffer/lock", "4711\n")
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        defer { close(descriptor) }
        // The lock is free at every moment of a thousand looks.
        for _ in 0..<1_000 {
            #expect(owner == .none)
            #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
            flock(descriptor, LOCK_UN)
        }
    }

    @Test func `a table of the system's locks is read, whatever stands in it`() throws {
        try folder.write("buffer/lock", "4711\n")
        let inode = try folder.inode("buffer/lock")
        let rows: [(row: String, owner: FolderOwner)] = [
            // Another device with the same number, and the process that the lock names: btrfs.
            ("1: FLOCK  ADVISORY  WRITE 4711 00:00:\(inode) 0 EOF", .running(pid: 4_711)),
            ("1: FLOCK  ADVISORY  WRITE 4712 00:00:\(inode) 0 EOF", .none),
            ("1: POSIX  ADVISORY  WRITE 4711 00:00:\(inode) 0 EOF", .none),
            ("1: FLOCK  ADVISORY  WRITE 4711 00:00:\(inode)1 0 EOF", .none),
            ("", .none), ("nonsense", .none), ("1: FLOCK ADVISORY WRITE x y:z:\(inode) 0 EOF", .none),
            ("1: -> FLOCK  ADVISORY  WRITE 4711 00:00:\(inode) 0 EOF", .none),
        ]
        for (row, expected) in rows {
            try folder.write("locks", row + "\n")
            #expect(FolderOwner.of(folder.path, table: folder.path + "/locks") == expected, "\(row)")
        }
        guard case .unknown = FolderOwner.of(folder.path, table: folder.path + "/none") else {
            Issue.record("a table that is not there says nothing")
            return
        }
    }
}
