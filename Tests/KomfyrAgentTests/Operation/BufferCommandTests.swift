import Foundation
import Synchronization
import Testing

@testable import KomfyrAgent

/// `komfyr-agent buffer`, as a person runs it.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: AgentProcess.executable.path)))
struct BufferCommandTests {
    private let bench: DeliveryBench

    init() throws { bench = try DeliveryBench() }

    @Test func `inspect and export show what waits, beside a running agent and after it`() throws {
        bench.hub.state.withLock { $0.mood = .says(503, headers: [], body: "{\"detail\":\"later\"}") }
        defer { bench.stop() }
        let delivery = try bench.start()
        for number in 1...7 { bench.submit(number, to: delivery) }
        try DeliveryBench.wait("on disk") { delivery.snapshot().batchesWaiting == 7 }
        let before = try image()
        let running = try command(["inspect"])
        #expect(running.code == 0 && running.output.contains("7 logs in 7 batches"), "\(running.output)")
        #expect(running.output.contains("in use by process \(ProcessInfo.processInfo.processIdentifier)"))
        let exported = try command(["export"])
        #expect(exported.output == (1...7).map { "number \($0)\n" }.joined(), "\(exported.output)")
        delivery.drain(deadlineMs: 100)
        let json = try command(["inspect", "--verify", "--json"])
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect(object["waiting_logs"] as? Int == 7 && object["is_sound"] as? Bool == true)
        #expect(object["in_use_by"] is NSNull)
        #expect(before.keys == (try image()).keys)
    }

    @Test func `export goes to a new file alone, keeps what the hub has apart, and marks nothing`() throws {
        let delivery = try bench.start()
        for number in 1...3 { bench.submit(number, to: delivery) }
        try bench.wait("delivered") { $0.hub.lines.count == 3 }
        delivery.drain()
        bench.stop()
        let second = try bench.start()
        for number in 4...5 { bench.submit(number, to: second) }
        try DeliveryBench.wait("on disk") { second.snapshot().batchesWaiting == 2 }
        second.drain(deadlineMs: 100)
        #expect(try command(["export"]).output == "number 4\nnumber 5\n")
        #expect(try command(["export", "--all"]).output.hasSuffix("number 4\nnumber 5\n"))
        let file = bench.folder.path + "/out.ndjson"
        let written = try command(["export", "--output", file])
        #expect(written.code == 0 && written.output.contains("2 logs are in"), "\(written.output)")
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "number 4\nnumber 5\n")
        let again = try command(["export", "--output", file])
        #expect(again.code == 1 && again.output.contains("is there already"))
        let hub = try HTTPHub(port: bench.hub.port)
        defer { hub.stop() }
        let third = try bench.start()
        try DeliveryBench.wait("still sent") { hub.state.withLock { $0.hub.lines.count == 2 } }
        third.drain()
    }

    @Test func `damage is named by both, and the rest is exported`() throws {
        bench.stop()
        let delivery = try bench.start()
        for number in 1...5 { bench.submit(number, to: delivery) }
        try DeliveryBench.wait("on disk") { delivery.snapshot().batchesWaiting == 5 }
        delivery.drain(deadlineMs: 100)
        let folder = bench.folder.path + "/buffer"
        let name = try #require(try PosixFileSystem().list(folder).sorted().last { $0.hasSuffix(".segment") })
        var content = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
        let third = try #require(content.range(of: Data("KFR\u{1}".utf8), in: 200..<content.count))
        content[third.lowerBound + 70] ^= 1
        try content.write(to: URL(fileURLWithPath: folder + "/" + name))
        let exported = try command(["export"])
        #expect(exported.code == 1 && exported.output.contains("damaged"), "\(exported.output)")
        #expect(exported.output.split(separator: "\n").filter { $0.hasPrefix("number") }.count == 4)
        #expect(try command(["inspect"]).code == 0)
        let inspected = try command(["inspect", "--verify"])
        #expect(
            inspected.code == 1 && inspected.output.contains("the body of a frame of 1 logs"),
            "\(inspected.output)"
        )
    }

    @Test func `retry sends refused logs again, once, through a running agent and after a stop`() throws {
        defer { bench.stop() }
        bench.hub.state.withLock { $0.script = [.says(422, headers: [], body: "{\"detail\":\"all too old\"}")] }
        let delivery = try bench.start()
        bench.submit(1, to: delivery)
        try DeliveryBench.wait("refused") { delivery.snapshot().batchesRefused == 1 }
        try DeliveryBench.wait("kept") { ((try? command(["inspect"]))?.output ?? "").contains("all too old") }
        #expect(try command(["export", "--dead-letters"]).output == "number 1\n")
        let retried = try command(["retry"])
        #expect(retried.code == 0 && retried.output.contains("takes them within"), "\(retried.output)")
        try bench.wait("sent again") { $0.hub.lines.count == 1 }

        bench.hub.state.withLock { $0.script = [.says(422, headers: [], body: "{\"detail\":\"all too old\"}")] }
        bench.submit(2, to: delivery)
        try DeliveryBench.wait("refused") { delivery.snapshot().batchesRefused == 2 }
        delivery.drain()
        #expect(try command(["retry", "nobody"]).output.contains("no dead letter nobody"))
        let waiting = try command(["retry"])
        #expect(waiting.output.contains("no agent runs"), "\(waiting.output)")
        #expect(try command(["retry"]).output == "there are no dead letters\n")
        let second = try bench.start()
        try bench.wait("sent again") { $0.hub.lines.count == 2 }
        second.drain()
        #expect(bench.problems == [])
        #expect(try PosixFileSystem().list(bench.folder.path + "/dead-letter") == ["retry"])
    }

    @Test func `a reader that goes away ends an export without a word`() throws {
        bench.stop()
        let delivery = try bench.start()
        for number in 1...500 { bench.submit(number, to: delivery) }
        try DeliveryBench.wait("on disk") { delivery.snapshot().batchesWaiting == 500 }
        delivery.drain(deadlineMs: 100)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        let program = "\(AgentProcess.executable.path) buffer export --data-dir \(bench.folder.path)"
        process.arguments = ["-c", "(\(program); echo code $? >&2) 2>\(bench.folder.path)/told | true"]
        try process.run()
        process.waitUntilExit()
        #expect(try String(contentsOfFile: bench.folder.path + "/told", encoding: .utf8) == "code 0\n")
    }

    @Test(arguments: [
        ["buffer", "--help"], ["buffer", "inspect", "--help"], ["buffer", "export", "--help"],
        ["buffer", "retry", "--help"],
    ])
    func `help teaches by examples`(arguments: [String]) throws {
        let folder = try TemporaryFolder()
        let process = try AgentProcess(folder, arguments)
        #expect(process.exitCode() == 0)
        #expect(process.output.contains("EXAMPLE") && process.output.contains("komfyr-agent buffer"))
    }

    private func command(_ arguments: [String]) throws -> (code: Int32?, output: String) {
        let scratch = try TemporaryFolder()
        let process = try AgentProcess(scratch, ["buffer"] + arguments + ["--data-dir", bench.folder.path])
        return (process.exitCode(), process.output)
    }

    private func image() throws -> [String: Int] {
        let files = PosixFileSystem()
        let folder = bench.folder.path + "/buffer"
        return Dictionary(
            uniqueKeysWithValues: try files.list(folder).map { ($0, Int(try files.size(folder + "/" + $0))) }
        )
    }
}
