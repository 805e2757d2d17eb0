import Foundation
import Synchronization

/// Sockets of loopback as devices use them.
package enum Network {
    /// A port that is free for UDP and TCP, and that nobody else in this process is given.
    ///
    /// It lies below those that the system gives to connections (32768 and up), one of which would else have it before
    /// whoever asked for it binds it.
    package static func freePort() throws -> UInt16 {
        for _ in 0..<1_000 {
            let port = lastPort.withLock { last in
                last = last < 29_999 ? last + 1 : 10_000
                return last
            }
            let tcp = try socket(SOCK_STREAM)
            defer { close(tcp) }
            let udp = try socket(SOCK_DGRAM)
            defer { close(udp) }
            if (try? bind(tcp, to: port)) != nil, (try? bind(udp, to: port)) != nil { return port }
        }
        throw TestFailure("no port is free")
    }

    /// Begins anywhere, since other test processes may run at the same time.
    private static let lastPort = Mutex(UInt16.random(in: 10_000..<30_000))

    /// A socket that listens on a free port; the caller closes it.
    package static func listen() throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = try socket(SOCK_STREAM)
        do {
            let port = try bind(descriptor, to: 0)
            guard Glibc.listen(descriptor, 16) == 0 else { throw TestFailure("listen: errno \(errno)") }
            return (descriptor, port)
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Sends one datagram.
    package static func sendDatagram(_ bytes: [UInt8], to port: UInt16) throws {
        let descriptor = try socket(SOCK_DGRAM)
        defer { close(descriptor) }
        let sent = withAddress(port) { sendto(descriptor, bytes, bytes.count, 0, $0, $1) }
        guard sent == bytes.count else { throw TestFailure("sendto: errno \(errno)") }
    }

    /// Sends one datagram.
    package static func sendDatagram(_ text: String, to port: UInt16) throws {
        try sendDatagram(Array(text.utf8), to: port)
    }

    /// Connects, sends all, and closes.
    ///
    /// With `untilRead` it closes only when the other side has, having read all.
    package static func sendStream(_ bytes: [UInt8], to port: UInt16, untilRead: Bool = false) throws {
        let descriptor = try connection(to: port)
        defer { close(descriptor) }
        try send(bytes, on: descriptor)
        if untilRead {
            shutdown(descriptor, Int32(SHUT_WR))
            var byte: UInt8 = 0
            while recv(descriptor, &byte, 1, 0) > 0 {}
        }
    }

    /// A connection that stays open.
    package final class Stream {
        private var descriptor: Int32

        package init(to port: UInt16) throws { descriptor = try Network.connection(to: port) }

        deinit { close() }

        package func send(_ bytes: [UInt8]) throws { try Network.send(bytes, on: descriptor) }

        package func close() {
            if descriptor >= 0 { Glibc.close(descriptor) }
            descriptor = -1
        }
    }

    /// Connects, sends all, and reads until the other side closes or `isWhole` finds that all is there.
    ///
    /// The other side may pause for `seconds` at most.
    package static func exchange(
        _ bytes: [UInt8],
        with port: UInt16,
        within seconds: Double,
        isWhole: ([UInt8]) -> Bool
    ) throws -> [UInt8] {
        let descriptor = try connection(to: port)
        defer { close(descriptor) }
        var pause = timeval(tv_sec: Int(seconds), tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &pause, socklen_t(MemoryLayout<timeval>.size))
        try send(bytes, on: descriptor)
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 { return answer }
            guard count > 0 else { throw TestFailure("receive from port \(port): errno \(errno)") }
            answer += buffer.prefix(count)
            if isWhole(answer) { return answer }
        }
    }

    /// Connects, and lets `body` send piece by piece; closes afterwards.
    package static func stream(to port: UInt16, _ body: (_ send: ([UInt8]) throws -> Void) throws -> Void) throws {
        let descriptor = try connection(to: port)
        defer { close(descriptor) }
        try body { try send($0, on: descriptor) }
    }

    /// A connection to a port; the caller closes it.
    package static func connection(to port: UInt16) throws -> Int32 {
        let descriptor = try socket(SOCK_STREAM)
        guard withAddress(port, { connect(descriptor, $0, $1) }) == 0 else {
            let code = errno
            close(descriptor)
            throw TestFailure("connect to port \(port): errno \(code)")
        }
        return descriptor
    }

    private static func send(_ bytes: [UInt8], on descriptor: Int32) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw TestFailure("send: errno \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    private static func socket(_ type: __socket_type) throws -> Int32 {
        let descriptor = Glibc.socket(AF_INET, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TestFailure("socket: errno \(errno)") }
        return descriptor
    }

    /// - Returns: the port, which the system has chosen for 0.
    private static func bind(_ descriptor: Int32, to port: UInt16) throws -> UInt16 {
        guard withAddress(port, { Glibc.bind(descriptor, $0, $1) }) == 0 else {
            throw TestFailure("bind: errno \(errno)")
        }
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        guard code == 0 else { throw TestFailure("getsockname: errno \(errno)") }
        return UInt16(bigEndian: address.sin_port)
    }

    private static func withAddress<Result>(
        _ port: UInt16,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
