import Protocol

/// How an export writes logs: as a table, as one JSON array, or as one JSON object a line.
enum ExportFormat: Sendable {
    case csv
    case json
    case ndjson

    /// By the words of `format=`.
    static let words: [(String, ExportFormat)] = [("csv", .csv), ("json", .json), ("ndjson", .ndjson)]

    /// The ending of the file's name.
    var ending: String {
        switch self {
        case .csv: "csv"
        case .json: "json"
        case .ndjson: "ndjson"
        }
    }

    var mediaType: String {
        switch self {
        case .csv: "text/csv; charset=utf-8; header=present"
        case .json: "application/json"
        case .ndjson: "application/x-ndjson"
        }
    }

    /// Appends what stands before the first log.
    func appendStart(to output: inout [UInt8]) {
        switch self {
        case .csv: output.append(contentsOf: "id,timestamp,received_at,level,group,source,message,tags,data\r\n".utf8)
        case .json: output.append(UInt8(ascii: "["))
        case .ndjson: break
        }
    }

    /// Appends a log.
    func append(_ log: StoredLog, isFirst: Bool, to output: inout [UInt8]) {
        switch self {
        case .csv: CSVRow.append(log, to: &output)
        case .json:
            if !isFirst { output.append(UInt8(ascii: ",")) }
            output.append(UInt8(ascii: "\n"))
            LogEncoder.append(log, to: &output)
        case .ndjson:
            LogEncoder.append(log, to: &output)
            output.append(UInt8(ascii: "\n"))
        }
    }

    /// Appends what stands behind the last log.
    func appendEnd(to output: inout [UInt8]) {
        if self == .json { output.append(contentsOf: "\n]\n".utf8) }
    }
}

/// Logs as rows of a table (RFC 4180).
///
/// A cell that a spreadsheet would take for a formula gets a leading `'`: who writes a log must not be able to run
/// something on the machine of who opens the file. Tags and data are JSON; a cell without a value is empty.
enum CSVRow {
    static func append(_ log: StoredLog, to output: inout [UInt8]) {
        log.id.appendText(to: &output)
        comma(&output)
        Timestamp.append(log.timestamp, to: &output)
        comma(&output)
        Timestamp.append(log.receivedAt, to: &output)
        comma(&output)
        log.level.name.withUTF8Buffer { output.append(contentsOf: $0) }
        comma(&output)
        if let group = log.group { cell(Array(group.utf8), to: &output) }
        comma(&output)
        cell(log.source, to: &output)
        comma(&output)
        cell(log.message, to: &output)
        comma(&output)
        cell(log.tags, to: &output)
        comma(&output)
        cell(log.data, to: &output)
        output.append(UInt8(ascii: "\r"))
        output.append(UInt8(ascii: "\n"))
    }

    /// Appends a cell, in quotes where it needs them.
    static func cell(_ text: [UInt8], to output: inout [UInt8]) {
        let isFormula = text.first.map(beginsFormula) ?? false
        guard isFormula || text.contains(where: needsQuotes) else {
            output.append(contentsOf: text)
            return
        }
        output.append(UInt8(ascii: "\""))
        if isFormula { output.append(UInt8(ascii: "'")) }
        for byte in text {
            if byte == UInt8(ascii: "\"") { output.append(byte) }
            output.append(byte)
        }
        output.append(UInt8(ascii: "\""))
    }

    private static func comma(_ output: inout [UInt8]) { output.append(UInt8(ascii: ",")) }

    private static func beginsFormula(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), UInt8(ascii: "\t"),
            UInt8(ascii: "\r"):
            true
        default: false
        }
    }

    private static func needsQuotes(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: "\r"), UInt8(ascii: "\n"): true
        default: false
        }
    }
}
