import CLibuv

/// Where to listen or connect: an IP address with a port, or a unix socket's path.
public enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
    /// A numeric IPv4 or IPv6 address (no brackets) and a port.
    case ip(String, port: UInt16)
    /// A unix socket, at most 107 bytes.
    case unix(String)
    /// `127.0.0.1:5514`, `[::1]:5514`, `/run/x.sock`.
    public var description: String { fatalError("EL") }
    /// Whether only programs of this machine can reach it.
    public var isLoopback: Bool { fatalError("EL") }
    /// Looks a host name up (blocking: call it from `Loop.work`, or before the loop runs).
    /// - Returns: the addresses in the resolver's order, IPv4-mapped ones as IPv4.
    public static func resolve(host: String, port: UInt16) throws(LoopError) -> [SocketAddress] { fatalError("EL") }
}

/// The sender of a datagram or the far end of a connection; cheap to compare, its text is made only when asked for.
public struct Peer: Hashable, Sendable {
    /// The address, IPv4 as `::ffff:a.b.c.d`, so that both families compare alike.
    public var high: UInt64
    /// The lower half.
    public var low: UInt64
    /// The port, 0 for unix sockets.
    public var port: UInt16
    /// Appends the address without the port (`192.168.1.7`, `fe80::1`; `unix` for unix sockets) to `bytes`.
    public func appendAddress(to bytes: inout [UInt8]) { fatalError("EL") }
    /// The address without the port.
    public var address: String { fatalError("EL") }
}

/// Takes what a UDP socket receives.
public protocol DatagramHandler: AnyObject {
    /// One datagram; `bytes` are valid during the call only. `isTruncated`: it was longer than the buffer.
    func received(_ bytes: UnsafeRawBufferPointer, from peer: Peer, isTruncated: Bool)
    /// All datagrams of this wake-up have been handed over: a place for work per batch.
    func drained()
}

/// A bound UDP socket that receives many datagrams a system call (recvmmsg).
public final class UDPSocket {
    /// Binds. Receiving starts with `start`.
    /// - Parameter receiveBufferBytes: asked of the kernel (SO_RCVBUFFORCE, else SO_RCVBUF); see `receiveBufferBytes`.
    public init(_ loop: Loop, bind address: SocketAddress, receiveBufferBytes: Int) throws(LoopError) { fatalError("EL") }
    /// Begins to call the handler, which is kept until `close()`.
    public func start(_ handler: any DatagramHandler) throws(LoopError) { fatalError("EL") }
    /// Stops receiving (what arrives stays in the kernel's buffer) until `start`.
    public func pause() { fatalError("EL") }
    /// What the kernel granted in bytes.
    public var receiveBufferBytes: Int { fatalError("EL") }
    /// Datagrams the kernel dropped because the buffer was full, since the socket was made (SO_RXQ_OVFL or /proc/net/udp).
    public var kernelDrops: UInt64 { fatalError("EL") }
    /// The bound address, with the port the system chose when 0 was asked.
    public var localAddress: SocketAddress { fatalError("EL") }
    /// Closes; no call follows.
    public func close() { fatalError("EL") }
}

/// Takes what a stream connection receives.
public protocol StreamHandler: AnyObject {
    /// Bytes that arrived, valid during the call only.
    func received(_ bytes: UnsafeRawBufferPointer)
    /// The far end has closed (nil) or the connection broke. The connection closes itself after this; called once.
    func ended(_ error: LoopError?)
}

/// A listening TCP or unix stream socket.
public final class StreamListener {
    /// Binds and listens; each accepted connection is handed to `accept`, which gives it a handler or closes it.
    public init(
        _ loop: Loop, bind address: SocketAddress, backlog: Int32 = 512,
        accept: @escaping (StreamConnection) -> Void
    ) throws(LoopError) { fatalError("EL") }
    /// The bound address.
    public var localAddress: SocketAddress { fatalError("EL") }
    /// Stops listening.
    public func close() { fatalError("EL") }
}

/// One TCP or unix stream connection.
public final class StreamConnection {
    /// Connects; `done` gets the connection or the error, on the loop, exactly once.
    public static func connect(
        _ loop: Loop, to address: SocketAddress, timeoutMs: UInt64,
        done: @escaping (Result<StreamConnection, LoopError>) -> Void
    ) { fatalError("EL") }
    /// The far end.
    public var peer: Peer { fatalError("EL") }
    /// Begins to call the handler, which is kept until the end.
    public func start(_ handler: any StreamHandler) { fatalError("EL") }
    /// Stops reading: the far end is held back by TCP itself. `resume()` goes on.
    public func pause() { fatalError("EL") }
    /// Reads again.
    public func resume() { fatalError("EL") }
    /// Writes all of `bytes` in order, as one system call where it can; never blocks. Errors come through `ended`.
    public func write(_ bytes: [UInt8]) { fatalError("EL") }
    /// Bytes given to `write` that the system has not taken yet: what a caller bounds.
    public var unsentBytes: Int { fatalError("EL") }
    /// TCP_NODELAY, keep-alive are set at start. Closes at once; the handler's `ended` is not called.
    public func close() { fatalError("EL") }
}
