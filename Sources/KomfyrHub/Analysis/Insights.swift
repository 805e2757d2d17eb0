/// What an analyst says, whoever it is: the same shape from a model and from the statistics.
struct Insights: Sendable, Equatable {
    enum Severity: String, Sendable, CaseIterable {
        case normal, warning, critical
    }

    struct Finding: Sendable, Equatable {
        enum Severity: String, Sendable, CaseIterable {
            case info, warning, critical
        }
        var title: String
        var description: String
        var severity: Severity
        /// In nanoseconds since 1970; nil: not known.
        var since: Int64?
    }

    struct Recommendation: Sendable, Equatable {
        enum Priority: String, Sendable, CaseIterable {
            case low, medium, high
        }
        var action: String
        var priority: Priority
    }

    var summary: String
    var severity: Severity
    /// The gravest first.
    var findings: [Finding]
    /// The most urgent first.
    var recommendations: [Recommendation]

    /// The same with no time beyond the window that it is about: who wrote it can know of none.
    ///
    /// One that lies before by less than an interval means the window's begin: series begin with a whole interval.
    func within(_ facts: AnalysisFacts) -> Insights {
        var insights = self
        for (index, finding) in findings.enumerated() {
            guard let since = finding.since else { continue }
            let isNearBegin = since < facts.since && since > facts.since &- facts.interval
            insights.findings[index].since =
                isNearBegin ? facts.since : (facts.since...max(facts.since, facts.until)).contains(since) ? since : nil
        }
        return insights
    }
}
