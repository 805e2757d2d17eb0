import EventLoop
import Logging
import Protocol
import Synchronization

@testable import KomfyrHub

/// A store on a real Redis, as the hub has it: client, lease, store, and the task that runs it.
final class StoreForTests: Sendable {
    let client: RedisClient
    let lease: Lease
    let store: LogStore
    private let running: Task<Void, Never>

    /// Starts one; `folder` holds the lease's token, so that the next store on it takes over at once.
    init(
        _ redis: RedisConfiguration,
        folder: String,
        configuration: StoreConfiguration = StoreConfiguration(),
        logger: Logger = .silent
    ) async throws {
        let client = RedisClient(redis, logger: logger)
        client.start()
        do {
            try await client.waitUntilConnected(withinMs: 60_000)
            let data = try DataFolder(folder)
            defer { data.close() }
            let lease = try Lease(redis: client, folder: data, logger: logger)
            let store = LogStore(redis: client, lease: lease, configuration: configuration, logger: logger)
            try await store.start()
            self.client = client
            self.lease = lease
            self.store = store
            running = Task { await store.run() }
        } catch {
            await client.stop()
            throw error
        }
    }

    /// Stores a request, again as long as the store says that it cannot now: it is answered truthfully, so nothing is
    /// stored twice.
    func append(_ request: IngestRequest) async throws -> IngestReceipt {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            do {
                return try await store.append(request)
            } catch {
                guard ContinuousClock.now < deadline else { throw error }
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    /// Ends it as a kill does: nothing is drained, nothing given up.
    func kill() async {
        running.cancel()
        await client.stop()
        await running.value
    }
}

/// Runs a test with a store, and ends it, also on failure.
func withStore<Result>(
    _ configuration: StoreConfiguration = StoreConfiguration(),
    arguments: [String] = [],
    isolation: isolated (any Actor)? = #isolation,
    _ body: (PrivateRedisForTests, TemporaryFolder, StoreForTests) async throws -> Result
) async throws -> Result {
    let redis = try PrivateRedisForTests(arguments, isDurable: true)
    let folder = try TemporaryFolder()
    let store = try await StoreForTests(redis.configuration, folder: folder.path, configuration: configuration)
    do {
        let result = try await body(redis, folder, store)
        await store.kill()
        return result
    } catch {
        await store.kill()
        throw error
    }
}

/// A log of a test, and what it should be found as.
struct TestLog: Equatable {
    var message: String
    var group: String?
    var level: Level = .info
    var tags: [String] = []
    var timestamp: Int64
    var source: String?
    /// The object's JSON, as it is sent.
    var data: String?

    /// Its JSON.
    func append(to bytes: inout [UInt8]) {
        bytes += Array("{\"message\":".utf8)
        JSONText.appendString(message, to: &bytes)
        bytes += Array(",\"level\":\"\(level.name)\"".utf8)
        if let group {
            bytes += Array(",\"group\":".utf8)
            JSONText.appendString(group, to: &bytes)
        }
        bytes += Array(",\"tags\":[".utf8)
        for (index, tag) in tags.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONText.appendString(tag, to: &bytes)
        }
        bytes += Array("],\"timestamp\":\"\(Timestamp.text(timestamp))\"".utf8)
        if let source {
            bytes += Array(",\"source\":".utf8)
            JSONText.appendString(source, to: &bytes)
        }
        if let data { bytes += Array(",\"data\":\(data)".utf8) }
        bytes += Array("}\n".utf8)
    }
}

/// A request as the API makes it of a body of NDJSON.
func request(
    lines: [UInt8],
    arrival: Int64,
    identity: BatchIdentity? = nil,
    defaults: RequestDefaults = RequestDefaults()
) throws -> IngestRequest {
    let context = BodyDecoder.Context(
        format: .ndjson,
        encoding: .identity,
        defaults: defaults,
        arrival: arrival,
        window: arrival - 48 * 3_600_000_000_000...arrival + HubLimits.futureNanoseconds,
        refusedPositions: nil
    )
    let decoded = try BodyDecoder().decode(lines, context)
    return IngestRequest(
        body: lines,
        format: .ndjson,
        encoding: .identity,
        defaults: defaults,
        arrival: arrival,
        identity: identity,
        decoded: decoded
    )
}

func request(_ logs: [TestLog], arrival: Int64, identity: BatchIdentity? = nil) throws -> IngestRequest {
    var lines: [UInt8] = []
    for log in logs { log.append(to: &lines) }
    return try request(lines: lines, arrival: arrival, identity: identity)
}

extension StoredLog {
    var text: String { String(decoding: message, as: UTF8.self) }
}

/// A clock that a test moves.
final class TestClock: Sendable {
    private let time: Atomic<Int64>

    init(_ nanoseconds: Int64 = WallClock.now()) { time = Atomic(nanoseconds) }

    var now: Int64 { time.load(ordering: .relaxed) }

    func advance(_ nanoseconds: Int64) { time.add(nanoseconds, ordering: .relaxed) }
}

/// Numbers that an observer has seen.
final class Seen: Sendable {
    private let state = Mutex<[UInt64]>([])

    var values: [UInt64] { state.withLock { $0 } }

    func add(_ value: UInt64) { state.withLock { $0.append(value) } }
}
