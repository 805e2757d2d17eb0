/// The TLS handshakes of a listener that are under way.
struct Handshakes {
    struct Handshake {
        var connection: StreamConnection
        var timer: Timer
        var startedMs: UInt64
    }

    private var byConnection: [ObjectIdentifier: Handshake] = [:]

    var count: Int { byConnection.count }

    mutating func add(_ connection: StreamConnection, _ timer: Timer, startedMs: UInt64) {
        let handshake = Handshake(connection: connection, timer: timer, startedMs: startedMs)
        byConnection[ObjectIdentifier(connection)] = handshake
    }

    mutating func remove(_ id: ObjectIdentifier) -> StreamConnection? {
        guard let handshake = byConnection.removeValue(forKey: id) else { return nil }
        handshake.timer.close()
        return handshake.connection
    }

    mutating func closeAll() {
        for handshake in byConnection.values {
            handshake.timer.close()
            handshake.connection.close()
        }
        byConnection = [:]
    }

    /// The one that has been under way for longest of the address that has most of them: whoever holds all places by
    /// connections that say nothing gives them back first.
    var longestOfTheBusiest: Handshake? {
        var counts: [Peer: Int] = [:]
        for handshake in byConnection.values { counts[handshake.address, default: 0] += 1 }
        let most = counts.values.max()
        return byConnection.values.filter { counts[$0.address] == most }.min { $0.startedMs < $1.startedMs }
    }
}

extension Handshakes.Handshake {
    /// The far end without its port.
    fileprivate var address: Peer { Peer(high: connection.peer.high, low: connection.peer.low, port: 0) }
}
