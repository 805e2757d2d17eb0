import EventLoop
import HTTPTypes
import Synchronization

/// Bounds how many requests a key may send, so that one reader cannot use up the hub for the others.
///
/// A bucket for each key, in memory. It is kept as one number, the time at which it will be full again (the generic
/// cell rate algorithm): a request moves that time on by what it costs, and is refused when it would lie too far ahead.
/// The key of `.env` has no bucket; a key without a limit of its own has none for ingest.
final class RateLimiter: Sendable {
    /// When each key's bucket is full again, in nanoseconds since 1970.
    private let fullAt = Mutex<[SecretDigest: Int64]>([:])

    /// Counts a request.
    /// - Parameters:
    ///   - key: whose it is.
    ///   - isIngest: it brings logs or a heartbeat.
    ///   - now: nanoseconds since 1970.
    /// - Throws: 429 when the key has sent too many, with the time to wait.
    func take(_ key: Caller.Key, isIngest: Bool, now: Int64 = WallClock.now()) throws(APIError) {
        if isIngest, key.rateLimit == nil { return }
        let limit = max(1, key.rateLimit ?? HubLimits.requestsPerMinute)
        let cost = 60_000_000_000 / Int64(limit)
        // A slow limit still lets one request through at once.
        let burst = max(cost, Int64(HubLimits.burstSeconds) * 1_000_000_000)
        let wait = fullAt.withLock { fullAt -> Int64 in
            var full = max(fullAt[key.digest] ?? now, now)
            // A clock that went back must not lock a key out.
            if full > now + burst { full = now + burst }
            guard full + cost <= now + burst else { return full + cost - now - burst }
            if fullAt.count >= HubLimits.callersRemembered, fullAt[key.digest] == nil {
                // Full buckets say nothing.
                fullAt = fullAt.filter { $0.value > now }
            }
            fullAt[key.digest] = full + cost
            return 0
        }
        guard wait > 0 else { return }
        let seconds = (wait + 999_999_999) / 1_000_000_000
        var error = APIError(
            .tooManyRequests,
            "This key may send \(limit) requests a minute (its rate_limit); please come again in \(seconds) s."
        )
        error.headers[.retryAfter] = String(seconds)
        error.headers[.rateLimitPolicy] = "\"key\";q=\(limit);w=60"
        error.headers[.rateLimit] = "\"key\";r=0;t=\(seconds)"
        throw error
    }
}
