/// A program that takes syslog and files, keeps them on disk, and hands them on: the agent, or one of its peers.
///
/// All get the same work: what arrives goes through a buffer on disk to a sink on this machine, each log with its host,
/// app, process id, facility, severity and time as fields (rsyslog's forwarding sends the message as it is). All run as
/// the same user with 8 MiB of receive buffer, and each is set as its own documentation advises for many messages.
struct Collector {
    /// Where it finds what it needs, and where it listens and sends.
    struct Place {
        var folder: String
        var udp: UInt16
        var tcp: UInt16
        /// Nil where no row needs it: it costs memory.
        var tls: TLSPlace?
        var sink: HubSink
        /// A file that it shall read from the beginning.
        var file: String?
    }

    /// In the table.
    let name: String
    /// Whether it hands on over HTTP, and so can be answered with 503.
    let isOverHTTP: Bool
    let isAgent: Bool
    private let start: (Place) throws -> Program

    /// Starts it.
    func run(_ place: Place) throws -> Program { try start(place) }
}

// MARK: - The agent

extension Collector {
    /// Komfyrvakt's agent, as it comes.
    static func agent(_ programs: String) -> Collector {
        Collector(name: "agent", isOverHTTP: true, isAgent: true) { place in
            var text = """
                [agent]
                data_dir = "\(place.folder)/agent"
                name = "benchmark"

                [hub]
                url = "http://127.0.0.1:\(place.sink.port)"
                api_key = "kmf_benchmark0benchmark0benchmark000"

                [[input]]
                type = "syslog"
                listen = "udp://127.0.0.1:\(place.udp)"
                group = "syslog:{hostname}:{app}"

                [[input]]
                type = "syslog"
                listen = "tcp://127.0.0.1:\(place.tcp)"
                group = "syslog:{hostname}:{app}"

                """
            if let tls = place.tls {
                text += """

                    [[input]]
                    type = "syslog"
                    listen = "tls://127.0.0.1:\(tls.port)"
                    cert_file = "\(tls.certificate)"
                    key_file = "\(tls.key)"
                    group = "syslog:{hostname}:{app}"
                    """
            }
            if let file = place.file {
                text += """

                    [[input]]
                    type = "file"
                    paths = ["\(file)"]
                    read_from = "beginning"
                    group = "file:benchmark"
                    """
            }
            try writeText(text, to: "\(place.folder)/agent.toml")
            return try Program(
                "\(programs)/komfyr-agent",
                ["run", "--config", "\(place.folder)/agent.toml"],
                environment: [:],
                folder: place.folder
            )
        }
    }
}

// MARK: - Peers

extension Collector {
    /// The peers that scripts/unpack-peers has put into a folder.
    static func peers(_ folder: String) -> [Collector] {
        var found: [Collector] = []
        if let rsyslogd = firstFile(folder, ["usr/sbin/rsyslogd"]) {
            let modules = "\(folder)/usr/lib/\(multiarch)/rsyslog"
            if firstFile(modules, ["omelasticsearch.so"]) != nil {
                found.append(rsyslog(rsyslogd, modules, folder, output: .bulk))
            }
            found.append(rsyslog(rsyslogd, modules, folder, output: .forward))
        }
        if let program = firstFile(folder, ["usr/sbin/syslog-ng"]) { found.append(syslogNG(program, folder)) }
        return found
    }

    private enum RsyslogOutput {
        /// omelasticsearch: JSON over HTTP, many in one body. Debian 12 packages no omhttp.
        case bulk
        /// omfwd: messages as they came, over TCP, without an answer.
        case forward
    }

    /// A disk-assisted queue as rsyslog's documentation has it: in memory up to its high mark, from there on disk, all
    /// of it saved at a stop.
    private static func rsyslog(
        _ program: String,
        _ modules: String,
        _ folder: String,
        output: RsyslogOutput
    ) -> Collector {
        let name = output == .bulk ? "rsyslog (omelasticsearch)" : "rsyslog (omfwd)"
        return Collector(name: name, isOverHTTP: output == .bulk, isAgent: false) { place in
            let queue = """
                queue.type="LinkedList" queue.size="200000" queue.dequeueBatchSize="5000" queue.filename="out" \
                queue.maxDiskSpace="4g" queue.saveOnShutdown="on" action.resumeRetryCount="-1" \
                action.resumeInterval="1"
                """
            let action =
                output == .bulk
                ? """
                action(type="omelasticsearch" server="127.0.0.1" serverport="\(place.sink.port)" template="log"
                       searchIndex="logs" bulkmode="on" maxbytes="8m" \(queue))
                """
                : """
                action(type="omfwd" target="127.0.0.1" port="\(place.sink.linePort)" protocol="tcp"
                       template="RSYSLOG_SyslogProtocol23Format" \(queue))
                """
            let file = place.file.map { file in
                """
                module(load="imfile")
                input(type="imfile" file="\(file)" tag="benchmark" readTimeout="0")
                """
            }
            let tls = place.tls.map { tls in
                (
                    global: #"defaultNetstreamDriverCAFile="\#(tls.certificate)" "#
                        + #"defaultNetstreamDriverCertFile="\#(tls.certificate)" "#
                        + #"defaultNetstreamDriverKeyFile="\#(tls.key)""#,
                    input: """
                    module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1"
                           streamDriver.authMode="anon")
                    input(type="imtcp" address="127.0.0.1" port="\(tls.port)")
                    """
                )
            }
            try makeFolder("\(place.folder)/rsyslog")
            try writeText(
                """
                global(workDirectory="\(place.folder)/rsyslog" net.enableDNS="off" \(tls?.global ?? ""))
                module(load="imudp" batchSize="128")
                module(load="imptcp")
                \(output == .bulk ? #"module(load="omelasticsearch")"# : "")
                main_queue(queue.type="LinkedList" queue.size="200000" queue.dequeueBatchSize="5000")
                template(name="log" type="list") {
                  constant(value="{") property(outname="message" name="msg" format="jsonf")
                  constant(value=",") property(outname="host" name="hostname" format="jsonf")
                  constant(value=",") property(outname="app" name="app-name" format="jsonf")
                  constant(value=",") property(outname="pid" name="procid" format="jsonf")
                  constant(value=",") property(outname="facility" name="syslogfacility-text" format="jsonf")
                  constant(value=",") property(outname="severity" name="syslogseverity-text" format="jsonf")
                  constant(value=",")
                  property(outname="timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
                  constant(value="}")
                }
                input(type="imudp" address="127.0.0.1" port="\(place.udp)" rcvbufSize="8m")
                input(type="imptcp" address="127.0.0.1" port="\(place.tcp)")
                \(tls?.input ?? "")
                \(file ?? "")
                \(action)

                """,
                to: "\(place.folder)/rsyslog.conf"
            )
            return try Program(
                program,
                [
                    "-n", "-f", "\(place.folder)/rsyslog.conf", "-iNONE", "-M", modules,
                ],
                environment: ["LD_LIBRARY_PATH": libraries(folder)],
                folder: place.folder
            )
        }
    }

    /// A reliable disk buffer, which writes every message to disk before it is sent, and flow control.
    private static func syslogNG(_ program: String, _ folder: String) -> Collector {
        Collector(name: "syslog-ng", isOverHTTP: true, isAgent: false) { place in
            try makeFolder("\(place.folder)/syslog-ng")
            let file = place.file.map { file in
                """
                source file {
                  file("\(file)" flags(no-parse) follow-freq(1) log-fetch-limit(1000) log-iw-size(100000));
                };
                """
            }
            let tls = place.tls.map { tls in
                """
                  syslog(transport("tls") ip("127.0.0.1") port(\(tls.port)) max-connections(10)
                         tls(key-file("\(tls.key)") cert-file("\(tls.certificate)") peer-verify(optional-untrusted))
                         log-fetch-limit(1000) log-iw-size(100000));
                """
            }
            try writeText(
                """
                @version: \(syslogNGVersion(folder))
                options { keep-hostname(yes); use-dns(no); stats-freq(0); log-fifo-size(200000); time-reopen(1); };
                source syslog {
                  network(transport("udp") ip("127.0.0.1") port(\(place.udp)) so-rcvbuf(8388608)
                          log-fetch-limit(1000) log-iw-size(100000));
                  network(transport("tcp") ip("127.0.0.1") port(\(place.tcp)) max-connections(10)
                          log-fetch-limit(1000) log-iw-size(100000));
                \(tls ?? "")
                };
                \(file ?? "")
                destination out {
                  http(url("http://127.0.0.1:\(place.sink.port)/") method("POST") persist-name("out")
                       headers("Content-Type: application/x-ndjson") delimiter("\\n") batch-lines(5000)
                       batch-bytes(512Kb) batch-timeout(200) retries(1000000) timeout(10)
                       body('$(format-json message=$MESSAGE host=$HOST app=$PROGRAM pid=$PID facility=$FACILITY \
                severity=$LEVEL timestamp=$ISODATE)')
                       disk-buffer(reliable(yes) disk-buf-size(4294967296) mem-buf-size(67108864)
                                   dir("\(place.folder)/syslog-ng")));
                };
                log { source(syslog); \(file == nil ? "" : "source(file);") destination(out); flags(flow-control); };

                """,
                to: "\(place.folder)/syslog-ng.conf"
            )
            return try Program(
                program,
                [
                    "-F", "--no-caps", "-f", "\(place.folder)/syslog-ng.conf",
                    "--persist-file", "\(place.folder)/syslog-ng/persist",
                    "--pidfile", "\(place.folder)/syslog-ng/pid",
                    "--control", "\(place.folder)/syslog-ng/control",
                    "--module-path", "\(folder)/usr/lib/syslog-ng/\(syslogNGVersion(folder))",
                ],
                environment: ["LD_LIBRARY_PATH": libraries(folder)],
                folder: place.folder
            )
        }
    }

    /// The version of the configuration's language, which is that of the folder of its modules.
    private static func syslogNGVersion(_ folder: String) -> String {
        names(in: "\(folder)/usr/lib/syslog-ng").first ?? "3.38"
    }

    private static func libraries(_ folder: String) -> String {
        "\(folder)/usr/lib/\(multiarch):\(folder)/lib/\(multiarch):\(folder)/usr/lib/syslog-ng"
    }

    private static var multiarch: String {
        #if arch(arm64)
        "aarch64-linux-gnu"
        #else
        "x86_64-linux-gnu"
        #endif
    }

    private static func firstFile(_ folder: String, _ names: [String]) -> String? {
        names.map { "\(folder)/\($0)" }.first { isFile($0) }
    }
}
