import struct TestSupport.SeededRandom

/// Messages of which it is known which statement of a program wrote them: the truth that grouping is measured against.
///
/// Each system is a list of statements, written for this test after what such programs log. What stands in braces is
/// drawn for each message; statements come as often as in reality, some a thousand times as often as others.
struct LabelledLogs {
    struct Message {
        var text: String
        /// Index of the statement.
        var kind: Int
    }

    var system: String
    var messages: [Message]

    init(_ system: String, _ statements: [String], count: Int, seed: UInt64) {
        var random = SeededRandom(seed: seed)
        // By falling frequency in an order of its own (Zipf).
        let ranks = (1...statements.count).shuffled(using: &random)
        let weights = ranks.map { 1 / Double($0) }
        let total = weights.reduce(0, +)
        self.system = system
        messages = (0..<count)
            .map { _ in
                var place = Double.random(in: 0..<total, using: &random)
                var kind = 0
                while kind + 1 < weights.count, place >= weights[kind] {
                    place -= weights[kind]
                    kind += 1
                }
                return Message(text: Self.fill(statements[kind], &random), kind: kind)
            }
    }

    private static func fill(_ statement: String, _ random: inout SeededRandom) -> String {
        var text = ""
        var name: String?
        for character in statement {
            switch character {
            case "{": name = ""
            case "}":
                text += value(name ?? "", &random)
                name = nil
            default:
                if name != nil { name?.append(character) } else { text.append(character) }
            }
        }
        return text
    }

    private static let users = [
        "anna", "bjorn", "carla", "david", "elin", "frode", "greta", "hans", "ingrid", "jonas", "kari", "lars", "maria",
        "nils", "oda", "petter", "root", "admin", "backup", "www-data", "postgres", "deploy", "git", "oracle", "test",
        "guest", "ubuntu", "nagios", "ftpuser", "pi",
    ]
    private static let hosts = [
        "web01", "web02", "db-primary", "db-replica-2", "cache.internal", "mail.example.org", "api.example.com",
        "gw-oslo", "gw-bergen", "node-17", "node-4", "ns1.example.net", "proxy", "build-agent-9", "fs.lan",
    ]
    private static let services = [
        "nginx", "redis", "postgres", "cron", "billing-worker", "auth", "mailer", "search", "gateway", "scheduler",
        "metrics", "ntpd",
    ]
    private static let words = [
        "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima",
        "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango",
    ]
    private static let paths = [
        "/var/log/messages", "/etc/hosts", "/home/anna/report.pdf", "/index.html", "/api/v1/orders/4711",
        "/srv/data.db",
        "/usr/lib/x86_64-linux-gnu/libssl.so.3", "/tmp/upload-93af.tmp", "/", "/static/app.js?v=12",
    ]
    private static let classes = [
        "com.acme.billing.InvoiceService", "com.acme.auth.TokenFilter", "com.acme.http.RequestLogger",
        "org.quartz.core.JobRunShell", "com.acme.store.CartRepository", "com.acme.mail.Sender",
    ]

    private static func value(_ name: String, _ random: inout SeededRandom) -> String {
        func pick(_ values: [String]) -> String { values.randomElement(using: &random) ?? "" }
        func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        func hex(_ digits: Int) -> String {
            (0..<digits).map { _ in String(number(0...15), radix: 16) }.joined()
        }
        switch name {
        case "n": return String(number(0...9))
        case "num": return String(number(0...99_999))
        case "port": return String(number(1_024...65_535))
        case "dec": return "\(number(-20...120)).\(number(0...99))"
        case "ip": return "\(number(1...223)).\(number(0...255)).\(number(0...255)).\(number(1...254))"
        case "ip6": return "2001:db8::\(hex(number(1...4))):\(hex(number(1...4)))"
        case "mac": return (0..<6).map { _ in hex(2) }.joined(separator: ":")
        case "hex8": return hex(8)
        case "hex16": return "0x" + hex(16)
        case "uuid": return [8, 4, 4, 4, 12].map(hex).joined(separator: "-")
        case "time":
            return
                "2026-11-\(number(10...28))T0\(number(0...9)):\(number(10...59)):\(number(10...59)).\(number(100...999))Z"
        case "user": return pick(users)
        case "host": return pick(hosts)
        case "service": return pick(services)
        case "word": return pick(words)
        case "path": return pick(paths)
        case "class": return pick(classes)
        case "quoted": return "\"\((0..<number(1...4)).map { _ in pick(words) }.joined(separator: " "))\""
        case "method": return pick(["GET", "GET", "GET", "POST", "PUT", "DELETE"])
        case "open": return "{"
        case "close": return "}"
        case "id": return "\(pick(words))_\(hex(3))G\(number(1...9))x\(hex(4))Z\(number(10...99))"
        default: return name
        }
    }
}

extension LabelledLogs {
    /// The systems that the grouping was made with.
    static let known: [(name: String, statements: [String])] = [
        (
            "sshd",
            [
                "Accepted password for {user} from {ip} port {port} ssh2",
                "Accepted publickey for {user} from {ip} port {port} ssh2: RSA SHA256:{id}",
                "Failed password for {user} from {ip} port {port} ssh2",
                "Failed password for invalid user {user} from {ip} port {port} ssh2",
                "Invalid user {user} from {ip} port {port}",
                "Received disconnect from {ip} port {port}:11: disconnected by user",
                "Disconnected from user {user} {ip} port {port}",
                "Connection closed by {ip} port {port} [preauth]",
                "Connection reset by {ip} port {port} [preauth]",
                "pam_unix(sshd:session): session opened for user {user}(uid={num}) by (uid=0)",
                "pam_unix(sshd:session): session closed for user {user}",
                "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={ip} user={user}",
                "error: maximum authentication attempts exceeded for {user} from {ip} port {port} ssh2 [preauth]",
                "Server listening on 0.0.0.0 port 22.",
                "reverse mapping checking getaddrinfo for {host} [{ip}] failed.",
            ]
        ),
        (
            "web",
            [
                "{method} {path} {num} {num} {n}ms",
                "open() \"{path}\" failed (2: No such file or directory), client: {ip}, server: {host}",
                "connect() failed (111: Connection refused) while connecting to upstream, client: {ip}, server: {host}",
                "upstream timed out (110: Connection timed out) while reading response header from upstream, client: {ip}",
                "client {ip} closed keepalive connection",
                "SSL_do_handshake() failed (SSL: error:{hex8}:SSL routines) while SSL handshaking, client: {ip}",
                "limiting requests, excess: {dec} by zone {quoted}, client: {ip}",
                "signal process started", "worker process {num} exited with code {n}",
                "reopening logs", "cache manager process {num} started",
            ]
        ),
        (
            "java",
            [
                "Started Application in {dec} seconds (JVM running for {dec})",
                "{class} - user {user} logged in from {ip}",
                "{class} - user {user} logged out after {num} s",
                "Invoice {uuid} created for customer {num}, total {dec} EUR",
                "Invoice {uuid} could not be sent: mail server {host} refused",
                "Payment {id} declined by provider {word}",
                "Query took {num} ms: select * from orders where id = {num}",
                "Job {word} finished with status SUCCESS in {num} ms",
                "Job {word} failed after {n} attempts",
                "java.lang.NullPointerException: null\n\tat com.acme.A.b(A.java:{num})\n\tat com.acme.C.d(C.java:{num})",
                "HikariPool-1 - Connection is not available, request timed out after {num}ms.",
                "Retrying request {quoted} in {num} ms", "Cache {word} evicted {num} entries",
                "Health check of {service} returned {n}",
            ]
        ),
        (
            "kernel",
            [
                "eth{n}: Link is Up - {n}Gbps/Full - flow control rx/tx", "eth{n}: Link is Down",
                "usb {n}-{n}: new high-speed USB device number {num} using xhci_hcd",
                "usb {n}-{n}: USB disconnect, device number {num}",
                "Out of memory: Killed process {num} ({service}) total-vm:{num}kB, anon-rss:{num}kB",
                "EXT4-fs (sda{n}): mounted filesystem with ordered data mode",
                "EXT4-fs error (device sda{n}): ext4_find_entry:{num}: inode #{num}: comm {service}: reading directory",
                "CPU{n}: Core temperature above threshold, cpu clock throttled (total events = {num})",
                "CPU{n}: Core temperature/speed normal",
                "TCP: request_sock_TCP: Possible SYN flooding on port {port}. Sending cookies.",
                "audit: type=1400 audit({dec}:{num}): apparmor=\"DENIED\" operation=\"open\" name={quoted} pid={num}",
                "{service}[{num}]: segfault at {hex16} ip {hex16} sp {hex16} error {n} in libc.so.6",
                "sd {n}:0:0:0: [sda] {num} 512-byte logical blocks", "device {word} entered promiscuous mode",
            ]
        ),
        (
            "router",
            [
                "%LINK-3-UPDOWN: Interface GigabitEthernet{n}/{n}, changed state to up",
                "%LINK-3-UPDOWN: Interface GigabitEthernet{n}/{n}, changed state to down",
                "%LINEPROTO-5-UPDOWN: Line protocol on Interface Vlan{num}, changed state to up",
                "%SYS-5-CONFIG_I: Configured from console by {user} on vty{n} ({ip})",
                "%SEC-6-IPACCESSLOGP: list {num} denied tcp {ip}({port}) -> {ip}({port}), {num} packets",
                "%SEC-6-IPACCESSLOGP: list {num} permitted udp {ip}({port}) -> {ip}({port}), 1 packet",
                "%BGP-5-ADJCHANGE: neighbor {ip} Up", "%BGP-5-ADJCHANGE: neighbor {ip} Down BGP Notification sent",
                "%OSPF-5-ADJCHG: Process {n}, Nbr {ip} on Vlan{num} from LOADING to FULL, Loading Done",
                "%DHCPD-4-PING_CONFLICT: DHCP address conflict: server pinged {ip}.",
                "%CDP-4-DUPLEX_MISMATCH: duplex mismatch discovered on FastEthernet{n}/{n} (not half duplex), with {host}",
                "DHCPACK on {ip} to {mac} via eth{n}", "DHCPDISCOVER from {mac} via eth{n}",
                "DHCPREQUEST for {ip} from {mac} via eth{n}",
            ]
        ),
    ]

    /// Systems that were written down before the grouping was first measured; what was wrong with them changed it.
    static let mended: [(name: String, statements: [String])] = [
        (
            "database",
            [
                "checkpoint starting: time",
                "checkpoint complete: wrote {num} buffers ({dec}%); write={dec} s, sync={dec} s",
                "connection received: host={ip} port={port}",
                "connection authorized: user={user} database={word} application_name=psql",
                "disconnection: session time: 0:00:{num} user={user} database={word} host={ip} port={port}",
                "duplicate key value violates unique constraint {quoted}",
                "deadlock detected",
                "Process {num} waits for ShareLock on transaction {num}; blocked by process {num}.",
                "automatic vacuum of table {quoted}: index scans: {n}",
                "automatic analyze of table {quoted} system usage: CPU: user: {dec} s",
                "canceling statement due to statement timeout",
                "could not receive data from client: Connection reset by peer",
                "password authentication failed for user {quoted}",
                "relation {quoted} does not exist at character {num}",
                "duration: {dec} ms  statement: SELECT * FROM {word} WHERE id = {num}",
                "archived write-ahead log file {quoted}",
            ]
        ),
        (
            "cluster",
            [
                "Successfully assigned default/{service}-{hex8}-{id} to {host}",
                "Pulling image {quoted}", "Successfully pulled image {quoted} in {dec}s",
                "Created container {service}", "Started container {service}",
                "Back-off restarting failed container {service} in pod {service}-{hex8}_default({uuid})",
                "Readiness probe failed: Get \"http://{ip}:{port}/healthz\": dial tcp {ip}:{port}: connect: connection refused",
                "Liveness probe failed: HTTP probe failed with statuscode: 503",
                "Node {host} status is now: NodeNotReady", "Scaled up replica set {service}-{hex8} to {n}",
                "Scaled down replica set {service}-{hex8} to {n}",
                "Stopping container {service}", "Evicted pod {service}-{hex8}: node was low on resource: memory",
                "MountVolume.SetUp failed for volume {quoted} : secret {quoted} not found",
            ]
        ),
        (
            "mail",
            [
                "connect from {host}[{ip}]",
                "disconnect from {host}[{ip}] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands={n}",
                "{hex8}AB: client={host}[{ip}], sasl_method=PLAIN, sasl_username={user}",
                "{hex8}AB: message-id=<{id}@{host}>",
                "{hex8}AB: from=<{user}@{host}>, size={num}, nrcpt={n} (queue active)",
                "{hex8}AB: to=<{user}@{host}>, relay={host}[{ip}]:25, delay={dec}, dsn=2.0.0, status=sent (250 OK)",
                "{hex8}AB: to=<{user}@{host}>, relay=none, delay={dec}, dsn=4.4.1, status=deferred (connection timed out)",
                "{hex8}AB: removed", "warning: hostname {host} does not resolve to address {ip}",
                "NOQUEUE: reject: RCPT from {host}[{ip}]: 554 5.7.1 <{user}@{host}>: Relay access denied",
                "lost connection after AUTH from {host}[{ip}]", "too many errors after {word} from {host}[{ip}]",
                "statistics: max connection rate {n}/60s for (smtp:{ip}) at {time}",
            ]
        ),
        (
            "devices",
            [
                "sensor {word} reading {dec} C humidity {num}", "sensor {word} battery at {num} percent",
                "sensor {word} did not answer for {num} s", "door {word} opened by {user}", "door {word} closed",
                "heating zone {n} set to {dec}", "alarm in zone {n}: smoke detected",
                "alarm in zone {n} cleared by {user}",
                "firmware update of {mac} to version {n}.{n}.{n} started", "firmware update of {mac} finished",
                "firmware update of {mac} failed: checksum {hex8} differs", "gateway {ip6} joined the mesh",
                "gateway {ip6} left the mesh", "time set to {time} from ntp server {host}",
                "level=info msg=\"request done\" path={path} status=200 took={n}ms id={uuid}",
                "level=error msg=\"request failed\" path={path} status=502 took={n}ms id={uuid}",
                "{open}\"event\":\"login\",\"user\":\"{user}\",\"ok\":true{close}",
                "{open}\"event\":\"logout\",\"user\":\"{user}\"{close}",
            ]
        ),
    ]

    /// Systems that were written down after all was finished, and changed nothing.
    static let unknown: [(name: String, statements: [String])] = [
        (
            "firewall",
            [
                "filterlog: rule {num} match block in on igb{n}: {ip}:{port} > {ip}:{port} tcp {num} S",
                "filterlog: rule {num} match pass out on igb{n}: {ip}:{port} > {ip}:{port} udp {num}",
                "IPsec tunnel to {host} established, {num} s lifetime",
                "IPsec tunnel to {host} down: peer not responding",
                "IKE negotiation with {ip} failed: no proposal chosen", "user {user} authenticated from {ip} over vpn",
                "user {user} failed authentication from {ip} over vpn", "lease {ip} given to {mac} ({host})",
                "lease {ip} of {mac} expired", "session table at {num} of {num} entries",
                "interface igb{n} carrier lost", "interface igb{n} carrier acquired",
                "signature {num} ({quoted}) triggered by {ip} towards {ip}:{port}, action drop",
                "configuration saved by {user} from {ip}", "high availability peer {ip} is now master",
                "certificate of {host} expires in {num} days",
            ]
        ),
        (
            "storage",
            [
                "disk {word} smart attribute {num} changed from {num} to {num}", "pool {word} scrub started",
                "pool {word} scrub finished, repaired {num} bytes with {n} errors",
                "pool {word} is degraded: {word} is offline",
                "snapshot {word}@{time} created", "snapshot {word}@{time} destroyed by policy {word}",
                "backup job {word} finished: {num} files, {dec} GiB in {num} s",
                "backup job {word} failed: {path} is not readable",
                "replication of {word} to {host} behind by {num} s", "client {ip} mounted {path}",
                "client {ip} unmounted {path}",
                "quota of {user} exceeded on {path}: {num} of {num} MiB", "fan {n} at {num} rpm",
                "power supply {n} lost input",
                "checksum error on device {hex16} block {num}", "cache device {word} attached as {uuid}",
            ]
        ),
    ]
}
