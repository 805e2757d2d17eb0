import HTTPTypes

/// The OpenAPI 3.1 description, made from the routes themselves.
struct OpenAPIDescription: Sendable {
    let routes: [Route]

    init(_ routes: [Route]) { self.routes = routes }

    /// The document.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        document.append(to: &bytes)
        return bytes
    }

    private var document: JSONTree {
        [
            "openapi": "3.1.1",
            "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
            "info": [
                "title": "Komfyrvakt",
                "version": .text(HubVersion.text),
                "summary": "Keeps, finds, counts and streams logs.",
                "description": .text(Self.about),
                "license": ["name": "MIT", "identifier": "MIT"],
            ],
            "servers": [["url": "/"]],
            "tags": .list(RouteDocumentation.Tag.allCases.map { ["name": .text($0.rawValue)] }),
            "paths": .object(paths),
            "components": [
                "schemas": .object(Self.schemas.map { JSONTree.Member($0.key, $0.value.json) }),
                "responses": .object(
                    Self.errors.map { JSONTree.Member(Self.name(of: $0.status), Self.errorAnswer($0)) }
                ),
                "securitySchemes": [
                    "key": [
                        "type": "http", "scheme": "bearer", "bearerFormat": "kmf_…",
                        "description": "An API key. The first is in the hub's .env; more: komfyr-hub keys create.",
                    ],
                    "session": [
                        "type": "apiKey", "in": "cookie", "name": .text(SessionCookie.name),
                        "description":
                            "The dashboard's session. What changes state needs an Origin that is the hub's own.",
                    ],
                ],
            ],
        ]
    }

    private static let about = """
        A log service on Redis. Every error is `{"detail": …}` and says what is wrong and what to do; what passes \
        (429, 503) has `Retry-After`. A route that is asked with HEAD answers as for GET, without a body. A query \
        parameter that a route does not know is 422, an empty one counts as not given. Beside the scope \
        that a route asks for, `admin` always will do; a key may be bound to a group and what is below it, and \
        then everything else is not there for it.
        """

    private var paths: [JSONTree.Member] {
        var paths: [JSONTree.Member] = []
        for route in routes {
            guard let documentation = route.documentation else { continue }
            let operation = Self.operation(route, documentation)
            let method = route.method.rawValue.lowercased()
            if let index = paths.firstIndex(where: { $0.name == route.path }) {
                paths[index].value = paths[index].value.setting(method, operation)
            } else {
                paths.append(JSONTree.Member(route.path, .object([JSONTree.Member(method, operation)])))
            }
        }
        return paths
    }

    private static func operation(_ route: Route, _ documentation: RouteDocumentation) -> JSONTree {
        var operation: JSONTree = [
            "operationId": .text(operationID(route)),
            "tags": [.text(documentation.tag.rawValue)],
            "summary": .text(documentation.summary),
        ]
        if !documentation.description.isEmpty {
            operation = operation.setting("description", .text(documentation.description))
        }
        operation = operation.setting("security", security(route.access))
        if !documentation.parameters.isEmpty {
            operation = operation.setting("parameters", .list(documentation.parameters.map(parameter)))
        }
        if let body = documentation.body {
            var tree: JSONTree = ["required": .flag(body.isRequired), "content": content(body.content)]
            if !body.description.isEmpty { tree = tree.setting("description", .text(body.description)) }
            operation = operation.setting("requestBody", tree)
        }
        return operation.setting("responses", answers(route, documentation))
    }

    /// `getLogsIdContext` of `GET /api/logs/{id}/context`.
    private static func operationID(_ route: Route) -> String {
        var words = route.path.split { !$0.isLetter }
        if words.first == "api" { words.removeFirst() }
        return route.method.rawValue.lowercased()
            + (words.isEmpty ? "Api" : words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined())
    }

    private static func security(_ access: Route.Access) -> JSONTree {
        switch access {
        case .open: []
        case .anyCaller: [["key": []], ["session": []]]
        case .scope(let scope): [["key": [.text(scope.rawValue)]], ["session": [.text(scope.rawValue)]]]
        }
    }

    private static func parameter(_ parameter: RouteDocumentation.Parameter) -> JSONTree {
        var tree: JSONTree = [
            "name": .text(parameter.name),
            "in": .text(parameter.place.rawValue),
            "required": .flag(parameter.place == .path),
            "schema": parameter.schema.json,
        ]
        if !parameter.description.isEmpty { tree = tree.setting("description", .text(parameter.description)) }
        if parameter.place == .query, parameter.mayBeEmpty { tree = tree.setting("allowEmptyValue", true) }
        if let list = parameter.list {
            tree = tree.setting("style", "form").setting("explode", .flag(list == .repeated))
        }
        return tree.setting("example", parameter.example)
    }

    private static func content(_ content: [RouteDocumentation.Content]) -> JSONTree {
        .object(
            content.map { form in
                let tree: JSONTree = ["schema": form.schema.json]
                return JSONTree.Member(form.mediaType, tree.setting("example", form.example))
            }
        )
    }

    private static func answers(_ route: Route, _ documentation: RouteDocumentation) -> JSONTree {
        var answers = documentation.answers.map { answer in
            var tree: JSONTree = ["description": .text(answer.description)]
            if !answer.headers.isEmpty {
                tree = tree.setting(
                    "headers",
                    .object(
                        answer.headers.map {
                            JSONTree.Member(
                                $0.name,
                                ["description": .text($0.description), "schema": Schema.text.json]
                            )
                        }
                    )
                )
            }
            if !answer.content.isEmpty { tree = tree.setting("content", content(answer.content)) }
            return JSONTree.Member(String(answer.status), tree)
        }
        for error in errors where error.isCommon(route.access) || documentation.statuses.contains(error.status) {
            let status = String(error.status)
            if answers.contains(where: { $0.name == status }) { continue }
            answers.append(
                JSONTree.Member(status, ["$ref": .text("#/components/responses/\(name(of: error.status))")])
            )
        }
        return .object(answers.sorted { $0.name < $1.name })
    }
}
