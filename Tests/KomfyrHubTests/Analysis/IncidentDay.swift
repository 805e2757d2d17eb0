import Protocol
import TestSupport

@testable import KomfyrHub

#if canImport(Glibc)
import Glibc
#endif

/// A day of logs of twenty groups with six incidents planted in it; the same for the same seed.
///
/// It has the day's rhythm, its ordinary errors, and its noise.
///
/// ```
/// 0 h          6           12           18          24
///      latency ├────────────────────────────────────►
///             memory ╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱►
///                  errors ┤25 min├
///                             new error ├───────────►
///                                     flood ┤20 min├
///                                            silent ├►
/// ```
struct IncidentDay: Sendable {
    /// What was planted.
    enum Kind: String, CaseIterable, Sendable {
        case errorBurst, newError, slowLeak, latencyShift, silentSensor, suddenFlood
    }

    /// Where and when, in nanoseconds since 1970.
    struct Incident: Sendable {
        var kind: Kind
        var group: String
        var start: Int64
        var end: Int64
    }

    struct Log: Sendable {
        var time: Int64
        var level: Level
        var group: String
        var source: String
        var message: String
        /// A JSON object, or nothing.
        var data: String
    }

    static let interval: Int64 = 300 * Timestamp.second
    static let length = 288 * interval

    /// The first interval's begin.
    let start: Int64
    let seed: UInt64
    /// How many logs there are, against some 75,000.
    let load: Double
    let incidents: [Incident]

    var end: Int64 { start + Self.length }

    /// A day of whole intervals that ends at `end` or up to an interval before it; a quiet one when nothing is planted.
    init(seed: UInt64, end: Int64, load: Double = 1, planted: [Kind] = Kind.allCases) {
        let start = (end / Self.interval) * Self.interval - Self.length
        var random = SeededRandom(seed: seed &* 1_000_003 ^ 0x5EED)
        func time(hour: Int, _ random: inout SeededRandom) -> Int64 {
            start + Int64(hour * 3_600 + random.below(3_000)) * Timestamp.second
        }
        let latency = time(hour: 4, &random)
        let leak = time(hour: 7, &random)
        let burst = time(hour: 11, &random)
        let new = time(hour: 14, &random)
        let flood = time(hour: 17, &random)
        let silent = time(hour: 20, &random)
        let end = start + Self.length
        let all = [
            Incident(kind: .latencyShift, group: "shop:api", start: latency, end: end),
            Incident(kind: .slowLeak, group: "app:worker", start: leak, end: end),
            Incident(kind: .errorBurst, group: "shop:checkout", start: burst, end: burst + 5 * Self.interval),
            Incident(kind: .newError, group: "shop:inventory", start: new, end: end),
            Incident(kind: .suddenFlood, group: "edge:firewall", start: flood, end: flood + 4 * Self.interval),
            Incident(kind: .silentSensor, group: "sensors:freezer-2", start: silent, end: end),
        ]
        incidents = all.filter { planted.contains($0.kind) }
        self.start = start
        self.seed = seed
        self.load = load
    }

    // MARK: Logs

    /// Calls `body` with each log, in order of time.
    func eachLog(_ body: (Log) -> Void) {
        var random = SeededRandom(seed: seed &* 100_000_007)
        for interval in 0..<Int(Self.length / Self.interval) {
            let begin = start + Int64(interval) * Self.interval
            var logs: [Log] = []
            for service in Service.all { add(service, begin, &logs, &random) }
            for log in logs.sorted(by: { ($0.time, $0.group, $0.message) < ($1.time, $1.group, $1.message) }) {
                body(log)
            }
        }
    }

    /// NDJSON of so many logs each, in order of time, as `POST /api/logs/batch` takes it.
    func batches(of count: Int = 2_000) -> [[UInt8]] {
        var batches: [[UInt8]] = []
        var batch: [UInt8] = []
        var logs = 0
        eachLog { log in
            log.append(to: &batch)
            logs += 1
            if logs == count {
                batches.append(batch)
                batch.removeAll(keepingCapacity: true)
                logs = 0
            }
        }
        if logs > 0 { batches.append(batch) }
        return batches
    }

    private func incident(_ kind: Kind, _ group: String) -> Incident? {
        incidents.first { $0.kind == kind && $0.group == group }
    }

    private func add(_ service: Service, _ begin: Int64, _ logs: inout [Log], _ random: inout SeededRandom) {
        let hour = Double(begin / Timestamp.second % 86_400) / 3_600
        let rhythm = 1 + service.rhythm * sin((hour - 9) / 12 * .pi)
        if service.isSensor {
            // Once a minute, at its own second.
            let second = Int64(service.name.utf8.reduce(0) { $0 + Int($1) } % 60)
            for minute in 0..<5 {
                let jitter = Int64(random.below(2_000)) * 1_000_000
                add(service, begin + (Int64(minute) * 60 + second) * Timestamp.second + jitter, rhythm, &logs, &random)
            }
            return
        }
        for _ in 0..<random.poisson(service.perInterval * rhythm * load) {
            add(service, begin + Int64(random.below(300_000)) * 1_000_000, rhythm, &logs, &random)
        }
        addPlanted(service, begin, &logs, &random)
    }

    /// What comes beside the ordinary logs.
    private func addPlanted(_ service: Service, _ begin: Int64, _ logs: inout [Log], _ random: inout SeededRandom) {
        if let new = incident(.newError, service.name) {
            for _ in 0..<random.poisson(5) {
                let time = begin + Int64(random.below(300_000)) * 1_000_000
                guard time >= new.start else { continue }
                logs.append(
                    Log(
                        time: time,
                        level: .error,
                        group: service.name,
                        source: service.source,
                        message: "deadlock while locking row \(random.below(90_000)) of table stock,"
                            + " transaction \(random.hex(8)) rolled back",
                        data: ""
                    )
                )
            }
        }
        if let flood = incident(.suddenFlood, service.name) {
            for _ in 0..<random.poisson(400 * max(load, 0.25)) {
                let time = begin + Int64(random.below(300_000)) * 1_000_000
                guard time >= flood.start, time < flood.end else { continue }
                logs.append(service.log(time, .info, service.usual(1, &random), ""))
            }
        }
    }

    /// Adds one ordinary log, as it is at that time.
    private func add(
        _ service: Service,
        _ time: Int64,
        _ rhythm: Double,
        _ logs: inout [Log],
        _ random: inout SeededRandom
    ) {
        if let silent = incident(.silentSensor, service.name), time >= silent.start { return }
        var errors = 8
        if let burst = incident(.errorBurst, service.name), time >= burst.start, time < burst.end { errors = 450 }
        let draw = random.below(1_000)
        let level: Level = service.isSensor ? .info : draw < errors ? .error : draw < errors + 27 ? .warning : .info
        var members: [String] = []
        for field in service.fields {
            var value = field.base * (1 + field.rhythm * (rhythm - 1)) + field.noise * random.normal()
            if field.name == "latency_ms", let shift = incident(.latencyShift, service.name), time >= shift.start {
                value += field.base * 1.8
            }
            if field.name == "memory_mb", let leak = incident(.slowLeak, service.name), time >= leak.start {
                value += Double(time - leak.start) / 3.6e12 * 25
            }
            members.append("\"\(field.name)\":\((value * 100).rounded() / 100)")
        }
        let data = members.isEmpty ? "" : "{\(members.joined(separator: ","))}"
        let message =
            switch level {
            case .error: service.error(&random)
            case .warning: service.warning(&random)
            default: service.usual(random.below(3), &random)
            }
        logs.append(service.log(time, level, message, data))
    }
}

extension IncidentDay.Log {
    /// Appends it as a line of NDJSON.
    func append(to bytes: inout [UInt8]) {
        bytes += #"{"timestamp":""#.utf8
        Timestamp.append(time, to: &bytes)
        bytes += #"","level":"\#(level.name)","group":"\#(group)","source":"\#(source)","message":"#.utf8
        JSONText.appendString(message, to: &bytes)
        if !data.isEmpty { bytes += ",\"data\":\(data)".utf8 }
        bytes += "}\n".utf8
    }
}

/// One of the groups.
private struct Service {
    struct Field {
        var name: String
        var base: Double
        var noise: Double
        /// How much of the day's rhythm is in it.
        var rhythm = 0.0
    }

    var name: String
    /// How many logs it has in five minutes.
    var perInterval = 0.0
    /// How much more there is at noon.
    var rhythm = 0.0
    var isSensor = false
    var fields: [Field] = []
    var messages: [String]

    var source: String { name.split(separator: ":").joined(separator: "-") + ".local" }

    func log(_ time: Int64, _ level: Level, _ message: String, _ data: String) -> IncidentDay.Log {
        IncidentDay.Log(time: time, level: level, group: name, source: source, message: message, data: data)
    }

    func usual(_ number: Int, _ random: inout SeededRandom) -> String {
        filled(messages[number % messages.count], &random)
    }

    func warning(_ random: inout SeededRandom) -> String {
        filled(["slow call took # ms", "retry # of 5 for request @"][random.below(2)], &random)
    }

    func error(_ random: inout SeededRandom) -> String {
        filled(["upstream timed out after # ms for request @", "connection reset by %:#"][random.below(2)], &random)
    }

    /// The template with a number for `#`, a hexadecimal one for `@`, an address for `%`.
    private func filled(_ template: String, _ random: inout SeededRandom) -> String {
        var text = ""
        for letter in template {
            switch letter {
            case "#": text += "\(1 + random.below(60_000))"
            case "@": text += random.hex(8)
            case "%": text += "10.\(random.below(4)).\(random.below(256)).\(1 + random.below(254))"
            default: text.append(letter)
            }
        }
        return text
    }

    static let all: [Service] = [
        Service(
            name: "shop:api",
            perInterval: 36,
            rhythm: 0.35,
            fields: [
                Field(name: "latency_ms", base: 45, noise: 7, rhythm: 0.2), Field(name: "size", base: 900, noise: 90),
            ],
            messages: ["GET /api/items/# 200", "POST /api/cart/# 201", "cache miss for item #"]
        ),
        Service(
            name: "shop:checkout",
            perInterval: 26,
            rhythm: 0.35,
            messages: ["order # placed by customer #", "payment @ authorised", "cart # emptied"]
        ),
        Service(
            name: "shop:inventory",
            perInterval: 22,
            rhythm: 0.25,
            messages: ["stock of item # is now #", "reserved # pieces of item #", "synced # rows"]
        ),
        Service(
            name: "shop:search",
            perInterval: 28,
            rhythm: 0.35,
            messages: ["query # took # us", "index @ refreshed", "suggested # terms"]
        ),
        Service(
            name: "shop:payments",
            perInterval: 14,
            rhythm: 0.3,
            messages: ["charge @ settled", "webhook # delivered", "fee # computed"]
        ),
        Service(
            name: "app:worker",
            perInterval: 14,
            fields: [
                Field(name: "memory_mb", base: 400, noise: 5),
                Field(name: "queue_depth", base: 20, noise: 4, rhythm: 1),
            ],
            messages: ["job @ done in # ms", "job @ queued", "picked # jobs"]
        ),
        Service(name: "app:scheduler", perInterval: 8, messages: ["task # scheduled", "tick #", "lease @ renewed"]),
        Service(
            name: "app:mailer",
            perInterval: 8,
            rhythm: 0.3,
            messages: ["mail @ sent", "bounce # noted", "digest # rendered"]
        ),
        Service(
            name: "edge:firewall",
            perInterval: 14,
            messages: ["accepted tcp %:# -> %:443", "denied tcp %:# -> %:22", "session # closed"]
        ),
        Service(
            name: "edge:router-1",
            perInterval: 10,
            messages: ["neighbor % up", "interface ge-# counters read", "route to % learned"]
        ),
        Service(
            name: "edge:router-2",
            perInterval: 10,
            messages: ["neighbor % up", "interface ge-# counters read", "route to % learned"]
        ),
        Service(
            name: "edge:proxy",
            perInterval: 30,
            rhythm: 0.35,
            fields: [
                Field(name: "latency_ms", base: 12, noise: 2, rhythm: 0.3),
                Field(name: "bytes", base: 5_000, noise: 700),
            ],
            messages: ["% GET / 200 #", "% GET /img/# 304", "tls handshake with % in # us"]
        ),
        Service(
            name: "auth:gateway",
            perInterval: 18,
            rhythm: 0.3,
            messages: ["user # logged in from %", "token of user # renewed", "user # logged out"]
        ),
        Service(
            name: "auth:directory",
            perInterval: 8,
            messages: ["bound as cn=#", "search returned # entries", "unbound"]
        ),
        Service(
            name: "db:primary",
            perInterval: 12,
            rhythm: 0.2,
            fields: [
                Field(name: "connections", base: 60, noise: 4, rhythm: 0.6),
                Field(name: "query_ms", base: 3, noise: 0.5),
            ],
            messages: ["checkpoint complete: wrote # buffers", "autovacuum of table # done", "connection # authorized"]
        ),
        Service(
            name: "db:replica",
            perInterval: 10,
            fields: [Field(name: "lag_ms", base: 80, noise: 15)],
            messages: ["restored segment @", "recovery at #", "streaming from %"]
        ),
        Service(
            name: "sensors:freezer-1",
            isSensor: true,
            fields: [Field(name: "temperature", base: -18, noise: 0.2)],
            messages: ["reading"]
        ),
        Service(
            name: "sensors:freezer-2",
            isSensor: true,
            fields: [Field(name: "temperature", base: -19, noise: 0.2)],
            messages: ["reading"]
        ),
        Service(
            name: "sensors:freezer-3",
            isSensor: true,
            fields: [Field(name: "temperature", base: -20, noise: 0.2)],
            messages: ["reading"]
        ),
        Service(
            name: "sensors:server-room",
            rhythm: 0.1,
            isSensor: true,
            fields: [
                Field(name: "temperature", base: 22, noise: 0.3, rhythm: 1),
                Field(name: "humidity", base: 40, noise: 1),
            ],
            messages: ["reading"]
        ),
    ]
}

extension SeededRandom {
    fileprivate mutating func hex(_ digits: Int) -> String {
        let signs = Array("0123456789abcdef".utf8)
        return String(decoding: (0..<digits).map { _ in signs[below(16)] }, as: UTF8.self)
    }

    /// From 0 to 1, without 0.
    private mutating func part() -> Double { (Double(next() >> 11) + 1) / 9_007_199_254_740_994 }

    /// Of the normal distribution (Box and Muller).
    fileprivate mutating func normal() -> Double {
        let radius = (-2 * Glibc.log(part())).squareRoot()
        return radius * cos(2 * .pi * part())
    }

    /// How many of events that come by chance, `mean` of them on average (Knuth; by the normal distribution when many).
    fileprivate mutating func poisson(_ mean: Double) -> Int {
        if mean > 60 { return max(0, Int((mean + mean.squareRoot() * normal()).rounded())) }
        let limit = exp(-max(mean, 0))
        var product = part()
        var count = 0
        while product > limit {
            product *= part()
            count += 1
        }
        return count
    }
}

// MARK: - Verdict

extension IncidentDay {
    /// How a report did.
    struct Verdict {
        /// Not told, or with a wrong time.
        var missed: [Incident]
        /// Findings that are of no incident, or of one at a wrong time.
        var wrong: [Insights.Finding]
        /// Further findings of an incident that was told already.
        var repeated: [Insights.Finding]
    }

    /// Holds a report against what was planted: each incident found within an interval of its start, in its group.
    func verdict(on insights: Insights) -> Verdict {
        var found: Set<Kind> = []
        var wrong: [Insights.Finding] = []
        var repeated: [Insights.Finding] = []
        for finding in insights.findings {
            let text = finding.title + " " + finding.description
            let incident = incidents.first { incident in
                guard let since = finding.since else { return false }
                return text.contains(incident.group) && abs(since - incident.start) <= Self.interval
            }
            guard let incident else {
                wrong.append(finding)
                continue
            }
            if !found.insert(incident.kind).inserted { repeated.append(finding) }
        }
        return Verdict(missed: incidents.filter { !found.contains($0.kind) }, wrong: wrong, repeated: repeated)
    }
}
