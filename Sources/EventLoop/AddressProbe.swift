/// Asks the system whether an address could be listened on, without listening.
public enum AddressProbe {
    /// Binds the address for datagrams and lets go of it at once.
    /// - Throws: why a `UDPSocket` could not be had there.
    public static func datagrams(_ address: SocketAddress) throws(LoopError) {
        try BoundSocket.probe(address, kind: .datagram)
    }

    /// Binds the address for connections, which nobody can make meanwhile, and lets go of it at once.
    /// - Throws: why a `StreamListener` could not be had there.
    public static func connections(_ address: SocketAddress) throws(LoopError) {
        try BoundSocket.probe(address, kind: .stream)
    }
}
