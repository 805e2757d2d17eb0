import Testing

@testable import KomfyrAgent

/// One message and all that is expected of its line: the columns of the tables in `SyslogMessagesTests`.
struct SyslogCase: Sendable, CustomTestStringConvertible {
    var name: String
    var input: String
    /// As it stands in the line, escapes included; nil when there is no message.
    var message: String?
    var facility: String?
    var severity: Int?
    var host: String?
    var app: String?
    /// Members of `data` behind the app.
    var more = ""
    var time = SyslogCase.arrivalText
    var isUnparsed = false
    var zoneOffset = 0

    var testDescription: String { name }

    /// This is 2026-11-23T12:00:00Z.
    static let arrival: Int64 = 1_795_435_200_000_000_000
    static let arrivalText = "2026-11-23T12:00:00.000Z"
    private static let severities = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"]
    private static let levels = [
        "critical", "critical", "critical", "error", "warning", "info", "info", "debug",
    ]

    init(
        _ name: String,
        _ input: String,
        _ message: String?,
        _ facility: String?,
        _ severity: Int?,
        host: String? = nil,
        app: String? = nil,
        more: String = "",
        time: String = SyslogCase.arrivalText,
        unparsed: Bool = false,
        zoneOffset: Int = 0
    ) {
        self.name = name
        self.input = input
        self.message = message
        self.facility = facility
        self.severity = severity
        self.host = host
        self.app = app
        self.more = more
        self.time = time
        isUnparsed = unparsed
        self.zoneOffset = zoneOffset
    }

    /// The line that a sender at 10.0.0.9 gets.
    var line: String {
        var data: [String] = []
        if let facility { data.append("\"facility\":\"\(facility)\"") }
        if let severity { data.append("\"severity\":\"\(Self.severities[severity])\"") }
        if let host {
            data.append("\"host\":\"\(host)\"")
            if host != "10.0.0.9" { data.append("\"peer\":\"10.0.0.9\"") }
        }
        if let app { data.append("\"app\":\"\(app)\"") }
        if !more.isEmpty { data.append(more) }
        let start = message.map { "\"message\":\"\($0)\"," } ?? ""
        let level = severity.map { Self.levels[$0] } ?? "info"
        let source = host ?? "10.0.0.9"
        let hostPart = source.replacing(":", with: "_")
        let appPart = (app ?? "unknown").replacing(":", with: "_")
        let tags = isUnparsed ? ",\"tags\":[\"unparsed\"]" : ""
        return "{\(start)\"level\":\"\(level)\",\"group\":\"syslog:\(hostPart):\(appPart)\"\(tags),"
            + "\"data\":{\(data.joined(separator: ","))},\"timestamp\":\"\(time)\",\"source\":\"\(source)\"}\n"
    }
}
