import EventLoop
import HTTPTypes
import Synchronization

/// What the hub counts of its requests since start; `MetricsText` writes it.
///
/// Counters are single additions without a lock, since every request adds to some.
final class HubMetrics: Sendable {
    /// Nanoseconds since 1970.
    let started = WallClock.now()
    private let ingestRequests = Atomic<Int>(0)
    private let ingestBytes = Atomic<Int>(0)
    private let ingestLogs = Atomic<Int>(0)
    private let ingestRejected = Atomic<Int>(0)
    private let duplicateRequests = Atomic<Int>(0)
    private let liveSkipped = Atomic<Int>(0)
    private let rateLimited = Atomic<Int>(0)
    private let known = Mutex<[RouteFigures]>([])

    /// The counters of ingest since start.
    struct Ingest: Sendable {
        /// Bodies that could be read.
        var requests: Int
        /// Their bytes as they were sent.
        var bytes: Int
        var logs: Int
        var rejected: Int
        /// Bodies that the store had already.
        var duplicates: Int
    }

    /// The figures of a route, which from then on are among `routes`.
    func figures(method: String, path: String) -> RouteFigures {
        let figures = RouteFigures(method: method, path: path)
        known.withLock { $0.append(figures) }
        return figures
    }

    /// The figures of all routes.
    var routes: [RouteFigures] { known.withLock { $0 } }

    /// Notes a body that could be read.
    func ingested(_ outcome: IngestOutcome, bytes: Int) {
        ingestRequests.add(1, ordering: .relaxed)
        ingestBytes.add(bytes, ordering: .relaxed)
        if outcome.receipt.isDuplicate {
            duplicateRequests.add(1, ordering: .relaxed)
            return
        }
        ingestLogs.add(outcome.receipt.ingested, ordering: .relaxed)
        let rejected = outcome.decoded.positionCount - outcome.receipt.ingested
        if rejected > 0 { ingestRejected.add(rejected, ordering: .relaxed) }
    }

    /// Notes logs that a slow reader of a live stream was not sent.
    func skipped(_ logs: Int) { liveSkipped.add(logs, ordering: .relaxed) }

    /// Notes a request that was refused because of its key's rate.
    func limited() { rateLimited.add(1, ordering: .relaxed) }

    var ingest: Ingest {
        Ingest(
            requests: ingestRequests.load(ordering: .relaxed),
            bytes: ingestBytes.load(ordering: .relaxed),
            logs: ingestLogs.load(ordering: .relaxed),
            rejected: ingestRejected.load(ordering: .relaxed),
            duplicates: duplicateRequests.load(ordering: .relaxed)
        )
    }

    /// Logs that slow readers were not sent.
    var skippedLogs: Int { liveSkipped.load(ordering: .relaxed) }
    /// Requests that came too fast.
    var limitedRequests: Int { rateLimited.load(ordering: .relaxed) }
}

/// What is counted of a route: its answers by status, and how long they took to begin.
final class RouteFigures: Sendable {
    let method: String
    let path: String
    private let counts: [Counter]
    private let buckets: [Counter]
    private let nanoseconds = Counter()

    /// A number that many threads add to.
    private final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }

    /// The statuses that are counted apart; others count as 0.
    static let statuses = [
        101, 200, 304, 400, 401, 403, 404, 405, 409, 413, 414, 415, 422, 426, 429, 500, 503, 0,
    ]
    /// Upper ends of the buckets in nanoseconds; one more takes the rest.
    static let bounds: [(nanoseconds: Int, seconds: String)] = [
        (1_000_000, "0.001"), (5_000_000, "0.005"), (25_000_000, "0.025"), (100_000_000, "0.1"), (500_000_000, "0.5"),
        (2_500_000_000, "2.5"),
    ]

    init(method: String, path: String) {
        self.method = method
        self.path = path
        counts = Self.statuses.map { _ in Counter() }
        buckets = (0...Self.bounds.count).map { _ in Counter() }
    }

    /// Notes an answer.
    func note(_ status: HTTPResponse.Status, nanoseconds elapsed: Int) {
        let place = Self.statuses.firstIndex(of: status.code) ?? Self.statuses.count - 1
        counts[place].value.add(1, ordering: .relaxed)
        let bucket = Self.bounds.firstIndex { elapsed <= $0.nanoseconds } ?? Self.bounds.count
        buckets[bucket].value.add(1, ordering: .relaxed)
        nanoseconds.value.add(elapsed, ordering: .relaxed)
    }

    /// Answers by status, those that there were.
    var answers: [(status: Int, count: Int)] {
        zip(Self.statuses, counts).map { ($0, $1.value.load(ordering: .relaxed)) }.filter { $0.1 > 0 }
    }

    /// Answers by bucket, not summed up.
    var latencies: [Int] { buckets.map { $0.value.load(ordering: .relaxed) } }
    /// How long all took together, in seconds.
    var seconds: Double { Double(nanoseconds.value.load(ordering: .relaxed)) / 1e9 }
}
