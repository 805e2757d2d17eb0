extension ServiceRoutes {
    static let aboutDocumentation = RouteDocumentation(
        .service,
        "Name and version",
        answers: [
            .ok(
                .object(["name": .constant("Komfyrvakt"), "version": .text]),
                example: ["name": "Komfyrvakt", "version": .text(HubVersion.text)]
            )
        ]
    )

    static let healthDocumentation = RouteDocumentation(
        .service,
        "Whether it can store",
        answers: [
            .ok(
                .object([
                    "status": .constant("healthy"), "service": .constant("Komfyrvakt"), "redis": .constant("up"),
                ]),
                "It can."
            ),
            RouteDocumentation.Answer(
                503,
                "It cannot store at the moment.",
                [
                    RouteDocumentation.Content(
                        "application/json",
                        .object(
                            [
                                "status": .constant("unhealthy"), "service": .constant("Komfyrvakt"),
                                "redis": .words(["up", "down"]), "detail": .text,
                                "since": .time.described("From when on it cannot."),
                            ],
                            optional: ["since"]
                        )
                    )
                ],
                headers: [(name: "Retry-After", description: "Seconds to wait before it is asked again.")]
            ),
        ]
    )
}

extension SessionRoutes {
    private static let who = Schema.object([
        "status": .constant("success"),
        "name": .text.described("The key's name."),
        "kind": .words(["key", "session", "share"]),
        "scopes": .list(of: .words(Scope.allCases.map(\.rawValue))),
        "group": .text.orNull.described("The pattern that bounds the key; null: all groups."),
        "expires": .time.orNull.described("When the session or its key ends; a session that is used ends later."),
    ])

    static let logInDocumentation = RouteDocumentation(
        .access,
        "Open a session",
        "For browsers: the one-time code of a login link, or a key, becomes a cookie that scripts cannot read.",
        body: .json(
            .oneOf(
                .object(["code": .text]),
                .object(["key": .text])
            ),
            example: ["code": "the code of the login link"]
        ),
        answers: [
            .ok(who, "Who it is.", headers: [(name: "Set-Cookie", description: "The session, for seven days.")])
        ],
        statuses: [401, 403, 413]
    )

    static let whoAmIDocumentation = RouteDocumentation(
        .access,
        "Who am I",
        answers: [.ok(who, "Who it is.")]
    )

    static let logOutDocumentation = RouteDocumentation(
        .access,
        "Close the session",
        answers: [
            .ok(.object(["status": .constant("success")]), headers: [(name: "Set-Cookie", description: "Removes it.")])
        ]
    )
}
