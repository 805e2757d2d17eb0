import EventLoop

/// The addresses that providers are set to.
enum ModelAddress {
    /// `http://HOST[:PORT][/PATH]`, without a user, a query or a fragment, and without slashes at the end.
    /// - Returns: nil when it is something else.
    static func base(_ text: String) -> String? {
        var text = text[...]
        while text.hasSuffix("/") { text.removeLast() }
        guard let rest = rest(String(text)), !host(String(text)).isEmpty, text.utf8.count <= 512,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            !rest.utf8.contains(where: { "?#@\\\"<>".utf8.contains($0) })
        else { return nil }
        return String(text)
    }

    /// The host with its port.
    static func host(_ base: String) -> String { String((rest(base) ?? base[...]).prefix { $0 != "/" }) }

    /// Whether what is sent there can be read on the way.
    static func isOpen(_ base: String) -> Bool {
        guard base.lowercased().hasPrefix("http://") else { return false }
        return !isLoopback(host(base))
    }

    /// Whether a host, with its port, is this machine: what looks like an address of it in another's name is not.
    private static func isLoopback(_ host: String) -> Bool {
        var name = host[...]
        if name.hasPrefix("[") {
            guard let end = name.firstIndex(of: "]"), [nil, ":"].contains(name[name.index(after: end)...].first) else {
                return false
            }
            return SocketAddress.ip(String(name[name.index(after: name.startIndex)..<end]), port: 0).isLoopback
        }
        if let colon = name.firstIndex(of: ":") { name = name[..<colon] }
        let text = name.lowercased()
        return text == "localhost" || text.hasSuffix(".localhost") || SocketAddress.ip(text, port: 0).isLoopback
    }

    /// Without the part of the path that is added anyway: people give the address with it and without.
    static func trimmed(_ base: String, _ end: String) -> String {
        base.hasSuffix(end) ? String(base.dropLast(end.count)) : base
    }

    private static func rest(_ text: String) -> Substring? {
        for scheme in ["https://", "http://"] where text.lowercased().hasPrefix(scheme) {
            return text.dropFirst(scheme.count)
        }
        return nil
    }
}
