import EventLoop

/// One `[[input]]`.
struct InputConfiguration: Sendable, Equatable {
    /// `name`: in metrics, and part of a file's position.
    ///
    /// By default made from type and address, or the first path. Giving a file input another name makes it forget how
    /// far it has read.
    var name: String
    /// `tags`: put on every log of this input, after the agent's.
    var tags: [String] = []
    /// `group`: a template; `{hostname} {app} {source} {facility} {severity} {file} {data.NAME}` are replaced by the
    /// log's own values, escaped.
    ///
    /// `{app|data.service|"none"}` takes the first that the log has.
    ///
    /// By default `syslog:{hostname}:{app}`, `device:{source}` or `file:{file}`, by type. `{file}` is the file's name
    /// without its folder, and for files alone.
    var group: String
    /// `max_groups`: how many groups this input may make; the rest share `…:other`.
    var maxGroups = 1_000
    /// `timezone`: where times that name no zone are from: `"Europe/Oslo"`, or an offset as `"+02:00"`.
    ///
    /// By default this machine's. For `syslog`, and files of the parsers `syslog`, `logfmt`, `combined` and `regex`.
    var zone = Zone.utc
    /// `parse_payload`: whether a message's text is searched for members of its `data`: `key=value`, JSON, CEF, LEEF.
    ///
    /// The message stays as it is. For `syslog`, and files that are read as it.
    var parsesPayload = true
    /// `level`, `keep`, `drop`, `rate_limit`: what is made of its logs.
    var shaping = Shaping()
    /// `type`: `syslog`, `json` or `file`.
    var kind: Kind

    enum Kind: Sendable, Equatable {
        case syslog(Listen)
        /// `token`: what every message must carry as its member `token`; instead of `allow`, or with it.
        case json(Listen, token: String?)
        case file(FileConfiguration)

        /// How its lines are read; nil for listeners.
        var fileParser: FileConfiguration.Parser? {
            if case .file(let file) = self { file.parser } else { nil }
        }

        /// As the configuration writes it.
        var word: String {
            switch self {
            case .syslog: "syslog"
            case .json: "json"
            case .file: "file"
            }
        }

        /// Whether its lines are read as syslog messages.
        var isSyslogFile: Bool {
            fileParser == .syslog
        }

        /// Whether its times may need a zone.
        var usesZone: Bool {
            if case .file(let file) = self { file.parser != .raw && file.parser != .json } else { true }
        }
    }

    /// A listener's address and who may use it.
    struct Listen: Sendable, Equatable {
        enum Transport: String, Sendable, CaseIterable {
            case udp
            case tcp
            case tls
            case unix
            case unixgram
        }
        /// `listen`: `udp://`, `tcp://` or `tls://` with `ADDRESS:PORT`, where 0.0.0.0 means all addresses of this
        /// machine; `unix://` (streams) or `unixgram://` (datagrams, as `/dev/log`) with a path.
        ///
        /// A socket's file that a killed program left is replaced, and it is removed at the end.
        var transport: Transport
        var address: SocketAddress
        /// `allow`: the networks whose messages are taken (`"192.168.0.0/16"`); required beyond loopback.
        ///
        /// Empty allows all (then the address is loopback, or a token or a client certificate is asked).
        var allow: [String] = []
        /// `receive_buffer`: what is asked of the kernel for a UDP socket, in bytes; it holds what a burst brings.
        var receiveBufferBytes = 8 << 20
        /// `cert_file`, `key_file`: what a `tls://` listener shows, PEM; `client_ca_file`: the authorities whose
        /// certificates senders must show.
        ///
        /// Read again when they change; connections that stand keep theirs. Without `client_ca_file` none is asked for.
        var tls: TLSContext.Server?
        /// `socket_mode`: who may write to a unix socket, as `chmod` has it.
        ///
        /// By default all programs of this machine, as with `/dev/log` and loopback.
        var socketMode: UInt16 = 0o666

        /// Whether messages come one by one, and not in a stream.
        var isDatagram: Bool { transport == .udp || transport == .unixgram }

        /// Whether it is a socket of programs of this machine.
        var isUnix: Bool { transport == .unix || transport == .unixgram }
    }

    struct FileConfiguration: Sendable, Equatable {
        enum Parser: String, Sendable, CaseIterable {
            case raw
            case json
            case logfmt
            case syslog
            case combined
            case regex
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
        /// `parser`: `raw` makes each line a message; the others read it.
        ///
        /// `json`, `logfmt` (`level=info msg="…"`), `syslog`, `combined` (access logs of Apache and nginx), and `regex`
        /// with a `pattern` of your own. What cannot be read is kept whole, tagged `unparsed`.
        var parser: Parser = .raw
        /// `pattern`: a regular expression (RE2) whose named groups say what is what: see `LinePattern`.
        ///
        /// For `regex`, which needs it.
        var pattern: String?
        /// `multiline`: which lines are one log; without it each is one.
        var multiline: Multiline?
        /// `read_from`: where reading begins in the files that are there at this input's very first start.
        ///
        /// What appears later is always read from its beginning.
        var readFrom: ReadFrom = .beginning
    }

    /// Which lines of a file belong together: `multiline = { start = '^\d{4}-' }`.
    struct Multiline: Sendable, Equatable {
        enum Beginning: Sendable, Equatable {
            /// `start`: a regular expression (RE2) that a log's first line matches, and no other line.
            case start(String)
            /// `indented = true`: a line that begins with a blank or a tab belongs to the one before.
            case notIndented
        }
        var beginning: Beginning
        /// `max_lines`: the most lines of one log; what is longer is cut there, tagged `truncated`.
        var maxLines = 500
        /// `max_bytes`: the most bytes of one log; what is longer is cut there, tagged `truncated`.
        var maxBytes = 256 << 10
        /// `wait_ms`: how long the last log of a file waits for its next line, in milliseconds since the file grew.
        var waitMs = 1_000
    }
}
