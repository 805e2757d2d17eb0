import NIOCore
import Protocol
import Testing

@testable import KomfyrHub

@Suite struct LiveFeedTests {
    /// A stored request whose logs have these groups, levels and tags.
    private static func stored(
        _ logs: [(group: String?, level: Level, tags: String)],
        first: UInt64
    ) -> (IngestRequest, IngestReceipt) {
        var decoded = DecodedBody()
        var columns = LogColumns()
        func add(_ text: String) -> TextRange {
            let range = TextRange(offset: UInt32(columns.text.count), length: UInt32(text.utf8.count))
            columns.text += Array(text.utf8)
            return text.isEmpty ? .none : range
        }
        for (index, log) in logs.enumerated() {
            columns.timestamps.append(Int64(index) * 1_000_000_000)
            columns.levels.append(log.level.rawValue)
            columns.messages.append(add("message \(first + UInt64(index))"))
            columns.tags.append(add(log.tags))
            columns.data.append(.none)
            columns.sources.append(add("host"))
            decoded.groups.append(UInt32(index))
            decoded.groupNames.append(log.group)
            decoded.positions.append(UInt32(index))
        }
        decoded.columns = columns
        decoded.positionCount = logs.count
        let request = IngestRequest(
            body: [],
            format: .batch,
            encoding: .identity,
            defaults: RequestDefaults(),
            arrival: 0,
            identity: nil,
            decoded: decoded
        )
        let receipt = IngestReceipt(
            firstSequence: first,
            groupNumbers: logs.map { _ in 1 },
            arrival: 0,
            isDuplicate: false,
            refusedPositions: [],
            ingested: logs.count
        )
        return (request, receipt)
    }

    private static func text(_ events: [ByteBuffer]) -> String { events.map { String(buffer: $0) }.joined() }

    @Test func `each stream gets what it asks for, in order`() async throws {
        let feed = LiveFeed(hub: 1, newest: 0)
        let run = Task { await feed.run() }
        var query = LogQuery()
        query.groups = [.tree("a")]
        query.levels = 0b11000
        let some = try #require(feed.open(LiveFilter(query)))
        let all = try #require(feed.open(LiveFilter(LogQuery())))
        let (request, receipt) = Self.stored(
            [("a", .error, ""), ("b", .error, ""), ("a:c", .info, ""), ("a:c", .critical, ""), (nil, .error, "")],
            first: 1
        )
        feed.publish(request, receipt)
        var iterator = some.wakeups.makeAsyncIterator()
        _ = await iterator.next()
        let delivery = some.take()
        #expect(delivery.events.count == 2)
        let text = Self.text(delivery.events)
        #expect(text.hasPrefix("id: log_19700101000000_"))
        #expect(text.contains("\ndata: {\"id\":\"log_"))
        #expect(text.contains("message 1\"") && text.contains("message 4\""))
        #expect(text.hasSuffix("}\n\n"))
        var others = all.wakeups.makeAsyncIterator()
        _ = await others.next()
        #expect(all.take().events.count == 5)
        feed.stop()
        await run.value
    }

    @Test(arguments: [
        ([String](), false, true), (["x"], false, true), (["y"], false, false), (["y", "x"], false, true),
        (["y", "x"], true, false), (["x", "z\"q"], true, true), (["z"], false, false), (["\"q"], false, false),
    ])
    func `tags are compared whole`(_ tags: [String], _ all: Bool, _ isWanted: Bool) {
        var query = LogQuery()
        query.tags = tags
        query.allTags = all
        let (request, _) = Self.stored([(nil, .info, #"["x","z\"q"]"#)], first: 1)
        #expect(LiveFilter(query).wants(request.decoded.columns, 0, group: nil) == isWanted)
    }

    @Test func `a stream with a search gets what matches it`() async throws {
        let feed = LiveFeed(hub: 1, newest: 0)
        let run = Task { await feed.run() }
        var query = LogQuery()
        query.search = try Search("(group:a:* OR level:error) -\"message 4\" source:host")
        let stream = try #require(feed.open(LiveFilter(query)))
        let (request, receipt) = Self.stored(
            [("a:b", .info, ""), ("b", .error, ""), ("b", .info, ""), ("a", .info, ""), (nil, .error, "")],
            first: 1
        )
        feed.publish(request, receipt)
        var iterator = stream.wakeups.makeAsyncIterator()
        _ = await iterator.next()
        let events = stream.take().events
        #expect(events.count == 3)
        let text = Self.text(events)
        #expect(text.contains("message 1\"") && text.contains("message 2\"") && text.contains("message 5\""))
        feed.stop()
        await run.value
    }

    @Test func `a slow reader is told how many it missed, and the queue is bounded`() async throws {
        let feed = LiveFeed(hub: 1, newest: 0)
        let run = Task { await feed.run() }
        let stream = try #require(feed.open(LiveFilter(LogQuery())))
        let total = HubLimits.liveQueueLogs + 2_500
        for first in stride(from: 0, to: total, by: 500) {
            let logs = Array(repeating: (group: String?("a"), level: Level.info, tags: ""), count: 500)
            let (request, receipt) = Self.stored(logs, first: UInt64(first + 1))
            feed.publish(request, receipt)
        }
        var events = 0
        var skipped = 0
        // Nothing is taken before everything is handed out.
        try await eventually(within: .seconds(60), "all logs are handed out") {
            stream.waiting.events + stream.waiting.skipped == total
        }
        let delivery = stream.take()
        events += delivery.events.count
        skipped += delivery.skipped
        #expect(events <= HubLimits.liveQueueLogs)
        #expect(events + skipped == total)
        #expect(delivery.events.reduce(0) { $0 + $1.readableBytes } <= HubLimits.liveQueueBytes + 1_000)
        #expect(String(buffer: LiveEvent.skipped(skipped)) == "data: {\"skipped\": \(skipped)}\n\n")
        feed.stop()
        await run.value
    }

    @Test func `logs of a group that the store refused are not sent`() async throws {
        let feed = LiveFeed(hub: 1, newest: 0)
        let run = Task { await feed.run() }
        let stream = try #require(feed.open(LiveFilter(LogQuery())))
        let (request, stored) = Self.stored([("a", .info, ""), ("b", .info, "")], first: 1)
        var receipt = stored
        receipt.groupNumbers[0] = .max
        feed.publish(request, receipt)
        var iterator = stream.wakeups.makeAsyncIterator()
        _ = await iterator.next()
        let events = stream.take().events
        #expect(events.count == 1)
        #expect(Self.text(events).contains("message 2\""))
        feed.stop()
        await run.value
    }

    @Test func `what was stored before a stream began is not sent to it`() async throws {
        let feed = LiveFeed(hub: 1, newest: 0)
        let run = Task { await feed.run() }
        let (early, earlyReceipt) = Self.stored([("a", .info, "")], first: 1)
        feed.publish(early, earlyReceipt)
        let stream = try #require(feed.open(LiveFilter(LogQuery())))
        #expect(stream.start == 1)
        let (late, lateReceipt) = Self.stored([("a", .info, "")], first: 2)
        feed.publish(late, lateReceipt)
        var iterator = stream.wakeups.makeAsyncIterator()
        // The first wake-up may be for what is not this stream's.
        var text = ""
        while text.isEmpty, await iterator.next() != nil { text = Self.text(stream.take().events) }
        #expect(text.contains("message 2\"") && !text.contains("message 1\""))
        feed.stop()
        await run.value
    }

    @Test func `there is a bound on streams, and none after stop`() throws {
        let feed = LiveFeed(hub: 1, newest: 0)
        var streams: [LiveStream] = []
        for _ in 0..<HubLimits.liveStreams { streams.append(try #require(feed.open(LiveFilter(LogQuery())))) }
        #expect(feed.open(LiveFilter(LogQuery())) == nil)
        feed.close(streams[0])
        #expect(feed.open(LiveFilter(LogQuery())) != nil)
        feed.stop()
        #expect(feed.open(LiveFilter(LogQuery())) == nil)
    }
}
