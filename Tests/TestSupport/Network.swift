import Foundation

/// Sockets of loopback as devices use them.
package enum Network {
    /// A port that is free for UDP and TCP at the moment.
    package static func freePort() throws -> UInt16 {
        for _ in 0..<100 {
            let tcp = try socket(SOCK_STREAM)
            defer { close(tcp) }
            let port = try bind(tcp, to: 0)
            let udp = try socket(SOCK_DGRAM)
            defer { close(udp) }
            if (try? bind(udp, to: port)) != nil { return port }
        }
        throw TestFailure("no port is free")
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
    package static func sendStream(_ bytes: [UInt8], to port: UInt16) throws {
        let descriptor = try socket(SOCK_STREAM)
        defer { close(descriptor) }
        guard withAddress(port, { connect(descriptor, $0, $1) }) == 0 else {
            throw TestFailure("connect to port \(port): errno \(errno)")
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw TestFailure("send to port \(port): errno \(errno)") }
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
