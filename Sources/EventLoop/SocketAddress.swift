import CLibuv
import Glibc

/// Where to listen or connect: an IP address with a port, or a unix socket's path.
public enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
    /// A numeric IPv4 or IPv6 address (no brackets) and a port.
    case ip(String, port: UInt16)
    /// A unix socket, at most 107 bytes.
    case unix(String)

    /// `127.0.0.1:5514`, `[::1]:5514`, `/run/x.sock`.
    public var description: String {
        switch self {
        case .ip(let address, let port):
            return address.utf8.contains(UInt8(ascii: ":")) ? "[\(address)]:\(port)" : "\(address):\(port)"
        case .unix(let path): return path
        }
    }

    /// Whether only programs of this machine can reach it.
    public var isLoopback: Bool {
        guard case .ip = self else { return true }
        guard let peer = (try? SystemAddress(self))?.peer else { return false }
        let isIPv4 = peer.high == 0 && peer.low >> 32 == 0xffff
        return isIPv4 ? peer.low >> 24 & 0xff == 127 : peer.high == 0 && peer.low == 1
    }

    /// Looks a host name up (blocking: call it from `Loop.work`, or before the loop runs).
    /// - Returns: the addresses in the resolver's order, IPv4-mapped ones as IPv4.
    public static func resolve(host: String, port: UInt16) throws(LoopError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = SocketKind.stream.type
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else { throw LoopError(code: loopCode(ofResolver: code), attempt: "look up \(host)") }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ai_next
            guard let address = entry.ai_addr else { continue }
            let numeric = SocketAddress.ip(Peer(UnsafeRawPointer(address)).address, port: port)
            if !found.contains(numeric) { found.append(numeric) }
        }
        return found
    }

    /// The resolver has codes of its own; libuv's are others.
    private static func loopCode(ofResolver code: Int32) -> Int32 {
        switch code {
        case EAI_SYSTEM: uv_translate_sys_error(systemErrno())
        case EAI_AGAIN: UV_EAI_AGAIN.rawValue
        case EAI_FAIL: UV_EAI_FAIL.rawValue
        case EAI_MEMORY: UV_EAI_MEMORY.rawValue
        case EAI_NONAME: UV_EAI_NONAME.rawValue
        default: UV_EAI_NODATA.rawValue
        }
    }
}

/// A socket address as the system calls want it.
struct SystemAddress {
    private var storage = sockaddr_storage()
    private(set) var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

    /// - Throws: EINVAL when it is not an address, ENAMETOOLONG for a path that is too long.
    init(_ address: SocketAddress) throws(LoopError) {
        switch address {
        case .ip(let text, let port): try setIP(text, port, attempt: "read the address \(address)")
        case .unix(let path): try setPath(path)
        }
    }

    /// What a socket is bound to.
    init(boundTo descriptor: Int32) throws(LoopError) {
        let code = withUnsafeMutableBytes(of: &storage) { bytes in
            getsockname(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
        }
        try checkSystemCall(code, "ask for a socket's address")
    }

    var family: Int32 { Int32(storage.ss_family) }

    var peer: Peer { withUnsafeBytes(of: storage) { $0.baseAddress.map { Peer($0) } ?? .unix } }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    private mutating func setIP(_ text: String, _ port: UInt16, attempt: String) throws(LoopError) {
        // C would read only up to a zero byte, and take the rest for granted.
        guard !text.utf8.contains(0) else { throw LoopError(UV_EINVAL, attempt) }
        if text.utf8.contains(UInt8(ascii: ":")) {
            var address = sockaddr_in6()
            try check(uv_ip6_addr(text, Int32(port), &address), attempt)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_in6.self) }
            length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        } else {
            var address = sockaddr_in()
            try check(uv_ip4_addr(text, Int32(port), &address), attempt)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_in.self) }
            length = socklen_t(MemoryLayout<sockaddr_in>.size)
        }
    }

    private mutating func setPath(_ path: String) throws(LoopError) {
        let attempt = "use the socket path \(path)"
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < room else { throw LoopError(UV_ENAMETOOLONG, attempt) }
        guard !path.isEmpty, !path.utf8.contains(0) else { throw LoopError(UV_EINVAL, attempt) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_un.self) }
        length = socklen_t(MemoryLayout<sockaddr_un>.size)
    }
}

extension SocketAddress {
    /// The address of this one's kind that a socket was bound to, with the port the system chose.
    func asBound(_ descriptor: Int32) throws(LoopError) -> SocketAddress {
        guard case .ip(let text, _) = self else { return self }
        return .ip(text, port: try SystemAddress(boundTo: descriptor).peer.port)
    }
}
