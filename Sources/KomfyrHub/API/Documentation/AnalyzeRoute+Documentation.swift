import Protocol

extension AnalyzeRoute {
    static let documentation = RouteDocumentation(
        .analysis,
        "What is going wrong, and since when",
        """
        A report of a group's logs: what changed, since when, and what to do. A model writes it where one is set \
        (`AI_PROVIDER`), otherwise, and while it fails, the statistics do, from the same trends and patterns; `analyst` \
        says who did, and in `error` why a model did not. It is kept for two hours for each group, window, analyst and \
        bound of the key; `logs_since` says how many logs came since, by their own time. What a model wrote is text from \
        somewhere else: show it as text.

        Where a model writes, a share token gets a report that is kept or under way, and 403 where there is none, or \
        with `refresh`: a model may cost, and that is not for those to order who were given a link.

        A first report takes as long as the model does, minutes on a small machine. Parameters stand in the address or \
        in a JSON body, or in neither.
        """,
        parameters: [
            .query("group", group, groupWords, example: "datacenter:*"),
            .query("hours", hours, hoursWords),
            .query("refresh", .words(["true", "1", "false", "0"]), refreshWords),
        ],
        body: .json(
            .object(
                [
                    "group": group.orNull.described(groupWords),
                    "hours": hours.orNull.described(hoursWords),
                    "refresh": Schema.flag.orNull.described(refreshWords),
                ],
                optional: ["group", "hours", "refresh"]
            ),
            example: ["group": "datacenter:*", "hours": 24],
            isRequired: false
        ),
        answers: [
            .ok(
                .object([
                    "status": .constant("success"),
                    "cached": .flag.described("It was made for an earlier request."),
                    "logs_since": .count.orNull
                        .described("Logs whose time is after the report's; null: that cannot be told now."),
                    "analysis": report,
                ]),
                "The report.",
                headers: [RouteDocumentation.Answer.partial]
            )
        ],
        statuses: [413]
    )

    // MARK: Parameters

    private static let group = Schema.text(most: ProtocolLimits.groupBytes + 2)
    private static let groupWords =
        "`a` is that group alone, `a:*` it and all below it, `*` all; `*` unless said."
    private static let hours = Schema.number(1...8_784)
    private static let hoursWords =
        "The window, back from now, as long as logs are kept at most; \(HubLimits.analysisHoursDefault) unless said."
    private static let refreshWords = "Make it anew, though one is kept."

    // MARK: The report

    private static let number = Schema(["type": ["number", "null"]])

    private static let report = Schema.object([
        "timestamp": .time.described("When it was made."),
        "group": .text,
        "since": .time,
        "until": .time,
        "aggregation": .object([
            "total_logs": .count,
            "level_counts": .named("Levels"),
            "tag_counts": members(of: .count).described("The commonest tags."),
            "data_fields": members(
                of: .object(["count": .count, "min": number, "max": number, "avg": number, "last": number])
            )
            .described("The numeric members of `data`, by dotted path."),
        ]),
        "time_series": .object([
            "interval_seconds": .count,
            "intervals":
                .list(
                    of: .object([
                        "timestamp": .time, "log_count": .count, "levels": .named("Levels"),
                        "data": members(of: SeriesRoute.summary),
                    ])
                )
                .described("Those with logs; `data` of the commonest members alone."),
            "total_intervals": .count,
            "fields_tracked": .list(of: .text),
            "trends": .list(of: SeriesRoute.trend, most: HubLimits.analysisTrends),
        ]),
        "patterns": .list(of: PatternRoutes.pattern, most: HubLimits.analysisPatterns)
            .described("With their secrets masked."),
        "left_out": .list(of: .text)
            .described("What there was too much of to be looked at, in words; empty: all of it was."),
        "ai_insights": .object([
            "summary": .text,
            "severity": .words(Insights.Severity.allCases.map(\.rawValue)),
            "findings": .list(
                of: .object([
                    "title": .text, "description": .text,
                    "severity": .words(Insights.Finding.Severity.allCases.map(\.rawValue)), "since": .time.orNull,
                ])
            ),
            "recommendations": .list(
                of: .object([
                    "action": .text,
                    "priority": .words(Insights.Recommendation.Priority.allCases.map(\.rawValue)),
                ])
            ),
        ]),
        "analyst": .object([
            "provider": .words(["gemini", "openai", "statistics"]).described("Who wrote `ai_insights`."),
            "model": .text.orNull,
            "tokens_in": .count,
            "tokens_out": .count.described("Its thoughts included."),
            "error": .text.orNull.described(
                "Why the model that is set did not write it; in general words for share tokens and keys that are bound "
                    + "to groups."
            ),
        ]),
        "analyzed_logs": .count,
    ])

    /// An object whose members have names that nobody knows before.
    private static func members(of schema: Schema) -> Schema {
        Schema(["type": "object", "additionalProperties": schema.json])
    }
}
