import Glibc
import Testing

@testable import KomfyrAgent

struct FileScannerTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func scan(
        _ globs: [String],
        exclude: [String] = [],
        known: Set<UInt64> = [],
        maximumEntries: Int = 1_000
    ) throws -> FileScanner.Result {
        var scanner = FileScanner(globs: try globs.map { try FileGlob(folder.path + $0) }, exclude: [])
        scanner.exclude = try exclude.map { try FileGlob($0.hasPrefix("/") ? folder.path + $0 : $0) }
        scanner.maximumEntries = maximumEntries
        return scanner.scan(knownInodes: known)
    }

    private func names(_ result: FileScanner.Result) -> [String] {
        result.files.map { String(String(decoding: $0.path, as: UTF8.self).dropFirst(folder.path.count)) }.sorted()
    }

    @Test func `files are found by globs, in folders of any depth`() throws {
        try folder.makeFolder("a")
        try folder.makeFolder("a/b")
        try folder.makeFolder("a/.git")
        for name in ["x.log", "a/y.log", "a/b/z.log", "a/b/z.txt", "a/.git/q.log", ".h.log"] {
            try folder.write(name, "1")
        }
        #expect(names(try scan(["/*.log"])) == ["/x.log"])
        #expect(names(try scan(["/**/*.log"])) == ["/a/b/z.log", "/a/y.log", "/x.log"])
        #expect(names(try scan(["/*/*.log", "/x.log"])) == ["/a/y.log", "/x.log"])
        #expect(names(try scan(["/**/*"], exclude: ["*.txt", "/a/y*"])) == ["/a/b/z.log", "/x.log"])
    }

    @Test func `packed files and what is no file are never found`() throws {
        for name in ["a.log", "a.log.gz", "a.log.bz2", "a.log.xz", "a.log.zst"] { try folder.write(name, "1") }
        try folder.makeFolder("folder.log")
        #expect(mkfifo(folder.path + "/pipe.log", 0o600) == 0)
        let packed = try folder.inode("a.log.gz")
        #expect(names(try scan(["/*"], known: [packed])) == ["/a.log"])
    }

    @Test func `a known file is found under any name, links to it are not`() throws {
        try folder.write("app.log", "1")
        let inode = try folder.inode("app.log")
        try folder.rename("app.log", "app.log.1")
        #expect(symlink(folder.path + "/app.log.1", folder.path + "/link") == 0)
        let result = try scan(["/app.log"], known: [inode])
        #expect(names(result) == ["/app.log.1"])
        #expect(result.files.first?.isMatched == false)
        #expect(try scan(["/app.log"]).files.isEmpty)
    }

    @Test func `a file with several names is one file, links are followed to it`() throws {
        try folder.makeFolder("real")
        try folder.write("real/a", "1")
        #expect(symlink(folder.path + "/real/a", folder.path + "/one.log") == 0)
        #expect(symlink(folder.path + "/real/a", folder.path + "/two.log") == 0)
        #expect(symlink(folder.path + "/nowhere", folder.path + "/dangling.log") == 0)
        let result = try scan(["/*.log"])
        #expect(result.files.count == 1)
        #expect(result.problems.isEmpty)
    }

    @Test func `links between folders make no loop`() throws {
        try folder.makeFolder("a")
        try folder.write("a/x.log", "1")
        #expect(symlink(folder.path, folder.path + "/a/up") == 0)
        #expect(names(try scan(["/**/*.log"])) == ["/a/x.log"])
        #expect(names(try scan(["/*/*/*/x.log"])) == ["/a/up/a/x.log"])
    }

    @Test func `a folder that is not there yet is no fault`() throws {
        let result = try scan(["/later/*.log", "/later/*/x"])
        #expect(result.files.isEmpty)
        #expect(result.unreadable.isEmpty)
        #expect(result.problems.isEmpty)
    }

    @Test func `a scan without end stops and says so`() throws {
        for number in 0..<50 { try folder.write("\(number).log", "1") }
        let result = try scan(["/*.log"], maximumEntries: 20)
        #expect(result.isCutShort)
        #expect(result.problems.count == 1)
        #expect(result.files.count < 50)
    }
}
