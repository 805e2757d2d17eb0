import Glibc
import Logging
import Testing

@testable import KomfyrHub

@Suite struct HubConfigurationTests {
    private func problem(_ variables: [String: String]) -> String? {
        do throws(HubConfiguration.Problem) {
            _ = try HubConfiguration(variables, machineMemory: 8 << 30)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `without settings it is a hub on loopback with a Redis of its own`() throws {
        let configuration = try HubConfiguration([:], machineMemory: 8 << 30)
        #expect(configuration.host == "127.0.0.1")
        #expect(configuration.port == 8_080)
        #expect(configuration.dataFolder == "./data")
        #expect(configuration.redis == nil)
        #expect(configuration.fsync == .always)
        #expect(configuration.retentionHours == 48)
        #expect(configuration.memoryLimit == 4 << 30)
        #expect(configuration.warnings.isEmpty)
        #expect(configuration.address(port: 8_080) == "http://127.0.0.1:8080")
    }

    @Test func `what is set counts`() throws {
        let configuration = try HubConfiguration(
            [
                "HOST": "::1", "PORT": "9000", "KOMFYRVAKT_DATA_DIR": "/var/lib/komfyr", "KOMFYRVAKT_FSYNC": "everysec",
                "LOG_RETENTION_HOURS": "168", "KOMFYRVAKT_MEMORY_LIMIT": "2GiB", "LOG_LEVEL": "DEBUG",
                "KOMFYRVAKT_FRAME_ANCESTORS": "https://wiki.example.org 'self'", "REDIS_URL": "",
            ],
            machineMemory: 8 << 30
        )
        #expect(configuration.address(port: 9_000) == "http://[::1]:9000")
        #expect(configuration.fsync == .everysec)
        #expect(configuration.retentionHours == 168)
        #expect(configuration.memoryLimit == 2 << 30)
        #expect(configuration.logLevel == .debug)
        #expect(configuration.warnings.isEmpty)
    }

    @Test(arguments: [
        ("PORT", "-1"), ("PORT", "65536"), ("PORT", "http"), ("KOMFYRVAKT_FSYNC", "never"),
        ("LOG_RETENTION_HOURS", "0"),
        ("KOMFYRVAKT_MEMORY_LIMIT", "2 apples"), ("KOMFYRVAKT_MEMORY_LIMIT", "1MiB"), ("LOG_LEVEL", "loud"),
        ("KOMFYRVAKT_FRAME_ANCESTORS", "'self'; script-src *"), ("KOMFYRVAKT_API_KEY", "short"), ("REDIS_PORT", "6379"),
    ])
    func `a wrong value is an error that names the variable`(_ name: String, _ value: String) throws {
        #expect(try #require(problem([name: value])).contains(name))
    }

    @Test func `a wrong key is not shown`() throws {
        #expect(try #require(problem(["KOMFYRVAKT_API_KEY": "hunter2"])).contains("hunter2") == false)
    }

    @Test func `an unknown name is warned of with the nearest`() throws {
        let warnings = try HubConfiguration(["KOMFYRVAKT_DATADIR": "x"], machineMemory: 1 << 30).warnings
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("KOMFYRVAKT_DATA_DIR") == true)
    }

    @Test func `beyond loopback without TLS is warned of`() throws {
        let warnings = try HubConfiguration(["HOST": "0.0.0.0"], machineMemory: 1 << 30).warnings
        #expect(warnings.first?.contains("without TLS") == true)
    }

    @Test(arguments: [
        ("1024", 1_024), ("2GiB", 2 << 30), ("2 g", 2 << 30), ("512MB", 512_000_000), ("1k", 1_024), ("", nil),
        ("GiB", nil), ("1.5GiB", nil), ("99999999999999999999", nil), ("9999999999TiB", nil), ("-1", nil),
    ])
    func `sizes are read as people write them`(_ text: String, _ bytes: Int?) {
        #expect(ByteSize.parse(text) == bytes)
    }

    @Test(arguments: [
        ("A=1\n# B=2\n\nexport C = x y \r\n", ["A": "1", "C": "x y"]),
        ("A='a # b' # c\nB=\"q\"\nC=v#w # x\nD=# only a comment\n", ["A": "a # b", "B": "q", "C": "v#w", "D": ""]),
        ("A=1\nA=2", ["A": "2"]), ("A=a=b", ["A": "a=b"]),
    ])
    func `the file is read as shells and Compose read it`(_ text: String, _ variables: [String: String]) throws {
        #expect(try DotEnvironment.parse(text, path: ".env") == variables)
    }

    @Test(arguments: ["A", "A-B=1", "=1", "A='x"])
    func `a line that is none is an error that names it`(_ line: String) {
        #expect {
            try DotEnvironment.parse("OK=1\n" + line, path: ".env")
        } throws: {
            "\($0)".contains("line 2")
        }
    }

    @Test func `a variable is added with mode 600 and what is there is kept`() throws {
        let folder = try TemporaryFolder()
        let file = folder.path + "/.env"
        #expect(try DotEnvironment.read(file) == [:])
        try DotEnvironment.append("A", "1", comment: "one", to: file)
        chmod(file, 0o644)
        try DotEnvironment.append("B", "2", comment: "two", to: file)
        #expect(try DotEnvironment.read(file) == ["A": "1", "B": "2"])
        var state = stat()
        #expect(stat(file, &state) == 0)
        #expect(state.st_mode & 0o777 == 0o600)
    }

    @Test func `the smallest limit of the cgroups counts`() throws {
        let folder = try TemporaryFolder()
        let root = folder.path + "/cgroup"
        for path in [root, root + "/a", root + "/a/b", root + "/memory", root + "/memory/old"] { mkdir(path, 0o700) }
        try PrivateFile.write("max\n", to: root + "/a/b/memory.max")
        try PrivateFile.write("5000\n", to: root + "/a/memory.max")
        try PrivateFile.write("0::/a/b\n", to: folder.path + "/two")
        #expect(MachineMemory.cgroupLimit(root: root, membership: folder.path + "/two") == 5_000)
        try PrivateFile.write("700\n", to: root + "/memory/old/memory.limit_in_bytes")
        try PrivateFile.write("4:cpu,memory:/old\n", to: folder.path + "/one")
        #expect(MachineMemory.cgroupLimit(root: root, membership: folder.path + "/one") == 700)
        #expect(MachineMemory.cgroupLimit(root: root, membership: folder.path + "/none") == nil)
        #expect(MachineMemory.bytes() > 64 << 20)
    }

    @Test func `keys are random, and digests go there and back`() throws {
        let keys = Set((0..<100).map { _ in RandomSecret.newKey() })
        #expect(keys.count == 100)
        #expect(keys.allSatisfy { RandomSecret.isKey($0) })
        #expect(!RandomSecret.isKey("kmf_" + String(repeating: "é", count: 16)))
        let digest = SecretDigest(of: "abc")
        #expect(digest.text == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(SecretDigest(text: digest.text) == digest)
        #expect(SecretDigest(of: "abd") != digest)
        #expect(SecretDigest(text: "xyz") == nil)
    }
}
