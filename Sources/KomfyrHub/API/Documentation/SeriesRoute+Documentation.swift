import Protocol

extension SeriesRoute {
    static let documentation = RouteDocumentation(
        .counts,
        "Numbers and counts by time",
        """
        Counts by level and the numeric members of `data`, for each interval from `since` to `until`. Intervals begin at \
        multiples of their length since 1970 (UTC) and are all there: one without logs has counts of 0, and a field \
        that no log of an interval has is left out of its `data`. Times that are said by their distance from now, and \
        those that are not said, begin and end with an interval; unless said they are what is kept, up to the end of \
        the running interval. An answer may be 10 seconds old.
        """,
        parameters: LogFilterParameters.spanDocumentation + [
            .query(
                "field",
                .list(of: .text(most: HubLimits.numericPathBytes), most: HubLimits.queryValues),
                "Members of `data` by dotted path, repeated or with commas between; unless said, every numeric one.",
                list: .repeated,
                example: ["temperature", "disk.used_percent"]
            ),
            .query(
                "interval",
                .text(pattern: "^[0-9]{1,9}[smhdw]$", example: "5m"),
                """
                The length of an interval, like `30s`, `5m`, `1h`, from 1 s to 366 d; \(HubLimits.seriesIntervals) \
                intervals at most. Unless said `5m`, or longer where that would be more than \
                \(HubLimits.seriesIntervalsDefault).
                """
            ),
        ],
        answers: [
            .ok(
                .object([
                    "interval": .text(pattern: "^[0-9]+[smhd]$", example: "5m"),
                    "interval_seconds": .count,
                    "intervals": .list(
                        of: .object([
                            "timestamp": .time.described("The interval's begin."),
                            "log_count": .count,
                            "levels": .named("Levels"),
                            "data": .map(of: summary).described("By field; those without a value are left out."),
                        ]),
                        most: HubLimits.seriesIntervals
                    ),
                    "total_intervals": .count,
                    "fields_tracked": .list(of: .text, most: HubLimits.seriesFields)
                        .described("The fields that have values, by name."),
                    "fields_cut": .flag.described(
                        "There are more fields: those are given that come first by name. Ask for others by `field`."
                    ),
                    "trends": .list(of: trend).described("What changed, computed."),
                ]),
                "A series.",
                headers: [RouteDocumentation.Answer.partial]
            )
        ]
    )

    static let summary = Schema.object([
        "min": .decimal,
        "max": .decimal,
        "avg": Schema.decimal.orNull.described("Null where the sum is beyond a double's range."),
        "sum": Schema.decimal.orNull.described("Null where it is beyond a double's range."),
        "count": .count,
        "last": .decimal.described("Of the newest log."),
    ])

    static let trend = Schema.object([
        "subject": .words(["field", "count", "errors"])
            .described("A field's averages, how many logs there were, or the share of errors among them."),
        "field": .text.orNull.described("By dotted path; null where it is of no field."),
        "group": .text.orNull.described("Null: several together."),
        "kind": .words(Trend.Kind.allCases.map(\.rawValue)),
        "from": .time.described("When it began."),
        "to": .time.described("When it ended, or the end of the series."),
        "before": Schema.decimal.orNull.described("What was usual before it."),
        "after": Schema.decimal.orNull.described("What it came to."),
        "change": Schema.decimal.orNull.described("From the one to the other."),
        "confidence": .decimal.described("How sure it is, 0 to 1."),
        "text": .text.described("In words."),
    ])
}
