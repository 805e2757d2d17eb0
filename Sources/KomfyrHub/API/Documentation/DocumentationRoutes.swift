import Hummingbird
import HTTPTypes
import NIOCore

/// `/api/openapi.json`, and Swagger UI at `/api/docs`.
struct DocumentationRoutes: Sendable {
    let routes: [Route]

    /// Describes routes, and its own with them.
    init(describing others: [Route], swagger: SwaggerFiles) {
        let own = Self.routes(description: ByteBuffer(), swagger)
        let description = OpenAPIDescription(others + own).bytes
        routes = Self.routes(description: ByteBuffer(bytes: description), swagger)
    }

    private static func routes(description: ByteBuffer, _ swagger: SwaggerFiles) -> [Route] {
        let answer = Response(
            status: .ok,
            headers: [
                .contentType: "application/json",
                .cacheControl: "no-cache",
                .xContentTypeOptions: "nosniff",
            ],
            body: ResponseBody(byteBuffer: description)
        )
        return [
            Route(
                method: .get,
                path: "/api/openapi.json",
                access: .open,
                documentation: RouteDocumentation(
                    .service,
                    "This description",
                    answers: [
                        .ok(Schema(["type": "object"]), "OpenAPI 3.1.")
                    ]
                )
            ) { _ throws(APIError) in answer },
            Route(
                method: .get,
                path: "/api/docs",
                access: .open,
                documentation: RouteDocumentation(
                    .service,
                    "Swagger UI",
                    "This description as pages that requests can be sent from; served by the hub alone.",
                    answers: [
                        RouteDocumentation.Answer(200, "The page.", [RouteDocumentation.Content("text/html", .text)])
                    ],
                    statuses: [404]
                )
            ) { _ throws(APIError) in try swagger.page() },
            Route(
                method: .get,
                path: "/api/docs/{file}",
                access: .open,
                documentation: RouteDocumentation(
                    .service,
                    "A file of Swagger UI",
                    parameters: [.path("file", .words(SwaggerFiles.names))],
                    answers: [
                        RouteDocumentation.Answer(
                            200,
                            "The file.",
                            [
                                RouteDocumentation.Content("text/javascript", .text),
                                RouteDocumentation.Content("text/css", .text),
                                RouteDocumentation.Content("text/plain", .text),
                            ]
                        ),
                        RouteDocumentation.Answer(304, "It has not changed (`If-None-Match`)."),
                    ],
                    statuses: [404]
                )
            ) { call throws(APIError) in try swagger.file(call.pathValue, call.request) },
        ]
    }
}
