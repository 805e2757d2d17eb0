import Protocol

extension AgentRoutes {
    static let listDocumentation = RouteDocumentation(
        .agents,
        "The fleet",
        """
        What each agent last told of itself. `online`, `late` (more than \(HubLimits.agentLateIntervals) intervals \
        without a sign of life), `silent` (more than \(HubLimits.agentSilentIntervals)); one that was silent for the \
        retention goes. A key that is bound to groups sees the agents whose key is bound within its own bound.
        """,
        answers: [
            .ok(
                .object([
                    "status": .constant("success"),
                    "agents": .list(
                        of: .object([
                            "id": id,
                            "state": .words(["online", "late", "silent"]),
                            "last_seen": .time,
                            "key":
                                .object([
                                    "id": .text.orNull.described("Null: the key of `.env`."),
                                    "name": .text,
                                    "group": .text.orNull.described("The pattern that bounds it; null: all groups."),
                                ])
                                .described("The key that it last used."),
                            "agent": .object([
                                "host": text.orNull, "version": text, "started": .time.orNull,
                                "interval": interval, "rate": .quantity.orNull, "delivered_rate": .quantity.orNull,
                                "backlog_logs": .quantity.orNull, "backlog_bytes": .quantity.orNull,
                                "backlog_seconds": .quantity.orNull, "received": .quantity.orNull,
                                "delivered": .quantity.orNull, "rejected": .quantity.orNull,
                                "dropped": .quantity.orNull,
                                "drops": .list(
                                    of: .object(["reason": text.orNull, "count": .quantity.orNull]),
                                    most: ProtocolLimits.heartbeatReasons
                                ),
                                "buffer": .words(AgentRegistry.bufferStates).orNull,
                                "inputs": .list(
                                    of: .object([
                                        "name": text.orNull, "type": text.orNull, "rate": .quantity.orNull,
                                        "received": .quantity.orNull, "unparsed": .quantity.orNull,
                                        "dropped": .quantity.orNull,
                                    ]),
                                    most: ProtocolLimits.heartbeatInputs
                                ),
                            ]),
                        ])
                    ),
                    "count": .count,
                ]),
                "By id."
            )
        ]
    )

    static let heartbeatDocumentation = RouteDocumentation(
        .agents,
        "A heartbeat",
        "An agent tells of itself. All but `version` may be missing or null; members of other names are left out.",
        parameters: [.path("id", id, "The agent's own id.")],
        body: .json(heartbeat, example: exampleHeartbeat),
        answers: [
            .ok(
                .object(["status": .constant("success"), "id": id]),
                "Noted.",
                example: ["status": "success", "id": "gateway-1"]
            )
        ],
        statuses: [413]
    )

    private static let id = Schema.text(
        pattern: "^[A-Za-z0-9_-]{1,\(ProtocolLimits.agentNameBytes)}$",
        example: "gateway-1"
    )
    private static let text = Schema.text(most: ProtocolLimits.heartbeatTextBytes)
    private static let interval = Schema.number(HubLimits.heartbeatRange)
    private static let figure = Schema(["type": ["number", "null"], "minimum": 0, "maximum": 1_000_000_000_000_000])

    /// What may be sent: open, unlike the answers.
    private static let heartbeat = Schema([
        "type": "object",
        "properties": [
            "version": text.json,
            "host": text.orNull.json,
            "started": Schema.time.orNull.json,
            "interval": interval.orNull.described("Seconds; \(HubLimits.heartbeatSeconds) unless said.").json,
            "rate": figure.described("Logs a second that came in.").json,
            "delivered_rate": figure.described("Logs a second that the hub took.").json,
            "backlog_logs": figure.json,
            "backlog_bytes": figure.json,
            "backlog_seconds": figure.json,
            "received": figure.json,
            "delivered": figure.json,
            "rejected": figure.json,
            "dropped": figure.json,
            "drops": [
                "type": ["array", "null"],
                "maxItems": .number(ProtocolLimits.heartbeatReasons),
                "description": "What was dropped since the agent's start, by reason.",
                "items": ["type": "object", "properties": ["reason": text.orNull.json, "count": figure.json]],
            ],
            "buffer": Schema.words(AgentRegistry.bufferStates).orNull.json,
            "inputs": [
                "type": ["array", "null"],
                "maxItems": .number(ProtocolLimits.heartbeatInputs),
                "items": [
                    "type": "object",
                    "properties": [
                        "name": text.orNull.json, "type": text.orNull.json, "rate": figure.json,
                        "received": figure.json, "unparsed": figure.json, "dropped": figure.json,
                    ],
                ],
            ],
        ],
        "required": ["version"],
    ])

    private static let exampleHeartbeat: JSONTree = [
        "version": "1.0.0", "host": "gateway-1", "started": "2026-11-23T05:00:00.125Z", "interval": 30, "rate": 120.5,
        "delivered_rate": 120, "backlog_logs": 0, "backlog_bytes": 0, "backlog_seconds": 0, "received": 100_000,
        "delivered": 99_990, "rejected": 10, "dropped": 3, "drops": [["reason": "refused_sender", "count": 3]],
        "buffer": "open",
        "inputs": [
            [
                "name": "syslog-udp", "type": "syslog", "rate": 120.5, "received": 100_000, "unparsed": 5,
                "dropped": 3,
            ]
        ],
    ]
}

extension MetricsRoute {
    static let documentation = RouteDocumentation(
        .service,
        "What the hub counts, for Prometheus",
        "Text format 0.0.4. For keys that are bound to groups it is 403, since it speaks of all of them.",
        answers: [
            RouteDocumentation.Answer(200, "All families.", [RouteDocumentation.Content("text/plain", .text)])
        ]
    )
}
