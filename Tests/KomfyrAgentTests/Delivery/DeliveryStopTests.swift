import Testing

@testable import KomfyrAgent

/// What a stop does with what is not on disk yet.
@Suite struct DeliveryStopTests {
    /// A delivery whose disk breaks with the first batch, which waits in memory from then on.
    private func broken() throws -> (SimulatedFileSystem, SimulatedEdge.World, SimulatedEdge, Delivery) {
        let files = SimulatedFileSystem(seed: 1)
        let world = SimulatedEdge.World(seed: 1)
        world.fate = { _ in .neverArrived }
        let settings = BufferSettings(folder: "/b", agent: "agent-1", section: AgentConfiguration.BufferSection())
        let edge = SimulatedEdge(world)
        let delivery = try Delivery(buffer: DiskBuffer(settings, files: files), edge: edge)
        edge.delivery = delivery
        delivery.start()
        var faults = SimulatedFileSystem.Faults()
        faults.writeOneIn = 1
        files.setFaults(faults)
        let body = Array("over TCP 1\nover TCP 2\n".utf8)
        edge.submit(Batch(body: body, records: 2, positions: [], isFromDatagramsOnly: false))
        // Long enough for the waits between tries to become long.
        world.run(ms: 20_000)
        #expect(edge.state == .broken)
        return (files, world, edge, delivery)
    }

    @Test func `a disk that works again is tried once more, however long the next try would wait`() throws {
        let (files, world, edge, delivery) = try broken()
        files.setFaults(SimulatedFileSystem.Faults())
        delivery.drain(deadlineMs: 1_000)
        world.run(ms: 1_000)
        #expect(edge.hasStopped)
        #expect(delivery.buffer.waiting.records == 2, "\(edge.reports)")
        #expect(!edge.reports.contains { $0.contains("lost") }, "\(edge.reports)")
    }

    @Test func `a disk that does not is no reason to wait, and what it costs is said`() throws {
        let (_, world, edge, delivery) = try broken()
        delivery.drain(deadlineMs: 60_000)
        world.run(ms: 1_000)
        #expect(edge.hasStopped)
        #expect(edge.reports.contains { $0.contains("2 logs") && $0.contains("lost") }, "\(edge.reports)")
    }
}
