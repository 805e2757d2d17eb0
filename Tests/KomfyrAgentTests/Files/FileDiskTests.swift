import Foundation
import Glibc
import Testing

@testable import KomfyrAgent

/// Two disks below one folder, each behind a link: where that is missing, the disk is not mounted yet.
private final class Disks {
    let folder: TemporaryFolder
    private let mounted: [String: MountedDisk]

    /// Whether this machine lets us have two disks, and numbers their files alike.
    static let arePossible: Bool = {
        guard let disks = try? Disks() else { return false }
        return disks.inode("a/probe") != nil && disks.inode("a/probe") == disks.inode("b/probe")
    }()

    init() throws {
        folder = try TemporaryFolder()
        mounted = ["a": try MountedDisk(bytes: 1 << 20), "b": try MountedDisk(bytes: 1 << 20)]
        for name in ["a", "b"] {
            try mount(name)
            try folder.write(name + "/probe", "")
        }
    }

    func mount(_ name: String) throws {
        guard let disk = mounted[name], symlink(disk.path, folder.path + "/" + name) == 0 else {
            throw SimulationProblem(text: "no link to disk \(name): errno \(errno)")
        }
    }

    func unmount(_ name: String) throws { try folder.remove(name) }

    func inode(_ path: String) -> UInt64? {
        var status = stat()
        return stat(folder.path + "/" + path, &status) == 0 ? UInt64(status.st_ino) : nil
    }
}

/// Files of two disks that have the same inode, one of which comes and goes.
@Suite(.enabled(if: Disks.arePossible)) struct FileDiskTests {
    private let disks: Disks

    init() throws { disks = try Disks() }

    private func start(
        _ positions: [FilePosition] = [],
        _ change: (inout FileHarness.Options) -> Void = { _ in }
    ) throws -> FileHarness {
        var options = FileHarness.Options()
        options.paths = ["/a/*.log", "/b/*.log"]
        options.positions = positions
        change(&options)
        return try FileHarness(disks.folder, options)
    }

    private func expect(_ harness: FileHarness, _ lines: Set<String>, _ location: SourceLocation = #_sourceLocation) {
        let arrived = eventually { harness.lines.count >= lines.count }
        #expect(
            arrived && harness.lines.count == lines.count && Set(harness.lines) == lines,
            "\(harness.lines) \(harness.log)",
            sourceLocation: location
        )
    }

    /// Reads a file on each disk, and stops; the files have the same inode.
    private func readBoth() throws -> [FilePosition] {
        for name in ["a", "b"] { try disks.folder.write(name + "/app.log", "the first line on \(name)\n") }
        try #require(disks.inode("a/app.log") == disks.inode("b/app.log"))
        let harness = try start()
        expect(harness, ["the first line on a", "the first line on b"])
        harness.stop()
        return FileHarness.positions(harness.onDisk)
    }

    @Test func `an inode that went to another file says nothing of the same inode on a disk that comes later`() throws {
        let positions = try readBoth()
        let inode = try #require(disks.inode("a/app.log"))
        try disks.unmount("b")
        // As if the system had given the inode to a file that nobody asked to be read.
        try disks.folder.truncate("a/app.log")
        try disks.folder.append("a/app.log", "a secret that is none of ours, and longer than what was there\n")
        try disks.folder.rename("a/app.log", "a/secrets")
        try disks.folder.write("a/other.log", "other\n")
        let harness = try start(positions)
        expect(harness, ["other"])
        let device = try #require(positions.first { $0.path.hasSuffix("/a/app.log") }?.device)
        // It has turned out to be another file.
        #expect(eventually { !harness.positions.contains { $0.inode == inode && $0.device == device } })
        try disks.folder.append("a/other.log", "and more\n")
        expect(harness, ["other", "and more"])
        try disks.mount("b")
        try disks.folder.append("b/app.log", "the second line on b\n")
        expect(harness, ["other", "and more", "the second line on b"])
    }

    @Test func `a new file that has the inode of one on a disk that is not there yet is not taken for it`() throws {
        let positions = try readBoth()
        try disks.unmount("b")
        try disks.folder.truncate("a/app.log")
        try disks.folder.append("a/app.log", "written anew, and longer than what was there before\n")
        // What was known of the file on this disk is lost: only the other one's position has its inode.
        let others = positions.filter { $0.path.hasSuffix("/b/app.log") }
        #expect(others.count == 1)
        let harness = try start(others)
        expect(harness, ["written anew, and longer than what was there before"])
        try disks.mount("b")
        try disks.folder.append("b/app.log", "the second line on b\n")
        expect(harness, ["written anew, and longer than what was there before", "the second line on b"])
    }

    @Test func `a position that is being tried goes to its own file when that appears`() throws {
        let positions = try readBoth()
        try disks.unmount("b")
        try disks.folder.truncate("a/app.log")
        try disks.folder.append("a/app.log", "written anew, and longer than what was there before\n")
        // Nothing is read yet: the file on the first disk is still being tried.
        let harness = try start(positions.filter { $0.path.hasSuffix("/b/app.log") }) { $0.startsHeld = true }
        #expect(eventually { harness.positions.contains { $0.inode == 0 } })
        try disks.mount("b")
        try disks.folder.append("b/app.log", "the second line on b\n")
        #expect(eventually { harness.positions.allSatisfy { $0.inode == 0 || $0.path.hasSuffix("/b/app.log") } })
        harness.hold(false)
        expect(harness, ["written anew, and longer than what was there before", "the second line on b"])
    }

    @Test func `a disk that was numbered anew is known by its files`() throws {
        var positions = try readBoth()
        for index in positions.indices { positions[index].device &+= 1 << 40 }
        for name in ["a", "b"] { try disks.folder.append(name + "/app.log", "the second line on \(name)\n") }
        expect(try start(positions), ["the second line on a", "the second line on b"])
    }
}
