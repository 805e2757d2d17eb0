import Protocol

extension QueryRoutes {
    static let listDocumentation = RouteDocumentation(
        .logs,
        "Logs in pages",
        """
        Newest first. `Link: <…>; rel="next"` is the address of the next page, and missing after the last one. Pages \
        are of the moment of the first: logs that arrive meanwhile are not in them.
        """,
        parameters: LogFilterParameters.spanDocumentation + [
            .query(
                "limit",
                .number(1...HubLimits.pageLogs),
                "Logs in a page, \(HubLimits.pageLogsDefault) unless said; very large logs make a page shorter."
            ),
            LogFilterParameters.orderDocumentation,
            .query(
                "cursor",
                .text(pattern: #"^-?[0-9a-z]{1,12}\.[0-9a-z]{1,12}\.[0-9a-z]{1,12}$"#, example: "dbe3v5w8t3ls.2s.3c"),
                "From `Link`."
            ),
        ],
        answers: [
            .ok(
                .list(of: .named("Log"), most: HubLimits.pageLogs),
                "A page.",
                example: [OpenAPIDescription.exampleLog],
                headers: [
                    (name: "Link", description: "The next page (RFC 8288)."), RouteDocumentation.Answer.partial,
                ]
            )
        ]
    )

    private static let id = RouteDocumentation.Parameter.path("id", OpenAPIDescription.logID, "The log's id.")

    static let oneDocumentation = RouteDocumentation(
        .logs,
        "One log",
        parameters: [id],
        answers: [.ok(.named("Log"), "The log.", example: OpenAPIDescription.exampleLog)],
        statuses: [404]
    )

    static let contextDocumentation = RouteDocumentation(
        .logs,
        "A log and its neighbours",
        "What came before and after it in the same group and from the same source, each part in order of time.",
        parameters: [
            id,
            .query(
                "before",
                .number(0...HubLimits.contextLogs),
                "Neighbours before it, \(HubLimits.contextLogsDefault) unless said."
            ),
            .query(
                "after",
                .number(0...HubLimits.contextLogs),
                "Neighbours after it, \(HubLimits.contextLogsDefault) unless said."
            ),
        ],
        answers: [
            .ok(
                .object([
                    "before": .list(of: .named("Log"), most: HubLimits.contextLogs),
                    "log": .named("Log"),
                    "after": .list(of: .named("Log"), most: HubLimits.contextLogs),
                ]),
                "The log and its neighbours.",
                headers: [RouteDocumentation.Answer.partial]
            )
        ],
        statuses: [404]
    )
}

extension ExportRoute {
    static let documentation = RouteDocumentation(
        .logs,
        "All logs of a query, as a file",
        """
        Not a page: everything that matches, streamed. A file that is not whole breaks off: the connection is closed \
        without the proper end of a chunked body. CSV is RFC 4180 with a header row, tags and data as JSON; cells that \
        begin with `=`, `+`, `-`, `@`, a tab or a carriage return get a leading `'`, so that no spreadsheet takes them \
        for formulas.
        """,
        parameters: LogFilterParameters.spanDocumentation + [
            LogFilterParameters.orderDocumentation,
            .query("format", .words(["csv", "json", "ndjson"]), "`ndjson` (one log a line) unless said."),
        ],
        answers: [
            RouteDocumentation.Answer(
                200,
                "The file.",
                [
                    RouteDocumentation.Content("application/x-ndjson", .text),
                    RouteDocumentation.Content("application/json", .list(of: .named("Log"))),
                    RouteDocumentation.Content("text/csv", .text),
                ],
                headers: [
                    (
                        name: "Content-Disposition",
                        description: "`attachment; filename=\"komfyrvakt-GROUP-TIME.csv\"`, safe characters only."
                    )
                ]
            )
        ]
    )
}

extension StreamRoute {
    static let documentation = RouteDocumentation(
        .logs,
        "Logs as they arrive",
        """
        Server-sent events: `id:` is the log's id, `data:` its JSON. `{"skipped": N}` says that so many were left out \
        because they came faster than they were read. A reader that comes back with `Last-Event-ID` gets what it \
        missed. Asked with `Upgrade: websocket` (version 13) it is a WebSocket: a text frame of JSON for each log. A \
        page, which can set no header, names its key by the protocols `bearer, KEY`; with a cookie the `Origin` must \
        be the hub's own.
        """,
        parameters: LogFilterParameters.documentation + [
            .query("last_event_id", OpenAPIDescription.logID, "As `Last-Event-ID`, which it comes before."),
            .query(
                "beats",
                .words(["true", "1", "false", "0"]),
                "`1`: a WebSocket gets `{\"beat\":true}` every \(HubLimits.liveBeatSeconds) s when there is no log."
            ),
            .header("Last-Event-ID", OpenAPIDescription.logID, "The last log that was received."),
        ],
        answers: [
            RouteDocumentation.Answer(
                200,
                "Events, without end.",
                [RouteDocumentation.Content("text/event-stream", .text)]
            ),
            RouteDocumentation.Answer(
                101,
                "A WebSocket.",
                headers: [(name: "Sec-WebSocket-Accept", description: "RFC 6455.")]
            ),
        ],
        statuses: [426]
    )
}
