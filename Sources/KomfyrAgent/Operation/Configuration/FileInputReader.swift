/// Reads what an `[[input]]` of type `file` has of its own.
struct FileInputReader {
    let report: ConfigurationReport
    /// Where relative paths begin.
    let workingDirectory: String

    /// What a file input's own keys say; nil after errors were reported.
    func read(_ table: TableReader) -> InputConfiguration.FileConfiguration? {
        let parser: InputConfiguration.FileConfiguration.Parser? =
            table.choice("parser")
        let readFrom: InputConfiguration.FileConfiguration.ReadFrom? = table.choice("read_from")
        let exclude = readGlobs(table, "exclude")
        let paths = readGlobs(table, "paths")
        let multiline = MultilineReader(report: report).read(table)
        let pattern = readPattern(table, parser, isMultiline: multiline != nil)
        guard table.has("paths") else {
            report.error(at: table.place, "a file input has no `paths`", "add paths = [\"/var/log/myapp/*.log\"]")
            return nil
        }
        guard !paths.isEmpty else { return nil }
        return InputConfiguration.FileConfiguration(
            paths: paths,
            exclude: exclude,
            parser: parser ?? .raw,
            pattern: pattern,
            multiline: multiline,
            readFrom: readFrom ?? .beginning
        )
    }

    private func readPattern(
        _ table: TableReader,
        _ parser: InputConfiguration.FileConfiguration.Parser?,
        isMultiline: Bool
    ) -> String? {
        // With another parser it is a key that does nothing, which is reported as such.
        guard parser == .regex else { return nil }
        guard let pattern = table.string("pattern") else {
            if !table.has("pattern") {
                report.error(
                    at: table.place,
                    "`parser = \"regex\"` needs a `pattern`",
                    "add pattern = '(?P<time>\\S+) (?P<level>\\w+) (?P<message>.*)'"
                )
            }
            return nil
        }
        do throws(ValueProblem) {
            _ = try LinePattern(pattern.value, isMultiline: isMultiline, zone: .utc)
            return pattern.value
        } catch {
            report.error(at: pattern.place, "pattern", error)
            return nil
        }
    }

    private func readGlobs(_ table: TableReader, _ key: String) -> [String] {
        guard let found = table.strings(key) else { return [] }
        if found.value.isEmpty, key == "paths" {
            report.error(at: found.place, "`paths` is empty", "name at least one glob, as \"/var/log/myapp/*.log\"")
        }
        if found.value.count > AgentLimits.globs {
            report.error(at: found.place, "`\(key)` has more than \(AgentLimits.globs) globs", "join some with * or **")
        }
        var globs: [String] = []
        for text in found.value.prefix(AgentLimits.globs) {
            // A glob without a slash in `exclude` means the file's name alone.
            let isName = key == "exclude" && !text.value.contains("/")
            let path = isName || text.value.hasPrefix("/") ? text.value : workingDirectory + "/" + text.value
            do throws(ValueProblem) {
                _ = try FileGlob(path)
                globs.append(path)
            } catch {
                report.error(at: text.place, key, error)
            }
        }
        return globs
    }
}
