import Glibc
import HTTPTypes
import Testing

@testable import KomfyrHub

@Suite struct SwaggerFilesTests {
    private let folder: TemporaryFolder
    private let bed: APITestBed

    init() throws {
        folder = try TemporaryFolder()
        for name in ["swagger-ui-bundle.js", "swagger-ui.css", "LICENSE"] {
            try PrivateFile.write("content of \(name)", to: folder.path + "/" + name)
        }
        try PrivateFile.write("secret", to: folder.path + "/other.js")
        bed = APITestBed(swagger: folder.path)
    }

    @Test func `the page and its files are served to everyone, under a policy without foreign or inline scripts`()
        async throws
    {
        try await bed.run { api async throws in
            let page = try await api.get("/api/docs", [:])
            #expect(page.status == .ok)
            let policy = try #require(page.headers[.contentSecurityPolicy])
            for part in [
                "default-src 'none'", "script-src 'self';", "connect-src 'self'", "frame-ancestors 'none'",
                "base-uri 'none'",
            ] {
                #expect(policy.contains(part))
            }
            #expect(!policy.contains("unsafe-eval") && !policy.contains("http"))
            #expect(!page.text.contains("<script>") && !page.text.contains("//"))
            for name in SwaggerFiles.names {
                let file = try await api.get("/api/docs/\(name)", [:])
                #expect(file.status == .ok, "\(name)")
                #expect(file.headers[.xContentTypeOptions] == "nosniff")
                let again = try await api.get("/api/docs/\(name)", [.ifNoneMatch: try #require(file.headers[.eTag])])
                #expect(again.status == .notModified)
            }
            #expect(try await api.get("/api/docs/initializer.js", [:]).text.contains("validatorUrl: null"))
        }
    }

    @Test(arguments: ["other.js", "..", "..%2Fother.js", "", "swagger-ui-bundle.js.map", "a/b"])
    func `nothing else is served`(_ name: String) async throws {
        try await bed.run { api async throws in
            let answer = try await api.get("/api/docs/\(name)", [:])
            #expect(answer.status == .notFound)
            #expect(!answer.text.contains("secret"))
        }
    }

    @Test func `without its files the page says how to get them, and the description works`() async throws {
        unlink(folder.path + "/LICENSE")
        try await APITestBed(swagger: folder.path)
            .run { api async throws in
                for path in ["/api/docs", "/api/docs/swagger-ui.css", "/api/docs/initializer.js"] {
                    let answer = try await api.get(path, [:])
                    #expect(answer.status == .notFound)
                    #expect(try answer.json["detail"]?.text?.contains("make run") == true)
                }
                #expect(try await api.get("/api/openapi.json", [:]).status == .ok)
            }
    }

    @Test func `its folder is found beside the executable's folders`() throws {
        let build = folder.path + "/.build"
        for path in ["", "/swagger-ui", "/linux", "/linux/debug"] { mkdir(build + path, 0o700) }
        try PrivateFile.write("script", to: build + "/swagger-ui/swagger-ui-bundle.js")
        let found = build + "/swagger-ui"
        #expect(SwaggerFiles.folder(executable: build + "/linux/debug/komfyr-hub", workingFolder: "/none") == found)
        #expect(SwaggerFiles.folder(executable: "/usr/bin/komfyr-hub", workingFolder: folder.path) == found)
        #expect(SwaggerFiles.folder(executable: "/usr/bin/komfyr-hub", workingFolder: "/none") == nil)
    }
}
