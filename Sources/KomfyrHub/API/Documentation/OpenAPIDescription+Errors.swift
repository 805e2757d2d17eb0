/// The errors that many routes share.
extension OpenAPIDescription {
    struct SharedError: Sendable {
        var status: Int
        var description: String
        /// Where it comes by itself.
        var routes: Routes
        /// Its `detail` is a list of issues.
        var hasIssues = false
        /// It passes: `Retry-After` tells when.
        var passes = false
        /// Header fields that it has besides.
        var headers: [(name: String, words: String, schema: Schema, isAlways: Bool)] = []

        enum Routes: Sendable {
            case all
            /// Those that need a key.
            case closed
            /// Those that say so.
            case named
        }

        func isCommon(_ access: Route.Access) -> Bool {
            switch routes {
            case .all: true
            case .closed: access != .open
            case .named: false
            }
        }
    }

    static let errors: [SharedError] = [
        SharedError(
            status: 400,
            description: "Not understood: too many parameters, or a body that is not what it says it is.",
            routes: .all
        ),
        SharedError(status: 401, description: "No key, or an unknown one.", routes: .closed),
        SharedError(
            status: 403,
            description: "The key lacks the scope, a share token ordered what costs, or another site's page sent the "
                + "session's cookie.",
            routes: .closed
        ),
        SharedError(status: 404, description: "There is no such thing, or the key may not see it.", routes: .named),
        SharedError(
            status: 409,
            description: "There are as many as there may be; remove some.",
            routes: .named
        ),
        SharedError(status: 413, description: "Too large; the words name the limit.", routes: .named),
        SharedError(status: 414, description: "The address with its query is too long.", routes: .all),
        SharedError(status: 415, description: "A type or an encoding that is not understood.", routes: .named),
        SharedError(
            status: 422,
            description: "Understood, but it does not validate: each issue names its place.",
            routes: .all,
            hasIssues: true
        ),
        SharedError(
            status: 426,
            description: "A WebSocket of another version.",
            routes: .named,
            headers: [
                (name: "Sec-WebSocket-Version", words: "What the hub speaks.", schema: .constant("13"), isAlways: true)
            ]
        ),
        SharedError(
            status: 429,
            description: "Too many requests; wait.",
            routes: .all,
            passes: true,
            headers: [
                (
                    name: "RateLimit-Policy",
                    words: "When it is the key's own rate: `\"key\";q=3000;w=60`, requests in so many seconds.",
                    schema: .text, isAlways: false
                ),
                (
                    name: "RateLimit",
                    words: "What is left, and in how many seconds there is more: `\"key\";r=0;t=2`.",
                    schema: .text, isAlways: false
                ),
            ]
        ),
        SharedError(status: 431, description: "The header is too large.", routes: .all),
        SharedError(
            status: 503,
            description: "Not now: Redis is away, or as much is under way as may be. Nothing was changed.",
            routes: .all,
            passes: true
        ),
    ]

    static func name(of status: Int) -> String { "Error\(status)" }

    static func errorAnswer(_ error: SharedError) -> JSONTree {
        var headers: [JSONTree.Member] = []
        if error.passes {
            headers.append(
                JSONTree.Member(
                    "Retry-After",
                    [
                        "description": "Seconds to wait before it is tried again.",
                        "required": true,
                        "schema": Schema.text(pattern: "^[0-9]+$", example: "2").json,
                    ]
                )
            )
        }
        if error.status == 401 {
            headers.append(
                JSONTree.Member(
                    "WWW-Authenticate",
                    ["description": "How to say who asks.", "required": true, "schema": Schema.constant("Bearer").json]
                )
            )
        }
        for header in error.headers {
            headers.append(
                JSONTree.Member(
                    header.name,
                    [
                        "description": .text(header.words), "required": .flag(header.isAlways),
                        "schema": header.schema.json,
                    ]
                )
            )
        }
        let tree: JSONTree = ["description": .text(error.description)]
        return tree.setting("headers", headers.isEmpty ? nil : .object(headers))
            .setting(
                "content",
                ["application/json": ["schema": Schema.named(error.hasIssues ? "Issues" : "Error").json]]
            )
    }
}
