import Glibc
import Testing

@testable import KomfyrHub

/// A TCP connection that sends what it is told and keeps what comes, to see a server from outside.
final class RawConnection {
    private let descriptor: Int32
    private(set) var received: [UInt8] = []
    /// The server has closed it.
    private(set) var isClosed = false

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        try #require(isConnected)
    }

    deinit { close(descriptor) }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Sends for as long as the server reads, without reading what it answers.
    /// - Parameters:
    ///   - text: sent again and again.
    ///   - most: to be sent, in bytes.
    /// - Returns: the bytes that were sent until the server read nothing for a second.
    func sendWithoutReading(_ text: String, upTo most: Int) -> Int {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < most {
            let place = sent % bytes.count
            let count = bytes[place...]
                .withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
                }
            if count > 0 {
                sent += count
                continue
            }
            var event = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            if errno != EAGAIN || poll(&event, 1, 1_000) <= 0 { break }
        }
        return sent
    }

    /// Tells the server that nothing more comes.
    func sendEnd() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Everything that came so far.
    var text: String {
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(descriptor, &piece, piece.count, Int32(MSG_DONTWAIT))
            if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR { isClosed = true }
            if count <= 0 { break }
            received += piece.prefix(count)
        }
        return String(decoding: received, as: UTF8.self)
    }

    /// Waits until what came so far contains a text.
    func wait(for part: String) async throws {
        try await eventually("\(part) in \(text)") { text.contains(part) }
    }

    /// Waits until the server has closed it.
    func waitUntilClosed() async throws {
        try await eventually("closed after \(text)") {
            _ = text
            return isClosed
        }
    }
}
