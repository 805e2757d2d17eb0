import Protocol

/// Why what a model wrote is no report.
struct InsightsProblem: Error, Sendable, Equatable {
    /// In words, for the operator: `the model's answer has no "summary"`.
    var words: String
}

/// Reads what a model wrote as a report.
///
/// It is untrusted: the JSON is looked for (models write before it, after it, and put fences around it), checked
/// against the schema, cut to limits, and rid of control characters and marks that turn or hide writing. Members that
/// the schema does not have are passed over. Escaping is for whoever shows it.
enum InsightsReader {
    /// The report in the text.
    ///
    /// Where there are several objects that are reports the last one counts: models that think aloud write drafts.
    /// - Throws: what is wrong with the object that comes nearest to one.
    static func read(_ text: [UInt8]) throws(InsightsProblem) -> Insights {
        let text = repaired(text)
        var scanner = JSONScanner()
        var found: Insights?
        var problem: InsightsProblem?
        var start = 0
        for _ in 0..<HubLimits.insightAnswerPlaces {
            while start < text.count, text[start] != UInt8(ascii: "{") { start += 1 }
            guard start < text.count else { break }
            guard let end = objectEnd(text, start) else {
                problem = problem ?? InsightsProblem(words: "the model's answer breaks off within its JSON")
                start += 1
                continue
            }
            do throws(InsightsProblem) {
                found = try report(text[start..<end], &scanner)
                start = end
            } catch {
                problem = problem.map { $0.words.hasPrefix("the model's answer is no JSON") ? error : $0 } ?? error
                // A report may be wrapped in another object.
                start += 1
            }
        }
        if let found { return found }
        throw problem ?? InsightsProblem(words: "the model's answer has no JSON object")
    }

    /// UTF-8, with blanks for control characters: models write line ends within strings.
    private static func repaired(_ text: [UInt8]) -> [UInt8] {
        var repaired: [UInt8] = []
        repaired.reserveCapacity(text.count)
        text.withUnsafeBytes { _ = JSONText.appendRepaired($0, to: &repaired) }
        for index in repaired.indices where repaired[index] < 0x20 { repaired[index] = 0x20 }
        return repaired
    }

    /// Where the object that begins at `start` ends; nil: it does not.
    private static func objectEnd(_ text: [UInt8], _ start: Int) -> Int? {
        var depth = 0
        var isString = false
        var index = start
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "\\") where isString: index += 1
            case UInt8(ascii: "\""): isString.toggle()
            case UInt8(ascii: "{") where !isString: depth += 1
            case UInt8(ascii: "}") where !isString:
                depth -= 1
                if depth == 0 { return index + 1 }
            default: break
            }
            index += 1
        }
        return nil
    }

    // MARK: The schema

    private static func report(
        _ bytes: ArraySlice<UInt8>,
        _ scanner: inout JSONScanner
    ) throws(InsightsProblem) -> Insights {
        // Not by throwing: the closure's call passes on what it throws without its type.
        let read = bytes.withUnsafeBytes { bytes -> Result<ModelJSON, JSONProblem> in
            do throws(JSONProblem) { return .success(try ModelJSON(bytes, &scanner)) } catch { return .failure(error) }
        }
        let tree: ModelJSON
        switch read {
        case .success(let value): tree = value
        case .failure(let error): throw InsightsProblem(words: "the model's answer is no JSON: \(error.words)")
        }
        let summary = try line(tree, "summary", HubLimits.insightSummaryBytes, "")
        guard !summary.isEmpty else { throw InsightsProblem(words: "the model's answer has an empty \"summary\"") }
        let severity = try word(tree, "severity", [Insights.Severity.normal, .warning, .critical], "")
        var findings: [Insights.Finding] = []
        for (index, item) in try list(tree, "findings").prefix(HubLimits.insightFindings).enumerated() {
            let place = " in finding \(index + 1)"
            findings.append(
                Insights.Finding(
                    title: try line(item, "title", HubLimits.insightTitleBytes, place),
                    description: try line(item, "description", HubLimits.insightDescriptionBytes, place),
                    severity: try word(item, "severity", [.info, .warning, .critical], place),
                    since: time(item)
                )
            )
        }
        var recommendations: [Insights.Recommendation] = []
        for (index, item) in try list(tree, "recommendations").prefix(HubLimits.insightRecommendations).enumerated() {
            let place = " in recommendation \(index + 1)"
            recommendations.append(
                Insights.Recommendation(
                    action: try line(item, "action", HubLimits.insightActionBytes, place),
                    priority: try word(item, "priority", [.low, .medium, .high], place)
                )
            )
        }
        return InsightOrder.sorted(
            Insights(summary: summary, severity: severity, findings: findings, recommendations: recommendations)
        )
    }

    private static func text(_ tree: ModelJSON, _ name: String, _ place: String) throws(InsightsProblem) -> String {
        switch tree[name] {
        case .text(let text): return text
        case nil: throw InsightsProblem(words: "the model's answer has no \"\(name)\"\(place)")
        default: throw InsightsProblem(words: "\"\(name)\"\(place) of the model's answer is no string")
        }
    }

    private static func line(
        _ tree: ModelJSON,
        _ name: String,
        _ limit: Int,
        _ place: String
    ) throws(InsightsProblem) -> String {
        ReportText.line(try text(tree, name, place), bytes: limit)
    }

    private static func list(_ tree: ModelJSON, _ name: String) throws(InsightsProblem) -> [ModelJSON] {
        switch tree[name] {
        case .list(let items): return items
        case nil: throw InsightsProblem(words: "the model's answer has no \"\(name)\"")
        default: throw InsightsProblem(words: "\"\(name)\" of the model's answer is no list")
        }
    }

    /// RFC 3339; whatever else stands there is no time, which is no reason to lose the finding.
    private static func time(_ tree: ModelJSON) -> Int64? {
        guard case .text(let text) = tree["since"] else { return nil }
        var copy = text
        return copy.withUTF8 { Timestamp.parse(UnsafeRawBufferPointer($0)) }
    }

    // MARK: Words of severity

    /// The value that a word stands for, of three that get graver.
    private static func word<Value>(
        _ tree: ModelJSON,
        _ name: String,
        _ values: [Value],
        _ place: String
    ) throws(InsightsProblem) -> Value {
        let word = try text(tree, name, place)
        guard let rank = rank(word), rank < values.count else {
            let shown = ReportText.line(word, bytes: 40)
            throw InsightsProblem(words: "\"\(name)\"\(place) of the model's answer is \"\(shown)\", which is none")
        }
        return values[rank]
    }

    /// How grave a word is: models without a grammar write what they are used to.
    private static func rank(_ word: String) -> Int? {
        switch word.utf8.count <= 20 ? word.lowercased() : "" {
        case "normal", "info", "low", "ok", "none", "notice", "informational", "healthy", "minor": 0
        case "warning", "warn", "medium", "moderate", "major": 1
        case "critical", "high", "error", "severe", "fatal", "urgent": 2
        default: nil
        }
    }
}
