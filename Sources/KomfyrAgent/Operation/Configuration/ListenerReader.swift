import EventLoop

/// Reads what an `[[input]]` that listens has of its own.
struct ListenerReader {
    let report: ConfigurationReport
    /// Where relative paths begin.
    let workingDirectory: String
    /// `syslog` or `json`.
    let type: String

    /// The keys that only inputs which listen have.
    static let keys = [
        "listen", "allow", "receive_buffer", "cert_file", "key_file", "client_ca_file", "socket_mode",
    ]

    /// Reads the keys of a listener.
    /// - Parameters:
    ///   - table: the input.
    ///   - token: what its messages must carry, if anything.
    /// - Returns: what they say; nil after errors were reported.
    func read(_ table: TableReader, token: String?) -> InputConfiguration.Listen? {
        let allow = readAllow(table)
        let buffer = table.size("receive_buffer", in: AgentLimits.receiveBufferBytes)
        let mode = table.string("socket_mode")
        let files = TLSFileKeys(table)
        guard let text = table.string("listen") else {
            if !table.has("listen") {
                let example = type == "json" ? "udp://127.0.0.1:5515" : "udp://127.0.0.1:5514"
                report.error(at: table.place, "a \(type) input has no `listen`", "add listen = \"\(example)\"")
            }
            return nil
        }
        var listen: InputConfiguration.Listen
        do throws(ValueProblem) {
            listen = try InputConfiguration.Listen.parse(text.value)
        } catch {
            report.error(at: text.place, "listen", error)
            return nil
        }
        let transport = listen.transport
        if let buffer {
            expect(transport, [.udp], "receive_buffer", table.place, "it is the kernel's buffer of a udp:// listener")
            listen.receiveBufferBytes = Int(clamping: buffer)
        }
        if let mode {
            expect(transport, [.unix, .unixgram], "socket_mode", mode.place, "it is the mode of a unix socket's file")
            listen.socketMode = readMode(mode) ?? listen.socketMode
        }
        for (key, found) in files.all {
            guard let found else { continue }
            expect(transport, [.tls], key, found.place, "it is for tls:// listeners")
        }
        if let allow, listen.isUnix {
            let remedy = "remove it: `socket_mode` says which users of this machine may send"
            report.error(at: allow.place, "`allow` does nothing for \(transport.rawValue)://", remedy)
        }
        listen.allow = allow?.value.map(\.value) ?? []
        if transport == .tls { listen.tls = readTLS(files, text.place) }
        expectProtection(listen, text.place, token: token, clientAuthority: files.clientAuthority != nil)
        return listen
    }

    private func readAllow(_ table: TableReader) -> TableReader.Found<[TableReader.Found<String>]>? {
        let allow = table.strings("allow")
        for network in allow?.value ?? [] {
            do throws(ValueProblem) {
                try NetworkSyntax.checkNetwork(network.value)
            } catch {
                report.error(at: network.place, "allow", error)
            }
        }
        return allow
    }

    /// Reports a key that means nothing for this transport.
    private func expect(
        _ transport: InputConfiguration.Listen.Transport,
        _ expected: [InputConfiguration.Listen.Transport],
        _ key: String,
        _ place: TextPlace,
        _ why: String
    ) {
        guard !expected.contains(transport) else { return }
        report.error(at: place, "`\(key)` does nothing for \(transport.rawValue)://", "remove it: \(why)")
    }

    private func readMode(_ mode: TableReader.Found<String>) -> UInt16? {
        guard mode.value.utf8.count <= 4, let bits = UInt16(mode.value, radix: 8), bits <= 0o777, bits & 0o222 != 0
        else {
            report.error(
                at: mode.place,
                "`socket_mode` cannot be \"\(mode.value)\"",
                "write it as chmod has it: \"0666\" for all programs of this machine, \"0660\" for a group; "
                    + "sending needs the right to write"
            )
            return nil
        }
        return bits
    }

    /// Beyond loopback something must say who may send.
    private func expectProtection(
        _ listen: InputConfiguration.Listen,
        _ place: TextPlace,
        token: String?,
        clientAuthority: Bool
    ) {
        guard case .ip(let host, _) = listen.address, !NetworkSyntax.isLoopback(host), listen.allow.isEmpty,
            token == nil, !clientAuthority
        else { return }
        var remedy = "add allow = [\"192.168.0.0/16\"] with the networks of your devices"
        if listen.transport == .tls { remedy += ", or a `client_ca_file`" }
        if type == "json" { remedy += ", or a `token`" }
        report.error(at: place, "\(listen.url) can be reached by everyone on the network", remedy)
    }

    // MARK: TLS

    private struct TLSFileKeys {
        var certificate: TableReader.Found<String>?
        var key: TableReader.Found<String>?
        var clientAuthority: TableReader.Found<String>?

        init(_ table: TableReader) {
            certificate = table.string("cert_file")
            key = table.string("key_file")
            clientAuthority = table.string("client_ca_file")
        }

        var all: [(String, TableReader.Found<String>?)] {
            [("cert_file", certificate), ("key_file", key), ("client_ca_file", clientAuthority)]
        }
    }

    /// Reads the files once, so that `check` says what is wrong with them.
    private func readTLS(_ files: TLSFileKeys, _ place: TextPlace) -> TLSContext.Server? {
        guard let certificate = files.certificate, let key = files.key else {
            let missing = files.certificate == nil ? "cert_file" : "key_file"
            report.error(
                at: place,
                "a tls:// listener needs `\(missing)`",
                "add \(missing) = \"/etc/komfyr-agent/\(missing == "cert_file" ? "tls.pem" : "tls.key")\", in PEM form"
            )
            return nil
        }
        let server = TLSContext.Server(
            identity: TLSContext.Identity(certificateFile: absolute(certificate.value), keyFile: absolute(key.value)),
            clientAuthorityFile: files.clientAuthority.map { absolute($0.value) }
        )
        do throws(TLSProblem) {
            _ = try TLSContext(server: server)
        } catch {
            report.error(
                at: place,
                "\(error)",
                "give PEM files that the agent's user can read: the certificate with those between it and its "
                    + "authority, and its key without a passphrase"
            )
        }
        report.warnIfReadableByOthers(server.identity.keyFile, at: key.place, mode: "640")
        return server
    }

    private func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : workingDirectory + "/" + path
    }
}
