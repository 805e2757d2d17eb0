import NIOCore

/// What bounds a connection; tests use shorter times.
struct ConnectionLimits: Sendable {
    /// Connections at one time.
    var connections = HubLimits.connections
    /// How long a connection may be without a request.
    var idle = TimeAmount.seconds(HubLimits.idleSeconds)
    /// How often a connection that cannot take more of its answer is looked at.
    var writeProgress = TimeAmount.seconds(HubLimits.writeProgressSeconds)
    /// The bytes that it must have taken between two looks.
    var writeProgressBytes = HubLimits.writeProgressBytes
    /// How often the reader of a WebSocket is asked for a sign of life.
    var webSocketPing = TimeAmount.seconds(HubLimits.liveBeatSeconds)
    /// How long it may give none.
    var webSocketSilence = TimeAmount.seconds(HubLimits.webSocketSilenceSeconds)
    /// How long it may take to answer a close.
    var webSocketClose = TimeAmount.seconds(HubLimits.webSocketCloseSeconds)
}
