import Protocol

/// The `Link` to the next page of a listing (RFC 8288).
enum PageLink {
    /// The address of the next page: the same query with the cursor, and with its times as they were understood, since
    /// `15m` would mean a later time when the next page is asked for.
    static func next(_ query: QueryParameters, _ meant: LogQuery, path: String, cursor: LogQuery.Cursor) -> String {
        var parts: [String] = []
        for pair in query.pairs where !pair.value.isEmpty && pair.name != "cursor" {
            var value = pair.value
            if pair.name == "since", let since = meant.since { value = Timestamp.text(since) }
            if pair.name == "until", let until = meant.until { value = Timestamp.text(until) }
            parts.append(QueryParameters.encode(pair.name) + "=" + QueryParameters.encode(value))
        }
        parts.append("cursor=" + cursor.text)
        return "<\(path)?\(parts.joined(separator: "&"))>; rel=\"next\""
    }
}

extension LogQuery.Cursor {
    /// The cursor as it stands in an address: time, sequence and snapshot in base 36, joined by `.`.
    var text: String {
        [String(timestamp, radix: 36), String(sequence, radix: 36), String(snapshot, radix: 36)].joined(separator: ".")
    }

    /// Reads the text form.
    init?(text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 64, parts.count == 3, let timestamp = Int64(parts[0], radix: 36),
            let sequence = UInt64(parts[1], radix: 36), let snapshot = UInt64(parts[2], radix: 36)
        else { return nil }
        self.init(timestamp: timestamp, sequence: sequence, snapshot: snapshot)
    }
}
