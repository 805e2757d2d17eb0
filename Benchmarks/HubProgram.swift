#if canImport(Glibc)
import Glibc
#endif

/// A hub with its private Redis, in a folder of its own.
struct HubProgram {
    let program: Program
    let port: UInt16
    private let folder: String
    static let key = "kmf_benchmark0benchmark0benchmark000"

    /// Starts a hub, waits until it answers, and stops it after `body`.
    static func run(_ programs: String, _ body: (HubProgram) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let hub = try HubProgram(programs, folder)
            defer { hub.program.stop() }
            try hub.waitUntilReady()
            try body(hub)
        }
    }

    private init(_ programs: String, _ folder: String) throws {
        port = freePort()
        self.folder = folder
        program = try Program(
            "\(programs)/komfyr-hub",
            ["serve"],
            environment: [
                "HOST": "127.0.0.1", "PORT": "\(port)", "KOMFYRVAKT_API_KEY": Self.key,
                "KOMFYRVAKT_DATA_DIR": "\(folder)/data",
                // The oldest of the logs, 48 h old, must not expire while it is measured.
                "LOG_RETENTION_HOURS": "50",
            ],
            folder: folder
        )
    }

    private func waitUntilReady() throws {
        let deadline = seconds() + 30
        while true {
            if let connection = try? BlockingConnection(port: port),
                let answer = try? connection.exchange(Self.get("/api/health")), answer.status == 200
            {
                return
            }
            guard seconds() < deadline else {
                throw BenchmarkError("the hub does not start:\n\(readText("\(folder)/komfyr-hub.log"))")
            }
            pause(ms: 50)
        }
    }

    /// Its Redis.
    var redis: RedisQuestion { RedisQuestion("\(folder)/data/redis.sock") }

    /// Processor seconds of its Redis alone.
    var redisProcessorSeconds: Double { program.childrenProcessorSeconds }

    static func get(_ address: String) -> [UInt8] {
        Array("GET \(address) HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \(key)\r\n\r\n".utf8)
    }

    static func post(_ path: String, _ body: [UInt8], minimal: Bool) -> [UInt8] {
        var head = "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \(key)\r\n"
        head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n"
        if minimal { head += "Prefer: return=minimal\r\n" }
        return Array((head + "\r\n").utf8) + body
    }

    /// Posts batches over 4 connections; throws when one is refused.
    func post(_ requests: [[UInt8]], connections: Int = 4) throws {
        let outcome = try HTTPLoad.run(port: port, connections: connections, requests: requests, repeats: 1)
        guard outcome.refused == 0 else { throw BenchmarkError("the hub refused: \(outcome.firstRefusal)") }
    }
}
