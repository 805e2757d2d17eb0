import EventLoop
import Foundation
import Glibc
import Testing

@testable import KomfyrAgent

/// Copy-truncate where the globs mean the copies too: every line comes once.
struct FileCopyTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func start(
        _ positions: [FilePosition] = [],
        leftFileMs: UInt64 = 100,
        _ change: (inout FileHarness.Options) -> Void = { _ in }
    ) throws -> FileHarness {
        var options = FileHarness.Options()
        options.paths = ["/*.log*"]
        options.positions = positions
        options.leftFileMs = leftFileMs
        change(&options)
        return try FileHarness(folder, options)
    }

    private static func lines(_ numbers: Range<Int>) -> [String] { numbers.map { "line \($0) of a log" } }

    private static func text(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }

    /// Waits for these lines in any order, and that nothing else comes until a file that is written now is read.
    private func expect(
        _ harness: FileHarness,
        _ lines: [String],
        settles: Bool = true,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let own = { harness.lines.filter { !$0.hasPrefix("marker") } }
        let arrived = eventually { own().count >= lines.count }
        if settles {
            let marker = "marker \(UInt64.random(in: 0...UInt64.max))"
            try folder.append("marker.log", marker + "\n")
            #expect(eventually { harness.lines.contains(marker) }, sourceLocation: location)
        }
        let got = own().sorted()
        let words = "\(got.count) of \(lines.count) \(harness.log)"
        #expect(arrived && got == lines.sorted(), "\(words)", sourceLocation: location)
    }

    /// So many lines that the fingerprint is whole, or few.
    static let sizes = [1_000, 3]

    @Test(arguments: sizes)
    func `what was not read of a truncated file is read from its copy, and nothing twice`(_ count: Int) throws {
        let read = Self.lines(0..<count)
        let unread = Self.lines(count..<(count + 50))
        try folder.write("app.log", Self.text(read))
        let harness = try start(leftFileMs: 60_000)
        try expect(harness, read, settles: false)
        harness.hold(true)
        try folder.append("app.log", Self.text(unread))
        try folder.copy("app.log", "app.log.1")
        try folder.truncate("app.log")
        try folder.append("app.log", "new\n")
        harness.hold(false)
        try expect(harness, read + unread + ["new"])
        // Under the name that they were written under.
        #expect(Set(harness.records.map(\.group)) == ["file:app.log", "file:marker.log"])
    }

    /// What is known of a file that had the copy's inode before: whether anything of it was read, and under which name.
    @Test(arguments: [("app.log", UInt64(200)), ("app.log.1", 200), ("app.log.1", 0)])
    func `a copy that got the inode of a file of before is no file of its own`(_ name: String, _ offset: UInt64) throws
    {
        let read = Self.lines(0..<1_000)
        let unread = Self.lines(1_000..<1_050)
        try folder.write("app.log", Self.text(read))
        // Where no glob looks.
        try FileManager.default.createDirectory(atPath: folder.path + "/aside", withIntermediateDirectories: false)
        try folder.write("aside/copy", "")
        var status = stat()
        try #require(stat(folder.path + "/aside/copy", &status) == 0)
        let stale = FilePosition(
            input: "files",
            device: UInt64(status.st_dev),
            inode: UInt64(status.st_ino),
            fingerprint: 1,
            fingerprintLength: offset > 0 ? 100 : 0,
            offset: offset,
            guardHash: 1,
            path: folder.path + "/" + name
        )
        let harness = try start([stale], leftFileMs: 60_000)
        try expect(harness, read, settles: false)
        harness.hold(true)
        try folder.append("app.log", Self.text(unread))
        try folder.append("aside/copy", Self.text(read + unread))
        try FileManager.default.moveItem(atPath: folder.path + "/aside/copy", toPath: folder.path + "/app.log.1")
        try folder.truncate("app.log")
        try folder.append("app.log", "new\n")
        harness.hold(false)
        try expect(harness, read + unread + ["new"])
    }

    @Test func `a file that was truncated while nobody looked goes on in its copy`() throws {
        let read = Self.lines(0..<1_000)
        let unread = Self.lines(1_000..<1_050)
        try folder.write("app.log", Self.text(read))
        let first = try start()
        try expect(first, read, settles: false)
        let positions = first.stopAndAsk()
        try folder.append("app.log", Self.text(unread))
        try folder.copy("app.log", "app.log.1")
        try folder.truncate("app.log")
        let harness = try start(positions, leftFileMs: 60_000)
        try expect(harness, unread)
    }

    @Test(arguments: sizes)
    func `a copy that is met before the truncation waits for it`(_ count: Int) throws {
        let lines = Self.lines(0..<count)
        try folder.write("app.log", Self.text(lines))
        let harness = try start(leftFileMs: 60_000)
        try expect(harness, lines, settles: false)
        try folder.copy("app.log", "app.log.1")
        #expect(eventually { harness.isWaiting("app.log.1") })
        try folder.append("app.log", "gap\n")
        try expect(harness, lines + ["gap"], settles: false)
        try folder.truncate("app.log")
        try folder.append("app.log", "new\n")
        try expect(harness, lines + ["gap", "new"])
        // Where the copy goes on is on disk with what is new in the file, or before it: after a kill all come once.
        let inode = try folder.inode("app.log.1")
        let known = harness.onDisk.firstIndex { $0.positions.contains { $0.inode == inode } }
        let new = harness.onDisk.firstIndex { FileHarness.records([$0]).contains { $0.message == "new" } }
        #expect((known ?? .max) <= (new ?? -1), "\(String(describing: known)) \(String(describing: new))")
        #expect(eventually { harness.log.contains { $0.contains("app.log.1 is a copy of") } })
        // It is a file as any other from then on, also for the next start.
        try folder.append("app.log.1", "its own\n")
        try expect(harness, lines + ["gap", "new", "its own"])
        harness.stop()
        let again = try start(FileHarness.positions(harness.onDisk))
        try folder.append("app.log", "last\n")
        try expect(again, ["last"])
    }

    @Test(arguments: sizes)
    func `a copy that is read when its original has grown waits as well`(_ count: Int) throws {
        let lines = Self.lines(0..<count)
        try folder.write("app.log", Self.text(lines))
        let harness = try start(leftFileMs: 60_000)
        try expect(harness, lines, settles: false)
        // It is there, and has nothing yet.
        try folder.write("app.log.1", "")
        #expect(eventually { harness.statistics.open == 2 })
        try folder.append("app.log", "gap\n")
        try expect(harness, lines + ["gap"], settles: false)
        try folder.append("app.log.1", Self.text(lines))
        #expect(eventually { harness.isWaiting("app.log.1") })
        try folder.truncate("app.log")
        try folder.append("app.log", "new\n")
        try expect(harness, lines + ["gap", "new"])
        try folder.append("app.log.1", "its own\n")
        try expect(harness, lines + ["gap", "new", "its own"])
    }

    @Test func `a short file that begins otherwise than one that is longer is read at once`() throws {
        let lines = Self.lines(0..<3)
        try folder.write("app.log", Self.text(lines))
        let harness = try start(leftFileMs: 60_000)
        try expect(harness, lines, settles: false)
        try folder.write("app.log.1", "other\n")
        try expect(harness, lines + ["other"])
        #expect(!harness.isWaiting("app.log.1"))
    }

    @Test(arguments: sizes)
    func `a copy that is met after the truncation is no news`(_ count: Int) throws {
        let lines = Self.lines(0..<count)
        try folder.write("app.log", Self.text(lines))
        let harness = try start(leftFileMs: 60_000)
        try expect(harness, lines, settles: false)
        try folder.copy("app.log", "hidden")
        try folder.append("hidden", "unread\n")
        try folder.truncate("app.log")
        try folder.append("app.log", "new\n")
        try expect(harness, lines + ["new"], settles: false)
        try folder.rename("hidden", "app.log-20261123")
        try expect(harness, lines + ["new", "unread"])
    }

    @Test func `what was copied and truncated while the agent was down comes once`() throws {
        let lines = Self.lines(0..<500)
        let unread = Self.lines(500..<600)
        try folder.write("app.log", Self.text(lines))
        let first = try start()
        try expect(first, lines, settles: false)
        first.stop()
        try folder.append("app.log", Self.text(unread))
        try folder.copy("app.log", "app.log.1")
        try folder.truncate("app.log")
        try folder.append("app.log", "new\n")
        try expect(try start(FileHarness.positions(first.onDisk), leftFileMs: 60_000), unread + ["new"])
    }

    @Test func `a record of several lines that waited comes once, from the file or from its copy`() throws {
        let records = (0..<200).map { "\($0) record\n of two lines" }
        try folder.write("app.log", Self.text(records))
        let harness = try start(leftFileMs: 60_000) {
            $0.multiline = .init(beginning: .start("^\\d+ "), waitMs: 60_000)
        }
        try expect(harness, Array(records.dropLast()), settles: false)
        try folder.copy("app.log", "app.log.1")
        #expect(eventually { harness.statistics.open == 2 })
        try folder.truncate("app.log")
        try expect(harness, records, settles: false)
        try folder.append("app.log.1", "1 end\n2 end\n")
        try expect(harness, records + ["1 end"], settles: false)
    }

    @Test func `a file with the same first KiB and another rest is read whole`() throws {
        let banner = Self.lines(0..<100)
        try folder.write("app.log", Self.text(banner + ["first"]))
        let harness = try start(leftFileMs: 60_000)
        try expect(harness, banner + ["first"], settles: false)
        try folder.write("app.log.other", Self.text(banner + ["other", "and more"]))
        try expect(harness, banner + ["first"] + banner + ["other", "and more"])
        // Also when it is shorter than what was read of the one that it is like.
        try folder.append("app.log", Self.text(Self.lines(1_000..<2_000)))
        try folder.write("app.log.third", Self.text(banner + ["third"]))
        let more = Self.lines(1_000..<2_000) + banner + ["third"]
        try expect(harness, banner + ["first"] + banner + ["other", "and more"] + more)
    }

    @Test func `a new file that begins as the rotated one did is read whole`() throws {
        let banner = Self.lines(0..<100)
        try folder.write("app.log", Self.text(banner))
        let harness = try start(leftFileMs: 60_000)
        try expect(harness, banner, settles: false)
        try folder.rename("app.log", "app.log.1")
        try folder.write("app.log", Self.text(banner))
        try expect(harness, banner + banner)
    }

    @Test func `a file that only begins with the same lines is read whole`() throws {
        try folder.write("app.log", "started\n")
        let harness = try start()
        try expect(harness, ["started"], settles: false)
        try folder.write("app.log.err", "started\n")
        try expect(harness, ["started", "started"], settles: false)
        try folder.append("app.log.err", "failed\n")
        try expect(harness, ["started", "started", "failed"])
    }

    @Test func `without a truncation nothing is taken for a copy: its lines come, twice if need be`() throws {
        let lines = Self.lines(0..<500)
        try folder.write("app.log", Self.text(lines))
        let harness = try start()
        try expect(harness, lines, settles: false)
        try folder.copy("app.log", "app.log.bak")
        try expect(harness, lines + lines, settles: false)
        #expect(!harness.log.contains { $0.contains("is a copy of") })
        try folder.append("app.log.bak", "its own\n")
        try folder.append("app.log", "more\n")
        try expect(harness, lines + lines + ["its own", "more"])
    }

    @Test func `a copy that is removed before it is clear what it is, and was not open, is told of`() throws {
        let lines = Self.lines(0..<500)
        try folder.write("app.log", Self.text(lines))
        // No descriptor is kept.
        let harness = try start(leftFileMs: 60_000) { $0.maximumOpen = 0 }
        try expect(harness, lines, settles: false)
        try folder.copy("app.log", "app.log.1")
        // Once these are read, what stood before the second one in the queue was read too.
        try expect(harness, lines)
        try expect(harness, lines)
        try folder.remove("app.log.1")
        let words = "app.log: \(Self.text(lines).utf8.count) bytes of it could not be read"
        #expect(eventually { harness.log.contains { $0.hasPrefix("warning") && $0.contains(words) } }, "\(harness.log)")
        #expect(harness.log.count { $0.contains("app.log.1 was removed before it was clear") } == 1)
    }

    @Test func `files are looked at on the thread pool, one after the other`() throws {
        func tail(_ name: String) throws -> FileTail {
            var status = stat()
            try #require(stat(folder.path + "/" + name, &status) == 0)
            let path = folder.path + "/" + name
            let found = FileScanner.Found(
                path: Array(path.utf8),
                identity: status.identity,
                size: UInt64(status.st_size),
                modifiedNs: 0,
                isMatched: true
            )
            return FileTail(found, name: path, mark: .beginning, nowMs: 0)
        }
        let text = Self.text(Self.lines(0..<100))
        try folder.write("app.log", text)
        let loop = try Loop()
        let original = try tail("app.log")
        original.mark = Array(text.utf8)
            .withUnsafeBytes { FileMark.beginning.moved(to: $0.count, in: $0, begin: 0) }
        var verdicts: [FileCopies.Verdict] = []
        let copies = FileCopies(loop, leftFileMs: 60_000) { tail, _, verdict in
            #expect(tail.original == nil)
            verdicts.append(verdict)
            if verdicts.count == 4 { loop.stop() }
        }
        // What keeps the loop alive until then.
        let timer = try Timer(loop) { loop.stop() }
        timer.start(afterMs: 60_000)
        var waiting: [FileTail] = []
        for (name, content) in [("1", text), ("2", text + "more\n"), ("3", "other " + text), ("4", text)] {
            try folder.write("app.log.\(name)", content)
            waiting.append(try tail("app.log.\(name)"))
        }
        try folder.remove("app.log.4")
        for tail in waiting {
            copies.wait(tail, for: original, met: original.mark)
            copies.look(at: tail)
            copies.settle(tail, at: original.mark)
        }
        // Nothing was touched by these calls: a disk that hangs holds no loop up.
        #expect(verdicts.isEmpty && copies.copies(of: original).count == 4)
        loop.run()
        #expect(verdicts == [.copy(original.mark), .copy(original.mark), .other, .other])
        #expect(copies.copies(of: original).isEmpty)
    }

    @Test func `a copy that waits is found again by the input that goes on after a reload`() throws {
        let lines = Self.lines(0..<500)
        try folder.write("app.log", Self.text(lines))
        let harness = try start(leftFileMs: 60_000)
        try expect(harness, lines, settles: false)
        try folder.copy("app.log", "app.log.1")
        #expect(eventually { harness.statistics.open == 2 })
        harness.reload()
        #expect(eventually { harness.statistics.open == 2 })
        try folder.append("app.log.1", "unread\n")
        try folder.truncate("app.log")
        try folder.append("app.log", "new\n")
        try expect(harness, lines + ["unread", "new"])
    }

    @Test func `a file of another folder is no copy`() {
        func tail(_ path: String) -> FileTail {
            let found = FileScanner.Found(
                path: Array(path.utf8),
                identity: FileIdentity(device: 1, inode: 1),
                size: 0,
                modifiedNs: 0,
                isMatched: true
            )
            return FileTail(found, name: path, mark: .beginning, nowMs: 0)
        }
        #expect(FileCopies.isNamed(tail("/srv/a/app.log.1"), after: tail("/srv/a/app.log")))
        #expect(!FileCopies.isNamed(tail("/srv/b/app.log.1"), after: tail("/srv/a/app.log")))
        #expect(!FileCopies.isNamed(tail("/srv/a/old/app.log.1"), after: tail("/srv/a/app.log")))
    }

    static let names: [(String, isRotated: Bool)] = [
        ("app.log.1", true), ("app.log-20261123", true), ("app.log_old", true), ("app.1.log", true),
        ("app-20261123.log", true), ("app.log~", true), ("app.log", false), ("app.logs", false), ("my-app.log", false),
        ("apps.log", false), ("app2.log", false), ("app", false), ("other.log.1", false),
    ]

    @Test(arguments: names)
    func `rotation's names are told from others`(_ name: String, _ isRotated: Bool) {
        func tail(_ name: String) -> FileTail {
            let found = FileScanner.Found(
                path: Array("/var/log/\(name)".utf8),
                identity: FileIdentity(device: 1, inode: 1),
                size: 0,
                modifiedNs: 0,
                isMatched: true
            )
            return FileTail(found, name: "/var/log/\(name)", mark: .beginning, nowMs: 0)
        }
        #expect(FileCopies.isNamed(tail(name), after: tail("app.log")) == isRotated)
    }
}
