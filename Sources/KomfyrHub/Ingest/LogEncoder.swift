import Protocol

/// Writes logs as the API answers them.
enum LogEncoder {
    /// Appends `{"id","message","level","group","tags","data","timestamp","source","received_at"}`, nulls written.
    static func append(_ log: StoredLog, to output: inout [UInt8]) {
        let needed = output.count + log.message.count + log.data.count + log.tags.count + 300
        // Twice as much each time: exactly what is needed would copy the whole answer once for each log.
        if needed > output.capacity { output.reserveCapacity(max(needed, output.capacity * 2)) }
        literal("{\"id\":\"", to: &output)
        log.id.appendText(to: &output)
        literal("\",\"message\":", to: &output)
        log.message.withUnsafeBytes { _ = JSONText.appendString($0, to: &output) }
        literal(",\"level\":\"", to: &output)
        literal(log.level.name, to: &output)
        literal("\",\"group\":", to: &output)
        if let group = log.group {
            JSONText.appendString(group, to: &output)
        } else {
            literal("null", to: &output)
        }
        literal(",\"tags\":", to: &output)
        if log.tags.isEmpty { literal("[]", to: &output) } else { output.append(contentsOf: log.tags) }
        literal(",\"data\":", to: &output)
        if log.data.isEmpty { literal("null", to: &output) } else { output.append(contentsOf: log.data) }
        literal(",\"timestamp\":\"", to: &output)
        Timestamp.append(log.timestamp, to: &output)
        literal("\",\"source\":", to: &output)
        if log.source.isEmpty {
            literal("null", to: &output)
        } else {
            log.source.withUnsafeBytes { _ = JSONText.appendString($0, to: &output) }
        }
        literal(",\"received_at\":\"", to: &output)
        Timestamp.append(log.receivedAt, to: &output)
        literal("\"}", to: &output)
    }

    private static func literal(_ text: StaticString, to output: inout [UInt8]) {
        text.withUTF8Buffer { output.append(contentsOf: $0) }
    }
}
