/// Reads a table of device messages: what is sent, and every field that is expected of it.
///
/// ```
///  # name of the case
///  < <189>29: *Nov 23 08:00:01: %SYS-5-CONFIG_I: text       the message; ␊ LF, ␍ CR, ␀ NUL, ⇥ tab
///  @ local7.notice - SYS 08:00:01                           priority, host, app, time
///  =~ %SYS-5                                                the text: the message from there on; `= text` in full
///  + "msgid":"SYS-5-CONFIG_I","sequence":29                 further members of `data`
/// ```
///
/// `-` is not there, `·` a blank. A time is one of 2026-11-23 in UTC, or whole; `-` that of the arrival. A priority of
/// `.err` has no facility. `@ unparsed` expects the whole message as it came.
enum DeviceTable {
    static func read(_ table: String) -> [SyslogCase] {
        table.split(separator: "\n\n").map { makeCase(fields(of: $0)) }
    }

    private static func fields(of block: Substring) -> [Character: String] {
        var fields: [Character: String] = [:]
        for line in block.split(separator: "\n") {
            guard let mark = line.first else { continue }
            fields[mark] = String(line.dropFirst(2))
            if mark == "=" && line.hasPrefix("=~") { fields["~"] = String(line.dropFirst(3)) }
        }
        return fields
    }

    /// What is mistyped: such a case would expect something else than was meant.
    static func problems(_ table: String) -> [String] {
        var problems: [String] = []
        for block in table.split(separator: "\n\n") {
            let fields = fields(of: block)
            let name = fields["#"] ?? "\(block.prefix(40))"
            for line in block.split(separator: "\n")
            where !["# ", "< ", "@ ", "= ", "=~", "+ "].contains(line.prefix(2)) {
                problems.append("\(name): what is `\(line)`?")
            }
            let columns = (fields["@"] ?? "").split(separator: " ").map(String.init)
            let severity = columns.first?.split(separator: ".", omittingEmptySubsequences: false).dropFirst().first
            if columns.count != 4, columns != ["unparsed"] {
                problems.append("\(name): `@` has \(columns.count) columns")
            } else if let severity, !severities.contains(String(severity)) {
                problems.append("\(name): no severity is called \(severity)")
            }
            if let start = fields["~"], !resolved(fields["<"] ?? "").contains(resolved(start)) {
                problems.append("\(name): `=~ \(start)` is not in the message")
            }
            if fields["#"] == nil || fields["<"] == nil { problems.append("\(name): it has no name, or no message") }
        }
        return problems
    }

    private static func makeCase(_ fields: [Character: String]) -> SyslogCase {
        let input = resolved(fields["<"] ?? "")
        let columns = (fields["@"] ?? "").split(separator: " ").map(String.init)
        let name = fields["#"] ?? "without a name"
        guard columns.count == 4 else {
            return SyslogCase(name, input, escaped(input), nil, nil, more: fields["+"] ?? "", unparsed: true)
        }
        let priority = columns[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        var message: String?
        if let start = fields["~"], let range = input.firstRange(of: resolved(start)) {
            message = escaped(String(input[range.lowerBound...]))
        } else if let text = fields["="] {
            message = escaped(resolved(text))
        }
        return SyslogCase(
            name,
            input,
            message,
            priority[0] == "-" || priority[0].isEmpty ? nil : priority[0],
            priority.count > 1 ? severities.firstIndex(of: priority[1]) : nil,
            host: column(columns[1]),
            app: column(columns[2]),
            more: fields["+"] ?? "",
            time: time(columns[3])
        )
    }

    private static let severities = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"]

    private static func column(_ text: String) -> String? {
        text == "-" ? nil : text.replacing("·", with: " ")
    }

    private static func time(_ text: String) -> String {
        if text == "-" { return SyslogCase.arrivalText }
        if text.contains("T") { return text }
        return "2026-11-23T\(text)\(text.contains(".") ? "" : ".000")Z"
    }

    private static func resolved(_ text: String) -> String {
        text.replacing("␊", with: "\n").replacing("␍", with: "\r").replacing("␀", with: "\0").replacing("⇥", with: "\t")
    }

    /// By scalars: CR LF is one character of a String.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\0": result += "\\u0000"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
