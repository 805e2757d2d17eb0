/// Reads `multiline` of a file input.
struct MultilineReader {
    let report: ConfigurationReport

    private static let example = "{ start = '^\\d{4}-' } or { indented = true }"

    /// What the table says; nil when there is none, or after errors were reported.
    func read(_ table: TableReader) -> InputConfiguration.Multiline? {
        guard let found = table.table("multiline", example: "multiline = \(Self.example)") else { return nil }
        let beginning = readBeginning(found)
        let maxLines = found.integer("max_lines", in: AgentLimits.recordLines)
        let maxBytes = found.size("max_bytes", in: AgentLimits.recordBytes)
        let waitMs = found.integer("wait_ms", in: AgentLimits.recordWaitMs)
        found.finish()
        guard let beginning else { return nil }
        var multiline = InputConfiguration.Multiline(beginning: beginning)
        if let maxLines { multiline.maxLines = maxLines }
        if let maxBytes { multiline.maxBytes = Int(clamping: maxBytes) }
        if let waitMs { multiline.waitMs = waitMs }
        return multiline
    }

    private func readBeginning(_ table: TableReader) -> InputConfiguration.Multiline.Beginning? {
        let start = table.string("start")
        let indented = table.boolean("indented")
        if let start, indented == true {
            report.error(
                at: start.place,
                "`multiline` has both `start` and `indented`",
                "keep the one that tells where a log begins"
            )
            return nil
        }
        if let start {
            do throws(ValueProblem) {
                _ = try LinePattern.compile(start.value)
                return .start(start.value)
            } catch {
                report.error(at: start.place, "start", error)
                return nil
            }
        }
        if indented == true { return .notIndented }
        if !table.has("start") {
            report.error(at: table.place, "`multiline` does not say where a log begins", "write it as \(Self.example)")
        }
        return nil
    }
}
