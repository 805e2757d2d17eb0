import CLibuv
import Glibc

/// Sends short datagrams to a unix socket that another program listens on, such as the service manager's.
///
/// The address is a path, or a name of Linux's abstract namespace, written with `@` before it. Made for a few messages
/// a minute: it waits a second at most when the other side does not read.
public final class NoticeSocket {
    private let descriptor: Int32
    private var address = sockaddr_un()
    private let length: socklen_t

    /// Opens a socket; whether somebody listens is seen when something is sent.
    /// - Throws: for an address that is neither a path nor an abstract name, or is too long.
    public init(_ target: String) throws(LoopError) {
        let attempt = "send to the socket \(target)"
        var name = Array(target.utf8)
        guard name.count > 1, name[0] == UInt8(ascii: "/") || name[0] == UInt8(ascii: "@"), !name.contains(0) else {
            throw LoopError(UV_EINVAL, attempt)
        }
        // The abstract namespace: a zero byte before the name, and no zero byte behind it.
        let isAbstract = name[0] == UInt8(ascii: "@")
        if isAbstract { name[0] = 0 } else { name.append(0) }
        address.sun_family = sa_family_t(AF_UNIX)
        guard name.count <= MemoryLayout.size(ofValue: address.sun_path) else {
            throw LoopError(UV_ENAMETOOLONG, attempt)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        descriptor = try checkSystemCall(
            socket(AF_UNIX, SocketKind.datagram.type | Int32(CLIBUV_SOCK_CLOEXEC), 0),
            attempt
        )
        clibuv_limit_sending(descriptor, 1)
    }

    deinit { Glibc.close(descriptor) }

    /// Sends one datagram.
    /// - Returns: whether it was taken.
    @discardableResult
    public func send(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let sent = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
        return sent == bytes.count
    }
}

@available(*, unavailable)
extension NoticeSocket: Sendable {}
