import HTTPTypes
import Hummingbird

/// `GET /api/logs/stream`: logs as they arrive, as server-sent events, or as a WebSocket when one is asked for.
///
/// Both are the same stream with the same filters, skip notices and resumption: a WebSocket gets one text frame of JSON
/// for a log. `?last_event_id=` stands for the header, which browsers cannot set. With `?beats=1` it gets signs of life as
/// frames of text: its pings, which the other side answers, no script of a page ever hears.
struct StreamRoute: Sendable {
    let store: any LogStoring
    let feed: LiveFeed
    let authenticator: Authenticator
    let metrics: HubMetrics

    var routes: [Route] {
        [
            Route(
                method: .get,
                path: "/api/logs/stream",
                access: .scope(.read),
                parameters: LogFilterParameters.names + ["last_event_id", "beats"],
                documentation: Self.documentation
            ) { call throws(APIError) in try await open(call) }
        ]
    }

    private func open(_ call: APICall) async throws(APIError) -> Response {
        let query = try LogFilterParameters.filter(call.query, bound: call.bound)
        let last = try Self.lastEvent(call)
        let wantsBeats =
            try call.query.word("beats", [("1", true), ("true", true), ("0", false), ("false", false)]) ?? false
        let isWebSocket = WebSocketHandshake.isAsked(by: call.request)
        let headers = isWebSocket ? try WebSocketHandshake.accept(call.request) : Self.eventHeaders
        if call.request.method == .head {
            // Browsers do not tell why a WebSocket was refused: they ask here.
            guard feed.hasRoom else { throw Self.full }
            return Response(status: .ok, headers: headers)
        }
        guard let stream = feed.open(LiveFilter(query)) else { throw Self.full }
        let open = OpenStream(stream, of: feed)
        let missed = try await self.missed(query, after: last, until: stream.start)
        let request = call.request
        return Response(
            status: isWebSocket ? .switchingProtocols : .ok,
            headers: headers,
            body: ResponseBody { writer in
                defer { open.close() }
                try await request.body.consumeWithInboundCloseHandler { _ in
                    if isWebSocket {
                        try await sendFrames(open.stream, missed, beats: wantsBeats, request, to: &writer)
                    } else {
                        try await sendEvents(open.stream, missed, request, to: &writer)
                    }
                } onInboundClosed: {
                    open.stream.end()
                }
            }
        )
    }

    private static let full = APIError.passing(
        "As many streams as there may be (\(HubLimits.liveStreams)) are open.",
        retryAfter: 10
    )

    private static let eventHeaders: HTTPFields = [
        .contentType: "text/event-stream",
        .cacheControl: "no-store",
        .xContentTypeOptions: "nosniff",
        .accelBuffering: "no",
    ]

    /// The log that the reader got last, by header or parameter.
    private static func lastEvent(_ call: APICall) throws(APIError) -> LogID? {
        let parameter = try call.query.value("last_event_id")
        guard let text = parameter ?? call.request.headers[.lastEventID], !text.isEmpty else { return nil }
        guard let id = LogID(text: text) else {
            throw APIError([
                APIError.Issue(
                    type: "log_id",
                    location: parameter == nil ? ["header", "Last-Event-ID"] : ["query", "last_event_id"],
                    message: "Last-Event-ID must be the id of a log."
                )
            ])
        }
        return id
    }

    private func sendEvents(
        _ stream: LiveStream,
        _ missed: Missed,
        _ request: Request,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        try await writer.write(LiveEvent.beat)
        try await writer.write(contentsOf: missed.events)
        if missed.skipped > 0 { try await writer.write(LiveEvent.skipped(missed.skipped)) }
        for await _ in stream.wakeups {
            let delivery = stream.take()
            try await writer.write(contentsOf: delivery.events)
            if delivery.skipped > 0 {
                metrics.skipped(delivery.skipped)
                try await writer.write(LiveEvent.skipped(delivery.skipped))
            }
            if delivery.isBeatDue {
                guard await isStillAllowed(request) else { break }
                if delivery.events.isEmpty { try await writer.write(LiveEvent.beat) }
            }
        }
        try await writer.finish(nil)
    }

    private func sendFrames(
        _ stream: LiveStream,
        _ missed: Missed,
        beats: Bool,
        _ request: Request,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        try await writer.write(contentsOf: missed.events.map(LiveEvent.json))
        if missed.skipped > 0 { try await writer.write(LiveEvent.skippedJSON(missed.skipped)) }
        // RFC 6455 §7.4.1: 1001 the hub goes away, 1008 the key or session counts no more.
        var code = "1001"
        for await _ in stream.wakeups {
            let delivery = stream.take()
            try await writer.write(contentsOf: delivery.events.map(LiveEvent.json))
            if delivery.skipped > 0 {
                metrics.skipped(delivery.skipped)
                try await writer.write(LiveEvent.skippedJSON(delivery.skipped))
            }
            if delivery.isBeatDue {
                guard await isStillAllowed(request) else {
                    code = "1008"
                    break
                }
                // The handler of the connection pings by itself.
                if beats, delivery.events.isEmpty { try await writer.write(LiveEvent.beatJSON) }
            }
        }
        try await writer.finish([.webSocketClose: code])
    }

    /// Whether the key was not revoked and the session not closed meanwhile.
    private func isStillAllowed(_ request: Request) async -> Bool {
        do throws(APIError) {
            return try await authenticator.caller(of: request).may(.read)
        } catch {
            return error.status == .serviceUnavailable
        }
    }

    /// What a resumed stream did not get.
    private struct Missed {
        var events: [ByteBuffer] = []
        var skipped = 0
    }

    /// The stored logs that match and came after one and up to where the live stream begins, in order of arrival.
    ///
    /// Of more than a thousand the newest by their own time are sent, and the rest is counted as skipped.
    private func missed(_ filter: LogQuery, after last: LogID?, until start: UInt64) async throws(APIError) -> Missed {
        guard let last, let sequence = last.fullSequence(newest: start) else { return Missed() }
        var query = filter
        query.arrivedAfter = sequence
        query.limit = HubLimits.liveResumedLogs
        var missed: [StoredLog] = []
        var skipped = 0
        do throws(StoreError) {
            var page = try await store.page(query)
            missed = page.logs.filter { Self.came($0, after: last) && $0.sequence <= start }
            // As long as whole pages are new, there may be more.
            while let next = page.next, page.logs.allSatisfy({ Self.came($0, after: last) }), skipped < 100_000 {
                query.cursor = next
                page = try await store.page(query)
                skipped += page.logs.count { Self.came($0, after: last) && $0.sequence <= start }
            }
        } catch {
            throw APIError(error)
        }
        missed.sort { $0.sequence < $1.sequence }
        return Missed(events: missed.map(LiveEvent.log), skipped: skipped)
    }

    /// Whether a log was stored after another, of which only 40 bits of its sequence number are known.
    private static func came(_ log: StoredLog, after last: LogID) -> Bool {
        let distance = (log.sequence &- last.sequence) & LogID.sequenceMask
        return distance > 0 && distance < LogID.sequenceMask / 2
    }
}

/// Closes a stream when nobody holds it any more: also when its answer was never begun, because the reader had gone.
private final class OpenStream: Sendable {
    let stream: LiveStream
    private let feed: LiveFeed

    init(_ stream: LiveStream, of feed: LiveFeed) {
        self.stream = stream
        self.feed = feed
    }

    deinit { feed.close(stream) }

    func close() { feed.close(stream) }
}
