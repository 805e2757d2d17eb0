import EventLoop

/// Where Redis is and how to get in, as the environment says.
///
/// Variables: either `REDIS_URL` (`redis://[user[:password]@]host[:port][/db]`, the same with `rediss://` for TLS,
/// `unix://[user[:password]@]/path/redis.sock[?db=N]`), or `REDIS_HOST` with `REDIS_PORT` (6379). `REDIS_USERNAME`,
/// `REDIS_PASSWORD` and `REDIS_DB` (0) go with both. With neither the hub runs a Redis of its own.
///
/// With `rediss://` go `REDIS_CA_FILE` (or `?ca=FILE`): the authority of Redis's certificate, or that certificate
/// itself, instead of the system's authorities; and `REDIS_CERT_FILE` with `REDIS_KEY_FILE` (`?cert=FILE&key=FILE`) for
/// a Redis that asks for client certificates, as it does unless `tls-auth-clients no` is set.
struct RedisConfiguration: Sendable, Equatable {
    /// Where it listens.
    enum Address: Sendable, Equatable, CustomStringConvertible {
        /// A name or an IP address (no brackets).
        case tcp(host: String, port: UInt16)
        /// A unix socket's path.
        case unix(String)

        /// `redis.example.org:6379`, `[::1]:6379`, `/run/redis.sock`.
        var description: String {
            switch self {
            case .tcp(let host, let port):
                host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unix(let path): path
            }
        }
    }

    var address: Address
    var username: String?
    var password: Secret?
    var database = 0
    /// Whom to trust and who we are, when the connection is to be encrypted; nil: it is not.
    var tls: TLSContext.Client?

    /// Reads the environment.
    /// - Returns: nil when it names no Redis.
    /// - Throws: `RedisConfigurationError`, which names the variable and never a password.
    static func from(_ environment: [String: String]) throws(RedisConfigurationError) -> RedisConfiguration? {
        // A variable that is set to nothing, as Compose files do, is not set.
        func value(_ name: String) -> String? {
            guard let text = environment[name], !text.isEmpty else { return nil }
            return text
        }
        var configuration: RedisConfiguration
        switch (value("REDIS_URL"), value("REDIS_HOST")) {
        case (.some, .some):
            throw .init("REDIS_HOST", "and REDIS_URL are both set: keep one of them")
        case (let url?, nil):
            if value("REDIS_PORT") != nil {
                throw .init("REDIS_PORT", "goes with REDIS_HOST: put the port into REDIS_URL")
            }
            configuration = try RedisURL.parse(url)
        case (nil, let host?):
            let port = try value("REDIS_PORT")
                .map { text throws(RedisConfigurationError) in
                    try RedisURL.port(text, variable: "REDIS_PORT")
                }
            configuration = RedisConfiguration(address: .tcp(host: try plain(host), port: port ?? 6_379))
        case (nil, nil):
            for name in companions where value(name) != nil {
                throw .init(
                    name,
                    "is set, but neither REDIS_HOST nor REDIS_URL: set one, or remove it to use the hub's own"
                )
            }
            return nil
        }
        try configuration.add(
            username: value("REDIS_USERNAME"),
            password: value("REDIS_PASSWORD"),
            database: value("REDIS_DB")
        )
        for (name, member) in [("REDIS_CA_FILE", "ca"), ("REDIS_CERT_FILE", "cert"), ("REDIS_KEY_FILE", "key")] {
            if let file = value(name) { try configuration.addFile(file, as: member, variable: name) }
        }
        try configuration.checkFiles()
        return configuration
    }

    /// What means something only beside `REDIS_HOST` or `REDIS_URL`.
    private static let companions = [
        "REDIS_PORT", "REDIS_USERNAME", "REDIS_PASSWORD", "REDIS_DB", "REDIS_CA_FILE", "REDIS_CERT_FILE",
        "REDIS_KEY_FILE",
    ]

    /// Takes a file for TLS; `member` is its name in a URL's query.
    mutating func addFile(
        _ file: String,
        as member: String,
        variable: String
    ) throws(RedisConfigurationError) {
        guard var tls else {
            throw .init(variable, "names a file for TLS (\(member)), which goes with rediss:// in REDIS_URL alone")
        }
        var identity = tls.identity ?? TLSContext.Identity(certificateFile: "", keyFile: "")
        let isGiven: Bool
        switch member {
        case "ca":
            isGiven = tls.authorityFile != nil
            tls.authorityFile = file
        case "cert":
            isGiven = !identity.certificateFile.isEmpty
            identity.certificateFile = file
            tls.identity = identity
        default:
            isGiven = !identity.keyFile.isEmpty
            identity.keyFile = file
            tls.identity = identity
        }
        if isGiven { throw .init(variable, "is given twice (\(member)), REDIS_URL names such a file too: keep one") }
        self.tls = tls
    }

    private func checkFiles() throws(RedisConfigurationError) {
        guard let identity = tls?.identity else { return }
        if identity.keyFile.isEmpty {
            throw .init("REDIS_KEY_FILE", "is missing: the certificate in REDIS_CERT_FILE needs its key")
        }
        if identity.certificateFile.isEmpty {
            throw .init("REDIS_CERT_FILE", "is missing: the key in REDIS_KEY_FILE needs its certificate")
        }
    }

    private static func plain(_ host: String) throws(RedisConfigurationError) -> String {
        if host.contains("://") { throw .init("REDIS_HOST", "is a name or an address: a URL goes into REDIS_URL") }
        if host.hasPrefix("["), host.hasSuffix("]") { return String(host.dropFirst().dropLast()) }
        return host
    }

    private mutating func add(
        username: String?,
        password: String?,
        database: String?
    ) throws(RedisConfigurationError) {
        if let username {
            if self.username != nil {
                throw .init("REDIS_USERNAME", "is set, and REDIS_URL names a user too: keep one")
            }
            self.username = username
        }
        if let password {
            if self.password != nil {
                throw .init("REDIS_PASSWORD", "is set, and REDIS_URL has a password too: keep one")
            }
            self.password = Secret(password)
        }
        if self.username != nil, self.password == nil {
            throw .init("REDIS_PASSWORD", "is missing for the user name given")
        }
        if let database {
            if self.database != 0 { throw .init("REDIS_DB", "is set, and REDIS_URL names a database too: keep one") }
            self.database = try RedisURL.database(database, variable: "REDIS_DB")
        }
    }
}

extension RedisConfiguration {
    /// What a connection's TLS needs; nil: there is none.
    /// - Throws: which of the files cannot be used.
    func tlsTarget() throws(TLSProblem) -> TLSTarget? {
        guard let tls, case .tcp(let host, _) = address else { return nil }
        return TLSTarget(try TLSContext(client: tls), serverName: host)
    }
}

/// A variable of the environment that cannot be used, and why.
struct RedisConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `REDIS_PORT`.
    let variable: String
    /// What is wrong with it and what to do; goes on after the name.
    let problem: String
    /// `REDIS_PORT is not a port from 1 to 65535`.
    var description: String { "\(variable) \(problem)" }

    init(_ variable: String, _ problem: String) {
        self.variable = variable
        self.problem = problem
    }
}

/// A text that is never shown: descriptions, dumps and logs say `…`.
struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What must not be shown.
    let value: String
    /// `…`.
    var description: String { "…" }
    /// `…`.
    var debugDescription: String { "…" }
    /// Shows nothing.
    var customMirror: Mirror { Mirror(self, children: []) }

    init(_ value: String) { self.value = value }
}
