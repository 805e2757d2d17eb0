import Protocol

extension PatternRoutes {
    static let patternsDocumentation = RouteDocumentation(
        .counts,
        "Kinds of messages",
        """
        Messages that are alike but for their variables are one pattern. New ones come first, then the commonest. What \
        lies between `since` and `until` is counted; all older logs that are kept tell what is new.
        """,
        parameters: LogFilterParameters.documentation + [
            .query(
                "since",
                LogFilterParameters.time,
                "Logs from this time on are counted, those of the last 24 h unless said. "
                    + LogFilterParameters.timeWords,
                example: "2h"
            ),
            .query(
                "until",
                LogFilterParameters.time,
                "Logs up to this time, it included. " + LogFilterParameters.timeWords
            ),
            .query(
                "new_since",
                LogFilterParameters.time,
                "A pattern whose first log is of this time or later is new, if there were logs before; `since` unless "
                    + "said. " + LogFilterParameters.timeWords
            ),
            .query(
                "limit",
                .number(1...HubLimits.patternsListed),
                "Patterns at most, \(HubLimits.patternsListedDefault) unless said."
            ),
        ],
        answers: [
            .ok(
                .object([
                    "patterns": .list(
                        of: pattern,
                        most: HubLimits.patternsListed
                    ),
                    "count": .count.described("Patterns, those that are not listed too."),
                    "total": .count.described("Logs that match."),
                    "cut": .flag.described(
                        "There were more kinds of messages than are told apart: some patterns stand for what was left."
                    ),
                    "since": .time,
                    "new_since": .time,
                ]),
                "Patterns.",
                headers: [RouteDocumentation.Answer.partial]
            )
        ]
    )

    static let pattern = Schema.object([
        "template": .text.described(
            "The message with `<num>`, `<hex>`, `<uuid>`, `<ip>`, `<path>`, `<str>` (in quotes) or "
                + "`<*>` for what varies."
        ),
        "count": .count,
        "share": .quantity.described("Of all logs that match, 0 to 1."),
        "level": OpenAPIDescription.level,
        "levels": .named("Levels"),
        "first_seen": .time.described("Its first log that is kept, also before `since`."),
        "last_seen": .time.described("Its last log that is counted."),
        "new": .flag,
        "example_id": OpenAPIDescription.logID.described("Its last log that is counted."),
        "example": .text.described("That log's message, cut to 512 bytes."),
    ])
}
