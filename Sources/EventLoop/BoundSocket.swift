import CLibuv
import Glibc

/// A socket that is bound to an address, for listeners and datagrams alike.
struct BoundSocket: ~Copyable {
    let descriptor: Int32
    /// With the port the system chose when 0 was asked.
    let address: SocketAddress
    /// The file of a unix socket.
    let file: SocketFile?

    /// Makes and binds it, or takes over the one that `keeper` has of this address.
    ///
    /// - Parameters:
    ///   - address: where.
    ///   - kind: what it carries.
    ///   - mode: who may use a unix socket; nil leaves it to the process's mask.
    ///   - attempt: for errors: names the address.
    ///   - keeper: where one may wait for its next owner.
    /// - Throws: `LoopError`: the address is in use, not this machine's, or not allowed.
    init(
        _ address: SocketAddress,
        kind: SocketKind,
        mode: UInt16? = nil,
        attempt: String,
        keeper: SocketKeeper? = nil
    ) throws(LoopError) {
        if let kept = keeper?.take(address, kind) {
            descriptor = kept.descriptor
            self.address = address
            file = kept.file
            if case .unix(let path) = address, let mode { chmod(path, mode_t(mode)) }
            return
        }
        let system = try SystemAddress(address)
        let descriptor = try openSocket(family: system.family, kind: kind, attempt: attempt)
        do throws(LoopError) {
            // The file is made with the socket's own mode: at no moment can others use it who may not.
            if system.family == AF_UNIX, let mode { fchmod(descriptor, mode_t(mode)) }
            try BoundSocket.bind(descriptor, to: address, system, kind: kind, attempt: attempt)
            self.address = try address.asBound(descriptor)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        guard case .unix(let path) = address else {
            file = nil
            return
        }
        // The process's mask has taken some of it away.
        if let mode { chmod(path, mode_t(mode)) }
        file = SocketFile(path)
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

    /// Closes a socket and removes a unix socket's file, unless `keeper` takes it for its next owner.
    static func end(
        _ descriptor: Int32,
        _ file: SocketFile?,
        of address: SocketAddress,
        kind: SocketKind,
        keeper: SocketKeeper?
    ) {
        if let keeper { return keeper.keep(descriptor, file, address, kind) }
        Glibc.close(descriptor)
        file?.remove()
    }

    /// Tries whether an address can be bound, and leaves it as it was.
    ///
    /// - Throws: what binding it would throw.
    static func probe(_ address: SocketAddress, kind: SocketKind) throws(LoopError) {
        let socket = try BoundSocket(address, kind: kind, attempt: "listen on \(address)")
        Glibc.close(socket.descriptor)
        socket.file?.remove()
    }
}

/// The file of a bound unix socket, known by its inode.
struct SocketFile {
    private let path: String
    private let device: UInt64
    private let inode: UInt64

    /// Nil when it is gone already.
    init?(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.path = path
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }

    /// Removes it, unless another program's has taken its place.
    func remove() {
        if let now = SocketFile(path), now.device == device, now.inode == inode { unlink(path) }
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
