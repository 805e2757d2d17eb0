import Protocol

/// Makes logs and syslog lines that look like a site's, the same ones from the same seed.
///
/// A log is some 250 bytes of JSON: 200 groups, five levels, up to three tags, up to four numbers in `data`, a message
/// with ids, addresses and durations in it.
struct Workload {
    private var random: SplitMix64
    private static let groups: [String] =
        (1...40).map { "datacenter:server-rack-\($0)" } + (1...60).map { "warehouse:freezer-\($0)" }
        + (1...60).map { "app:service-\($0):prod" } + (1...40).map { "iot:sensor-\($0)" }
    private static let tags = ["network", "disk", "cpu", "auth", "http", "cache", "backup", "sensor", "alert", "retry"]
    private static let fields = ["temperature", "humidity", "duration_ms", "cpu_percent", "battery", "queue_depth"]
    private static let subjects = [
        "Request %x from %i to /v1/orders/%n", "Freezer compartment %n", "Link flap detected on port %n towards %i",
        "Payment intent pi_%x for customer %n", "Login attempt for user-%n from %i", "RAID array md%n on host node-%n",
        "Background job #%n on worker-%n", "Sensor reading %n",
    ]
    private static let predicates = [
        "completed with status 200 in %d ms", "timeout after %d ms, retrying", "reading within limits, drift %d",
        "reported warning threshold exceeded by %d percent", "accepted, queue depth %n, waited %d ms",
    ]

    init(seed: UInt64) { random = SplitMix64(state: seed) }

    /// A body for `POST /api/logs/batch`: `{"logs":[…]}`.
    mutating func batch(of count: Int, endingAt time: Int64) -> [UInt8] {
        var body = Array("{\"logs\":[".utf8)
        for index in 0..<count {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            appendLog(time - Int64(count - index) * 1_000_000, to: &body)
        }
        body.append(contentsOf: "]}".utf8)
        return body
    }

    /// A body for `POST /api/logs`.
    mutating func single(at time: Int64) -> [UInt8] {
        var body: [UInt8] = []
        appendLog(time, to: &body)
        return body
    }

    private mutating func appendLog(_ time: Int64, to body: inout [UInt8]) {
        body.append(contentsOf: "{\"message\":".utf8)
        let message = fill(pick(Self.subjects)) + " " + fill(pick(Self.predicates))
        JSONText.appendString(message, to: &body)
        let roll = random.next() % 100
        let level = roll < 12 ? "debug" : roll < 82 ? "info" : roll < 92 ? "warning" : roll < 99 ? "error" : "critical"
        body.append(contentsOf: ",\"level\":\"\(level)\",\"group\":\"\(pick(Self.groups))\",\"tags\":[".utf8)
        let tags = Int(random.next() % 4)
        for index in 0..<tags {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            JSONText.appendString(pick(Self.tags), to: &body)
        }
        body.append(contentsOf: "],\"data\":{".utf8)
        let first = Int(random.next() % 6)
        for index in 0..<Int(random.next() % 5) {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            let name = Self.fields[(first + index) % Self.fields.count]
            body.append(contentsOf: "\"\(name)\":\(random.next() % 1_000).\(random.next() % 10)".utf8)
        }
        body.append(contentsOf: "},\"timestamp\":\"".utf8)
        Timestamp.append(time, to: &body)
        body.append(contentsOf: "\"}".utf8)
    }

    /// RFC 3164 lines of exactly 155 bytes, without an end.
    mutating func syslogLine(at time: Int64) -> [UInt8] {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let text = Timestamp.text(time)
        let date = Timestamp.date(days: Int(time / 86_400_000_000_000))
        let day = date.day < 10 ? " \(date.day)" : "\(date.day)"
        let clock = text.dropFirst(11).prefix(8)
        var line = "<\(128 + random.next() % 64)>\(months[date.month - 1]) \(day) \(clock) web-0\(random.next() % 8) "
        line += "\(pick(["nginx", "sshd", "postgres", "kernel", "haproxy"]))[\(1_000 + random.next() % 9_000)]: "
        line += fill(pick(Self.subjects)) + " " + fill(pick(Self.predicates))
        var bytes = Array(line.utf8.prefix(155))
        while bytes.count < 155 { bytes.append(UInt8(ascii: ".")) }
        return bytes
    }

    private mutating func pick<Element>(_ list: [Element]) -> Element {
        list[Int(random.next() % UInt64(list.count))]
    }

    /// Replaces `%x %i %n %d` by a hex id, an address, a number and a duration.
    private mutating func fill(_ template: String) -> String {
        var text = ""
        var isMark = false
        for character in template {
            guard isMark else {
                if character == "%" { isMark = true } else { text.append(character) }
                continue
            }
            isMark = false
            switch character {
            case "x": text += String(random.next() % 0xFFFF_FFFF, radix: 16)
            case "i": text += "10.\(random.next() % 16).\(random.next() % 256).\(random.next() % 256)"
            case "d": text += "\(random.next() % 3_000).\(random.next() % 10)"
            default: text += "\(random.next() % 1_000_000)"
            }
        }
        return text
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers from the same seed on every machine.
struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
