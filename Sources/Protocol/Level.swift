/// How serious a log is, in rising order.
///
/// The raw value is what chunks and comparisons use.
public enum Level: UInt8, Sendable, CaseIterable, Comparable {
    case debug = 0
    case info = 1
    case warning = 2
    case error = 3
    case critical = 4

    /// The name as the API writes it.
    public var name: StaticString {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        case .critical: "critical"
        }
    }

    /// Whether the left one is the less serious.
    public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

    /// The level of a syslog severity (RFC 5424 §6.2.1): 0 to 2 critical, 3 error, 4 warning, 5 and 6 info, 7 debug.
    /// - Returns: nil when the number is not a severity.
    public init?(syslogSeverity severity: Int) {
        switch severity {
        case 0, 1, 2: self = .critical
        case 3: self = .error
        case 4: self = .warning
        case 5, 6: self = .info
        case 7: self = .debug
        default: return nil
        }
    }

    /// The level that a name, one of its usual aliases, or a syslog severity number in digits means, in any case.
    /// - Returns: nil when it is none of them.
    public init?(name bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 1, bytes.count <= 13 else { return nil }
        if bytes.count == 1 {
            switch bytes[0] {
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                self.init(syslogSeverity: Int(bytes[0] - UInt8(ascii: "0")))
                return
            default: break
            }
        }
        for (name, level) in Self.aliases where name.utf8CodeUnitCount == bytes.count {
            if Self.equalsIgnoringCase(bytes, name) {
                self = level
                return
            }
        }
        return nil
    }

    /// The level that a name or alias means.
    public init?(name: String) {
        var name = name
        let level = name.withUTF8 { Level(name: UnsafeRawBufferPointer($0)) }
        guard let level else { return nil }
        self = level
    }

    /// Most frequent first: the list is searched in order.
    private static let aliases: [(StaticString, Level)] = [
        ("info", .info), ("error", .error), ("warning", .warning), ("debug", .debug), ("critical", .critical),
        ("warn", .warning), ("err", .error), ("notice", .info), ("crit", .critical), ("fatal", .critical),
        ("trace", .debug), ("alert", .critical), ("emerg", .critical), ("emergency", .critical), ("panic", .critical),
        ("informational", .info), ("information", .info), ("verbose", .debug), ("severe", .error),
        ("failure", .error), ("d", .debug), ("i", .info), ("w", .warning), ("e", .error), ("f", .critical),
    ]

    private static func equalsIgnoringCase(_ bytes: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
        name.withUTF8Buffer { expected in
            for index in 0..<bytes.count {
                let byte = bytes[index]
                let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
                if (isUpper ? byte | 0x20 : byte) != expected[index] { return false }
            }
            return true
        }
    }
}
