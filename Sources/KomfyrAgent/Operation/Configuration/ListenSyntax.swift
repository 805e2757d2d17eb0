import EventLoop

extension InputConfiguration.Listen {
    /// Reads `udp://HOST:PORT`, `tcp://…`, `tls://…`, `unix:///PATH` or `unixgram:///PATH`.
    static func parse(_ text: String) throws(ValueProblem) -> InputConfiguration.Listen {
        let remedy = "write it like \"udp://127.0.0.1:5514\", \"tls://0.0.0.0:6514\" or \"unix:///run/komfyr.sock\""
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].hasPrefix("//") else {
            throw ValueProblem("\"\(text)\" does not begin with udp://, tcp://, tls://, unix:// or unixgram://", remedy)
        }
        let scheme = String(parts[0])
        guard let transport = Transport(rawValue: scheme) else {
            throw ValueProblem("\"\(scheme)://\" is not known", remedy)
        }
        let rest = String(parts[1].dropFirst(2))
        if transport == .unix || transport == .unixgram {
            return InputConfiguration.Listen(transport: transport, address: .unix(try socketPath(rest, scheme)))
        }
        let (host, port) = try NetworkSyntax.hostAndPort(rest, example: "\(scheme)://127.0.0.1:5514")
        return InputConfiguration.Listen(transport: transport, address: .ip(host, port: port))
    }

    private static func socketPath(_ path: String, _ scheme: String) throws(ValueProblem) -> String {
        guard path.hasPrefix("/"), !path.hasSuffix("/"), path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw ValueProblem(
                "\"\(path)\" is not the path of a socket",
                "give a whole one, with three slashes: \"\(scheme):///run/komfyr.sock\""
            )
        }
        guard path.utf8.count <= NetworkSyntax.socketPathBytes else {
            throw ValueProblem(
                "the path has \(path.utf8.count) bytes",
                "the system takes \(NetworkSyntax.socketPathBytes) at most: choose a shorter one"
            )
        }
        return path
    }

    /// The address as it is written.
    var url: String { "\(transport.rawValue)://\(address)" }

    /// Whether both would bind the same socket; ports that the system chooses never do.
    func isSame(_ other: InputConfiguration.Listen) -> Bool {
        if case .ip(_, port: 0) = address { return false }
        return address == other.address && (isUnix || isDatagram == other.isDatagram)
    }

    /// Whether one of them can keep the other from binding: `0.0.0.0` takes a port of every address.
    func mayCollide(with other: InputConfiguration.Listen) -> Bool {
        guard case .ip(_, let port) = address, case .ip(_, let otherPort) = other.address else { return isSame(other) }
        return url == other.url || port != 0 && port == otherPort
    }
}

extension InputConfiguration {
    /// The address that this input listens on, if it does.
    var listen: Listen? {
        switch kind {
        case .syslog(let listen): listen
        case .json(let listen, _): listen
        case .file: nil
        }
    }
}
