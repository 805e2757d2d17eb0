/// What `agent.toml` says.
///
/// The comments on the members are the user's documentation of each option; `config/agent.toml` shows all of them with
/// their defaults.
struct AgentConfiguration: Sendable {
    /// `[agent]`: what the agent is and where it keeps its state.
    struct AgentSection: Sendable {
        /// `data_dir`: the folder of the buffer, the cursor and the agent's identity.
        ///
        /// One agent uses it at a time. Relative paths begin where the agent is started.
        var dataDirectory = "/var/lib/komfyr-agent"
        /// `name`: as the dashboard shows it; by default the host's name.
        ///
        /// 1 to 64 of `A-Z a-z 0-9 - _`.
        var name: String
        /// `tags`: put on every log that this agent sends.
        var tags: [String] = []
    }

    /// `[hub]`: where logs go.
    struct HubSection: Sendable {
        /// `url`: the hub's base address, `http://` or `https://`.
        var url: String
        /// `api_key_file`: a file that holds the hub's API key alone; or `api_key`, the key itself.
        ///
        /// The environment variable `KOMFYRVAKT_API_KEY` wins over both. A key of the scope `ingest` is enough. It is
        /// never printed.
        var apiKey: String?
    }

    /// `[buffer]`: what waits on disk until the hub has taken it.
    struct BufferSection: Sendable {
        /// When appended logs are forced to disk.
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
        /// `max_bytes`: the most that the buffer takes on disk (`"1GiB"`).
        ///
        /// Logs are packed some five to one in it.
        var maxBytes: UInt64 = 1 << 30
        /// `fsync`: when logs are forced to disk.
        ///
        /// `always` at every batch; `interval` every `fsync_interval_ms`, so that a crash of the machine (not of the
        /// agent) costs that much of syslog and nothing of files; `never` leaves it to the system.
        var fsync: Fsync = .interval
        /// `fsync_interval_ms`: the time between two, in milliseconds.
        var fsyncIntervalMs: UInt64 = 500
        /// `when_full`: `block` lets files and TCP senders wait, and drops (and counts) what comes over UDP.
        ///
        /// `drop_oldest` makes room by dropping the oldest logs that were not delivered.
        var whenFull: WhenFull = .block
        /// `dead_letter_max_bytes`: the bound of the logs that the hub refused for good; the oldest go first.
        var deadLetterMaxBytes: UInt64 = 64 << 20
    }

    /// `[metrics]`: the listener for `/metrics` (Prometheus) and `/health`; without the section there is none.
    struct MetricsSection: Sendable {
        /// `listen`: address and port (`"127.0.0.1:9514"`), loopback unless you know better.
        ///
        /// Whoever reaches it can read it.
        var host: String
        var port: UInt16
        /// As it is written in a URL.
        var address: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
    }

    var agent: AgentSection
    var hub: HubSection
    var buffer = BufferSection()
    var inputs: [InputConfiguration] = []
    var metrics: MetricsSection?
}

/// One `[[input]]`.
struct InputConfiguration: Sendable {
    /// `name`: in metrics, and part of a file's position.
    ///
    /// By default made from type and address, or the first path. Giving a file input another name makes it forget how
    /// far it has read.
    var name: String
    /// `tags`: put on every log of this input, after the agent's.
    var tags: [String] = []
    /// `group`: a template; `{hostname} {app} {source} {facility} {severity} {file}` are replaced by the log's own
    /// values, escaped.
    ///
    /// By default `syslog:{hostname}:{app}`, `device:{source}` or `file:{file}`, by type. `{file}` is the file's name
    /// without its folder, and for files alone.
    var group: String
    /// `max_groups`: how many groups this input may make; the rest share `…:other`.
    var maxGroups = 1_000
    /// `timezone`: where times that name no zone are from: `"Europe/Oslo"`, or an offset as `"+02:00"`.
    ///
    /// By default this machine's. For `syslog`, and files that are read as it.
    var zone = Zone.utc
    /// `parse_payload`: whether a message's text is searched for members of its `data`: `key=value`, JSON, CEF, LEEF.
    ///
    /// The message stays as it is. For `syslog`, and files that are read as it.
    var parsesPayload = true
    /// `type`: `syslog`, `json` or `file`.
    var kind: Kind

    enum Kind: Sendable {
        case syslog(Listen)
        /// `token`: what every message must carry as its member `token`; instead of `allow`, or with it.
        case json(Listen, token: String?)
        case file(FileConfiguration)

        /// Whether its lines are read as syslog messages.
        var isSyslogFile: Bool {
            if case .file(let file) = self { file.parser == .syslog } else { false }
        }
    }

    /// A listener's address and who may use it.
    struct Listen: Sendable {
        enum Transport: String, Sendable {
            case udp
            case tcp
        }
        /// `listen`: `udp://ADDRESS:PORT` or `tcp://ADDRESS:PORT`; 0.0.0.0 means all addresses of this machine.
        var transport: Transport
        var host: String
        var port: UInt16
        /// `allow`: the networks whose messages are taken (`"192.168.0.0/16"`); required beyond loopback.
        ///
        /// Empty allows all (then the address is loopback, or a token is asked).
        var allow: [String] = []
        /// `receive_buffer`: what is asked of the kernel for a UDP socket, in bytes; it holds what a burst brings.
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
        /// `paths`: globs (`*`, `?`, `[a-z]`, `**` for folders of any depth).
        ///
        /// A file is known by its inode and its first bytes, not by its name: it may be rotated in any way.
        /// `.gz .bz2 .xz .zst` are never read.
        var paths: [String]
        /// `exclude`: globs of files not to read; one without a slash means names in any folder.
        var exclude: [String] = []
        /// `parser`: `raw` makes each line a message; `json` and `syslog` read it.
        var parser: Parser = .raw
        /// `read_from`: where reading begins in the files that are there at this input's very first start.
        ///
        /// What appears later is always read from its beginning.
        var readFrom: ReadFrom = .beginning
    }
}
