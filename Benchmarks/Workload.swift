import Protocol

/// Makes logs that look like a site's, the same ones from the same seed: one after the other over a span of time.
///
/// 200 groups of very different size, 300 message templates with ids, addresses and durations in them, five levels (70
/// % info), up to three of 40 tags, up to four of 23 numeric members and sometimes a string in `data`; six of ten have
/// a `request_id`, one of a hundred a `trace`, which ten logs or so share. 257 bytes of JSON on average.
struct Workload {
    /// The log made last, as JSON.
    private(set) var json: [UInt8] = []
    /// Its time, in milliseconds since 1970.
    private(set) var milliseconds: Int64 = 0
    /// Its group, in `groups`.
    private(set) var group = 0
    /// Its level, in `Vocabulary.levels`.
    private(set) var level = 0
    /// Its tags, in `Vocabulary.tags`, each once.
    private(set) var tags: [Int] = []

    /// How many were made.
    private(set) var made = 0
    /// By group and by level.
    private(set) var countsByGroup = [Int](repeating: 0, count: 200)
    private(set) var countsByLevel = [Int](repeating: 0, count: 5)
    /// The `trace` words from the middle of the logs, and how often each occurs: rare ones that a search can look for.
    private(set) var middleTraces: [String: Int] = [:]

    private var random: SplitMix64
    private let count: Int
    private let end: Int64
    private let step: Double
    private var trace = ""

    /// Logs whose times rise over a span.
    /// - Parameters:
    ///   - seed: the same one gives the same logs, but for their times.
    ///   - count: how many there will be.
    ///   - end: the last one's time, in milliseconds since 1970.
    ///   - hours: how long before it the first one lies.
    init(seed: UInt64, count: Int, endingAt end: Int64, hours: Double) {
        random = SplitMix64(state: seed)
        self.count = count
        self.end = end
        step = hours * 3_600_000 / Double(max(1, count))
    }

    /// A body for `POST /api/logs/batch`: `{"logs":[…]}`.
    mutating func batch(of size: Int) -> [UInt8] {
        var body = Array("{\"logs\":[".utf8)
        body.reserveCapacity(size * 280)
        for index in 0..<size {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            next()
            body.append(contentsOf: json)
        }
        body.append(contentsOf: "]}".utf8)
        return body
    }

    /// Makes the next log.
    mutating func next() {
        if made % 1_000 == 0 { trace = hexadecimal(random.next(), digits: 16) }
        milliseconds = end - Int64(Double(count - made - 1) * step + random.fraction() * min(step, 5))
        group = random.pick(Self.cumulatedGroups)
        level = random.pick([0.12, 0.82, 0.92, 0.99, 1])
        countsByGroup[group] += 1
        countsByLevel[level] += 1
        let kind = Vocabulary.all[Self.groups[group].kind]
        json.removeAll(keepingCapacity: true)
        appendText("{\"message\":\"")
        appendMessage(kind)
        appendText("\",\"level\":\"")
        appendText(Vocabulary.levels[level])
        appendText("\",\"group\":\"")
        appendText(Self.groups[group].name)
        appendText("\",\"tags\":[")
        appendTags()
        appendText("],\"data\":{")
        appendData(kind)
        appendText("},\"timestamp\":\"")
        Timestamp.append(milliseconds * 1_000_000, to: &json)
        appendText("\"}")
        made += 1
    }

    // MARK: Groups

    /// The groups' names, and which of `Vocabulary.all` each belongs to.
    static let groups = Vocabulary.all.indices.flatMap { kind in
        Vocabulary.all[kind].groups.map { (name: $0, kind: kind) }
    }

    /// Sizes fall as 1 / (rank + 8)^0.8; who has which rank is shuffled, but for the groups that queries name.
    private static let cumulatedGroups: [Double] = {
        var ranks = Array(groups.indices)
        var random = SplitMix64(state: 7)
        for index in ranks.indices.dropLast() { ranks.swapAt(index, index + random.below(ranks.count - index)) }
        for (name, rank) in [("datacenter:server-rack-1", 0), ("warehouse:freezer-3", 146)] {
            if let group = groups.firstIndex(where: { $0.name == name }), let other = ranks.firstIndex(of: rank) {
                ranks.swapAt(group, other)
            }
        }
        let weights = ranks.map { SplitMix64.power(Double($0) + 8, -0.8) }
        let sum = weights.reduce(0, +)
        var total = 0.0
        return weights.map { weight in
            total += weight / sum
            return total
        }
    }()

    // MARK: Parts of a log

    private mutating func appendMessage(_ kind: Vocabulary) {
        // Some templates are much commoner than others.
        let template = Int(SplitMix64.power(random.fraction(), 1.5) * 50)
        fill(kind.subjects[template / 5])
        json.append(0x20)
        fill(kind.predicates[template % 5])
        if random.fraction() < 0.6 {
            appendText(" request_id=")
            appendText(hexadecimal(random.next() >> 24, digits: 10))
        }
        if random.fraction() < 0.01 {
            appendText(" trace=")
            appendText(trace)
            if made / 10_000 == count / 20_000 { middleTraces[trace, default: 0] += 1 }
        }
    }

    /// Appends a template with its marks replaced.
    private mutating func fill(_ template: String) {
        var isMark = false
        for byte in template.utf8 {
            guard isMark else {
                if byte == UInt8(ascii: "%") { isMark = true } else { json.append(byte) }
                continue
            }
            isMark = false
            switch byte {
            case UInt8(ascii: "d"): appendText(String(1 + random.below(999_999)))
            case UInt8(ascii: "n"): appendText(String(1 + random.below(16)))
            case UInt8(ascii: "x"): appendText(hexadecimal(random.next() >> 32, digits: 8))
            case UInt8(ascii: "i"): appendText("10.\(random.below(16)).\(random.below(256)).\(random.below(256))")
            case UInt8(ascii: "t"):
                appendDecimal(random.logNormal(mean: 3, deviation: 1.2), digits: 1)
                appendText("ms")
            case UInt8(ascii: "p"): appendDecimal(random.fraction() * 100, digits: 1)
            default: json.append(byte)
            }
        }
    }

    private mutating func appendTags() {
        tags.removeAll(keepingCapacity: true)
        for _ in 0..<random.pick([0.2, 0.6, 0.85, 1]) {
            let tag = Int(SplitMix64.power(random.fraction(), 1.6) * 40)
            if tags.contains(tag) { continue }
            if !tags.isEmpty { json.append(UInt8(ascii: ",")) }
            tags.append(tag)
            appendText("\"")
            appendText(Vocabulary.tags[tag])
            appendText("\"")
        }
    }

    private mutating func appendData(_ kind: Vocabulary) {
        let numbers = random.pick([0.1, 0.28, 0.55, 0.8, 1])
        let first = random.below(5)
        for index in 0..<numbers {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            let name = kind.numbers[(first + index) % 5]
            appendText("\"")
            appendText(name)
            appendText("\":")
            guard let field = Self.fields[name] else { continue }
            var (lowest, highest) = (field.lowest, field.highest)
            // A freezer is not a server room.
            if name == "temperature", kind.numbers[1] == "humidity", kind.numbers[2] == "door_seconds" {
                (lowest, highest) = (-22, -16)
            } else if name == "temperature", kind.numbers[1] == "cpu_percent" {
                (lowest, highest) = (18, 38)
            }
            appendDecimal(lowest + (highest - lowest) * random.fraction(), digits: field.digits)
        }
        guard random.fraction() < 0.15 else { return }
        let (name, values) = Vocabulary.strings[random.below(Vocabulary.strings.count)]
        if numbers > 0 { json.append(UInt8(ascii: ",")) }
        appendText("\"\(name)\":\"\(values[random.below(64) % values.count])\"")
    }

    private static let fields = Dictionary(uniqueKeysWithValues: Vocabulary.fields.map { ($0.name, $0) })

    // MARK: Text

    private mutating func appendText(_ text: String) { json.append(contentsOf: text.utf8) }

    /// As most languages print it: rounded to so many digits, without zeros at the end but for one behind the point.
    private mutating func appendDecimal(_ value: Double, digits: Int) {
        guard digits > 0 else { return appendText(String(Int(value))) }
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        var scaled = Int((value * Double(scale)).rounded())
        if scaled < 0 {
            json.append(UInt8(ascii: "-"))
            scaled = -scaled
        }
        appendText(String(scaled / scale))
        json.append(UInt8(ascii: "."))
        var rest = scaled % scale
        repeat {
            scale /= 10
            json.append(UInt8(ascii: "0") + UInt8(rest / scale))
            rest %= scale
        } while rest > 0
    }

    private func hexadecimal(_ value: UInt64, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
