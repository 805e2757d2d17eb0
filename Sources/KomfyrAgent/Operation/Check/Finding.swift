/// What `check` found out about one thing.
struct Finding: Equatable {
    enum State: String {
        case ok
        /// It works, and is probably not meant so.
        case warn
        /// The agent would not start, or would deliver nothing.
        case fail
    }

    var state: State
    /// What was looked at: `data_dir`, `input "x"`, `hub key`.
    var subject: String
    /// What was found.
    var words: String
    /// What to do; nil when there is nothing to do.
    var remedy: String?

    static func ok(_ subject: String, _ words: String) -> Finding {
        Finding(state: .ok, subject: subject, words: words)
    }

    static func warn(_ subject: String, _ words: String, _ remedy: String) -> Finding {
        Finding(state: .warn, subject: subject, words: words, remedy: remedy)
    }

    static func fail(_ subject: String, _ words: String, _ remedy: String) -> Finding {
        Finding(state: .fail, subject: subject, words: words, remedy: remedy)
    }
}

/// All findings, as a table for a person and as JSON for a program.
struct FindingReport {
    var findings: [Finding] = []

    /// The worst of them.
    var state: Finding.State {
        if findings.contains(where: { $0.state == .fail }) { return .fail }
        return findings.contains { $0.state == .warn } ? .warn : .ok
    }

    /// One line each, and below it what to do.
    var lines: [String] {
        let subjects = findings.map(\.subject.count).max() ?? 0
        return findings.flatMap { finding in
            let state = finding.state.rawValue.padded(to: 4)
            let line = "\(state)  \(finding.subject.padded(to: subjects))  \(finding.words)"
            guard let remedy = finding.remedy else { return [line] }
            return [line, String(repeating: " ", count: subjects + 8) + "do: \(remedy)"]
        }
    }

    /// `{"status": "ok", "checks": [{"state", "subject", "detail", "remedy"}]}`.
    var json: String {
        var object = JSONObjectWriter()
        object.text("status", state.rawValue)
        object.objects("checks", findings) { finding, object in
            object.text("state", finding.state.rawValue)
            object.text("subject", finding.subject)
            object.text("detail", finding.words)
            if let remedy = finding.remedy { object.text("remedy", remedy) } else { object.null("remedy") }
        }
        return String(decoding: object.finish(), as: UTF8.self)
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
