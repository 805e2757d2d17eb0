import EventLoop
import Glibc
import Logging

/// The hub's settings, from the environment and the `.env` of the working folder; the environment wins.
///
/// A variable that is set to nothing counts as not set.
struct HubConfiguration: Sendable {
    /// `HOST`: the address or name to listen on.
    ///
    /// Beyond loopback set `TLS_CERT_FILE`, or put a proxy with TLS in front: else keys travel in the open.
    var host = "127.0.0.1"
    /// `PORT`: 1 to 65535, or 0 for one that the system chooses.
    var port = 8_080
    /// `TLS_CERT_FILE`, `TLS_KEY_FILE`: the certificate (with those that signed it behind it) and its key, in PEM form;
    /// nil: HTTP without TLS.
    ///
    /// Changed files are taken over within seconds, by new connections.
    var tls: TLSFiles?
    /// `KOMFYRVAKT_DATA_DIR`: the folder of what must survive a restart, the private Redis's files among it.
    var dataFolder = "./data"
    /// `KOMFYRVAKT_API_KEY`: may everything; made by the first run.
    var apiKey: String?
    /// `REDIS_HOST`, `REDIS_PORT`, `REDIS_USERNAME`, `REDIS_PASSWORD`, `REDIS_DB`, or `REDIS_URL`, and for TLS
    /// `REDIS_CA_FILE`, `REDIS_CERT_FILE`, `REDIS_KEY_FILE`; nil: the hub runs a Redis of its own.
    var redis: RedisConfiguration?
    /// `KOMFYRVAKT_FSYNC`: `always` (an answered log is on disk) or `everysec` (faster on slow disks, can lose 2 s when
    /// Redis or the machine dies); for the private Redis.
    var fsync = RedisFsync.always
    /// `LOG_RETENTION_HOURS`: how long logs are kept.
    var retentionHours = 48
    /// `KOMFYRVAKT_MEMORY_LIMIT`: what the logs may take in Redis, in bytes; half of the machine's or the cgroup's
    /// memory.
    ///
    /// It becomes the private Redis's `maxmemory`.
    var memoryLimit: Int
    /// `KOMFYRVAKT_WHEN_FULL`: what happens at the limit.
    ///
    /// `drop_oldest` (the oldest logs go), or `refuse` (503 until there is room, so that agents keep their logs on
    /// disk).
    var whenFull = WhenFull.dropOldest
    /// `AI_PROVIDER` and what belongs to it: who writes reports.
    var analysis = AnalysisConfiguration()
    /// `KOMFYRVAKT_FRAME_ANCESTORS`: the sites that may show the dashboard in a frame, as in a content security policy.
    var frameAncestors = "'self'"
    /// `LOG_LEVEL`: how much the hub says about itself.
    var logLevel = Logger.Level.info
    /// What should be looked at, though the hub can run.
    var warnings: [String] = []

    /// Where certificate and key are.
    struct TLSFiles: Sendable, Equatable {
        var certificate: String
        var key: String
    }

    /// What is wrong, and what to do.
    struct Problem: Error, Sendable, CustomStringConvertible {
        var description: String
    }

    /// All names that mean something.
    static let names =
        [
            "HOST", "PORT", "TLS_CERT_FILE", "TLS_KEY_FILE", "KOMFYRVAKT_DATA_DIR", "KOMFYRVAKT_API_KEY", "REDIS_HOST",
            "REDIS_PORT", "REDIS_USERNAME", "REDIS_PASSWORD", "REDIS_DB", "REDIS_URL", "REDIS_CA_FILE",
            "REDIS_CERT_FILE",
            "REDIS_KEY_FILE", "KOMFYRVAKT_FSYNC", "LOG_RETENTION_HOURS",
            "KOMFYRVAKT_MEMORY_LIMIT", "KOMFYRVAKT_WHEN_FULL", "KOMFYRVAKT_FRAME_ANCESTORS", "LOG_LEVEL",
        ] + AnalysisConfiguration.names

    /// Reads variables.
    /// - Parameters:
    ///   - variables: of the environment and `.env` together.
    ///   - machineMemory: in bytes; half of it is the default limit.
    /// - Throws: what is wrong with one of them, and what to do.
    init(_ variables: [String: String], machineMemory: Int = MachineMemory.bytes()) throws(Problem) {
        memoryLimit = machineMemory / 2
        let reader = VariableReader(variables)
        if let host = reader.text("HOST") { self.host = host }
        port = try reader.number("PORT", 0...65_535, "a port from 1 to 65535, or 0 for any that is free") ?? port
        switch (reader.text("TLS_CERT_FILE"), reader.text("TLS_KEY_FILE")) {
        case (let certificate?, let key?): tls = TLSFiles(certificate: certificate, key: key)
        case (nil, nil): break
        case (nil, _): throw Problem(description: "TLS_KEY_FILE is set and TLS_CERT_FILE is not: TLS needs both")
        case (_, nil): throw Problem(description: "TLS_CERT_FILE is set and TLS_KEY_FILE is not: TLS needs both")
        }
        if let folder = reader.text("KOMFYRVAKT_DATA_DIR") { dataFolder = folder }
        apiKey = try reader.key("KOMFYRVAKT_API_KEY")
        do throws(RedisConfigurationError) {
            redis = try RedisConfiguration.from(variables)
        } catch {
            throw Problem(description: error.description)
        }
        if let text = reader.text("KOMFYRVAKT_FSYNC") {
            guard let fsync = RedisFsync(rawValue: text) else {
                throw Problem(description: "KOMFYRVAKT_FSYNC is \"\(text)\"; set it to always or everysec")
            }
            self.fsync = fsync
        }
        retentionHours =
            try reader.number("LOG_RETENTION_HOURS", 1...8_784, "hours from 1 to 8784 (a year)") ?? retentionHours
        if let text = reader.text("KOMFYRVAKT_MEMORY_LIMIT") {
            guard let limit = ByteSize.parse(text), limit >= HubLimits.leastMemoryLimit else {
                throw Problem(
                    description: "KOMFYRVAKT_MEMORY_LIMIT is \"\(text)\"; set it to a size like 2GiB, "
                        + "\(ByteSize.text(HubLimits.leastMemoryLimit)) at least"
                )
            }
            memoryLimit = limit
        }
        if let text = reader.text("KOMFYRVAKT_WHEN_FULL") {
            guard let whenFull = WhenFull(rawValue: text) else {
                throw Problem(description: "KOMFYRVAKT_WHEN_FULL is \"\(text)\"; set it to drop_oldest or refuse")
            }
            self.whenFull = whenFull
        }
        frameAncestors = try reader.frameAncestors("KOMFYRVAKT_FRAME_ANCESTORS") ?? frameAncestors
        if let text = reader.text("LOG_LEVEL") {
            guard let level = Logger.Level(rawValue: text.lowercased()) else {
                let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem(description: "LOG_LEVEL is \"\(text)\"; set it to one of \(levels)")
            }
            logLevel = level
        }
        analysis = try AnalysisConfiguration(reader)
        warnings = Self.unknownNames(variables) + analysis.warnings
        if redis != nil, reader.text("KOMFYRVAKT_FSYNC") != nil {
            warnings.append(
                "KOMFYRVAKT_FSYNC means the hub's own Redis; the one that REDIS_… names has its own settings"
            )
        }
        if !isLoopback && tls == nil {
            warnings.append(
                "the hub listens on \(host) without TLS: keys and logs can be read on the way. "
                    + "Set TLS_CERT_FILE and TLS_KEY_FILE, put a proxy with TLS in front, or set HOST=127.0.0.1"
            )
        }
    }

    /// Whether only this machine reaches the hub.
    var isLoopback: Bool { host == "localhost" || SocketAddress.ip(host, port: 0).isLoopback }

    /// How the hub is reached from this machine, like `http://127.0.0.1:8080`.
    func address(port: Int) -> String {
        let name =
            switch host {
            case "0.0.0.0", "::", "*": "127.0.0.1"
            default: host.contains(":") ? "[\(host)]" : host
            }
        return "\(tls == nil ? "http" : "https")://\(name):\(port)"
    }

    /// Names that look like the hub's and are none, each with the nearest that is.
    private static func unknownNames(_ variables: [String: String]) -> [String] {
        variables.keys.sorted().filter { $0.hasPrefix("KOMFYRVAKT_") && !names.contains($0) }
            .map { name in
                let nearest = names.min { EditDistance.between($0, name) < EditDistance.between($1, name) } ?? ""
                return "\(name) is no setting of the hub; the nearest is \(nearest)"
            }
    }
}
