import Protocol

/// Makes syslog lines that look like a site's, the same ones from the same seed.
struct SyslogLines {
    private var random: SplitMix64
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

    /// RFC 3164 lines of exactly 155 bytes, without an end.
    mutating func line(at time: Int64) -> [UInt8] {
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
