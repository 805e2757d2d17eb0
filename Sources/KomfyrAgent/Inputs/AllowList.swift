import EventLoop

/// The networks whose senders an input takes messages from.
struct AllowList: Sendable {
    /// A network that cannot be read, in words for the operator.
    struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        var description: String
    }

    /// Addresses as `Peer` has them: 128 bits, IPv4 as `::ffff:a.b.c.d`.
    private struct Network: Sendable {
        var high: UInt64
        var low: UInt64
        var highMask: UInt64
        var lowMask: UInt64
    }

    private let networks: [Network]

    /// Reads networks in CIDR form (`192.168.0.0/16`, `fd00::/8`) and single addresses.
    ///
    /// None means that all may send.
    /// - Throws: which of them is none.
    init(_ texts: [String]) throws(Problem) {
        var networks: [Network] = []
        for text in texts {
            guard let network = Self.network(text) else {
                throw Problem(description: "\"\(text)\" is not a network: write it like \"192.168.0.0/16\"")
            }
            networks.append(network)
        }
        self.networks = networks
    }

    /// Whether the peer may send.
    ///
    /// Peers of unix sockets may: the socket's file says who can reach it.
    @inline(__always)
    func contains(_ peer: Peer) -> Bool {
        networks.isEmpty || matches(peer)
    }

    private func matches(_ peer: Peer) -> Bool {
        if peer.high == 0 && peer.low == 0 { return true }
        for network in networks
        where peer.high & network.highMask == network.high && peer.low & network.lowMask == network.low {
            return true
        }
        return false
    }

    private static func network(_ text: String) -> Network? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first, let bytes = NetworkSyntax.ipBytes(String(address)) else { return nil }
        var bits = bytes.count * 8
        if parts.count == 2 {
            guard let given = UInt8(parts[1]), Int(given) <= bits else { return nil }
            bits = Int(given)
        }
        var high: UInt64 = 0
        var low: UInt64 = 0
        if bytes.count == 4 {
            low = bytes.reduce(0xFFFF) { $0 << 8 | UInt64($1) }
            bits += 96
        } else {
            high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
            low = bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
        }
        let highMask = bits >= 64 ? UInt64.max : ~(UInt64.max >> UInt64(bits))
        let lowMask = bits <= 64 ? 0 : ~(UInt64.max >> UInt64(bits - 64))
        return Network(high: high & highMask, low: low & lowMask, highMask: highMask, lowMask: lowMask)
    }
}
