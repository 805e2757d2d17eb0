import CLibuv
import Glibc

/// Takes what a UDP socket receives.
public protocol DatagramHandler: AnyObject {
    /// One datagram; `bytes` are valid during the call only. `isTruncated`: it was longer than the buffer.
    func received(_ bytes: UnsafeRawBufferPointer, from peer: Peer, isTruncated: Bool)
    /// All datagrams of this wake-up have been handed over: a place for work per batch.
    func drained()
}

/// A bound UDP socket that receives many datagrams a system call (recvmmsg).
///
/// Bound to a unix address, it is a unix datagram socket (`/dev/log`).
///
/// libuv only tells when it is readable: its own receiver takes 20 datagrams a call into 1.25 MiB for each socket.
public final class UDPSocket: HandleOwner {
    /// The bound address, with the port the system chose when 0 was asked.
    public let localAddress: SocketAddress
    /// What the kernel granted in bytes, to be compared with what was asked.
    public let receiveBufferBytes: Int

    let loop: Loop
    private let name: String
    private let descriptor: Int32
    private let isUnix: Bool
    private let file: SocketFile?
    private var handle: UnsafeMutablePointer<uv_poll_t>?
    private var handler: (any DatagramHandler)?
    private var drops: UInt64 = 0
    private var lastDropCount: UInt32 = 0

    /// System calls in one go before other handles have their turn: 2,048 messages, some milliseconds of work.
    private static let callsPerTurn = 32

    /// Binds; receiving starts with `start`.
    ///
    /// - Parameters:
    ///   - loop: where the handler is called.
    ///   - address: with port 0 the system chooses one.
    ///   - mode: who may send to a unix socket; nil leaves it to the process's mask.
    ///   - receiveBufferBytes: asked of the kernel (SO_RCVBUFFORCE, else SO_RCVBUF); see `receiveBufferBytes`.
    /// - Throws: when the address is in use, not this machine's, or not allowed.
    public init(
        _ loop: Loop,
        bind address: SocketAddress,
        mode: UInt16? = nil,
        receiveBufferBytes: Int
    ) throws(LoopError) {
        isUnix = if case .unix = address { true } else { false }
        name = isUnix ? "unixgram://\(address)" : "udp://\(address)"
        let attempt = "bind \(name)"
        let socket = try BoundSocket(address, kind: .datagram, mode: mode, attempt: attempt, keeper: loop.socketKeeper)
        self.loop = loop
        descriptor = socket.descriptor
        localAddress = socket.address
        file = socket.file
        let asked = Int32(clamping: receiveBufferBytes)
        if isUnix {
            // Each datagram then comes with its sender's process. There is no room for more, so that descriptors which
            // somebody sends along are closed by the kernel.
            setOption(descriptor, SOL_SOCKET, SO_PASSCRED, 1)
        } else {
            // Where the kernel knows it, runs of datagrams come as one message; where not, one by one.
            setOption(descriptor, DatagramBuffer.levelUDP, DatagramBuffer.joinRuns, 1)
        }
        // FORCE goes beyond net.core.rmem_max, and wants CAP_NET_ADMIN.
        if !setOption(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, asked) {
            setOption(descriptor, SOL_SOCKET, SO_RCVBUF, asked)
        }
        // The kernel doubles what was asked, for its own bookkeeping, and tells the double (socket(7)).
        self.receiveBufferBytes = Int(option(descriptor, SOL_SOCKET, SO_RCVBUF)) / 2
        do throws(LoopError) {
            handle = try adopt(uv_poll_t.self, attempt) { [descriptor] in uv_poll_init($0, $1, descriptor) }
        } catch {
            Glibc.close(descriptor)
            file?.remove()
            throw error
        }
        // A socket that was taken over has a count of its owner before.
        countDrops()
        drops = 0
    }

    /// Begins to call the handler, which is kept until `close()`.
    public func start(_ handler: any DatagramHandler) throws(LoopError) {
        loop.assertOnLoop()
        guard handle != nil else { throw LoopError(UV_EBADF, "receive on \(name)") }
        self.handler = handler
        try check(poll(), "receive on \(name)")
    }

    /// Stops receiving (what arrives stays in the kernel's buffer) until `start`.
    ///
    /// Called from within `received`, the handler still gets what the same system call has taken: 63 messages at most.
    /// The senders of a unix socket wait meanwhile.
    public func pause() {
        loop.assertOnLoop()
        if let handle { uv_poll_stop(handle) }
    }

    /// Hands over what waits already: the last act before `close()`.
    ///
    /// Some thousand datagrams at most, so that senders who go on cannot keep it from ending.
    public func receiveWaiting() {
        loop.assertOnLoop()
        for _ in 0..<8 where handle != nil { readable(0) }
    }

    /// Datagrams the kernel dropped because the buffer was full, since the socket was made.
    ///
    /// Its own counter, the one in the last column of /proc/net/udp. A run that was sent or joined as one counts once.
    public var kernelDrops: UInt64 {
        loop.assertOnLoop()
        if handle != nil { countDrops() }
        return drops
    }

    /// Closes; no call follows.
    public func close() {
        guard let closing = handle else { return }
        countDrops()
        handle = nil
        handler = nil
        release(closing)
        BoundSocket.end(descriptor, file, of: localAddress, kind: .datagram, keeper: loop.socketKeeper)
    }

    private func poll() -> Int32 {
        guard let handle else { return UV_EBADF.rawValue }
        return uv_poll_start(handle, Int32(UV_READABLE.rawValue)) { handle, status, _ in
            owner(of: handle, as: UDPSocket.self)?.readable(status)
        }
    }

    private func readable(_ status: Int32) {
        if status < 0 {
            // An error waits at the socket, and libuv has stopped polling: asking for the error clears it.
            _ = option(descriptor, SOL_SOCKET, SO_ERROR)
            _ = poll()
        }
        guard let handler else { return }
        let buffer = isUnix ? loop.unixDatagramBuffer : loop.datagramBuffer
        for _ in 0..<UDPSocket.callsPerTurn {
            let count = buffer.receive(descriptor)
            guard count > 0 else { break }
            for slot in 0..<count {
                hand(over: slot, of: buffer, to: handler)
                guard handle != nil else { return }
            }
            // Fewer than asked for: the socket is empty, which saves the call that would say so. A pause ends it too.
            guard count == buffer.slots, let handle, uv_is_active(base(of: handle)) != 0 else { break }
        }
        handler.drained()
    }

    @inline(__always)
    private func hand(over slot: Int, of buffer: DatagramBuffer, to handler: any DatagramHandler) {
        let header = buffer.headers + slot
        let start = buffer.memory + slot * buffer.stride
        let count = Int(header.pointee.msg_len)
        let peer =
            isUnix ? .unix(process: buffer.process(slot) ?? 0) : Peer(UnsafeRawPointer(buffer.names + slot))
        let isTruncated = header.pointee.msg_hdr.msg_flags & Int32(MSG_TRUNC) != 0
        guard let segment = buffer.segmentBytes(slot) else {
            let bytes = UnsafeRawBufferPointer(start: start, count: count)
            handler.received(bytes, from: peer, isTruncated: isTruncated)
            return
        }
        for offset in stride(from: 0, to: count, by: segment) where handle != nil {
            let bytes = UnsafeRawBufferPointer(start: start + offset, count: min(segment, count - offset))
            handler.received(bytes, from: peer, isTruncated: isTruncated && offset + segment >= count)
        }
    }

    private func countDrops() {
        var figures = [UInt32](repeating: 0, count: UDPSocket.figures)
        var length = socklen_t(figures.count * MemoryLayout<UInt32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, UDPSocket.memoryInformation, &figures, &length) == 0 else { return }
        // 32 bits that wrap around: only what was added since the last look counts.
        let count = figures[UDPSocket.dropsFigure]
        drops &+= UInt64(count &- lastDropCount)
        lastDropCount = count
    }

    /// SO_MEMINFO of <asm/socket.h>, since Linux 4.12: the socket's counters, of which SK_MEMINFO_DROPS
    /// (<linux/sock_diag.h>) is the ninth and last.
    private static let memoryInformation: Int32 = 55
    private static let dropsFigure = 8
    private static let figures = 9
}

@available(*, unavailable)
extension UDPSocket: Sendable {}
