/// What bounds reports, and what a model is told.
extension HubLimits {
    // MARK: Insights

    /// A report's summary, in bytes: a paragraph.
    static let insightSummaryBytes = 2_000
    /// A finding's title, in bytes: a line or two on a phone.
    static let insightTitleBytes = 240
    /// A finding's description, in bytes: what a person on call reads at once.
    static let insightDescriptionBytes = 2_400
    /// What a recommendation says, in bytes.
    static let insightActionBytes = 1_000
    /// Findings of a report: beyond so many nobody reads on.
    static let insightFindings = 12
    /// Recommendations of a report.
    static let insightRecommendations = 12
    /// Places in a model's answer where its report is looked for, so that an answer of nothing but `{` costs no more
    /// than so many passes.
    static let insightAnswerPlaces = 24

    // MARK: Digest

    /// What is looked at of a text before it is masked and cut, in bytes: so much more than what is kept that a secret
    /// which the first cut splits lies behind the second one.
    static let digestLookBytes = 4 << 10
    /// A log's message in the digest, in bytes; what says what went wrong stands at the beginning.
    static let digestMessageBytes = 400
    /// A template, in bytes.
    static let digestTemplateBytes = 300
    /// A log's data, in bytes.
    static let digestDataBytes = 240
    /// Names of groups, tags, sources and fields, in bytes.
    static let digestNameBytes = 160
    /// Lines of one section at most, before the budget cuts further; facts have some dozens of each.
    static let digestLines = 200

    // MARK: Secrets

    /// The longest name before a `=` or `:` that is looked at, in bytes; of longer ones the end counts.
    static let secretNameBytes = 64
}
