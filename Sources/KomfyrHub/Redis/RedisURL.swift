import EventLoop

/// Reads `REDIS_URL`; errors never repeat the URL, which may hold a password.
enum RedisURL {
    private static let variable = "REDIS_URL"

    /// Takes `redis://…`, `rediss://…` and `unix://…` apart.
    static func parse(_ url: String) throws(RedisConfigurationError) -> RedisConfiguration {
        guard let colon = url.firstRange(of: "://") else {
            throw .init(variable, "has no scheme: redis://host:6379, rediss://host:6379 or unix:///path/redis.sock")
        }
        let rest = url[colon.upperBound...]
        switch url[..<colon.lowerBound].lowercased() {
        case "redis": return try network(rest, tls: nil)
        case "rediss": return try network(rest, tls: TLSContext.Client(authoritySetting: "REDIS_CA_FILE"))
        case "unix": return try socket(rest)
        default: throw .init(variable, "has a scheme that is not known: redis://, rediss:// (TLS) or unix://")
        }
    }

    /// A port from 1 to 65535.
    static func port(_ text: String, variable: String) throws(RedisConfigurationError) -> UInt16 {
        guard let port = UInt16(text), port > 0, isDigits(text) else {
            throw .init(variable, "is not a port from 1 to 65535")
        }
        return port
    }

    /// A database's number.
    static func database(_ text: String, variable: String) throws(RedisConfigurationError) -> Int {
        guard let number = UInt16(text), isDigits(text) else {
            throw .init(variable, "is not a database's number (0, 1, …)")
        }
        return Int(number)
    }

    private static func network(
        _ text: Substring,
        tls: TLSContext.Client?
    ) throws(RedisConfigurationError) -> RedisConfiguration {
        let (main, query) = cut(text, at: "?")
        let (authority, path) = cut(main, at: "/")
        let (credentials, place) = cutLast(authority, at: "@")
        let (host, port) = try hostAndPort(place)
        var configuration = RedisConfiguration(address: .tcp(host: host, port: port), tls: tls)
        try add(credentials, to: &configuration)
        if let path, !path.isEmpty { configuration.database = try database(String(path), variable: variable) }
        try add(query: query, to: &configuration)
        return configuration
    }

    private static func socket(_ text: Substring) throws(RedisConfigurationError) -> RedisConfiguration {
        let (main, query) = cut(text, at: "?")
        guard let slash = main.firstIndex(of: "/") else {
            throw .init(variable, "has no absolute path: unix:///path/redis.sock")
        }
        let path = try decoded(main[slash...])
        guard path.utf8.count <= HubLimits.socketPathBytes else {
            throw .init(
                variable,
                "has a path of more than \(HubLimits.socketPathBytes) bytes, which no unix socket can have"
            )
        }
        var configuration = RedisConfiguration(address: .unix(path))
        let before = main[..<slash]
        if !before.isEmpty {
            guard before.last == "@" else { throw .init(variable, "has no absolute path: unix:///path/redis.sock") }
            try add(before.dropLast(), to: &configuration)
        }
        try add(query: query, to: &configuration)
        return configuration
    }

    private static func hostAndPort(_ text: Substring) throws(RedisConfigurationError) -> (String, UInt16) {
        var host = text
        var port: Substring?
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { throw .init(variable, "has a [ without its ]") }
            host = text[text.index(after: text.startIndex)..<end]
            let after = text[text.index(after: end)...]
            if !after.isEmpty {
                guard after.first == ":" else { throw .init(variable, "has something else than :port after the ]") }
                port = after.dropFirst()
            }
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty else { throw .init(variable, "names no host: redis://host:6379") }
        guard host.first == nil || text.first == "[" || !host.contains(":") else {
            throw .init(variable, "has an IPv6 address without brackets: redis://[::1]:6379")
        }
        guard let port else { return (try decoded(host), 6_379) }
        guard let number = UInt16(port), number > 0, isDigits(String(port)) else {
            throw .init(variable, "has no port from 1 to 65535 after the host")
        }
        return (try decoded(host), number)
    }

    private static func add(
        _ credentials: Substring?,
        to configuration: inout RedisConfiguration
    ) throws(RedisConfigurationError) {
        guard let credentials else { return }
        let (user, password) = cut(credentials, at: ":")
        if !user.isEmpty { configuration.username = try decoded(user) }
        if let password, !password.isEmpty { configuration.password = Secret(try decoded(password)) }
    }

    private static func add(query: Substring?, to configuration: inout RedisConfiguration)
        throws(RedisConfigurationError)
    {
        guard let query, !query.isEmpty else { return }
        for pair in query.split(separator: "&") {
            let (name, value) = cut(pair, at: "=")
            switch (String(name), value) {
            case ("db", let value?): configuration.database = try database(String(value), variable: variable)
            case (let name, let value?) where ["ca", "cert", "key"].contains(name):
                try configuration.addFile(try decoded(value), as: name, variable: variable)
            default:
                throw .init(variable, "has a query with something else than db=N, ca=FILE, cert=FILE and key=FILE")
            }
        }
    }

    /// Resolves `%40` and the like.
    private static func decoded(_ text: Substring) throws(RedisConfigurationError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let digits = String(rest.prefix(2)), digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit),
                let value = UInt8(digits, radix: 16)
            else {
                throw .init(variable, "has a % that is not followed by two hexadecimal digits (a % itself is %25)")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let string = String(validating: bytes, as: UTF8.self) else { throw .init(variable, "is not UTF-8") }
        return string
    }

    private static func cut(_ text: Substring, at character: Character) -> (Substring, Substring?) {
        guard let index = text.firstIndex(of: character) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }

    private static func cutLast(_ text: Substring, at character: Character) -> (Substring?, Substring) {
        guard let index = text.lastIndex(of: character) else { return (nil, text) }
        return (text[..<index], text[text.index(after: index)...])
    }

    private static func isDigits(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    }
}
