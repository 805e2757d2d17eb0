import Protocol

extension StoreRoutes {
    static let groupsDocumentation = RouteDocumentation(
        .groups,
        "The groups",
        """
        Sorted by name. `detail=1` makes each an object with its figures. With it a filter changes what `count` and \
        `levels` count: groups that it leaves nothing of stay with 0, `group` leaves out others. `newest` and `rate` \
        are of all logs.
        """,
        parameters: LogFilterParameters.spanDocumentation + [
            .query("detail", .words(["1", "true", "0", "false"]), "With count, newest, levels and logs a second.")
        ],
        answers: [
            .ok(
                .object([
                    "status": .constant("success"),
                    "groups": .anyOf(
                        .list(of: .text),
                        .list(
                            of: .object([
                                "name": .text, "count": .count, "newest": .time, "levels": .named("Levels"),
                                "rate": .quantity.described("Logs a second over the last minute."),
                            ])
                        )
                    ),
                    "count": .count,
                ]),
                example: ["status": "success", "groups": ["datacenter:server-rack-1", "warehouse"], "count": 2]
            )
        ]
    )

    static let statsDocumentation = RouteDocumentation(
        .groups,
        "The store's figures",
        answers: [
            .ok(
                .object([
                    "status": .constant("success"),
                    "stats": .object([
                        "total_logs": .count,
                        "storage": .constant("redis"),
                        "retention_hours": .count,
                        "groups": .count,
                        "bytes_stored": .count.described("What chunks and write-ahead log take in Redis."),
                        "bytes_per_log": .quantity,
                        "memory_limit": .count.described("In bytes."),
                        "memory_used": .count.described("What Redis takes, in bytes."),
                        "is_full": .flag.described("Logs are refused, or the oldest dropped, to make room."),
                        "oldest": .time.orNull,
                        "newest": .time.orNull,
                        "levels": .named("Levels"),
                        "ingest_rate": .quantity.described("Logs a second over the last minute."),
                        "rejected": .count.orNull.described("Refused since the start; null for bounded keys."),
                        "dropped": .count.orNull.described("Dropped since the start; null for bounded keys."),
                        "agents": .count.described("Agents that are known."),
                        "ai": .object([
                            "provider": .words(["gemini", "openai", "statistics"]),
                            "model": .text.orNull,
                            "tokens_today": .count.orNull
                                .described("Of this day (UTC), in and out; null for bounded keys."),
                            "daily_tokens": .count.orNull
                                .described("AI_DAILY_TOKENS; null for bounded keys."),
                        ]),
                    ]),
                ])
            )
        ]
    )

    static let purgeDocumentation = RouteDocumentation(
        .groups,
        "Remove logs",
        "By `group`, or everything by `all=true`; one of them. What is removed is gone at once and for good.",
        parameters: [
            .query(
                "group",
                .text(pattern: #"^[^:*\x00-\x1f\x7f]+(:[^:*\x00-\x1f\x7f]+)*(:\*)?$"#, example: "test:*")
                    .adding("maxLength", .number(ProtocolLimits.groupBytes)),
                "`a` is that group alone, `a:*` it and all below it.",
                mayBeEmpty: false
            ),
            .query("all", .words(["true", "1", "false", "0"]), "All logs of all groups."),
        ],
        answers: [
            .ok(
                .object([
                    "status": .constant("success"),
                    "result": .oneOf(
                        .object(["purged": .count, "group": .text, "scope": .constant("group")]),
                        .object(["purged": .count, "scope": .constant("all")])
                    ),
                ]),
                "So many logs were removed.",
                example: ["status": "success", "result": ["purged": 17, "group": "test:*", "scope": "group"]]
            )
        ]
    )
}
