import EventLoop
import Logging

/// What all inputs over UDP do: bind, refuse who may not send, tell the time once a wake-up, and hand each datagram on.
///
/// Datagrams are never held back: what is not read at once is dropped by the kernel, uncounted by sender. While
/// delivery takes nothing they are read and counted as dropped here.
class DatagramInput: Input, DatagramHandler {
    let name: String
    let batcher: Batcher
    let logger: Logger

    private let loop: Loop
    private let listen: InputConfiguration.Listen
    private let allow: AllowList
    private var socket: UDPSocket?
    /// The arrival of this wake-up's datagrams, in nanoseconds since 1970; nil between wake-ups.
    private var arrival: Int64?
    private var refused = RepeatedFault()
    private var dropped = RepeatedFault()
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
    }

    /// What a subclass counted, without what only the socket knows.
    var counted: InputStatistics { InputStatistics() }

    /// Takes one datagram of a sender who may send.
    func take(_ bytes: UnsafeRawBufferPointer, from peer: Peer, arrival: Int64, isTruncated: Bool) {}

    /// Counts one datagram that was not taken.
    func drop(_ reason: InputStatistics.DropReason, bytes: Int) {}

    /// Reports a fault of single datagrams, at most once an interval.
    final func reportDropped(_ words: String, from peer: Peer) {
        guard let count = dropped.happened(nowMs: loop.nowMs) else { return }
        logger.error("input \(name): \(words): \(count) datagrams, the last from \(peer.address)")
    }

    final var statistics: InputStatistics {
        var statistics = counted
        statistics.kernelDrops = socket?.kernelDrops ?? kernelDropsAtStop
        statistics.receiveBufferBytes = UInt64(socket?.receiveBufferBytes ?? 0)
        return statistics
    }

    /// Where it listens, with the port that the system chose if 0 was asked.
    final var localAddress: SocketAddress? { socket?.localAddress }

    final func start() throws {
        let address = SocketAddress.ip(listen.host, port: listen.port)
        let socket = try UDPSocket(loop, bind: address, receiveBufferBytes: listen.receiveBufferBytes)
        try socket.start(self)
        self.socket = socket
    }

    final func stop() {
        kernelDropsAtStop = socket?.kernelDrops ?? kernelDropsAtStop
        socket?.close()
        socket = nil
        if let count = refused.take() { reportRefused(count, last: nil) }
    }

    final func received(_ bytes: UnsafeRawBufferPointer, from peer: Peer, isTruncated: Bool) {
        let arrival = self.arrival ?? WallClock.now()
        self.arrival = arrival
        guard allow.contains(peer) else {
            drop(.refusedSender, bytes: bytes.count)
            if let count = refused.happened(nowMs: loop.nowMs) { reportRefused(count, last: peer) }
            return
        }
        guard batcher.hasRoomForDatagrams else {
            drop(.noRoom, bytes: bytes.count)
            reportDropped("dropped, for the buffer takes nothing", from: peer)
            return
        }
        take(bytes, from: peer, arrival: arrival, isTruncated: isTruncated)
    }

    final func drained() { arrival = nil }

    private func reportRefused(_ count: UInt64, last: Peer?) {
        let who = last.map { ", the last from \($0.address)" } ?? ""
        logger.warning("input \(name): refused \(count) datagrams of senders that `allow` does not name\(who)")
    }
}

@available(*, unavailable)
extension DatagramInput: Sendable {}
