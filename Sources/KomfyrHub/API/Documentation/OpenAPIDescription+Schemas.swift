import Protocol

/// The shapes that have a name because several routes speak of them.
extension OpenAPIDescription {
    static let schemas: KeyValuePairs<String, Schema> = [
        "Log":
            .object([
                "id": logID,
                "message": .text.described("UTF-8; rendered from `data` when the log came without one."),
                "level": level,
                "group": .text.orNull
                    .described("Parts joined by `:`, as in `datacenter:server-rack-1`."),
                "tags": .list(of: .text(most: ProtocolLimits.tagBytes), most: ProtocolLimits.tags),
                "data": Schema(["type": ["object", "null"]]).described("As it was sent; numbers keep every digit."),
                "timestamp": .time.described("The log's own time."),
                "source": .text.orNull
                    .described("Who sent it: host, device, address."),
                "received_at": .time.described("When it came to the hub."),
            ])
            .example(exampleLog),
        "NewLog": Schema([
            "type": "object",
            "description":
                "A message or an object as `data` must be there. What is null or an empty text counts as not sent; members of other names are ignored.",
            "properties": [
                "message": ["type": ["string", "null"], "description": "Up to 1 MiB of UTF-8."],
                "level":
                    Schema.anyOf(
                        newLevel,
                        severity,
                        Schema(["type": "null"])
                    )
                    .described("`info` when it is not there.").json,
                "group": [
                    "type": ["string", "null"], "pattern": .text("^$|" + groupPattern),
                    "maxLength": .number(ProtocolLimits.groupBytes),
                    "description": .text("Up to \(ProtocolLimits.groupBytes) bytes."),
                ],
                "tags": [
                    "type": ["array", "null"], "maxItems": .number(ProtocolLimits.tags),
                    "items": ["type": "string", "maxLength": .number(ProtocolLimits.tagBytes)],
                ],
                "data": ["type": ["object", "null"], "description": "Up to 256 KiB of JSON, kept as sent."],
                "timestamp": [
                    "type": ["string", "number", "null"],
                    "description": .text(timestampWords),
                ],
                "source": ["type": ["string", "null"], "maxLength": .number(ProtocolLimits.sourceBytes)],
            ],
            "anyOf": [
                ["required": ["message"], "properties": ["message": ["type": "string", "minLength": 1]]],
                ["required": ["data"], "properties": ["data": ["type": "object"]]],
            ],
        ]),
        "Levels":
            .object([
                "debug": .count, "info": .count, "warning": .count, "error": .count, "critical": .count,
            ])
            .described("Counts by level."),
        "Error": .object(["detail": .text.described("What is wrong and what to do.")])
            .example(["detail": "Log log_20261123050000_0400010000000001 not found"]),
        "Issues":
            .object([
                "detail": .list(
                    of: .object(
                        [
                            "type": .text.described("What kind of fault it is, for programs."),
                            "loc": Schema(["type": "array", "items": ["type": ["string", "integer"]]])
                                .described("Where: [\"query\", \"since\"], [\"body\", 3, \"level\"]."),
                            "msg": .text.described("What is wrong and what to do."),
                            "ctx": .object(["position": .count.described("In characters from 0.")]),
                        ],
                        optional: ["ctx"]
                    )
                )
            ])
            .example([
                "detail": [
                    [
                        "type": "enum", "loc": ["query", "level"],
                        "msg": "\"loud\" is no level; use debug, info, warning, error or critical.",
                    ]
                ]
            ]),
    ]

    private static let timestampWords =
        "RFC 3339 (UTC when it names no zone), or seconds, milliseconds or nanoseconds since 1970; not older than the "
        + "retention, and a day ahead of now at most. The time of arrival when it is not there."

    /// Listed, since a range of integers would allow `4.0`, which is none.
    private static let severity = Schema([
        "type": "integer", "enum": .list((0...7).map { .number($0) }), "description": "A syslog severity.",
    ])
    static let level = Schema.words(Level.allCases.map { "\($0.name)" })
    /// A level as it may be written.
    static let newLevel = Schema.text(
        pattern: "^("
            + ([
                "debug", "trace", "verbose", "d", "info", "notice", "informational", "information", "i", "warning",
                "warn", "w", "error", "err", "severe", "failure", "e", "critical", "crit", "fatal", "alert", "emerg",
                "emergency", "panic", "f",
            ]
            .map { word in word.map { "[\($0.uppercased())\($0)]" }.joined() } + ["[0-7]"])
            .joined(separator: "|")
            + ")$",
        example: "warning"
    )
    static let logID = Schema.text(
        pattern: "^log_[0-9]{14}_[0-9a-f]{16}$",
        example: "log_20261123050000_0400010000000001"
    )
    /// What a group's name is made of.
    static let groupPattern = #"^[^:*\x00-\x1f\x7f]+(:[^:*\x00-\x1f\x7f]+)*$"#

    static let exampleLog: JSONTree = [
        "id": "log_20261123050000_0400010000000001",
        "message": "disk almost full",
        "level": "warning",
        "group": "datacenter:server-rack-1",
        "tags": ["disk"],
        "data": ["used_percent": 91.5],
        "timestamp": "2026-11-23T05:00:00.125Z",
        "source": "rack-1",
        "received_at": "2026-11-23T05:00:00.318Z",
    ]
}
