/// Who made a batch and which one it is: `AGENT.GENERATION/SEQUENCE`, the `Idempotency-Key` of its POST.
///
/// The generation is drawn anew at every start of an agent, so that a sequence number never names two contents.
/// `AGENT` is 1 to 64 bytes of `A-Z a-z 0-9 - _`, `GENERATION` 32 lower-case hex digits, `SEQUENCE` a decimal from 1.
public struct BatchIdentity: Sendable, Hashable {
    /// The agent's name.
    public var agent: String
    /// 128 random bits.
    public var generation: Generation
    /// Counts from 1 within the generation.
    public var sequence: UInt64

    /// 128 random bits, written as 32 hex digits.
    public struct Generation: Sendable, Hashable {
        /// The first 64 bits.
        public var high: UInt64
        /// The last 64 bits.
        public var low: UInt64

        /// A generation of these bits.
        public init(high: UInt64, low: UInt64) {
            self.high = high
            self.low = low
        }

        /// A fresh one from the system's random source.
        public static func random() -> Generation {
            var source = SystemRandomNumberGenerator()
            return Generation(high: source.next(), low: source.next())
        }

        /// The 32 hex digits.
        public var text: String { Self.hex(high) + Self.hex(low) }

        private static func hex(_ value: UInt64) -> String {
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
    }

    /// An identity of these parts.
    public init(agent: String, generation: Generation, sequence: UInt64) {
        self.agent = agent
        self.generation = generation
        self.sequence = sequence
    }

    /// `AGENT.GENERATION`, which names the run of an agent that made the batch.
    public var stream: String { agent + "." + generation.text }

    /// `AGENT.GENERATION/SEQUENCE`.
    public var text: String { stream + "/" + String(sequence) }

    /// Reads the text form.
    /// - Returns: nil when it is not of that form.
    public init?(text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count <= ProtocolLimits.agentNameBytes + 1 + 32 + 1 + 20,
            let slash = bytes.lastIndex(of: UInt8(ascii: "/")),
            let dot = bytes[..<slash].lastIndex(of: UInt8(ascii: ".")),
            slash - dot - 1 == 32, slash + 1 < bytes.count,
            Self.isAgentName(bytes[..<dot]),
            let high = Self.hexValue(bytes[(dot + 1)..<(dot + 17)]),
            let low = Self.hexValue(bytes[(dot + 17)..<slash])
        else { return nil }
        var number: UInt64 = 0
        for byte in bytes[(slash + 1)...] {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            let (product, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            guard !overflow, !carry else { return nil }
            number = sum
        }
        guard number > 0 else { return nil }
        self.init(
            agent: String(decoding: bytes[..<dot], as: UTF8.self),
            generation: Generation(high: high, low: low),
            sequence: number
        )
    }

    /// Whether `name` may stand before the dot.
    public static func isAgentName(_ name: some Collection<UInt8>) -> Bool {
        guard !name.isEmpty, name.count <= ProtocolLimits.agentNameBytes else { return false }
        return name.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }

    private static func hexValue(_ digits: some Collection<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for byte in digits {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return value
    }
}
