import Protocol

extension KeyRoutes {
    static let listDocumentation = RouteDocumentation(
        .access,
        "Keys and share tokens",
        "Without the secrets, of which only a digest is stored. A key that is bound to groups sees those within its bound.",
        answers: [
            .ok(
                .object(["status": .constant("success"), "keys": .list(of: shown()), "count": .count]),
                "All of them; the key of `.env` is not among them.",
                example: ["status": "success", "keys": [.object(exampleKey)], "count": 1]
            )
        ]
    )

    static let makeDocumentation = RouteDocumentation(
        .access,
        "Make a key",
        """
        The answer is the only place where the key stands. `expires_in` (hours) or `expires_at`, not both; without \
        them it does not end. A maker that is bound to groups, or that ends, makes only keys within its own bound and \
        time. Unknown members are 422.
        """,
        body: .json(
            .object(
                [
                    "name": name,
                    "scopes": Schema.list(of: scope).adding("minItems", 1),
                    "group": bound.orNull,
                    "expires_in": .number(1...HubLimits.keyHours).described("In hours.").orNull,
                    "expires_at": .time.described("Ahead, by ten years at most.").orNull,
                    "rate_limit": .number(1...HubLimits.requestsPerMinuteMost)
                        .described("Requests a minute; without it \(HubLimits.requestsPerMinute), ingest unlimited.")
                        .orNull,
                ],
                optional: ["group", "expires_in", "expires_at", "rate_limit"]
            ),
            example: ["name": "my-app", "scopes": ["ingest"], "group": "app:mine:*"]
        ),
        answers: [
            .ok(
                shown(
                    with: "key",
                    .text(pattern: "^kmf_[A-Za-z0-9_-]{32}$", example: "kmf_0123456789abcdefghijklmnopqrstuv")
                ),
                "The key.",
                example: .object(
                    [
                        JSONTree.Member("status", "success"),
                        JSONTree.Member("key", "kmf_0123456789abcdefghijklmnopqrstuv"),
                    ] + exampleKey
                )
            )
        ],
        statuses: [409, 413]
    )

    static let revokeDocumentation = RouteDocumentation(
        .access,
        "Revoke a key or a share token",
        "It counts no more; streams that it opened end within seconds.",
        parameters: [.path("id", id, "As the list shows it.")],
        answers: [
            .ok(
                .object(["status": .constant("success"), "id": id, "name": .text]),
                "It is revoked.",
                example: ["status": "success", "id": "5feceb66ffc8", "name": "my-app"]
            )
        ],
        statuses: [404]
    )

    static let shareDocumentation = RouteDocumentation(
        .access,
        "Share groups for a while",
        "A token that reads the logs of a group pattern and nothing more, for pages that embed the dashboard.",
        body: .json(
            .object(
                [
                    "group": bound,
                    "hours": .number(1...HubLimits.shareHours)
                        .described("How long it counts; \(HubLimits.shareHoursDefault) unless said.").orNull,
                    "name": name.orNull,
                ],
                optional: ["hours", "name"]
            ),
            example: ["group": "site:oslo:*", "hours": 24]
        ),
        answers: [
            .ok(
                shown(
                    with: "token",
                    .text(pattern: "^kms_[A-Za-z0-9_-]{32}$", example: "kms_0123456789abcdefghijklmnopqrstuv")
                ),
                "The token."
            )
        ],
        statuses: [409, 413]
    )

    // MARK: Parts

    private static let scope = Schema.words(Scope.allCases.map(\.rawValue))
    private static let id = Schema.text(pattern: "^[0-9a-f]{12}$", example: "5feceb66ffc8")
    private static let name = Schema.text(pattern: #"^[^\x00-\x1f\x7f]+$"#, example: "my-app")
        .adding("maxLength", .number(HubLimits.keyNameBytes))
        .described("Up to \(HubLimits.keyNameBytes) bytes.")
    private static let bound =
        Schema.text(
            pattern: #"^(\*|[^:*\x00-\x1f\x7f]+(:[^:*\x00-\x1f\x7f]+)*(:\*)?)$"#,
            example: "site:oslo:*"
        )
        .adding("maxLength", .number(ProtocolLimits.groupBytes))
        .described("What it may see and post to: `a` that group alone, `a:*` it and all below it, `*` all.")

    /// The members of a key as it is shown; `write` writes them.
    private static let key: KeyValuePairs<String, Schema> = [
        "id": id,
        "kind": .words(["key", "share"]),
        "name": .text,
        "scopes": .list(of: scope),
        "group": .text.orNull.described("The pattern that bounds it; null: all groups."),
        "created": .time,
        "expires": .time.orNull,
        "expired": .flag,
        "last_used": .time.orNull.described("To the hour."),
        "rate_limit": .count.orNull.described("Requests a minute; null: the default."),
    ]

    /// A key as it is shown, alone or in the answer that brings its secret.
    private static func shown(with secret: String? = nil, _ schema: Schema = .text) -> Schema {
        var members = key.map { JSONTree.Member($0.key, $0.value.json) }
        if let secret {
            members =
                [
                    JSONTree.Member("status", Schema.constant("success").json), JSONTree.Member(secret, schema.json),
                ] + members
        }
        return Schema([
            "type": "object",
            "properties": .object(members),
            "required": .list(members.map { .text($0.name) }),
            "additionalProperties": false,
        ])
    }

    private static let exampleKey: [JSONTree.Member] = [
        JSONTree.Member("id", "5feceb66ffc8"),
        JSONTree.Member("kind", "key"),
        JSONTree.Member("name", "my-app"),
        JSONTree.Member("scopes", ["ingest"]),
        JSONTree.Member("group", "app:mine:*"),
        JSONTree.Member("created", "2026-11-23T05:00:00.125Z"),
        JSONTree.Member("expires", nil),
        JSONTree.Member("expired", false),
        JSONTree.Member("last_used", nil),
        JSONTree.Member("rate_limit", nil),
    ]
}
