import Glibc

/// Checks and reads the addresses, networks and URLs of a configuration.
enum NetworkSyntax {
    /// The longest path of a unix socket: what its address has room for, without the zero byte at the end.
    static let socketPathBytes = 107

    /// An IP address as its bytes, 4 or 16; nil when the text is none.
    static func ipBytes(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes.prefix(4)) }
        if inet_pton(AF_INET6, text, &bytes) == 1 { return bytes }
        return nil
    }

    /// Whether only programs of this machine can reach the address.
    static func isLoopback(_ host: String) -> Bool {
        guard let bytes = ipBytes(host) else { return false }
        if bytes.count == 4 { return bytes[0] == 127 }
        let mappedIPv4Loopback =
            bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255 && bytes[12] == 127
        return bytes.prefix(15).allSatisfy { $0 == 0 } && bytes[15] == 1 || mappedIPv4Loopback
    }

    /// Reads `HOST:PORT`, `[IPV6]:PORT`; the host is numeric, or `localhost` for 127.0.0.1.
    static func hostAndPort(_ text: String, example: String) throws(ValueProblem) -> (host: String, port: UInt16) {
        let remedy = "write it like \"\(example)\""
        guard let colon = text.lastIndex(of: ":") else { throw ValueProblem("\"\(text)\" has no port", remedy) }
        var host = String(text[..<colon])
        let portText = text[text.index(after: colon)...]
        guard let port = UInt16(portText), portText.allSatisfy({ $0.isASCII && $0.isNumber }) else {
            throw ValueProblem("\"\(portText)\" is not a port", "give a number from 1 to 65535, \(remedy)")
        }
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            throw ValueProblem("\"\(text)\" is ambiguous", "put an IPv6 address into brackets: \"[\(host)]:\(port)\"")
        }
        if host == "localhost" { host = "127.0.0.1" }
        guard ipBytes(host) != nil else {
            throw ValueProblem(
                "\"\(host)\" is not an IP address",
                "use 127.0.0.1 for this machine alone, 0.0.0.0 for all its addresses"
            )
        }
        return (host, port)
    }

    /// Checks a network in CIDR form, or a single address.
    static func checkNetwork(_ text: String) throws(ValueProblem) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = ipBytes(String(first)) else {
            throw ValueProblem(
                "\"\(text)\" is not a network",
                "write it like \"192.168.0.0/16\", \"fd00::/8\" or \"10.0.0.7\""
            )
        }
        guard parts.count == 2 else { return }
        let width = address.count * 8
        guard let bits = Int(parts[1]), parts[1].allSatisfy({ $0.isASCII && $0.isNumber }), bits <= width else {
            throw ValueProblem("\"\(parts[1])\" is not a prefix length", "give a number from 0 to \(width)")
        }
        var network = address
        for bit in bits..<max(bits, width) { network[bit / 8] &= ~(0x80 >> UInt8(bit % 8)) }
        guard network == address else {
            throw ValueProblem("\"\(text)\" has bits beyond its prefix", "write \"\(ipText(network))/\(bits)\"")
        }
    }

    /// Checks the hub's base address.
    /// - Returns: it without a slash at the end.
    static func hubURL(_ text: String) throws(ValueProblem) -> String {
        let remedy = "write it like \"http://127.0.0.1:8080\" or \"https://logs.example.org\""
        let rest: Substring
        if text.hasPrefix("http://") {
            rest = text.dropFirst(7)
        } else if text.hasPrefix("https://") {
            rest = text.dropFirst(8)
        } else {
            throw ValueProblem("\"\(text)\" is not an http:// or https:// address", remedy)
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ValueProblem("the address has blanks or letters beyond ASCII", remedy)
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if authority.contains("@") {
            throw ValueProblem("the address holds a user or password", "leave it out; the key goes into `api_key_file`")
        }
        if rest.contains("?") || rest.contains("#") {
            throw ValueProblem("the address has a query or fragment", "give the base address alone; \(remedy)")
        }
        var host = authority
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            guard let port = UInt16(authority[authority.index(after: colon)...]), port > 0 else {
                throw ValueProblem("\"\(authority)\" has a bad port", "give a number from 1 to 65535; \(remedy)")
            }
            host = authority[..<colon]
        }
        if host.isEmpty { throw ValueProblem("\"\(text)\" has no host", remedy) }
        var base = text
        while base.hasSuffix("/") { base.removeLast() }
        return base
    }

    /// Checks a proxy's address; its password is never part of an error.
    static func checkProxy(_ text: String) throws(ValueProblem) {
        let remedy = "write it like \"http://proxy.example.org:3128\", or \"http://USER:PASSWORD@HOST:PORT\""
        guard let rest = ["http://", "https://"].first(where: { text.hasPrefix($0) }).map({ text.dropFirst($0.count) })
        else { throw ValueProblem("it is not an http:// or https:// address", remedy) }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ValueProblem("it has blanks or letters beyond ASCII", "\(remedy); write those of a password as %20")
        }
        var authority = rest[...]
        if let at = rest.lastIndex(of: "@") { authority = rest[rest.index(after: at)...] }
        if authority.hasSuffix("/") { authority = authority.dropLast() }
        if authority.contains(where: { "/?#".contains($0) }) {
            throw ValueProblem("it has a path", "\(remedy); write / ? # and @ in a password as %2F %3F %23 %40")
        }
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]"), colon > authority.startIndex,
            let port = UInt16(authority[authority.index(after: colon)...]), port > 0
        else { throw ValueProblem("it has no host and port", remedy) }
    }

    /// A proxy's address without its user and password.
    static func withoutPassword(_ proxy: String) -> String {
        guard let at = proxy.lastIndex(of: "@"), let scheme = proxy.firstRange(of: "://") else { return proxy }
        return String(proxy[..<scheme.upperBound]) + proxy[proxy.index(after: at)...]
    }

    /// Whether an http or https URL is of this machine: loopback, or `localhost`.
    static func isThisMachine(url: String) -> Bool {
        guard let scheme = url.firstRange(of: "://") else { return false }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" }
        if authority.hasPrefix("[") { return isLoopback(String(authority.dropFirst().prefix { $0 != "]" })) }
        let host = authority.prefix { $0 != ":" }.lowercased()
        return host == "localhost" || host.hasSuffix(".localhost") || isLoopback(host)
    }

    private static func ipText(_ bytes: [UInt8]) -> String {
        var text = [CChar](repeating: 0, count: 64)
        _ = inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
