import Glibc

/// One thing that is wrong, or doubtful, in a configuration file.
struct ConfigurationProblem: Error, Sendable, Hashable {
    var file: String
    /// Nil when the whole file is meant (it cannot be read).
    var place: TextPlace?
    var what: String
    /// What to do about it.
    var remedy: String

    /// `file:line:column: what is wrong; what to do`.
    var text: String { "\(location)\(what); \(remedy)" }

    /// `file:line:column: `.
    var location: String {
        let position = place.map { ":\($0.line):\($0.column)" } ?? ""
        return "\(file)\(position): "
    }
}

/// What is wrong with a value, without its place, as the small parsers of values say it.
struct ValueProblem: Error, Sendable, Hashable {
    var what: String
    var remedy: String

    init(_ what: String, _ remedy: String) {
        self.what = what
        self.remedy = remedy
    }
}

/// Collects all that is wrong with a file, so that a user mends it in one go.
final class ConfigurationReport {
    let file: String
    private(set) var errors: [ConfigurationProblem] = []
    /// What is allowed and probably not meant.
    private(set) var warnings: [ConfigurationProblem] = []

    init(file: String) {
        self.file = file
    }

    func error(at place: TextPlace?, _ what: String, _ remedy: String) {
        guard errors.count < AgentLimits.configurationErrors else { return }
        errors.append(ConfigurationProblem(file: file, place: place, what: what, remedy: remedy))
    }

    func error(at place: TextPlace?, _ key: String, _ problem: ValueProblem) {
        error(at: place, "`\(key)`: \(problem.what)", problem.remedy)
    }

    func warning(at place: TextPlace?, _ what: String, _ remedy: String) {
        guard warnings.count < AgentLimits.configurationErrors else { return }
        warnings.append(ConfigurationProblem(file: file, place: place, what: what, remedy: remedy))
    }

    /// Warns of a file with a secret that any user may read; `subject` says which, if not by its path.
    func warnIfReadableByOthers(_ path: String, at place: TextPlace, subject: String? = nil, mode: String = "600") {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IROTH != 0 else { return }
        warning(at: place, "\(subject ?? path) can be read by every user of this machine", "chmod \(mode) \(path)")
    }

    /// The errors from the file's top to its end.
    var sortedErrors: [ConfigurationProblem] {
        errors.sorted {
            ($0.place ?? TextPlace(line: 0, column: 0)) < ($1.place ?? TextPlace(line: 0, column: 0))
        }
    }
}

@available(*, unavailable)
extension ConfigurationReport: Sendable {}

/// All errors of one configuration file.
struct ConfigurationErrors: Error, Sendable {
    var problems: [ConfigurationProblem]
}
