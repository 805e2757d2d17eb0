#if canImport(Glibc)
import Glibc
#endif

/// Lines of one length behind each other, whose numbers are set anew before each sending.
struct NumberedLines {
    private(set) var bytes: [UInt8]
    /// Of one line, with its end if it has one.
    let lineBytes: Int
    let lines: Int
    /// Behind the last digit, counted from the line's start.
    private let numberEnd: Int

    init(_ lines: [[UInt8]], end: [UInt8]) {
        self.lines = lines.count
        numberEnd = lines[0].count
        lineBytes = numberEnd + end.count
        bytes = Array(lines.map { $0 + end }.joined())
    }

    /// Gives `count` lines from the line `from` on the numbers from `first` on.
    mutating func number(from: Int, count: Int, first: Int) {
        bytes.withUnsafeMutableBytes { bytes in
            for line in 0..<count {
                var place = (from + line) * lineBytes + numberEnd
                var rest = first + line
                for _ in 0..<SyslogLines.digits {
                    place -= 1
                    bytes[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                    rest /= 10
                }
            }
        }
    }
}

/// Sends numbered syslog lines to a program, as fast as asked.
enum SyslogLoad {
    /// Sends datagrams at a rate: 64 a system call (UDP_SEGMENT, udp(7)), or one, as devices do.
    ///
    /// What was sent together a receiver may also take together (UDP_GRO), which real devices' datagrams never are.
    /// - Returns: how many were sent; they have the numbers from 0 on.
    static func udp(
        port: UInt16,
        lines: [[UInt8]],
        perSecond rate: Int,
        together: Int,
        for duration: Double
    ) throws -> Int {
        let descriptor = try connected(Int32(SOCK_DGRAM.rawValue), port)
        defer { close(descriptor) }
        var block = NumberedLines(lines, end: [])
        var segment = Int32(block.lineBytes)
        let udpSegment: Int32 = 103
        if together > 1, setsockopt(descriptor, Int32(IPPROTO_UDP), udpSegment, &segment, 4) != 0 {
            throw BenchmarkError("this kernel has no UDP_SEGMENT")
        }
        let start = seconds()
        var sent = 0
        var line = 0
        while true {
            let elapsed = seconds() - start
            if elapsed >= duration { return sent }
            guard Double(sent) < elapsed * Double(rate) else {
                usleep(100)
                continue
            }
            block.number(from: line, count: together, first: sent)
            let code = block.bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress.map { $0 + line * block.lineBytes }, together * block.lineBytes, 0)
            }
            guard code >= 0 else { throw BenchmarkError("send: \(String(cString: strerror(errno)))") }
            sent += together
            line = line + 2 * together > block.lines ? 0 : line + together
        }
    }

    /// Sends lines over one TCP connection, at a rate or as fast as they are taken, with the numbers from 0 on.
    ///
    /// `tick` is called a hundred times a second when there is a rate, else for each block.
    static func tcp(
        port: UInt16,
        lines: [[UInt8]],
        count: Int,
        perSecond rate: Int? = nil,
        tick: () -> Void = {}
    ) throws {
        let descriptor = try connected(Int32(SOCK_STREAM.rawValue), port)
        defer { close(descriptor) }
        var block = NumberedLines(lines, end: [0x0A])
        let blockLines = min(block.lines, rate.map { max(1, $0 / 100) } ?? block.lines)
        let start = seconds()
        var sent = 0
        while sent < count {
            if let rate {
                while (seconds() - start) * Double(rate) < Double(sent) { usleep(500) }
            }
            let now = min(blockLines, count - sent)
            block.number(from: 0, count: now, first: sent)
            try sendAll(descriptor, block.bytes, now * block.lineBytes)
            sent += now
            tick()
        }
    }

    /// Sends one line over a connection of its own.
    static func line(port: UInt16, _ text: String) throws {
        let descriptor = try connected(Int32(SOCK_STREAM.rawValue), port)
        defer { close(descriptor) }
        let bytes = Array((text + "\n").utf8)
        try sendAll(descriptor, bytes, bytes.count)
    }

    /// Whether somebody takes connections on a port.
    static func isListening(port: UInt16) -> Bool {
        guard let descriptor = try? connected(Int32(SOCK_STREAM.rawValue), port) else { return false }
        close(descriptor)
        return true
    }

    /// Writes a file of at least so many bytes.
    /// - Returns: its lines; they have the numbers from 0 on.
    static func file(_ path: String, lines: [[UInt8]], bytes: Int) throws -> Int {
        guard let file = fopen(path, "w") else { throw BenchmarkError("cannot write \(path)") }
        var block = NumberedLines(lines, end: [0x0A])
        let blocks = (bytes + block.bytes.count - 1) / block.bytes.count
        for index in 0..<blocks {
            block.number(from: 0, count: block.lines, first: index * block.lines)
            guard fwrite(block.bytes, 1, block.bytes.count, file) == block.bytes.count else {
                throw BenchmarkError("cannot write \(path): is the disk full?")
            }
        }
        guard fclose(file) == 0 else { throw BenchmarkError("cannot write \(path): is the disk full?") }
        return blocks * block.lines
    }

    private static func sendAll(_ descriptor: Int32, _ bytes: [UInt8], _ count: Int) throws {
        var sent = 0
        while sent < count {
            let written = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress.map { $0 + sent }, count - sent, Int32(MSG_NOSIGNAL))
            }
            guard written > 0 else { throw BenchmarkError("send: \(String(cString: strerror(errno)))") }
            sent += written
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
        guard code == 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw BenchmarkError("connect to port \(port): \(reason)")
        }
        return descriptor
    }
}
