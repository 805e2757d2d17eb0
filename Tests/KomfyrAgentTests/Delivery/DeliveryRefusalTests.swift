import Testing

@testable import EventLoop
@testable import KomfyrAgent

/// What the operator hears of logs that the hub refused.
@Suite struct DeliveryRefusalTests {
    @Test func `logs that the hub refused without naming them are told as lost`() throws {
        let files = SimulatedFileSystem(seed: 1)
        let world = SimulatedEdge.World(seed: 1)
        world.letters = DeadLetterStore(folder: "/d", maxBytes: 1 << 20, files: files)
        // As a hub answers a repeat whose refusals it does not remember all.
        let answer =
            "{\"status\":\"success\",\"ingested\":1,\"rejected\":2,\"duplicate\":true,"
            + "\"errors\":[{\"index\":1,\"detail\":\"too old\"}]}"
        world.fate = { _ in .answeredWith(ModelHub.answer(200, answer)) }
        let settings = BufferSettings(folder: "/b", agent: "agent-1", section: AgentConfiguration.BufferSection())
        let edge = SimulatedEdge(world)
        let delivery = try Delivery(buffer: DiskBuffer(settings, files: files), edge: edge)
        edge.delivery = delivery
        delivery.start()
        edge.submit(Batch(body: Array("1\n2\n3\n".utf8), records: 3, positions: [], isFromDatagramsOnly: false))
        world.run(ms: 2_000)
        #expect(delivery.buffer.waiting.records == 0)
        #expect(edge.reports.contains { $0.contains("refused 1 logs by name") }, "\(edge.reports)")
        #expect(edge.reports.contains { $0.contains("refused 1 logs without") }, "\(edge.reports)")
    }

    @Test func `a letter is written of what the hub refused while the buffer cannot be read`() throws {
        let files = SimulatedFileSystem(seed: 1)
        let world = SimulatedEdge.World(seed: 1)
        let dead = SimulatedFileSystem(seed: 2)
        world.letters = DeadLetterStore(folder: "/d", maxBytes: 1 << 20, files: dead)
        world.fate = { _ in .refused }
        let settings = BufferSettings(folder: "/b", agent: "agent-1", section: AgentConfiguration.BufferSection())
        let edge = SimulatedEdge(world)
        let delivery = try Delivery(buffer: DiskBuffer(settings, files: files), edge: edge)
        edge.delivery = delivery
        delivery.start()
        for number in 1...12 {
            let body = Array("message \(number)\n".utf8)
            edge.submit(Batch(body: body, records: 1, positions: [], isFromDatagramsOnly: false))
        }
        try #require(edge.underWay.count == 4)
        var faults = SimulatedFileSystem.Faults()
        faults.openOneIn = 1
        faults.readOneIn = 1
        files.setFaults(faults)
        world.run(ms: 500)
        let letters = DeadLetterFolder(folder: "/d", files: dead)
        #expect(try letters.entries().count >= 4)
        #expect(delivery.statistics.recordsDroppedFromDeadLetters == 0, "\(edge.reports)")
        files.setFaults(SimulatedFileSystem.Faults())
        world.run(ms: 10_000)
        #expect(try letters.entries().count == 12)
    }
}
