import HTTPTypes
import Hummingbird

/// What everyone may ask: which version this is, and whether it can store.
struct ServiceRoutes: Sendable {
    let store: any LogStoring

    var routes: [Route] {
        [
            Route(method: .get, path: "/api", access: .open, documentation: Self.aboutDocumentation) {
                _ throws(APIError) in Self.about
            },
            Route(method: .get, path: "/api/health", access: .open, documentation: Self.healthDocumentation) {
                _ throws(APIError) in health()
            },
        ]
    }

    private static var about: Response {
        var json = JSONWriter()
        json.beginObject()
        json.key("name")
        json.string("Komfyrvakt")
        json.key("version")
        json.string(HubVersion.text)
        json.endObject()
        return .json(json.bytes)
    }

    private func health() -> Response {
        let health = store.health
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string(health.canStore ? "healthy" : "unhealthy")
        json.key("service")
        json.string("Komfyrvakt")
        json.key("redis")
        json.string(health.isRedisUp ? "up" : "down")
        if !health.canStore {
            json.key("detail")
            // Everyone may read this: paths and names of machines, which the reason can hold, are not for everyone.
            json.string(
                health.publicReason
                    ?? (health.isRedisUp
                        ? "The hub cannot store at the moment; what it logs says why." : StoreHealth.redisIsGone)
            )
            if let since = health.since {
                json.key("since")
                json.time(since)
            }
        }
        json.endObject()
        if health.canStore { return .json(json.bytes) }
        return .json(
            json.bytes,
            status: .serviceUnavailable,
            adding: [.retryAfter: String(HubLimits.retryAfterSeconds)]
        )
    }
}
