extension InputConfiguration.Listen {
    /// Reads `udp://HOST:PORT` or `tcp://HOST:PORT`.
    static func parse(_ text: String) throws(ValueProblem) -> InputConfiguration.Listen {
        let remedy = "write it like \"udp://127.0.0.1:5514\" or \"tcp://0.0.0.0:5514\""
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].hasPrefix("//") else {
            throw ValueProblem("\"\(text)\" does not begin with udp:// or tcp://", remedy)
        }
        let scheme = String(parts[0])
        guard let transport = Transport(rawValue: scheme) else {
            switch scheme {
            case "tls", "unix", "unixgram":
                throw ValueProblem(
                    "\(scheme):// listeners come with a later version",
                    "use udp:// or tcp:// on 127.0.0.1 or a trusted network"
                )
            default:
                throw ValueProblem("\"\(scheme)://\" is not known", remedy)
            }
        }
        let address = String(parts[1].dropFirst(2))
        let (host, port) = try NetworkSyntax.hostAndPort(address, example: "\(scheme)://127.0.0.1:5514")
        return InputConfiguration.Listen(transport: transport, host: host, port: port)
    }

    /// The address as it is written.
    var url: String {
        "\(transport.rawValue)://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    /// Whether both would bind the same socket; ports that the system chooses never do.
    func isSame(_ transport: Transport, _ host: String, _ port: UInt16) -> Bool {
        port != 0 && self.transport == transport && self.host == host && self.port == port
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
