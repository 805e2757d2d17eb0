import Glibc
import HTTPTypes
import NIOCore
import Testing

@testable import KomfyrHub

@Suite struct DashboardFilesTests {
    private let folder: TemporaryFolder
    private let bed: APITestBed

    init() throws {
        folder = try TemporaryFolder()
        let site = folder.path + "/site"
        for path in [site, site + "/assets"] { mkdir(path, 0o700) }
        try PrivateFile.write("<!doctype html>page", to: site + "/index.html")
        try PrivateFile.write("console.log(1)", to: site + "/assets/app.js")
        try PrivateFile.write("secret", to: site + "/.hidden.txt")
        try PrivateFile.write("secret", to: site + "/notes.conf")
        try PrivateFile.write("secret", to: folder.path + "/outside.txt")
        bed = APITestBed(dashboard: site)
    }

    @Test func `the page and its files are served without a key, under a strict policy`() async throws {
        try await bed.run { api async throws in
            let page = try await api.get("/", [:])
            #expect(page.status == .ok)
            #expect(page.text == "<!doctype html>page")
            #expect(page.headers[.contentType] == "text/html; charset=utf-8")
            let policy = try #require(page.headers[.contentSecurityPolicy])
            for part in [
                "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
                "frame-ancestors 'self'", "base-uri 'none'", "form-action 'none'",
            ] {
                #expect(policy.contains(part))
            }
            #expect(!policy.contains("unsafe"))
            #expect(page.headers[.xContentTypeOptions] == "nosniff")
            #expect(page.headers[.referrerPolicy] == "no-referrer")
            let script = try await api.get("/assets/app.js", [:])
            #expect(script.text == "console.log(1)")
            #expect(script.headers[.contentType] == "text/javascript; charset=utf-8")
        }
    }

    @Test func `no answer holds the key`() async throws {
        try await bed.run { api async throws in
            for path in ["/", "/index.html", "/assets/app.js", "/api", "/api/health", "/nothing"] {
                let answer = try await api.get(path, [:])
                #expect(!answer.text.contains("kmf_"))
                #expect(!answer.headers.contains { $0.value.contains("kmf_") })
            }
        }
    }

    @Test(arguments: [
        "/../outside.txt", "/assets/../../outside.txt", "/%2e%2e/outside.txt", "/..%2foutside.txt", "//outside.txt",
        "/.hidden.txt", "/notes.conf", "/assets", "/assets/",
    ])
    func `nothing else is served`(_ path: String) async throws {
        try await bed.run { api async throws in
            let answer = try await api.get(path, [:])
            #expect(answer.status == .notFound)
            #expect(!answer.text.contains("secret"))
        }
    }

    @Test func `a file that has not changed is 304`() async throws {
        try await bed.run { api async throws in
            let tag = try #require(try await api.get("/", [:]).headers[.eTag])
            let again = try await api.get("/", [.ifNoneMatch: tag])
            #expect(again.status == .notModified)
            #expect(again.body.readableBytes == 0)
            #expect(try await api.get("/assets/app.js", [.ifNoneMatch: tag]).status == .ok)
        }
    }

    @Test func `a file takes no other method`() async throws {
        try await bed.run { api async throws in
            let answer = try await api.send(.post, "/index.html", [:])
            #expect(answer.status == .methodNotAllowed)
            #expect(answer.headers[.allow] == "GET")
        }
    }

    @Test func `without a dashboard the page says how to get it`() async throws {
        try await APITestBed()
            .run { api async throws in
                let answer = try await api.get("/", [:])
                #expect(answer.status == .notFound)
                #expect(answer.text.contains("make"))
            }
    }

    @Test func `the built dashboard is found beside the executable's folders`() throws {
        let build = folder.path + "/.build"
        for path in ["", "/dashboard", "/linux", "/linux/debug"] { mkdir(build + path, 0o700) }
        try PrivateFile.write("page", to: build + "/dashboard/index.html")
        let found = build + "/dashboard"
        #expect(DashboardFiles.folder(executable: build + "/linux/debug/komfyr-hub", workingFolder: "/none") == found)
        #expect(DashboardFiles.folder(executable: "/usr/bin/komfyr-hub", workingFolder: folder.path) == found)
        #expect(DashboardFiles.folder(executable: "/usr/bin/komfyr-hub", workingFolder: "/none") == nil)
    }
}
