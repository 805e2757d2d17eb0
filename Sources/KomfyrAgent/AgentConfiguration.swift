import EventLoop

/// What `agent.toml` says.
///
/// The comments on the members are the user's documentation of each option; `config/agent.toml` shows all of them with
/// their defaults.
struct AgentConfiguration: Sendable, Equatable {
    /// `[agent]`: what the agent is and where it keeps its state.
    struct AgentSection: Sendable, Equatable {
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
    struct HubSection: Sendable, Equatable {
        /// `url`: the hub's base address, `http://` or `https://`; or `urls`, several addresses of the same hub.
        ///
        /// The first is used while it works, the next ones while it does not. All must lead to one hub with one store:
        /// what two stores are both sent in doubt, both keep.
        var urls: [String]
        /// `api_key_file`: a file that holds the hub's API key alone; or `api_key`, the key itself.
        ///
        /// The environment variable `KOMFYRVAKT_API_KEY` wins over both. A key of the scope `ingest` is enough. It is
        /// never printed.
        var apiKey: String?
        /// `ca_file`: the authorities that may answer for the hub's certificate, or that certificate itself, as PEM.
        ///
        /// By default those of the system. Read again when it changes, as the next two are.
        var authorityFile: String?
        /// `cert_file` and `key_file`: the certificate that the agent shows to a hub, or a proxy before it, that asks
        /// for one.
        var identity: TLSContext.Identity?
        /// `proxy`: `http://HOST:PORT`, the way to the hub; by default what `https_proxy` and `http_proxy` say.
        ///
        /// Addresses in `no_proxy`, and those of this machine, are reached directly.
        var proxy: String?

        /// A hub without TLS settings.
        init(urls: [String], apiKey: String? = nil) {
            self.urls = urls
            self.apiKey = apiKey
        }

        /// A hub of one address.
        init(url: String, apiKey: String? = nil) {
            self.init(urls: [url], apiKey: apiKey)
        }

        /// The first address.
        var url: String { urls.first ?? "" }

        /// The files that https needs, as EventLoop takes them.
        var trust: TLSContext.Client {
            TLSContext.Client(authorityFile: authorityFile, identity: identity, authoritySetting: "[hub] ca_file")
        }
    }

    /// `[buffer]`: what waits on disk until the hub has taken it.
    struct BufferSection: Sendable, Equatable {
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
    struct MetricsSection: Sendable, Equatable {
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
