import Protocol

/// How series, trends and patterns are written, wherever they are answered with.
extension JSONWriter {
    /// How many digits a number has.
    enum Digits {
        /// As many as are needed to read the same double.
        case all
        /// Six after the point, more than is measured: a report has to fit into its bytes.
        case six
    }

    /// A number; what is none, or not finite, becomes null.
    mutating func decimal(_ value: Double?, _ digits: Digits) {
        guard digits == .six, let value, value.isFinite, abs(value) < 1e9 else { return exact(value) }
        let rounded = (value * 1e6).rounded() / 1e6
        exact(rounded == 0 ? value : rounded)
    }

    /// A member that is a number.
    mutating func decimal(_ name: StaticString, _ value: Double?, _ digits: Digits) {
        key(name)
        decimal(value, digits)
    }

    /// One interval of a series, with some of its fields.
    mutating func interval(_ index: Int, of series: LogSeries, fields: [LogSeries.Field], _ digits: Digits) {
        beginObject()
        key("timestamp")
        time(series.time(index))
        key("log_count")
        integer(series.levels[index].total)
        key("levels")
        levels(series.levels[index].values)
        key("data")
        beginObject()
        for field in fields where index < field.summaries.count {
            guard let summary = field.summaries[index] else { continue }
            key(field.path)
            self.summary(summary, digits)
        }
        endObject()
        endObject()
    }

    private mutating func summary(_ summary: ChunkInterval.Summary, _ digits: Digits) {
        beginObject()
        decimal("min", summary.least, digits)
        decimal("max", summary.most, digits)
        decimal("avg", summary.average, digits)
        decimal("sum", summary.sum, digits)
        key("count")
        integer(summary.count)
        decimal("last", summary.last, digits)
        endObject()
    }

    /// A trend, with its sentence.
    mutating func trend(_ trend: Trend, text: String, _ digits: Digits) {
        beginObject()
        key("subject")
        string(trend.subject.name)
        key("field")
        string(trend.subject.path)
        key("group")
        string(trend.group)
        key("kind")
        string(trend.kind.rawValue)
        key("from")
        time(trend.from)
        key("to")
        time(trend.to)
        decimal("before", trend.before, digits)
        decimal("after", trend.after, digits)
        decimal("change", trend.change, digits)
        decimal("confidence", trend.confidence, digits)
        key("text")
        string(text)
        endObject()
    }

    /// Patterns; their shares are of `total` logs.
    mutating func patterns(_ patterns: some Sequence<Pattern>, of total: Int) {
        list(patterns) { json, pattern in json.pattern(pattern, of: total) }
    }

    private mutating func pattern(_ pattern: Pattern, of total: Int) {
        beginObject()
        key("template")
        string(pattern.template)
        key("count")
        integer(pattern.count)
        key("share")
        // A part in a million: among millions of logs a rare pattern has that little.
        let share = (Double(pattern.count) / Double(max(total, 1)) * 1e6).rounded() / 1e6
        value { $0.append(contentsOf: "\(share)".utf8) }
        key("level")
        string("\(pattern.levels.commonest.name)")
        key("levels")
        levels(pattern.levels.values)
        key("first_seen")
        time(pattern.firstSeen)
        key("last_seen")
        time(pattern.lastSeen)
        key("new")
        boolean(pattern.isNew)
        key("example_id")
        string(pattern.example.text)
        key("example")
        string(pattern.exampleMessage)
        endObject()
    }
}

extension Trend.Subject {
    /// What kind of series it is.
    var name: String {
        switch self {
        case .field: "field"
        case .count: "count"
        case .errors: "errors"
        }
    }

    /// The field's, dotted; nil: it is of logs.
    var path: String? {
        if case .field(let path) = self { path } else { nil }
    }
}

extension LevelCounts {
    /// The level that most logs have; of equally common ones the gravest.
    var commonest: Level {
        var commonest = Level.info
        var most = 0
        for level in Level.allCases where self[Int(level.rawValue)] >= max(most, 1) {
            commonest = level
            most = self[Int(level.rawValue)]
        }
        return commonest
    }
}
