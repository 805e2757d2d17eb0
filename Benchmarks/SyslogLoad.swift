#if canImport(Glibc)
import Glibc
#endif

/// Sends syslog lines to the agent as fast as asked.
enum SyslogLoad {
    /// Sends datagrams of 155 bytes at a rate: 64 a system call (UDP_SEGMENT, udp(7)), or one, as devices do.
    ///
    /// What was sent together a receiver may also take together (UDP_GRO), which real devices' datagrams never are.
    /// - Returns: how many were sent.
    static func udp(
        port: UInt16,
        lines: [[UInt8]],
        perSecond rate: Int,
        together: Int,
        for duration: Double
    ) throws -> Int {
        let descriptor = try connected(Int32(SOCK_DGRAM.rawValue), port)
        defer { close(descriptor) }
        var segment = Int32(lines[0].count)
        let udpSegment: Int32 = 103
        if together > 1, setsockopt(descriptor, Int32(IPPROTO_UDP), udpSegment, &segment, 4) != 0 {
            throw BenchmarkError("this kernel has no UDP_SEGMENT")
        }
        let blocks = stride(from: 0, through: lines.count - together, by: together)
            .map { Array(lines[$0..<$0 + together].joined()) }
        let start = seconds()
        var sent = 0
        var block = 0
        while true {
            let elapsed = seconds() - start
            if elapsed >= duration { return sent }
            guard Double(sent) < elapsed * Double(rate) else {
                usleep(100)
                continue
            }
            guard send(descriptor, blocks[block], blocks[block].count, 0) >= 0 else {
                throw BenchmarkError("send: \(String(cString: strerror(errno)))")
            }
            sent += together
            block = block + 1 == blocks.count ? 0 : block + 1
        }
    }

    /// Sends lines over one TCP connection, as fast as they are taken.
    static func tcp(port: UInt16, lines: [[UInt8]], count: Int) throws {
        let descriptor = try connected(Int32(SOCK_STREAM.rawValue), port)
        defer { close(descriptor) }
        let block = Array(lines.map { $0 + [0x0A] }.joined())
        var left = count
        while left > 0 {
            let bytes = left >= lines.count ? block.count : left * (lines[0].count + 1)
            var sent = 0
            while sent < bytes {
                let written = block.withUnsafeBytes {
                    send(descriptor, $0.baseAddress.map { $0 + sent }, bytes - sent, 0)
                }
                guard written > 0 else { throw BenchmarkError("send: \(String(cString: strerror(errno)))") }
                sent += written
            }
            left -= min(left, lines.count)
        }
    }

    private static func connected(_ kind: Int32, _ port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, kind, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw BenchmarkError("connect to port \(port): \(String(cString: strerror(errno)))") }
        return descriptor
    }
}
