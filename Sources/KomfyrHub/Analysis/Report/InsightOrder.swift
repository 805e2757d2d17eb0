/// The order of a report: the gravest finding and the most urgent recommendation first.
enum InsightOrder {
    /// The same report in that order; what is as grave stays as it was.
    static func sorted(_ insights: Insights) -> Insights {
        var insights = insights
        insights.findings = stable(insights.findings) { rank($0.severity) }
        insights.recommendations = stable(insights.recommendations) { rank($0.priority) }
        return insights
    }

    static func rank(_ severity: Insights.Finding.Severity) -> Int {
        switch severity {
        case .critical: 2
        case .warning: 1
        case .info: 0
        }
    }

    static func rank(_ priority: Insights.Recommendation.Priority) -> Int {
        switch priority {
        case .high: 2
        case .medium: 1
        case .low: 0
        }
    }

    private static func stable<Element>(_ elements: [Element], _ rank: (Element) -> Int) -> [Element] {
        elements.enumerated()
            .sorted { (rank($1.element), $0.offset) < (rank($0.element), $1.offset) }
            .map(\.element)
    }
}
