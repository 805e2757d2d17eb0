import Glibc

/// The sender of a datagram or the far end of a connection; cheap to compare, its text is made only when asked for.
public struct Peer: Hashable, Sendable {
    /// The address, IPv4 as `::ffff:a.b.c.d`, so that both families compare alike.
    public var high: UInt64
    /// The lower half.
    public var low: UInt64
    /// The port, 0 for unix sockets.
    public var port: UInt16
    /// The process at the other end of a unix socket, as the kernel tells it; 0 for others, and where it cannot be told
    /// (a process of another container).
    public var process: Int32

    /// A peer of this address, in the order of bytes of this machine.
    @inline(__always)
    public init(high: UInt64, low: UInt64, port: UInt16) {
        self.high = high
        self.low = low
        self.port = port
        process = 0
    }

    /// Whoever is at the other end of a unix socket: the unspecified address, which no packet comes from.
    static let unix = Peer(high: 0, low: 0, port: 0)

    /// A process at the other end of a unix socket.
    static func unix(process: Int32) -> Peer {
        var peer = unix
        peer.process = max(process, 0)
        return peer
    }

    /// Whether it is at the other end of a unix socket.
    @inline(__always)
    public var isUnix: Bool { high == 0 && low == 0 && port == 0 }

    private static let mappedIPv4: UInt64 = 0xffff_0000_0000

    /// Reads a `sockaddr_in` or `sockaddr_in6`; any other family is a unix socket's.
    @inline(__always)
    init(_ address: UnsafeRawPointer) {
        // sockaddr_in:  | family 2 | port 2 | address 4 |
        // sockaddr_in6: | family 2 | port 2 | flow 4 | address 16 |       port and address in network order
        let family = Int32(address.load(as: sa_family_t.self))
        let port = UInt16(bigEndian: address.load(fromByteOffset: 2, as: UInt16.self))
        if family == AF_INET {
            let bits = UInt32(bigEndian: address.load(fromByteOffset: 4, as: UInt32.self))
            self.init(high: 0, low: Peer.mappedIPv4 | UInt64(bits), port: port)
        } else if family == AF_INET6 {
            self.init(
                high: UInt64(bigEndian: address.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                low: UInt64(bigEndian: address.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
                port: port
            )
        } else {
            self.init(high: 0, low: 0, port: 0)
        }
    }

    /// Appends the address without the port (`192.168.1.7`, `fe80::1`; `unix` for unix sockets) to `bytes`.
    public func appendAddress(to bytes: inout [UInt8]) {
        if isUnix {
            bytes.append(contentsOf: "unix".utf8)
        } else if high == 0 && low >> 32 == Peer.mappedIPv4 >> 32 {
            appendIPv4(to: &bytes)
        } else {
            appendIPv6(to: &bytes)
        }
    }

    /// The address without the port.
    public var address: String {
        var bytes: [UInt8] = []
        appendAddress(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func appendIPv4(to bytes: inout [UInt8]) {
        for shift in [24, 16, 8, 0] as [UInt64] {
            let part = UInt8(truncatingIfNeeded: low >> shift)
            if part >= 100 { bytes.append(0x30 + part / 100) }
            if part >= 10 { bytes.append(0x30 + part / 10 % 10) }
            bytes.append(0x30 + part % 10)
            if shift != 0 { bytes.append(UInt8(ascii: ".")) }
        }
    }

    /// As RFC 5952 wants it: lower case, no leading zeros, the first longest run of two or more zero parts as `::`.
    private func appendIPv6(to bytes: inout [UInt8]) {
        let zeros = longestRunOfZeros
        var index = 0
        while index < 8 {
            if index == zeros.lowerBound && zeros.count >= 2 {
                bytes.append(contentsOf: "::".utf8)
                index = zeros.upperBound
                continue
            }
            if index != 0 && index != zeros.upperBound || index != 0 && zeros.count < 2 {
                bytes.append(UInt8(ascii: ":"))
            }
            appendHexadecimal(part(index), to: &bytes)
            index += 1
        }
    }

    private func appendHexadecimal(_ value: UInt16, to bytes: inout [UInt8]) {
        var isLeading = true
        for shift in [12, 8, 4, 0] as [UInt16] {
            let digit = UInt8(truncatingIfNeeded: value >> shift & 0xf)
            if isLeading && digit == 0 && shift != 0 { continue }
            isLeading = false
            bytes.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
    }

    private func part(_ index: Int) -> UInt16 {
        let half = index < 4 ? high : low
        return UInt16(truncatingIfNeeded: half >> UInt64(48 - 16 * (index & 3)))
    }

    private var longestRunOfZeros: Range<Int> {
        var longest = 0..<0
        var start = 0
        for index in 0...8 where index == 8 || part(index) != 0 {
            if index - start > longest.count { longest = start..<index }
            start = index + 1
        }
        return longest
    }
}
