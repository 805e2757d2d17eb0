import Testing

@testable import KomfyrAgent

struct FileGlobTests {
    static let matching: [(glob: String, path: String)] = [
        ("/var/log/app.log", "/var/log/app.log"), ("/var/log/*.log", "/var/log/app.log"),
        ("/var/log/*", "/var/log/a"), ("/var/*/app.log", "/var/log/app.log"), ("/*/*/*", "/a/b/c"),
        ("/var/log/**/*.log", "/var/log/app.log"), ("/var/log/**/*.log", "/var/log/a/b/c/app.log"),
        ("/**/x", "/x"), ("/**/x", "/a/x"), ("/**/a/**/x", "/a/a/b/x"), ("/**/**/x", "/x"),
        ("/l/a?c", "/l/abc"), ("/l/a?c", "/l/aæc"), ("/l/a?c", "/l/a€c"), ("/l/a?c", "/l/a😀c"),
        ("/l/[a-c]x", "/l/bx"), ("/l/[!a-c]x", "/l/dx"), ("/l/[^a-c]x", "/l/dx"), ("/l/[]a]x", "/l/]x"),
        ("/l/[a-]x", "/l/-x"), ("/l/[a-cx-z9]", "/l/9"), ("/l/\\*", "/l/*"), ("/l/\\[a]", "/l/[a]"),
        ("/l/.*", "/l/.hidden"), ("/.a/*", "/.a/x"), ("/l/a*b*c", "/l/aXbXbXc"), ("/l/*a*a*a*", "/l/aaa"),
        ("/a/./b", "/a/b"), ("/a/../b", "/b"), ("//a//b", "/a/b"),
        ("*.tmp", "/any/where/x.tmp"), ("x", "/x"),
    ]

    @Test(arguments: matching)
    func `a glob means a path`(_ glob: String, _ path: String) throws {
        #expect(try FileGlob(glob).matches(Array(path.utf8)))
    }

    static let notMatching: [(glob: String, path: String)] = [
        ("/var/log/*.log", "/var/log/a/app.log"), ("/var/log/*.log", "/var/log/app.log.1"),
        ("/var/log/*.log", "/var/log/.app.log"), ("/var/log/**/*.log", "/var/log/.git/app.log"),
        ("/var/log/**/*.log", "/var/app.log"), ("/**/a/**/x", "/b/x"), ("/l/?", "/l/"), ("/l/?", "/l/ab"),
        ("/l/[a-c]x", "/l/dx"), ("/l/[!a-c]x", "/l/ax"), ("/l/a*b*c", "/l/acb"), ("/l/\\*", "/l/a"),
        ("/l/*", "/l/.hidden"), ("/l/?x", "/l/.x"), ("/l/[.]x", "/l/.x"), ("*.tmp", "/x.tmp/y"), ("/a/b", "/a"),
        ("/a", "/a/b"), ("/A", "/a"),
    ]

    @Test(arguments: notMatching)
    func `a glob does not mean a path`(_ glob: String, _ path: String) throws {
        #expect(try !FileGlob(glob).matches(Array(path.utf8)))
    }

    static let wrong = [
        "", "a/b", "/", "/a/", "/a/**", "**", "/a**/b", "/[", "/[a", "/[z-a]", "/a\\", "/*/../x", "/..", "/a\0b",
    ]

    @Test(arguments: wrong)
    func `a wrong glob is refused`(_ glob: String) {
        #expect(throws: ValueProblem.self) { try FileGlob(glob) }
    }

    @Test func `a name that is not UTF-8 is matched byte by byte`() throws {
        let glob = try FileGlob("/l/?*.log")
        #expect(glob.matches(Array("/l/".utf8) + [0xFF, 0xFE] + Array(".log".utf8)))
        #expect(try FileGlob("/l/?").matches(Array("/l/".utf8) + [0xFF]))
    }

    @Test func `a pattern made to take long does not`() throws {
        let glob = try FileGlob("/l/" + String(repeating: "*a", count: 1_000) + "b")
        #expect(!glob.matches(Array(("/l/" + String(repeating: "a", count: 4_000)).utf8)))
        let deep = try FileGlob(String(repeating: "/**/a", count: 100) + "/b")
        #expect(!deep.matches(Array(String(repeating: "/a", count: 1_000).utf8)))
    }
}
