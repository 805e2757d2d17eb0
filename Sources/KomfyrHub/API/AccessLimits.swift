/// What bounds keys, shares, agents, rates, WebSockets and connections that stand still.
extension HubLimits {
    // MARK: Keys and shares

    /// The body of `POST /api/keys` and `POST /api/share`, in bytes: a name, a group and a few words.
    static let keyBodyBytes = 4 << 10
    /// Share tokens that may be stored; those that ended make room first.
    static let shares = 1_000
    /// How long a share token counts at most, and a key that is given hours, in hours: a year.
    static let shareHours = 8_784
    /// How long a share token counts when the request does not say, in hours.
    static let shareHoursDefault = 24
    /// How far ahead a key's end may lie, in hours: ten years; who wants more leaves it out.
    static let keyHours = 87_840
    /// How long an ended key is still listed, in seconds: who wonders why a program stopped should find it.
    static let endedKeySeconds: Int64 = 7 * 86_400
    /// How exactly the last use of a key is known, in seconds: each step costs a write.
    static let keyUseSeconds: Int64 = 3_600

    /// How often keys and sessions are copied against a Redis that loses them, in seconds.
    static let accessCopySeconds: Int64 = 10

    // MARK: Rates

    /// Requests a minute that a key may send to what is not ingest, unless its record says otherwise.
    ///
    /// Fifty a second is far above what a dashboard asks, and far below what one reader may cost the others.
    static let requestsPerMinute = 3_000
    /// The most that a key's record may allow.
    static let requestsPerMinuteMost = 6_000_000
    /// A key may spend what it has saved over so many seconds at once: a page that opens asks for everything together.
    static let burstSeconds = 4

    // MARK: Agents

    /// Agents that are remembered; each takes some 2 KiB, a heartbeat's inputs included.
    static let agents = 10_000
    /// How often an agent is expected to tell of itself when it does not say, in seconds.
    static let heartbeatSeconds = 30
    /// How often that may be at least and at most, in seconds.
    static let heartbeatRange = 1...3_600
    /// An agent is late after so many of its intervals without a sign of life: one may get lost.
    static let agentLateIntervals: Int64 = 2
    /// It is silent after so many.
    static let agentSilentIntervals: Int64 = 10
    /// How long to wait before reading the agents from Redis again after that failed, in seconds.
    static let agentsRetrySeconds: Int64 = 5

    // MARK: Connections

    /// How often a connection that cannot take more of its answer is looked at, in seconds.
    static let writeProgressSeconds: Int64 = 60
    /// The bytes that it must have taken between two looks: far below half of a GPRS link.
    static let writeProgressBytes = 16 << 10
    /// The largest frame that a WebSocket's reader may send, in bytes: nothing that it says is needed.
    static let webSocketFrameBytes = 4 << 10
    /// How long a WebSocket may give no sign of life, in seconds; it is asked for one every `liveBeatSeconds`.
    static let webSocketSilenceSeconds: Int64 = 60
    /// How long the other side may take to answer the close of a WebSocket, in seconds.
    static let webSocketCloseSeconds: Int64 = 2

    // MARK: TLS

    /// How often the certificate's and the key's file are looked at, in seconds.
    static let certificateCheckSeconds: Int64 = 5
    /// The largest certificate or key file, in bytes: a chain of four is some 8 KiB.
    static let certificateFileBytes = 1 << 20
}
