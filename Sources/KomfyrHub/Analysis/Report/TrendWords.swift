/// Says what a trend is, in parts that titles and sentences are made of: one wording wherever a trend is told.
///
/// Names (fields, groups) have their control characters and unseen marks taken out and are cut; they are not escaped
/// for any page.
struct TrendWords {
    private let trend: Trend
    /// Of the series that it was computed from, in nanoseconds.
    let interval: Int64
    /// The time that dates are left out of.
    let now: Int64

    init(_ trend: Trend, interval: Int64, now: Int64) {
        var trend = trend
        trend.group = trend.group.map { ReportText.line($0, bytes: HubLimits.digestNameBytes) }
        if case .field(let path) = trend.subject {
            trend.subject = .field(ReportText.line(path, bytes: HubLimits.digestNameBytes))
        }
        self.trend = trend
        self.interval = interval
        self.now = now
    }

    /// What it is of: `temperature`, `logs`, `share of errors`.
    var subject: String {
        switch trend.subject {
        case .field(let path): path
        case .count: "number of logs"
        case .errors: "share of errors"
        }
    }

    /// ` in GROUP`, or nothing.
    var place: String { trend.group.map { " in \($0)" } ?? "" }

    /// A value of the series, with its unit, and with as many digits as tell it from those before and after.
    func value(_ value: Double) -> String {
        switch trend.subject {
        case .field: ReportText.number(value, change: trend.kind == .silent ? 0 : trend.change)
        case .count: ReportText.number(value.rounded())
        case .errors: ReportText.percent(value)
        }
    }

    /// `logs per 5 min` behind a count, nothing behind others.
    var unit: String {
        guard case .count = trend.subject else { return "" }
        return " logs per " + ReportText.duration(interval)
    }

    var before: String { value(trend.before) }
    var after: String { value(trend.after) }

    /// `at 10:40 UTC`, `from 10:40 to 10:55 UTC`, `since 10:40 UTC`.
    var when: String {
        if trend.isOngoing { return "since " + ReportText.time(trend.from, now: now) }
        if trend.to &- trend.from <= interval { return "at " + ReportText.time(trend.from, now: now) }
        return "from " + ReportText.span(trend.from, trend.to, now: now)
    }

    /// `3.8 times as much`, where that says more than the numbers do.
    var factor: String? {
        guard trend.before > 0, trend.after > 0, trend.before.isFinite, trend.after.isFinite else { return nil }
        let factor = trend.after / trend.before
        if factor >= 2 { return ReportText.number((factor * 10).rounded() / 10) + " times as much" }
        return factor <= 0.5 ? "down by " + ReportText.percent(1 - factor) : nil
    }

    /// A finding's title.
    var title: String {
        switch (trend.kind, trend.subject) {
        case (.silent, .count), (.silent, .errors): return "\(trend.group ?? "Everything") fell silent"
        case (.silent, .field): return "\(subject)\(place) is no longer reported"
        case (.spike, .count): return "Flood of logs\(place): \(after)\(unit), usually \(before)"
        case (.drop, .count): return "Far fewer logs\(place): \(after)\(unit), usually \(before)"
        case (.spike, .errors): return "Burst of errors\(place): \(after) of logs, usually \(before)"
        case (.shift, .errors) where trend.change > 0:
            return "More errors\(place): \(after) of logs, before \(before)"
        case (.spike, .field): return "\(subject)\(place) spiked to \(after), usually \(before)"
        case (.drop, .field): return "\(subject)\(place) dropped to \(after), usually \(before)"
        case (.rising, _): return "\(capital(subject))\(place) keeps rising: \(before) to \(after)\(unit)"
        case (.falling, _): return "\(capital(subject))\(place) keeps falling: \(before) to \(after)\(unit)"
        default: return "\(capital(subject))\(place) moved from \(before) to \(after)\(unit)"
        }
    }

    /// What changed from what to what, and when; a whole sentence with its stop.
    var sentence: String {
        let factor = factor.map { " (\($0))" } ?? ""
        let what = capital(subject) + place
        switch trend.kind {
        case .silent:
            if case .field = trend.subject {
                return "\(what) has not been reported since \(ReportText.time(trend.from, now: now)), though the group"
                    + " still logs; it was \(before)."
            }
            return "\(trend.group ?? "Everything") has been silent since \(ReportText.time(trend.from, now: now));"
                + " before, it sent \(before) logs per \(ReportText.duration(interval))."
        case .spike:
            let end = trend.isOngoing ? " It has not come back." : ""
            return "\(what) reached \(after)\(unit)\(factor) \(when), usually \(before).\(end)"
        case .drop:
            let end = trend.isOngoing ? " It has not come back." : ""
            return "\(what) went down to \(after)\(unit)\(factor) \(when), usually \(before).\(end)"
        case .shift:
            let end = trend.isOngoing ? " and has stayed there" : ""
            let time = trend.isOngoing ? "at " + ReportText.time(trend.from, now: now) : when
            return "\(what) moved from \(before) to \(after)\(unit)\(factor) \(time)\(end)."
        case .rising, .falling:
            let verb = trend.kind == .rising ? "rose" : "fell"
            let end = trend.isOngoing ? " and goes on" : ""
            let span = ReportText.span(trend.from, trend.to, now: now)
            return "\(what) \(verb) steadily from \(before) to \(after)\(unit)\(factor) from \(span)\(end)\(pace)."
        }
    }

    /// How fast a slope is: `, by 12.5 an hour`.
    private var pace: String {
        let hours = Double(trend.to &- trend.from) / 3.6e12
        guard hours >= 0.5, trend.change.isFinite else { return "" }
        let perHour = abs(trend.change) / hours
        return ", by \(value(perHour)) an hour"
    }

    private func capital(_ text: String) -> String {
        // A field's name stays as it is written.
        if case .field = trend.subject { return text }
        return text.prefix(1).uppercased() + text.dropFirst()
    }
}
