/// Writes figures as Prometheus reads them (text format 0.0.4): a family's help and type, then its samples.
struct MetricsText {
    private(set) var bytes: [UInt8] = []

    enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    /// Begins a family.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        bytes.append(contentsOf: "# HELP komfyrvakt_\(name) \(help)\n# TYPE komfyrvakt_\(name) \(kind.rawValue)\n".utf8)
    }

    /// A sample; labels are names and values without quotes, backslashes and line ends.
    mutating func sample(_ name: String, _ labels: [(String, String)] = [], _ value: String) {
        bytes.append(contentsOf: "komfyrvakt_\(name)".utf8)
        if !labels.isEmpty {
            let text = labels.map { "\($0)=\"\($1)\"" }.joined(separator: ",")
            bytes.append(contentsOf: "{\(text)}".utf8)
        }
        bytes.append(contentsOf: " \(value)\n".utf8)
    }

    /// A family of one sample.
    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: some BinaryInteger) {
        family(name, kind, help)
        sample(name, String(value))
    }

    /// A family of one sample.
    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        family(name, kind, help)
        sample(name, Self.number(value))
    }

    private mutating func sample(_ name: String, _ value: String) { sample(name, [], value) }

    /// A number as Prometheus reads it.
    static func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "NaN" }
}
