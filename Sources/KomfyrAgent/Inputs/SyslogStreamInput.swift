import EventLoop
import Logging

/// Syslog over TCP (RFC 6587), both framings, told apart per frame.
///
/// While the batcher is held back no connection is read: TCP itself then holds the senders back. Connections may idle
/// for ever; a sender that has vanished is noticed by keep-alive.
final class SyslogStreamInput: Input {
    let name: String

    private let loop: Loop
    private let listen: InputConfiguration.Listen
    private let allow: AllowList
    private let batcher: Batcher
    private let logger: Logger
    private var intake: SyslogIntake
    private var listener: StreamListener?
    private var connections: [ObjectIdentifier: SyslogConnection] = [:]
    private var isHeld = false
    /// Bytes of unfinished frames in all connections.
    private var keptBytes = 0
    private var refused = RepeatedFault()
    private var beyondLimit = RepeatedFault()

    /// An input that listens once it is started.
    /// - Throws: what is wrong with its group or its networks.
    init(
        _ loop: Loop,
        _ configuration: InputConfiguration,
        listen: InputConfiguration.Listen,
        agentTags: [String],
        batcher: Batcher,
        logger: Logger
    ) throws {
        self.loop = loop
        name = configuration.name
        self.listen = listen
        self.batcher = batcher
        self.logger = logger
        allow = try AllowList(listen.allow)
        intake = SyslogIntake(
            try RecordWriter.Settings(configuration, agentTags: agentTags),
            zone: configuration.zone,
            fromDatagrams: false
        )
        batcher.onHold { [weak self] held in self?.hold(held) }
    }

    var statistics: InputStatistics {
        var statistics = intake.statistics
        statistics.open = UInt64(connections.count)
        return statistics
    }

    /// Where it listens, with the port that the system chose if 0 was asked.
    var localAddress: SocketAddress? { listener?.localAddress }

    func start() throws {
        let address = SocketAddress.ip(listen.host, port: listen.port)
        let listener = try StreamListener(loop, bind: address) { [weak self] stream in
            guard let self else { return stream.close() }
            accept(stream)
        }
        listener.onAcceptFailure = { [weak self] error in
            self?.logger.warning("input \(self?.name ?? ""): a connection waits: \(error)")
        }
        self.listener = listener
    }

    func stop() {
        listener?.close()
        listener = nil
        for connection in connections.values {
            finish(connection)
            connection.stream.close()
        }
        connections = [:]
        if let count = refused.take() { reportRefused(count, last: nil) }
    }

    private func accept(_ stream: StreamConnection) {
        guard allow.contains(stream.peer) else {
            intake.drop(.refusedSender, bytes: 0)
            if let count = refused.happened(nowMs: loop.nowMs) { reportRefused(count, last: stream.peer) }
            return stream.close()
        }
        guard connections.count < AgentLimits.connectionsPerListener else {
            intake.drop(.connectionLimit, bytes: 0)
            if let count = beyondLimit.happened(nowMs: loop.nowMs) {
                logger.error(
                    "input \(name): closed \(count) connections beyond the limit of \(AgentLimits.connectionsPerListener)"
                )
            }
            return stream.close()
        }
        let connection = SyslogConnection(stream, input: self)
        connections[ObjectIdentifier(connection)] = connection
        stream.start(connection)
        if isHeld { stream.pause() }
    }

    private func reportRefused(_ count: UInt64, last: Peer?) {
        let who = last.map { ", the last from \($0.address)" } ?? ""
        logger.warning("input \(name): refused \(count) connections of senders that `allow` does not name\(who)")
    }

    private func hold(_ held: Bool) {
        isHeld = held
        for connection in connections.values {
            if held { connection.stream.pause() } else { connection.stream.resume() }
        }
    }

    fileprivate func received(_ bytes: UnsafeRawBufferPointer, by connection: SyslogConnection) {
        let arrival = WallClock.now()
        let peer = connection.stream.peer
        let keptBefore = connection.framer.keptBytes
        // When many connections hold long unfinished frames, further ones come in pieces.
        let isShort = keptBytes > AgentLimits.unfinishedFrameBytes
        connection.framer.limit = isShort ? AgentLimits.frameBytesWhenShort : AgentLimits.lineBytes
        connection.framer.feed(bytes) { frame, part in
            intake.take(frame, part, from: peer, arrival: arrival, into: batcher)
        }
        keptBytes += connection.framer.keptBytes - keptBefore
    }

    fileprivate func ended(_ connection: SyslogConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        finish(connection)
    }

    /// A connection's unfinished frame is its last.
    private func finish(_ connection: SyslogConnection) {
        let arrival = WallClock.now()
        keptBytes -= connection.framer.keptBytes
        connection.framer.finish { frame, part in
            intake.take(frame, part, from: connection.stream.peer, arrival: arrival, into: batcher)
        }
    }
}

@available(*, unavailable)
extension SyslogStreamInput: Sendable {}

/// One connection: its framer, and whose it is.
private final class SyslogConnection: StreamHandler {
    let stream: StreamConnection
    var framer = SyslogFramer(limit: AgentLimits.lineBytes)
    /// The input keeps its connections until they end, so it outlives them.
    private unowned let input: SyslogStreamInput

    init(_ stream: StreamConnection, input: SyslogStreamInput) {
        self.stream = stream
        self.input = input
    }

    func received(_ bytes: UnsafeRawBufferPointer) { input.received(bytes, by: self) }

    func ended(_ error: LoopError?) { input.ended(self) }
}
