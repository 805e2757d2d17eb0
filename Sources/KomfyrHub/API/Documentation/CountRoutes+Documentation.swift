import Protocol

extension CountRoutes {
    static let histogramDocumentation = RouteDocumentation(
        .counts,
        "Counts by time and level",
        "Intervals begin at multiples of their length since 1970 (UTC); those without logs are left out.",
        parameters: LogFilterParameters.spanDocumentation + [
            .query(
                "interval",
                .text(pattern: "^[0-9]{1,9}[smhdw]$", example: "5m"),
                """
                The length of an interval, like `30s`, `5m`, `1h`, from 1 s to 366 d; \(HubLimits.histogramBuckets) \
                intervals at most. Unless said, so that there are about a hundred.
                """
            )
        ],
        answers: [
            .ok(
                .object([
                    "interval": .text(pattern: "^[0-9]+[smhd]$", example: "5m"),
                    "interval_seconds": .count,
                    "buckets": .list(
                        of: .object(["timestamp": .time, "count": .count, "levels": .named("Levels")]),
                        most: HubLimits.histogramBuckets
                    ),
                    "total": .count,
                ]),
                "Counts.",
                headers: [RouteDocumentation.Answer.partial]
            )
        ]
    )

    private static let values = Schema.list(
        of: .object(["value": .text, "count": .count]),
        most: HubLimits.facetValues
    )

    static let facetsDocumentation = RouteDocumentation(
        .counts,
        "The commonest values",
        "By level, group, tag, source and each member of `data` (by dotted path), the commonest first.",
        parameters: LogFilterParameters.spanDocumentation + [
            .query(
                "limit",
                .number(1...HubLimits.facetValues),
                "Values of each, \(HubLimits.facetValuesDefault) unless said."
            )
        ],
        answers: [
            .ok(
                .object([
                    "total": .count.described("Logs that match."),
                    "sampled": .flag.described(
                        "The values are of a part of the logs, since there were too many to look at all."
                    ),
                    "levels": .named("Levels"),
                    "groups": values,
                    "tags": values,
                    "sources": values,
                    "fields": .list(
                        of: .object([
                            "field": .text, "count": .count.described("Logs that have it."), "values": values,
                        ]),
                        most: HubLimits.facetValues
                    ),
                ]),
                "Values with their counts.",
                headers: [RouteDocumentation.Answer.partial]
            )
        ]
    )
}
