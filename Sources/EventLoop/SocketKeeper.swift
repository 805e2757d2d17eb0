import Glibc

/// Keeps bound sockets between the end of one owner and the start of the next, with all that waits in them.
///
/// While a loop has one (`Loop.keepingSockets`), a `UDPSocket` or `StreamListener` that is closed leaves its descriptor
/// here, and one that is made for the same address takes it instead of binding anew: no datagram in the kernel's buffer
/// and no connection in the backlog is lost, and nobody else can take the address in between.
final class SocketKeeper {
    private struct Place: Hashable {
        var address: SocketAddress
        var kind: SocketKind
    }

    private var kept: [Place: (descriptor: Int32, file: SocketFile?)] = [:]

    /// Leaves a descriptor here.
    ///
    /// The caller does not close it, nor remove a unix socket's file.
    func keep(_ descriptor: Int32, _ file: SocketFile?, _ address: SocketAddress, _ kind: SocketKind) {
        let place = Place(address: address, kind: kind)
        if let other = kept.updateValue((descriptor, file), forKey: place) { Glibc.close(other.descriptor) }
    }

    /// The descriptor that was left for this address, which is the caller's from here on.
    func take(_ address: SocketAddress, _ kind: SocketKind) -> (descriptor: Int32, file: SocketFile?)? {
        kept.removeValue(forKey: Place(address: address, kind: kind))
    }

    /// Closes what nobody has taken.
    func closeAll() {
        for (descriptor, file) in kept.values {
            Glibc.close(descriptor)
            file?.remove()
        }
        kept = [:]
    }
}

extension Loop {
    /// Runs `body`, during which a socket that is closed can be taken over by the next one of its address.
    ///
    /// What nobody has taken over by its end is closed then.
    public func keepingSockets<Result>(_ body: () throws -> Result) rethrows -> Result {
        assertOnLoop()
        let keeper = SocketKeeper()
        let outer = socketKeeper
        socketKeeper = keeper
        defer {
            socketKeeper = outer
            keeper.closeAll()
        }
        return try body()
    }
}

@available(*, unavailable)
extension SocketKeeper: Sendable {}
