import CLibuv
import Glibc

/// A socket that is bound to an address, for listeners and datagrams alike.
struct BoundSocket: ~Copyable {
    let descriptor: Int32
    /// With the port the system chose when 0 was asked.
    let address: SocketAddress

    /// Makes and binds it.
    ///
    /// - Throws: `LoopError` with `attempt`, which is to name the address.
    init(_ address: SocketAddress, kind: SocketKind, attempt: String) throws(LoopError) {
        let system = try SystemAddress(address)
        let descriptor = try openSocket(family: system.family, kind: kind, attempt: attempt)
        do throws(LoopError) {
            try BoundSocket.bind(descriptor, to: address, system, kind: kind, attempt: attempt)
            self.address = try address.asBound(descriptor)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    private static func bind(
        _ descriptor: Int32,
        to address: SocketAddress,
        _ system: SystemAddress,
        kind: SocketKind,
        attempt: String
    ) throws(LoopError) {
        // `::` is to mean both families, whatever the machine's default is.
        if system.family == AF_INET6 { setOption(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
        // Lets a restarted program have its port again at once. Not for datagrams: there it would let two share one.
        if system.family != AF_UNIX, kind == .stream { setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1) }
        var result = system.withPointer { Glibc.bind(descriptor, $0, $1) }
        if result < 0, systemErrno() == EADDRINUSE, case .unix(let path) = address, isLeftBehind(system, kind) {
            unlink(path)
            result = system.withPointer { Glibc.bind(descriptor, $0, $1) }
        }
        try checkSystemCall(result, attempt)
    }

    /// Whether a unix socket's file is what a killed program left: nobody answers there.
    private static func isLeftBehind(_ address: SystemAddress, _ kind: SocketKind) -> Bool {
        guard let probe = try? openSocket(family: AF_UNIX, kind: kind, attempt: "probe") else { return false }
        defer { Glibc.close(probe) }
        // A file that is no socket also refuses, and must not be removed.
        guard address.isSocketFile else { return false }
        return address.withPointer { connect(probe, $0, $1) } < 0 && systemErrno() == ECONNREFUSED
    }

    /// Removes a unix socket's file.
    static func removeFile(of address: SocketAddress) {
        if case .unix(let path) = address { unlink(path) }
    }
}

extension SystemAddress {
    /// Whether a unix socket's path names a socket.
    fileprivate var isSocketFile: Bool {
        withPointer { address, _ in
            // sockaddr_un: | family 2 | path, ended by a zero byte |
            let path = UnsafeRawPointer(address).advanced(by: 2).assumingMemoryBound(to: CChar.self)
            var status = stat()
            return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
        }
    }
}
