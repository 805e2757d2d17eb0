/// What a member of `data` measures, as far as its name tells: what one looks at when it moves depends on it.
enum FieldKind: CaseIterable {
    /// It only ever grows, and says nothing by that.
    case counter
    case temperature
    case humidity
    case processor
    case memory
    case disk
    case latency
    case queue
    case power
    case signal
    case failures
    case connections
    case traffic
    case other

    init(_ path: String) {
        let name = path.split(separator: ".").last.map { $0.lowercased() } ?? ""
        for (kind, words) in Self.words where words.contains(where: { Self.has(name, $0) }) {
            self = kind
            return
        }
        self = .other
    }

    /// What to look at when it went up, or when it went down.
    func advice(goesUp: Bool) -> String {
        switch (self, goesUp) {
        case (.temperature, true): "look at cooling, airflow, doors and the load at that time"
        case (.temperature, false): "look at heating, a door left open, and whether the sensor is still in its place"
        case (.humidity, _): "look at ventilation, water and the sensor itself"
        case (.processor, true): "look at what ran there then: jobs, deployments, requests that never end"
        case (.processor, false): "look at whether the work stopped: a crashed worker, a queue that no longer fills"
        case (.memory, true):
            "look for a leak: what was deployed before it began, and what grows in a heap dump; plan a"
                + " restart before it runs out"
        case (.memory, false): "look at whether the process restarted or was killed"
        case (.disk, true): "look at what fills it, and make room before it is full"
        case (.disk, false): "look at what takes the room that is left, or what was deleted"
        case (.latency, true):
            "look at what it waits for: database, network, the services it calls, and what was deployed"
                + " then"
        case (.latency, false): "check that it does its work and does not fail early"
        case (.queue, true): "look at the consumers: whether they stopped, slowed down or fail"
        case (.queue, false): "look at the producers: whether they stopped"
        case (.power, true): "look at the charger or the supply"
        case (.power, false): "look at the battery, the charger or the supply before the device goes out"
        case (.signal, _): "look at the antenna, its place and what stands between"
        case (.failures, true): "look at what fails: the errors of that time"
        case (.failures, false): "check that it is still counted"
        case (.connections, true): "look for connections that are not closed, and at who opens them"
        case (.connections, false): "look at whether clients can still reach it"
        case (.traffic, true): "look at who sends so much"
        case (.traffic, false): "look at who stopped sending"
        case (.counter, _), (.other, _): "look at what was changed or deployed, and what else moved, at that time"
        }
    }

    /// Whether going down is what one worries about, and going up is not.
    var isBadWhenLow: Bool { self == .power || self == .signal }

    private static let words: [(FieldKind, [String])] = [
        (
            .counter,
            ["uptime", "seq", "sequence", "total", "counter", "offset", "timestamp", "epoch", "position", "id"]
        ),
        (.temperature, ["temp", "temperature", "celsius", "fahrenheit", "thermal"]),
        (.humidity, ["humidity", "moisture"]),
        (.processor, ["cpu", "load", "gpu"]),
        (.memory, ["mem", "memory", "heap", "rss", "swap"]),
        (.latency, ["latency", "duration", "elapsed", "took", "rtt", "ping", "ms", "seconds", "response", "wait"]),
        (.disk, ["disk", "storage", "inodes", "volume"]),
        (.queue, ["queue", "backlog", "lag", "pending", "depth"]),
        (.power, ["battery", "voltage", "volt", "volts", "charge"]),
        (.signal, ["rssi", "signal", "snr", "dbm"]),
        (.failures, ["error", "errors", "failed", "failures", "retries", "dropped", "loss", "timeouts"]),
        (.connections, ["conn", "connections", "sockets", "sessions", "clients", "threads", "fds"]),
        (.traffic, ["bytes", "rate", "throughput", "bandwidth", "packets", "requests", "rps"]),
    ]

    /// Whether a name has this word, between what joins words: `cpu_usage` has `cpu`, `cpus` has not.
    private static func has(_ name: String, _ word: String) -> Bool {
        name.utf8.split(whereSeparator: { !SecretMask.isLetter($0) }).contains { $0.elementsEqual(word.utf8) }
    }
}
