import Synchronization

/// All logs of a query, as of the moment when it was begun, part by part.
///
/// It is a listing read in large pages: each looks at every group once, takes the places of the next logs in order from
/// times and sequences alone, and brings the rest of those logs, as many as `HubLimits.exportBytes` hold. So memory is
/// bounded whatever the query matches, chunks are read once or twice each, and what is sealed, merged or purged between
/// two pages changes nothing: a page begins behind the last log of the one before, wherever its logs lie by then.
actor LogExport: LogExporting {
    private let query: Query
    private var request: PageRequest
    private let hub: UInt8
    private var window = ListedRows()
    /// How many of the window's logs were given.
    private var given = 0
    private var isDone = false
    private var failure: StoreError?

    /// An export as of now, which holds so much at a time.
    init(
        _ query: Query,
        _ logQuery: LogQuery,
        windowLogs: Int = HubLimits.exportLogs,
        windowBytes: Int = HubLimits.exportBytes
    ) {
        self.query = query
        let memory = query.state.memory
        hub = memory.keys.hub
        var logQuery = logQuery
        // Before every log, so that the snapshot counts from the first part on.
        logQuery.cursor = LogQuery.Cursor(
            timestamp: logQuery.order == .newestFirst ? .max : .min,
            sequence: logQuery.order == .newestFirst ? .max : 0,
            snapshot: memory.newestSequence
        )
        request = PageRequest(
            query: logQuery,
            limit: windowLogs,
            bytes: windowBytes,
            attempts: HubLimits.exportAttempts
        )
    }

    func next() async throws(StoreError) -> [StoredLog]? {
        // What has failed once does not go on as if nothing had been left out.
        if let failure { throw failure }
        while given == window.order.count {
            if isDone { return nil }
            // Given up before the next is read, so that there is only one at a time.
            window = ListedRows()
            given = 0
            window = await query.read(request)
            if window.isPartial {
                window = ListedRows()
                let failure = query.whyPartial
                self.failure = failure
                throw failure
            }
            if let next = window.next { request.query.cursor = next } else { isDone = true }
        }
        var end = given
        var bytes = 0
        repeat {
            bytes += window.rows.plainTextBytes(at: window.order[end].row)
            end += 1
        } while end < window.order.count && end - given < HubLimits.exportPartLogs && bytes < HubLimits.exportPartBytes
        defer { given = end }
        return window.logs(given..<end, hub: hub)
    }
}

extension Query {
    /// What is to be said where half an answer is none.
    fileprivate var whyPartial: StoreError {
        if let trouble = replayer.redis.trouble { return .redisUnavailable(trouble) }
        if state.session == nil { return .redisUnavailable("Redis is being read") }
        return .redisUnavailable(
            "a part of the logs cannot be read; the hub's own log names the chunk: leave its group or its time out"
        )
    }
}
