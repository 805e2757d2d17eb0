import NIOCore
import Synchronization

/// Brings logs to the open streams as soon as Redis has them.
///
/// ```
/// LogStore.follow ──publish──► pending (bounded) ──run──► each stream's filter on the columns
///                                                         └► one event for all that want the log ──► their queues
/// ```
///
/// `publish` is called by the store in the order of sequence numbers and only appends to a list; without streams it
/// does nothing. What does not fit is left out and counted, never waited for.
final class LiveFeed: Sendable {
    private let hub: UInt8
    private let state: Mutex<State>
    private let wakeups: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    private struct State {
        var streams: [LiveStream] = []
        var pending: [(request: IngestRequest, receipt: IngestReceipt)] = []
        var pendingBytes = 0
        /// Logs that found no room in `pending`.
        var skipped = 0
        /// The newest sequence number that was published.
        var newest: UInt64 = 0
        var isStopped = false
    }

    /// A feed of what is stored from now on.
    /// - Parameters:
    ///   - hub: the hub's number in the logs' ids.
    ///   - newest: the newest sequence number that is stored already.
    init(hub: UInt8, newest: UInt64) {
        self.hub = hub
        state = Mutex(State(newest: newest))
        (wakeups, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes note of a request that was stored.
    func publish(_ request: IngestRequest, _ receipt: IngestReceipt) {
        guard !receipt.isDuplicate, request.decoded.positionCount > 0 else { return }
        let isWaiting = state.withLock { state in
            state.newest = max(state.newest, receipt.firstSequence &+ UInt64(request.decoded.positionCount) &- 1)
            guard !state.streams.isEmpty else { return false }
            let bytes = request.decoded.columns.text.count + request.decoded.columns.count * 32
            if !state.pending.isEmpty && state.pendingBytes + bytes > HubLimits.livePendingBytes {
                state.skipped += request.decoded.columns.count
            } else {
                state.pending.append((request, receipt))
                state.pendingBytes += bytes
            }
            return true
        }
        if isWaiting { wake.yield() }
    }

    /// Opens a stream of what comes from now on.
    /// - Returns: nil when there are too many, or the hub stops.
    func open(_ filter: LiveFilter) -> LiveStream? {
        state.withLock { state in
            guard !state.isStopped, state.streams.count < HubLimits.liveStreams else { return nil }
            let stream = LiveStream(filter: filter, start: state.newest)
            state.streams.append(stream)
            return stream
        }
    }

    /// Whether another stream would be opened now.
    var hasRoom: Bool { state.withLock { !$0.isStopped && $0.streams.count < HubLimits.liveStreams } }

    /// Streams that are open.
    var streamCount: Int { state.withLock { $0.streams.count } }

    /// Closes a stream.
    func close(_ stream: LiveStream) {
        stream.end()
        state.withLock { state in state.streams.removeAll { $0 === stream } }
    }

    /// Ends all streams, so that their connections can close, and opens no more.
    func stop() {
        let streams = state.withLock { state in
            state.isStopped = true
            defer { state.streams = [] }
            return state.streams
        }
        for stream in streams { stream.end() }
        wake.finish()
    }

    /// Hands out what is published, until `stop` or until it is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(HubLimits.liveBeatSeconds))
                    beat()
                }
            }
            for await _ in wakeups { handOut() }
            group.cancelAll()
        }
    }

    /// Has every stream give a sign of life, and ask whether its key still counts.
    func beat() {
        for stream in state.withLock({ $0.streams }) { stream.beat() }
    }

    private func handOut() {
        let (streams, pending, skipped) = state.withLock { state in
            defer {
                state.pending = []
                state.pendingBytes = 0
                state.skipped = 0
            }
            return (state.streams, state.pending, state.skipped)
        }
        for (request, receipt) in pending { handOut(request.decoded, receipt, to: streams) }
        for stream in streams {
            if skipped > 0 { stream.skip(skipped) }
            stream.flush()
        }
    }

    private func handOut(_ decoded: DecodedBody, _ receipt: IngestReceipt, to streams: [LiveStream]) {
        // A group without a number is one too many: its logs were not stored.
        let wanting = streams.map { stream in
            zip(decoded.groupNames, receipt.groupNumbers).map { $1 != .max && stream.filter.wants(group: $0) }
        }
        for index in 0..<decoded.columns.count {
            let sequence = receipt.firstSequence &+ UInt64(decoded.positions[index])
            let group = Int(decoded.groups[index])
            var event: ByteBuffer?
            for (stream, groups) in zip(streams, wanting)
            where groups[group] && sequence > stream.start
                && stream.filter.wants(decoded.columns, index, group: decoded.groupNames[group]) && stream.hasRoom()
            {
                let written = event ?? LiveEvent.log(StoredLog(decoded, index, receipt, hub: hub))
                event = written
                stream.offer(written)
            }
        }
    }
}
