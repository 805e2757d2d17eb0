/// What bounds requests, answers, keys and sessions.
extension HubLimits {
    // MARK: Requests

    /// The longest address with its query, in bytes: a hundred groups of some eighty characters fit.
    static let addressBytes = 8 << 10
    /// The longest header field, in bytes; the same as for addresses, which cookies and keys are far below.
    static let headerFieldBytes = 8 << 10
    /// All header fields of a request, in bytes.
    static let headerBytes = 32 << 10
    /// Header fields of a request; browsers behind two proxies send some thirty.
    static let headerFields = 100
    /// The largest request body as it is sent, in bytes; what it unpacks to is bounded by `ProtocolLimits.bodyBytes`.
    static let requestBodyBytes = 64 << 20
    /// Smaller bodies are decoded and stored on their connection's event loop, in some tens of microseconds, larger
    /// ones in the pool: to hand one over costs 10 to 20 microseconds, and a loop that decodes for long keeps others
    /// waiting.
    static let loopBodyBytes = 16 << 10
    /// What a log takes in a body, rather too little: so much room is made for a body's logs before it is scanned.
    static let usualLogBytes = 192
    /// Smaller bodies are kept in the WAL as they came: too little in them repeats for zstd.
    static let packedBodyBytes = 4 << 10
    /// Bytes of request bodies held at one time, over all connections.
    ///
    /// It keeps many large uploads from filling the memory: beyond, requests get 503 and come again.
    static let requestBodiesBytes = 256 << 20
    /// The body of `POST /api/session`, in bytes: it holds one key or code.
    static let sessionBodyBytes = 4 << 10
    /// Parameters in a query.
    static let queryParameters = 256
    /// Values of one list parameter (`group`, `tags`), which are all compared with every log.
    static let queryValues = 100

    // MARK: Connections

    /// Connections at one time; more wait in the kernel's queue, since each costs some 20 KiB.
    static let connections = 4_096
    /// Connections that wait to be accepted: a few thousand devices may come back at the same moment.
    static let connectionBacklog = 1_024
    /// How long a connection may be without a request, or take for a request's header, in seconds.
    static let idleSeconds: Int64 = 75
    /// How often a request's body is checked for progress, in seconds.
    static let bodyProgressSeconds: Int64 = 20
    /// The bytes that must have come between two such checks: half the speed of a GPRS link.
    static let bodyProgressBytes = 32 << 10
    /// What may be left of a refused request's body for the connection to be kept, in bytes: reading it is then cheaper
    /// than connecting again.
    static let refusedBodyBytes = 1 << 20
    /// How long a connection stays after its last answer, in seconds, so that the peer reads it before the reset.
    static let lingerSeconds: Int64 = 2

    // MARK: Answers

    /// Logs in a page at most.
    static let pageLogs = 1_000
    /// Logs in a page when the query does not say.
    static let pageLogsDefault = 100
    /// Neighbours of a log on each side at most: a screen or two is looked at, a thousand is a listing.
    static let contextLogs = 500
    /// Neighbours of a log on each side when the query does not say.
    static let contextLogsDefault = 20
    /// Intervals of a histogram at most when the query does not say how long they are: what a chart can show.
    static let histogramBucketsDefault = 120
    /// The longest interval of a histogram, in seconds: a year.
    static let histogramIntervalSeconds: Int64 = 366 * 86_400
    /// The interval of a series when the query does not say, in seconds: that of the chunks' own summaries.
    static let seriesIntervalSeconds: Int64 = 300
    /// Intervals of a series at most when the query does not say how long they are: 48 hours of five minutes.
    static let seriesIntervalsDefault = 600
    /// Fields of a series of which trends are computed, those with the most intervals: each takes some milliseconds.
    static let seriesTrendFields = 64
    /// Series that are kept in Redis at a time: each has one place, which another one may take.
    static let seriesCached = 64
    /// Bytes of a kept series as it lies in Redis: all of them take 16 MiB at most.
    static let seriesCachedBytes = 256 << 10
    /// Bytes of a kept series unpacked.
    static let seriesCachedPlainBytes = 8 << 20
    /// How long a series is kept, in seconds.
    static let seriesCachedSeconds = 1_800
    /// For how long a kept series is answered with although newer logs have come, in seconds.
    static let seriesStaleSeconds: Int64 = 10
    /// Values of a facet at most: beyond, they are a listing and no overview.
    static let facetValues = 100
    /// Values of a facet when the query does not say.
    static let facetValuesDefault = 10
    /// Exports under way at one time: each holds a part of the logs in memory and keeps a core busy.
    static let exports = 8
    /// What an export hands to the connection at a time, in bytes.
    static let exportPieceBytes = 64 << 10
    /// How long an export waits for a reader that takes nothing, in seconds, before it hangs up.
    static let exportStallSeconds: Int64 = 60
    /// Bytes of a group's name in the name of an export's file.
    static let exportNameBytes = 60
    /// Patterns of an answer at most.
    static let patternsListed = 1_000
    /// Patterns of an answer when the query does not say: more than an operator reads.
    static let patternsListedDefault = 100
    /// How far back patterns are counted when the query does not say, in nanoseconds: a day, so that what comes once
    /// a day is known from the day before.
    static let patternSpan: Int64 = 86_400 * 1_000_000_000
    /// What a client is told to wait after 503, in seconds: reconnecting to Redis takes at most two.
    static let retryAfterSeconds = 2
    /// Refused logs that an answer names, more than an agent's batch has; all are counted.
    ///
    /// An answer must not become many times as large as its request.
    static let refusalsNamed = 10_000
    /// Bytes of one file of Swagger UI; the largest has 1.6 MiB.
    static let swaggerFileBytes = 8 << 20
    /// Files of the dashboard, held in memory.
    static let dashboardFiles = 200
    /// Bytes of the dashboard's files altogether.
    static let dashboardBytes = 16 << 20

    // MARK: Keys and sessions

    /// Known and unknown keys and sessions remembered; each takes some 200 bytes.
    static let callersRemembered = 4_096
    /// How long one is remembered, in seconds: how long a revoked key goes on working at most.
    static let callerSeconds: Int64 = 5
    /// How long a known one goes on counting while Redis cannot be asked, in seconds: nothing can be revoked meanwhile.
    static let callerSecondsWithoutRedis: Int64 = 3_600
    /// Keys that may be stored.
    static let keys = 1_000
    /// Bytes of a key's name.
    static let keyNameBytes = 64
    /// Sessions that may be open; beyond, the ones that end first go.
    static let sessions = 1_000
    /// How long a session lives after it was last used, in seconds: a week.
    static let sessionSeconds: Int64 = 7 * 86_400
    /// How often a used session's end is moved, in seconds: each costs a write and a cookie.
    static let sessionTouchSeconds: Int64 = 3_600
    /// How long a login link's code counts, in seconds.
    static let loginCodeSeconds = 600
    /// Failed logins a minute from one address: a person mistypes; a program that guesses gets nowhere.
    static let failedLoginsPerAddress = 10
    /// Failed logins a minute from all addresses together.
    static let failedLogins = 100
    /// Addresses whose failed logins are counted apart.
    static let failedLoginAddresses = 4_096

    // MARK: Settings

    /// The `.env` file, in bytes: a thousand long lines.
    static let dotEnvironmentBytes = 128 << 10
    /// The least memory limit, in bytes: Redis itself and the reserve for sealing and deleting take most of it.
    static let leastMemoryLimit = 128 << 20
    /// How long a stop waits for requests under way, in seconds.
    static let stopSeconds: Int64 = 15
    /// How long a start waits for an external Redis, in milliseconds: both may have been started together.
    static let redisStartMs: UInt64 = 15_000
    /// How long `keys` and `login` wait for Redis, in milliseconds.
    static let commandConnectMs: UInt64 = 5_000
}
