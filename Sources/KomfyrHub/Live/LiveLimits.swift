/// What bounds the live stream.
extension HubLimits {
    /// Streams open at one time; each holds a connection and up to `liveQueueBytes`.
    static let liveStreams = 256
    /// Logs that wait for one slow reader; beyond, logs are left out and counted.
    static let liveQueueLogs = 10_000
    /// The bytes of these logs, with the same effect.
    ///
    /// 256 readers that stand still hold 1 GiB at most, but share the bytes of a log that several of them wait for.
    static let liveQueueBytes = 4 << 20
    /// Requests that wait to be looked at for the streams, by the bytes of their text; beyond, their logs are left out.
    static let livePendingBytes = 64 << 20
    /// How often a stream gets a sign of life, in seconds: less than what proxies and routers wait before they cut.
    static let liveBeatSeconds: Int64 = 15
    /// Stored logs that a resumed stream is sent at most; what it missed beyond is counted as skipped.
    static let liveResumedLogs = 1_000
}
