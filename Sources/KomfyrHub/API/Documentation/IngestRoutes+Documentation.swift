import Protocol

extension IngestRoutes {
    private static let parameters: [RouteDocumentation.Parameter] = [
        .query(
            "group",
            .text(pattern: "^$|" + OpenAPIDescription.groupPattern, example: "site:oslo")
                .adding("maxLength", .number(ProtocolLimits.groupBytes)),
            "For logs without a group."
        ),
        .query(
            "tags",
            .list(of: .text(most: ProtocolLimits.tagBytes), most: ProtocolLimits.tags),
            "For logs without tags.",
            list: .commas
        ),
        .query("source", .text(most: ProtocolLimits.sourceBytes), "For logs without a source."),
        .query("level", OpenAPIDescription.newLevel, "For logs without a level."),
        .header(
            "Idempotency-Key",
            .text(
                pattern: "^[A-Za-z0-9_-]{1,64}\\.[0-9a-f]{32}/[1-9][0-9]{0,17}$",
                example: "my-app.0123456789abcdef0123456789abcdef/1"
            ),
            """
            `AGENT.GENERATION/SEQUENCE`: a request with the same one is answered as the first time, with \
            `"duplicate": true`, and stores nothing, whatever its body is then. GENERATION are 32 hex digits drawn at \
            the program's start, SEQUENCE counts from 1; of each generation the highest and the 64 below it are known.
            """
        ),
    ]

    private static let encoding = RouteDocumentation.Parameter.header(
        "Content-Encoding",
        .words(["identity", "gzip", "deflate", "zstd"]),
        "How the body is compressed; 64 MiB at most before and after."
    )

    private static let exampleNew: JSONTree = [
        "message": "disk almost full", "level": "warn", "group": "datacenter:server-rack-1",
        "data": ["used_percent": 91.5],
    ]

    private static var storedLog: Schema {
        // The log with one member more, which a schema of closed objects has to spell out.
        guard let log = OpenAPIDescription.schemas.first(where: { $0.key == "Log" })?.value,
            case .object(let members) = log.json,
            let properties = members.first(where: { $0.name == "properties" })?.value
        else { return .named("Log") }
        return log.adding(
            "properties",
            properties.setting(
                "duplicate",
                Schema.constant(true).described("This is the answer of the first time.").json
            )
        )
    }

    static let oneDocumentation = RouteDocumentation(
        .ingest,
        "Store one log",
        "A 200 means that Redis has it, on disk.",
        parameters: parameters + [encoding],
        body: .json(.named("NewLog"), example: exampleNew),
        answers: [.ok(storedLog, "The log as it is stored.", example: OpenAPIDescription.exampleLog)],
        statuses: [413, 415]
    )

    static let batchDocumentation = RouteDocumentation(
        .ingest,
        "Store logs",
        """
        An array of logs, an object with `logs`, or one log a line. One bad log never costs the good ones; when all \
        are bad it is 422. Up to \(HubLimits.logsPerBody) logs. `Prefer: return=minimal`, and lines, leave `logs` out \
        of the answer.
        """,
        parameters: parameters + [
            encoding,
            .header("Prefer", .text, "How much is answered (RFC 7240).", example: "return=minimal"),
        ],
        body: RouteDocumentation.Body(content: [
            RouteDocumentation.Content(
                "application/json",
                .oneOf(
                    .list(of: .named("NewLog"), most: HubLimits.logsPerBody),
                    Schema([
                        "type": "object",
                        "properties": [
                            "logs": Schema.list(of: .named("NewLog"), most: HubLimits.logsPerBody).json
                        ],
                        "required": ["logs"],
                    ])
                ),
                example: [exampleNew]
            ),
            RouteDocumentation.Content(
                "application/x-ndjson",
                .text.described("One log a line."),
                example: "{\"message\":\"one\"}\n{\"message\":\"two\"}\n"
            ),
        ]),
        answers: [
            .ok(
                .object(
                    [
                        "status": .constant("success"),
                        "ingested": .count,
                        "rejected": .count,
                        "duplicate": .constant(true).described("This is the answer of the first time."),
                        "errors":
                            .list(
                                of: .object([
                                    "index": .count.described("The log's place in the body, from 0."), "detail": .text,
                                ]),
                                most: HubLimits.refusalsNamed
                            )
                            .described("What was refused, and why."),
                        "logs": .list(of: .named("Log")).described("What was stored."),
                    ],
                    optional: ["duplicate", "logs"]
                ),
                "What became of them.",
                example: ["status": "success", "ingested": 2, "rejected": 0, "errors": []]
            )
        ],
        statuses: [413, 415]
    )
}
