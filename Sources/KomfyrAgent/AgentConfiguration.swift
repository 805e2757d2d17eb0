/// What `agent.toml` says. The comments on the members are the user's documentation of each option.
struct AgentConfiguration: Sendable {
    /// Names what the agent is and where it keeps its state.
    struct AgentSection: Sendable {
        /// `data_dir`: the folder of the buffer, the cursor and the agent's identity.
        var dataDirectory = "/var/lib/komfyr-agent"
        /// `name`: as the dashboard shows it; by default the host's name. 1 to 64 of `A-Z a-z 0-9 - _`.
        var name: String
        /// `tags`: put on every log that this agent sends.
        var tags: [String] = []
    }

    /// Where logs go.
    struct HubSection: Sendable {
        /// `url`: the hub's base address, `http://` or `https://`.
        var url: String
        /// `api_key`, the content of `api_key_file`, or `KOMFYRVAKT_API_KEY`. Never printed.
        var apiKey: String?
    }

    /// The disk buffer.
    struct BufferSection: Sendable {
        /// When appended frames are forced to disk.
        enum Fsync: String, Sendable, CaseIterable {
            case always
            case interval
            case never
        }
        /// What happens at `max_bytes`.
        enum WhenFull: String, Sendable, CaseIterable {
            case block
            case dropOldest = "drop_oldest"
        }
        /// `max_bytes`: the most the buffer may take on disk (`"1GiB"`).
        var maxBytes: UInt64 = 1 << 30
        /// `fsync`: `always` before anything else happens, every `fsync_interval_ms`, or never.
        var fsync: Fsync = .interval
        /// `fsync_interval_ms`.
        var fsyncIntervalMs: UInt64 = 500
        /// `when_full`: `block` or `drop_oldest`.
        var whenFull: WhenFull = .block
        /// `dead_letter_max_bytes`: the bound of the dead letters; the oldest go first.
        var deadLetterMaxBytes: UInt64 = 64 << 20
    }

    /// The listener for `/metrics` and `/health`.
    struct MetricsSection: Sendable {
        /// `listen`: address and port, loopback unless you know better.
        var listen: String
    }

    var agent: AgentSection
    var hub: HubSection
    var buffer = BufferSection()
    var inputs: [InputConfiguration] = []
    var metrics: MetricsSection?
}

/// One `[[input]]`.
struct InputConfiguration: Sendable {
    /// `name`: in metrics, and part of a file's position; by default made from type and address or first path.
    var name: String
    /// `tags`: put on every log of this input, after the agent's.
    var tags: [String] = []
    /// `group`: a template; `{hostname} {app} {source} {facility} {severity} {file}` are replaced by the log's own
    /// values, escaped.
    var group: String
    /// `max_groups`: how many groups this input may make; the rest share `…:other`.
    var maxGroups = 1_000
    var kind: Kind

    enum Kind: Sendable {
        case syslog(Listen)
        case json(Listen, token: String?)
        case file(FileConfiguration)
    }

    /// A listener's address and who may use it.
    struct Listen: Sendable {
        enum Transport: String, Sendable {
            case udp
            case tcp
        }
        var transport: Transport
        var host: String
        var port: UInt16
        /// `allow`: networks in CIDR form; empty allows all (then the address is loopback, or a token is asked).
        var allow: [String] = []
        /// `receive_buffer`: bytes asked of the kernel for a UDP socket.
        var receiveBufferBytes = 8 << 20
    }

    struct FileConfiguration: Sendable {
        enum Parser: String, Sendable, CaseIterable {
            case raw
            case json
            case syslog
        }
        enum ReadFrom: String, Sendable, CaseIterable {
            case beginning
            case end
        }
        /// `paths`: globs (`*`, `?`, `[a-z]`, `**` for any depth).
        var paths: [String]
        /// `exclude`: globs of files not to read.
        var exclude: [String] = []
        /// `parser`.
        var parser: Parser = .raw
        /// `read_from`: where reading begins in files met first.
        var readFrom: ReadFrom = .beginning
    }
}
