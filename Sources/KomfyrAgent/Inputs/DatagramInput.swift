import EventLoop
import Logging

/// What all inputs over datagrams do (UDP, unix): bind, refuse who may not send, tell the time once a wake-up, and hand
/// each datagram on.
///
/// UDP is never held back: what is not read at once is dropped by the kernel, uncounted by sender. While delivery takes
/// nothing it is read and counted as dropped here.
///
/// The senders of a unix socket wait when it is not read. So they are held back as streams are, but not for ever: they
/// are the programs of this machine, `sshd` among them, and one that nobody can log into any more is worse than a gap
/// that is counted. After `AgentLimits.unixSendersWaitMs` it goes as with UDP.
class DatagramInput: SocketInput, DatagramHandler {
    let name: String
    let batcher: Batcher
    let logger: Logger

    private let loop: Loop
    private let listen: InputConfiguration.Listen
    private let allow: AllowList
    private var socket: UDPSocket?
    /// How long the senders of a unix socket are held back; a test does not wait so long.
    var patienceMs = AgentLimits.unixSendersWaitMs
    /// Ends the patience with which a unix socket's senders are held back.
    private var patience: Timer?
    private var isPatient = true
    /// The arrival of this wake-up's datagrams, in nanoseconds since 1970; nil between wake-ups.
    private var arrivalTime: Int64?
    /// Each datagram is whole, and comes in pieces within one call.
    private let long = LongMessage()
    private var refused = RepeatedFault()
    private var noRoom = RepeatedFault()
    private var wrongTokens = RepeatedFault()
    private var tooLarge = RepeatedFault()
    private var kernelDropsAtStop: UInt64 = 0

    /// An input that listens once it is started.
    /// - Throws: `AllowList.Problem`.
    init(
        _ loop: Loop,
        name: String,
        listen: InputConfiguration.Listen,
        batcher: Batcher,
        logger: Logger
    ) throws(AllowList.Problem) {
        self.loop = loop
        self.name = name
        self.listen = listen
        self.batcher = batcher
        self.logger = logger
        allow = try AllowList(listen.allow)
        if listen.isUnix { batcher.onHold(for: self) { [weak self] held in self?.hold(held) } }
    }

    /// What a subclass counted, without what only the socket knows.
    var counted: InputStatistics { InputStatistics() }

    /// Takes one datagram of a sender who may send.
    /// - Returns: why it was not kept, if it was not.
    func take(_ bytes: UnsafeRawBufferPointer, _ part: StreamFramer.Part, _ arrival: Arrival)
        -> InputStatistics.DropReason?
    { nil }

    /// The socket is closed: what a subclass keeps is to be told now.
    func finish() {}

    /// Counts one datagram that was not taken.
    func drop(_ reason: InputStatistics.DropReason, bytes: Int) {}

    final var statistics: InputStatistics {
        var statistics = counted
        guard !listen.isUnix else { return statistics }
        statistics.kernelDrops = socket?.kernelDrops ?? kernelDropsAtStop
        statistics.receiveBufferBytes = UInt64(socket?.receiveBufferBytes ?? 0)
        return statistics
    }

    final var localAddress: SocketAddress? { socket?.localAddress }

    final func start() throws {
        let socket = try UDPSocket(
            loop,
            bind: listen.address,
            mode: listen.socketMode,
            receiveBufferBytes: listen.receiveBufferBytes
        )
        self.socket = socket
        if listen.isUnix { patience = try Timer(loop) { [weak self] in self?.losePatience() } }
        try socket.start(self)
        if batcher.isHeldBack { hold(true) }
    }

    final func stop() {
        kernelDropsAtStop = socket?.kernelDrops ?? kernelDropsAtStop
        if listen.isUnix, let socket {
            // What it has taken counts as delivered for its senders.
            read(socket)
            socket.receiveWaiting()
        }
        socket?.close()
        socket = nil
        patience?.close()
        patience = nil
        finish()
        if let count = refused.take() { reportRefused(count, last: nil) }
        for reason in [InputStatistics.DropReason.noRoom, .wrongToken, .tooLarge] {
            if let count = takeFaults(reason) {
                logger.error("input \(name): \(Self.words(reason)): \(count) datagrams")
            }
        }
    }

    final func received(_ bytes: UnsafeRawBufferPointer, from peer: Peer, isTruncated: Bool) {
        let time = arrivalTime ?? WallClock.now()
        arrivalTime = time
        guard allow.contains(peer) else {
            drop(.refusedSender, bytes: bytes.count)
            if let count = refused.happened(nowMs: loop.nowMs) { reportRefused(count, last: peer) }
            return
        }
        let canWait = listen.isUnix && isPatient
        guard canWait || batcher.hasRoomForDatagrams else {
            drop(.noRoom, bytes: bytes.count)
            return report(.noRoom, peer)
        }
        let arrival = Arrival(peer: peer, time: time, long: long, canWait: canWait)
        if let reason = take(bytes, isTruncated ? .cut : .whole, arrival) { report(reason, peer) }
    }

    final func drained() { arrivalTime = nil }

    // MARK: Unix sockets

    private func hold(_ held: Bool) {
        guard let socket, let patience else { return }
        isPatient = true
        if held {
            socket.pause()
            patience.start(afterMs: patienceMs)
        } else {
            patience.stop()
            read(socket)
        }
    }

    private func losePatience() {
        guard let socket else { return }
        isPatient = false
        logger.error(
            """
            input \(name): the buffer takes nothing: so that the programs of this machine do not hang, what they log \
            is now kept in memory as far as there is room, and then dropped and counted
            """
        )
        read(socket)
    }

    private func read(_ socket: UDPSocket) {
        do throws(LoopError) {
            try socket.start(self)
        } catch {
            logger.error("input \(name): \(error)")
        }
    }

    // MARK: Faults

    /// Reports a fault of single datagrams, at most once an interval.
    private func report(_ reason: InputStatistics.DropReason, _ peer: Peer) {
        let nowMs = loop.nowMs
        let count: UInt64? =
            switch reason {
            case .noRoom: noRoom.happened(nowMs: nowMs)
            case .wrongToken: wrongTokens.happened(nowMs: nowMs)
            case .tooLarge: tooLarge.happened(nowMs: nowMs)
            default: nil
            }
        guard let count else { return }
        logger.error("input \(name): \(Self.words(reason)): \(count) datagrams, the last from \(peer.address)")
    }

    /// Those that were not reported yet.
    private func takeFaults(_ reason: InputStatistics.DropReason) -> UInt64? {
        switch reason {
        case .noRoom: noRoom.take()
        case .wrongToken: wrongTokens.take()
        case .tooLarge: tooLarge.take()
        default: nil
        }
    }

    private static func words(_ reason: InputStatistics.DropReason) -> String {
        switch reason {
        case .noRoom: "dropped, for the buffer takes nothing"
        case .wrongToken: "refused, for their token is missing or wrong"
        default: "dropped, for they are longer than a log may be"
        }
    }

    private func reportRefused(_ count: UInt64, last: Peer?) {
        let who = last.map { ", the last from \($0.address)" } ?? ""
        logger.warning("input \(name): refused \(count) datagrams of senders that `allow` does not name\(who)")
    }
}

@available(*, unavailable)
extension DatagramInput: Sendable {}
