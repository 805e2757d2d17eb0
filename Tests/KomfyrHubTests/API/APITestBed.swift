import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Testing

@testable import KomfyrHub

/// The whole API over a store and a Redis in memory.
struct APITestBed {
    /// Unused where the bed is made of real ones.
    let store: MemoryStore
    let redis: MemoryRedis
    let feed = LiveFeed(hub: 1, newest: 0)
    let rates = GroupRates()
    let authenticator: Authenticator
    let agents: AgentRegistry
    let analysis: AnalysisService
    let api: HubAPI

    static let adminKey = "kmf_abcdefghijklmnopqrstuvwxyzABCDEF"
    static let admin: HTTPFields = [.authorization: "Bearer \(adminKey)"]

    init(
        retentionHours: Int = 48,
        dashboard: String? = nil,
        swagger: String? = nil,
        model: ModelCaller? = nil,
        dailyTokens: Int = HubLimits.dailyTokensDefault
    ) {
        let (store, redis) = (MemoryStore(), MemoryRedis())
        self.init(store, redis, store: store, redis: redis, retentionHours, dashboard, swagger, model, dailyTokens)
    }

    /// The same over a real store and Redis.
    init(store: LogStore, redis: RedisClient) {
        self.init(MemoryStore(), MemoryRedis(), store: store, redis: redis, 48, nil, nil, nil, 1)
    }

    private init(
        _ memory: MemoryStore,
        _ memoryRedis: MemoryRedis,
        store: any LogStoring,
        redis: any RedisSending,
        _ retentionHours: Int,
        _ dashboard: String?,
        _ swagger: String?,
        _ model: ModelCaller?,
        _ dailyTokens: Int
    ) {
        self.store = memory
        self.redis = memoryRedis
        authenticator = Authenticator(environmentKey: Self.adminKey, redis: redis)
        agents = AgentRegistry(redis: redis, retentionHours: retentionHours)
        analysis = AnalysisService(
            AnalysisService.Parts(
                store: store,
                redis: redis,
                model: model,
                dailyTokens: dailyTokens,
                retention: Int64(retentionHours) * 3_600_000_000_000,
                logger: .silent
            )
        )
        let feed = feed
        let rates = rates
        store.follow { request, receipt in
            feed.publish(request, receipt)
            rates.note(request.decoded, receipt)
        }
        api = HubAPI(
            HubAPI.Parts(
                store: store,
                feed: feed,
                rates: rates,
                authenticator: authenticator,
                agents: agents,
                analysis: analysis,
                dashboard: DashboardFiles(folder: dashboard, frameAncestors: "'self'"),
                retentionHours: retentionHours,
                memoryLimit: 1 << 30,
                swagger: SwaggerFiles(folder: swagger)
            )
        )
    }

    /// Runs a test over the router, without sockets.
    func run(_ test: @Sendable (APIClient) async throws -> Void) async throws {
        try await test(APIClient(router: api.router, described: try DescribedAPI.ofTheHub.get()))
    }

    /// Makes a key of these scopes.
    func key(
        _ scopes: Scope...,
        group: String? = nil,
        expires: String? = nil,
        rateLimit: Int? = nil
    ) async throws -> String {
        try await key(scopes, group: group, expires: expires, rateLimit: rateLimit)
    }

    /// Makes a key of these scopes.
    func key(
        _ scopes: [Scope],
        group: String? = nil,
        expires: String? = nil,
        rateLimit: Int? = nil
    ) async throws -> String {
        let key = RandomSecret.newKey()
        var record = KeyStore.Record(name: "test", scopes: scopes, created: "2026-11-23T05:00:00Z")
        record.group = group
        record.expires = expires
        record.rateLimit = rateLimit
        try await authenticator.keys.add(SecretDigest(of: key), record)
        return key
    }
}

/// Sends requests as the admin, unless other headers are given, and holds every answer against the description.
struct APIClient: Sendable {
    let router: HubRouter
    let described: DescribedAPI
    /// Whether answers are held against the description.
    var isChecked = true

    struct Answer {
        var status: HTTPResponse.Status
        var headers: HTTPFields
        var body: ByteBuffer
        var json: JSONValue { get throws { try JSONValue(body) } }
        var text: String { String(buffer: body) }
    }

    func get(_ uri: String, _ headers: HTTPFields = APITestBed.admin) async throws -> Answer {
        try await send(.get, uri, headers)
    }

    func post(
        _ uri: String,
        _ body: String,
        type: String? = "application/json",
        _ headers: HTTPFields = APITestBed.admin
    ) async throws -> Answer {
        try await post(uri, bytes: Array(body.utf8), type: type, headers)
    }

    func post(
        _ uri: String,
        bytes: [UInt8],
        type: String? = "application/json",
        _ headers: HTTPFields = APITestBed.admin
    ) async throws -> Answer {
        var headers = headers
        headers[.contentType] = type
        return try await send(.post, uri, headers, ByteBuffer(bytes: bytes))
    }

    func send(
        _ method: HTTPRequest.Method,
        _ uri: String,
        _ headers: HTTPFields = APITestBed.admin,
        _ body: ByteBuffer? = nil
    ) async throws -> Answer {
        var headers = headers
        if let body, headers[.contentLength] == nil { headers[.contentLength] = String(body.readableBytes) }
        let request = Request(
            head: HTTPRequest(method: method, scheme: "http", authority: "localhost", path: uri, headerFields: headers),
            body: RequestBody(buffer: body ?? ByteBuffer())
        )
        let response = try await router.respond(to: request, context: APIContext(peer: nil))
        let collected = CollectedBody()
        try await response.body.write(collected)
        let answer = Answer(status: response.status, headers: response.headers, body: collected.bytes)
        for problem in isChecked ? described.problems(method, uri, answer) : [] { Issue.record("\(problem)") }
        return answer
    }
}

/// Keeps the body of an answer.
final class CollectedBody: ResponseBodyWriter {
    private(set) var bytes = ByteBuffer()

    func write(_ buffer: ByteBuffer) async throws { bytes.writeImmutableBuffer(buffer) }
    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
