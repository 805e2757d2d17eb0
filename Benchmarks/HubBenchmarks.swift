import EventLoop

#if canImport(Glibc)
import Glibc
#endif

/// The hub with its private Redis: batches, single logs, memory.
struct HubBenchmarks {
    let programs: String
    private let key = "kmf_benchmark0benchmark0benchmark000"

    func run(into table: inout ResultsTable) throws {
        for size in [1_000, 5_000] {
            try withHub { hub, port in
                let idle = hub.residentMiB
                if size == 1_000 { table.add("hub, idle", "\(format(idle)) MiB", memory: format(idle)) }
                var workload = Workload(seed: 1)
                let bodies = (0..<(200_000 / size))
                    .map { _ in
                        request("/api/logs/batch", workload.batch(of: size, endingAt: wallClock()), minimal: true)
                    }
                let logs = 1_000_000
                let measured = try measure(hub, port, connections: 4, bodies, repeats: logs / 200_000)
                table.add(
                    "hub, batches of \(format(Double(size))), 4 connections",
                    "\(format(Double(logs) / measured.seconds)) logs/s",
                    processor: format(measured.processor / Double(logs) * 1e6),
                    memory: format(hub.residentMiB)
                )
            }
        }
        try withHub { hub, port in
            var workload = Workload(seed: 2)
            let bodies = (0..<10_000)
                .map { _ in request("/api/logs", workload.single(at: wallClock()), minimal: false) }
            let measured = try measure(hub, port, connections: 64, bodies, repeats: 10)
            table.add(
                "hub, one log a POST, 64 connections",
                "\(format(100_000 / measured.seconds)) POST/s",
                processor: format(measured.processor * 10),
                memory: format(hub.residentMiB)
            )
        }
    }

    private func measure(
        _ hub: Program,
        _ port: UInt16,
        connections: Int,
        _ requests: [[UInt8]],
        repeats: Int
    ) throws -> (seconds: Double, processor: Double) {
        // The first round warms connections, decoders and Redis up, and is not counted.
        _ = try HTTPLoad.run(port: port, connections: connections, requests: Array(requests.prefix(20)), repeats: 1)
        let start = seconds()
        let processor = hub.processorSeconds
        let outcome = try HTTPLoad.run(port: port, connections: connections, requests: requests, repeats: repeats)
        let result = (seconds() - start, hub.processorSeconds - processor)
        guard outcome.refused == 0 else { throw BenchmarkError("the hub refused: \(outcome.firstRefusal)") }
        return result
    }

    private func request(_ path: String, _ body: [UInt8], minimal: Bool) -> [UInt8] {
        var head = "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \(key)\r\n"
        head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n"
        if minimal { head += "Prefer: return=minimal\r\n" }
        return Array((head + "\r\n").utf8) + body
    }

    private func withHub(_ body: (Program, UInt16) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let port = freePort()
            let hub = try Program(
                "\(programs)/komfyr-hub",
                ["serve"],
                environment: [
                    "HOST": "127.0.0.1", "PORT": "\(port)", "KOMFYRVAKT_API_KEY": key,
                    "KOMFYRVAKT_DATA_DIR": "\(folder)/data",
                ],
                folder: folder
            )
            defer { hub.stop() }
            let probe = Array("GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8)
            let deadline = seconds() + 30
            while true {
                if let outcome = try? HTTPLoad.run(port: port, connections: 1, requests: [probe], repeats: 1),
                    outcome.answered == 1
                {
                    break
                }
                guard seconds() < deadline else {
                    throw BenchmarkError("the hub does not start:\n\(readText("\(folder)/komfyr-hub.log"))")
                }
                pause(ms: 50)
            }
            try body(hub, port)
        }
    }
}

/// Calls `body` with a new folder, and removes it afterwards.
func withTemporaryFolder(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/komfyr-bench-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw BenchmarkError("cannot make a folder in /tmp") }
    let folder = String(cString: made)
    guard chdir(folder) == 0 else { throw BenchmarkError("cannot enter \(folder)") }
    defer { removeTree(folder) }
    try body(folder)
}

/// Removes a folder with all it holds.
private func removeTree(_ path: String) {
    if let folder = opendir(path) {
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == "." || name == ".." { continue }
            if entry.pointee.d_type == UInt8(DT_DIR) {
                removeTree("\(path)/\(name)")
            } else {
                unlink("\(path)/\(name)")
            }
        }
        closedir(folder)
    }
    rmdir(path)
}
