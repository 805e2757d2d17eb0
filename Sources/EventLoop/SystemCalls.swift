import CLibuv
import Glibc

// What the module asks of the system beside libuv, with the types that Swift wants.

/// The reason of the system call that failed last on this thread.
func systemErrno() -> Int32 { Glibc.errno }

/// What a socket carries.
enum SocketKind {
    case stream
    case datagram

    /// The system's number for it.
    var type: Int32 { self == .stream ? clibuv_sock_stream : clibuv_sock_dgram }
}

/// Opens a socket that does not block and that no child process inherits.
func openSocket(family: Int32, kind: SocketKind, attempt: String) throws(LoopError) -> Int32 {
    try checkSystemCall(socket(family, kind.type | clibuv_sock_flags, 0), attempt)
}

/// Sets an integer option.
/// - Returns: whether the kernel took it.
@discardableResult
func setOption(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) -> Bool {
    var value = value
    return setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
}

/// An integer option's value, 0 when the kernel does not know it.
func option(_ descriptor: Int32, _ level: Int32, _ option: Int32) -> Int32 {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, level, option, &value, &length) == 0 ? value : 0
}

/// The process at the other end of a connected unix socket when it connected; 0 when the kernel does not tell.
func processOfPeer(_ descriptor: Int32) -> Int32 {
    // struct ucred of <bits/socket.h>: process, user, group.
    var credentials: [Int32] = [0, 0, 0]
    var length = socklen_t(credentials.count * MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 ? credentials[0] : 0
}

/// Marks all open descriptors but the standard ones to be closed in programs that are started from now on.
///
/// Not everybody opens them so: NIO's sockets are not. A program that outlived this one would hold its port, and the
/// connections of its clients, which would then never end.
func keepDescriptorsFromPrograms() {
    guard clibuv_close_range(3, .max, Int32(CLIBUV_CLOSE_RANGE_CLOEXEC)) != 0 else { return }
    // Linux before 5.11.
    for descriptor in 3..<Int32(max(3, min(sysconf(Int32(_SC_OPEN_MAX)), 65_536))) {
        let flags = fcntl(descriptor, F_GETFD)
        if flags >= 0 { _ = fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) }
    }
}

/// Keeps a write to a closed connection from killing the process: the write then fails with EPIPE instead.
///
/// libuv writes without MSG_NOSIGNAL, so every `Loop` does this when it is made. A handler that the program itself has
/// set stays; child processes start with the default again.
public func ignoreBrokenPipes() {
    var current = sigaction()
    guard sigaction(SIGPIPE, nil, &current) == 0 else { return }
    // SIG_DFL is the null pointer, which Swift shows as nil.
    if current.__sigaction_handler.sa_handler == nil { signal(SIGPIPE, SIG_IGN) }
}
