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

    /// Each with the facility that it is known to use.
    private static let apps: [(name: String, facility: Int)] = [
        ("nginx", 23), ("sshd", 4), ("postgres", 16), ("kernel", 0), ("haproxy", 17), ("cron", 9),
        ("dockerd", 3), ("checkout", 1),
    ]
    /// Most messages are informational.
    private static let severities: [Int] = [6, 6, 6, 6, 6, 6, 5, 5, 4, 4, 3, 7]

    init(seed: UInt64) { random = SplitMix64(state: seed) }

    /// The digits of a line's number, which stand at its end behind `~`.
    static let digits = 10

    /// RFC 3164 lines of exactly 155 bytes, without an end.
    mutating func line(at time: Int64) -> [UInt8] {
        let app = pick(Self.apps)
        let priority = app.facility * 8 + pick(Self.severities)
        let head = "<\(priority)>\(Self.bsdTime(time)) web-0\(random.next() % 8) \(app.name)[\(processID())]: "
        return numbered(head + prose(), count: 155)
    }

    /// As RFC 3164 has it, in UTC.
    static func bsdTime(_ time: Int64) -> String {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let date = Timestamp.date(days: Int(time / 86_400_000_000_000))
        let day = date.day < 10 ? " \(date.day)" : "\(date.day)"
        return "\(months[date.month - 1]) \(day) \(Timestamp.text(time).dropFirst(11).prefix(8))"
    }

    /// Lines as a program writes them to its file: 149 bytes without their end.
    mutating func fileLine(at time: Int64) -> [UInt8] {
        let app = pick(Self.apps).name
        let head = "\(Timestamp.text(time)) web-0\(random.next() % 8) \(app)[\(processID())]: "
        return numbered(head + prose(), count: 149)
    }

    private mutating func processID() -> UInt64 { 1_000 + random.next() % 9_000 }

    private mutating func prose() -> String { fill(pick(Self.subjects)) + " " + fill(pick(Self.predicates)) }

    /// A text of so many bytes, the last of them its number.
    private func numbered(_ text: String, count: Int) -> [UInt8] {
        let number = Array("~".utf8) + [UInt8](repeating: UInt8(ascii: "0"), count: Self.digits)
        var bytes = Array(text.utf8.prefix(count - number.count))
        while bytes.count < count - number.count { bytes.append(UInt8(ascii: ".")) }
        return bytes + number
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
