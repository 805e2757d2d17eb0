import Protocol

/// The parameters that say which logs are meant, described once for all routes that have them.
extension LogFilterParameters {
    /// Of `names`.
    static let documentation: [RouteDocumentation.Parameter] = [
        .query(
            "group",
            .list(of: .text(most: ProtocolLimits.groupBytes + 2), most: HubLimits.queryValues),
            "`a` is that group alone, `a:*` it and all below it, `*` all; nothing else is a pattern. Repeated: any of them.",
            list: .repeated,
            example: ["datacenter:*"]
        ),
        .query(
            "tags",
            .list(of: .text, most: HubLimits.queryValues),
            "Logs with any of these tags.",
            list: .commas
        ),
        .query("tags_mode", .words(["any", "all"]), "`all`: logs with all of the `tags`; `any` unless said."),
        .query("level", OpenAPIDescription.newLevel, "This level and above; the usual aliases are understood."),
        .query(
            "levels",
            .list(of: OpenAPIDescription.newLevel, most: HubLimits.queryValues),
            "Exactly these levels.",
            list: .commas,
            example: ["error", "critical"]
        ),
        .query("source", .text, "Exactly this source."),
        .query(
            "q",
            .text,
            """
            A search: words (whole, any case), `"phrases"`, `prefix*`, `*part*`, `-not`, `OR`, parentheses, \
            `field:value`, `field>=number` (fields of `data` by dotted path, also `message`, `level`, `group`, `tags`, \
            `source`), `/regex/`. What is wrong is 422 with the position.
            """,
            example: "disk -test data.used_percent>=90"
        ),
    ]

    /// Of `spanNames`.
    static let spanDocumentation =
        documentation + [
            .query("since", time, "Logs from this time on. " + timeWords, example: "2h"),
            .query("until", time, "Logs up to this time, it included. " + timeWords),
        ]

    static let orderDocumentation = RouteDocumentation.Parameter.query(
        "order",
        .words(["desc", "asc"]),
        "`desc` (newest first) unless said; what is of the same time comes by arrival."
    )

    static let time = Schema.anyOf(
        .text(pattern: "^(now|[0-9]{1,6}[smh]|[0-9]{1,4}[dw])$", example: "15m"),
        .text(pattern: #"^[0-9]{1,10}(\.[0-9]{1,9})?$"#, example: "1795410000"),
        .time
    )
    static let timeWords =
        "RFC 3339 (UTC when it names no zone), a number since 1970 (s, ms, ns), or `15m`, `2h`, `1d` before now."
}

extension RouteDocumentation.Answer {
    /// The header that marks what was answered without Redis.
    static let partial = (
        name: "Komfyrvakt-Partial",
        description: "`redis`: Redis could not be asked, and the answer holds what the hub's memory has."
    )
}
