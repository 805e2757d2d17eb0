import EventLoop
import Logging

/// What all inputs over streams do (TCP, TLS, unix): listen, refuse who may not send, cut into messages, hold back.
///
/// While the batcher is held back no connection is read: TCP itself then holds the senders back. Connections may idle
/// for ever; a sender that has vanished is noticed by keep-alive.
class StreamInput: SocketInput {
    let name: String
    let batcher: Batcher
    let logger: Logger

    private let loop: Loop
    private let listen: InputConfiguration.Listen
    private let countsOctets: Bool
    private let allow: AllowList
    /// Connections at a time; a test gives a smaller number.
    var connectionsAtMost: Int
    /// How often the certificate's files are looked at; a test does not wait so long.
    var certificateCheckMs = AgentLimits.certificateCheckMs
    /// What is still taken when the input stops, in bytes; a test takes less.
    var waitingBytesAtStop = AgentLimits.waitingBytesAtStop
    /// Takes what waits to be accepted, and says how much of it came to nothing; a test lets more come.
    var takeBacklog: (StreamListener) -> Int = { $0.acceptBacklog() }
    private var listener: StreamListener?
    private var certificate: TLSFileWatch<TLSContext>?
    private var connections: [ObjectIdentifier: InputConnection] = [:]
    private var isHeld = false
    private var isStopping = false
    /// Bytes of unfinished frames in all connections.
    private var keptBytes = 0
    private var faults: StreamFaults
    private var handshakesFailed = InputStatistics.Counts<TLSFault>()

    /// An input that listens once it is started.
    /// - Parameters:
    ///   - loop: the intake loop.
    ///   - name: of the input.
    ///   - listen: where, and who may send.
    ///   - countsOctets: whether a message may have its length before it (RFC 6587), as syslog's.
    ///   - batcher: says when to wait.
    ///   - logger: for what goes wrong.
    /// - Throws: `AllowList.Problem`.
    init(
        _ loop: Loop,
        name: String,
        listen: InputConfiguration.Listen,
        countsOctets: Bool,
        batcher: Batcher,
        logger: Logger
    ) throws(AllowList.Problem) {
        self.loop = loop
        self.name = name
        self.listen = listen
        self.countsOctets = countsOctets
        connectionsAtMost =
            listen.transport == .tls ? AgentLimits.tlsConnectionsPerListener : AgentLimits.connectionsPerListener
        self.batcher = batcher
        self.logger = logger
        allow = try AllowList(listen.allow)
        faults = StreamFaults(input: name, logger: logger)
        batcher.onHold(for: self) { [weak self] held in self?.hold(held) }
    }

    /// What a subclass counted, without what only the sockets know.
    var counted: InputStatistics { InputStatistics() }

    /// Takes one message of a sender who may send.
    /// - Returns: why it was not kept, if it was not.
    func take(_ bytes: UnsafeRawBufferPointer, _ part: StreamFramer.Part, _ arrival: Arrival)
        -> InputStatistics.DropReason?
    { nil }

    /// All connections are closed: what a subclass keeps is to be told now.
    func finish() {}

    /// Counts something that was not taken.
    func drop(_ reason: InputStatistics.DropReason, bytes: Int) {}

    final var statistics: InputStatistics {
        var statistics = counted
        statistics.open = UInt64(connections.count)
        if listen.tls != nil { statistics.handshakesFailed = handshakesFailed }
        return statistics
    }

    final var localAddress: SocketAddress? { listener?.localAddress }

    final func start() throws {
        let certificate = try listen.tls.map { try watch($0) }
        let listener: StreamListener
        do throws(LoopError) {
            listener = try StreamListener(
                loop,
                bind: listen.address,
                mode: listen.socketMode,
                tls: certificate?.made
            ) { [weak self] stream in
                guard let self else { return stream.close() }
                accept(stream)
            }
        } catch {
            certificate?.close()
            throw error
        }
        listener.admits = { [weak self] in self?.admits($0) ?? false }
        listener.onAcceptFailure = { [weak self] in self?.acceptFailed($0) }
        listener.onHandshakeFailure = { [weak self] in self?.handshakeFailed($0, $1) }
        self.listener = listener
        self.certificate = certificate
    }

    final func stop() {
        certificate?.close()
        certificate = nil
        // What waits there is connected, as its sender sees it.
        let notAccepted = listener.map(takeBacklog) ?? 0
        listener?.close()
        listener = nil
        isStopping = true
        var room = waitingBytesAtStop
        var cutOff = 0
        for connection in Array(connections.values) {
            // For its sender it counts as delivered.
            room -= connection.stream.receiveWaiting(atMost: min(room, AgentLimits.waitingBytesPerConnection))
            if connection.stream.hasWaiting { cutOff += 1 }
            ended(connection)
            connection.stream.close()
        }
        for _ in 0..<(cutOff + notAccepted) { drop(.closedAtStop, bytes: 0) }
        finish()
        if notAccepted > 0 {
            logger.error(
                """
                input \(name): \(notAccepted) connections or more were closed before anything of them was read: more \
                came than may wait at a time, or the system let none be accepted
                """
            )
        }
        if cutOff > 0 {
            logger.error(
                """
                input \(name): \(cutOff) connections were closed before all that had arrived was read: at a stop it may \
                be \(AgentLimits.waitingBytesPerConnection >> 20) MiB of one, and \
                \(waitingBytesAtStop >> 20) MiB of all
                """
            )
        }
        faults.reportAll()
    }

    // MARK: Connections

    private func watch(_ server: TLSContext.Server) throws -> TLSFileWatch<TLSContext> {
        try TLSFileWatch(
            loop,
            files: [server.identity.certificateFile, server.identity.keyFile]
                + (server.clientAuthorityFile.map { [$0] } ?? []),
            intervalMs: certificateCheckMs,
            make: { () throws(TLSProblem) in try TLSContext(server: server) },
            changed: { [weak self] in self?.certificateChanged($0) }
        )
    }

    private func certificateChanged(_ made: Result<TLSContext, TLSProblem>) {
        switch made {
        case .success(let context):
            listener?.use(context)
            logger.info("input \(name): the certificate was read anew, new connections get it")
        case .failure(let problem):
            logger.error("input \(name): the certificate before this one goes on being used: \(problem)")
        }
    }

    /// Asked before a handshake, so that nobody who may not send can cost one.
    private func admits(_ peer: Peer) -> Bool {
        guard allow.contains(peer) else {
            drop(.refusedSender, bytes: 0)
            faults.happened(.refusedSender, peer, nowMs: loop.nowMs)
            return false
        }
        return isRoom(for: peer)
    }

    private func isRoom(for peer: Peer) -> Bool {
        if connections.count < connectionsAtMost { return true }
        drop(.connectionLimit, bytes: 0)
        faults.happened(.connectionLimit, peer, nowMs: loop.nowMs)
        return false
    }

    private func accept(_ stream: StreamConnection) {
        // Again: others may have come in during its handshake.
        guard isRoom(for: stream.peer) else { return stream.close() }
        let connection = InputConnection(stream, input: self, countsOctets: countsOctets)
        connections[ObjectIdentifier(connection)] = connection
        stream.start(connection)
        if isHeld { stream.pause() }
    }

    private func acceptFailed(_ error: LoopError) {
        faults.happened(.accept(error), nil, nowMs: loop.nowMs)
    }

    private func handshakeFailed(_ peer: Peer, _ error: LoopError) {
        handshakesFailed[TLSFault(error)] += 1
        faults.happened(.handshake(error), peer, nowMs: loop.nowMs)
    }

    private func hold(_ held: Bool) {
        isHeld = held
        guard !isStopping else { return }
        for connection in connections.values {
            if held { connection.stream.pause() } else { connection.stream.resume() }
        }
    }

    fileprivate final func received(_ bytes: UnsafeRawBufferPointer, by connection: InputConnection) {
        let arrival = Arrival(
            peer: connection.stream.peer,
            time: WallClock.now(),
            long: connection.long,
            canWait: true
        )
        let keptBefore = connection.framer.keptBytes
        // When many connections hold long unfinished frames, further ones come in pieces.
        let isShort = keptBytes > AgentLimits.unfinishedFrameBytes
        connection.framer.limit = isShort ? AgentLimits.frameBytesWhenShort : AgentLimits.lineBytes
        connection.framer.feed(bytes) { frame, part in
            guard let reason = take(frame, part, arrival) else { return }
            faults.happened(.dropped(reason), arrival.peer, nowMs: loop.nowMs)
        }
        keptBytes += connection.framer.keptBytes - keptBefore
    }

    fileprivate final func ended(_ connection: InputConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        finish(connection)
    }

    /// A connection's unfinished frame is its last.
    private func finish(_ connection: InputConnection) {
        let arrival = Arrival(
            peer: connection.stream.peer,
            time: WallClock.now(),
            long: connection.long,
            canWait: true
        )
        keptBytes -= connection.framer.keptBytes
        connection.framer.finish { frame, part in _ = take(frame, part, arrival) }
    }
}

@available(*, unavailable)
extension StreamInput: Sendable {}

/// One connection: its framer, and whose it is.
private final class InputConnection: StreamHandler {
    let stream: StreamConnection
    let long = LongMessage()
    var framer: StreamFramer
    /// The input keeps its connections until they end, so it outlives them.
    private unowned let input: StreamInput

    init(_ stream: StreamConnection, input: StreamInput, countsOctets: Bool) {
        self.stream = stream
        self.input = input
        framer = StreamFramer(limit: AgentLimits.lineBytes, countsOctets: countsOctets)
    }

    func received(_ bytes: UnsafeRawBufferPointer) { input.received(bytes, by: self) }

    func ended(_ error: LoopError?) { input.ended(self) }
}
