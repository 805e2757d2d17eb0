import HTTPTypes

/// What the OpenAPI description says about a route, beside what the route itself says: method, path, access,
/// parameters.
///
/// ```
/// Route(method: .get, path: "/api/things/{id}", access: .scope(.read), parameters: ["limit"],
///       documentation: RouteDocumentation(
///           .groups, "Things", parameters: [.path("id", .text), .query("limit", .number(1...100), "How many.")],
///           answers: [.ok(.object(["things": .list(of: .text)]))], statuses: [404])) { … }
/// ```
///
/// A test holds every description against its route, and every answer that the tests get against the description.
struct RouteDocumentation: Sendable {
    var tag: Tag
    /// A few words.
    var summary: String
    /// More, in Markdown.
    var description: String
    var parameters: [Parameter]
    var body: Body?
    /// The answers that are the route's own.
    var answers: [Answer]
    /// Errors of the one shape that only some routes have (404, 413, 415); those that every route has come by
    /// themselves.
    var statuses: [Int]

    /// What the routes are sorted by.
    enum Tag: String, CaseIterable, Sendable {
        case ingest = "Ingest"
        case logs = "Logs"
        case counts = "Counts"
        case analysis = "Analysis"
        case groups = "Groups"
        case access = "Access"
        case agents = "Agents"
        case service = "Service"
    }

    init(
        _ tag: Tag,
        _ summary: String,
        _ description: String = "",
        parameters: [Parameter] = [],
        body: Body? = nil,
        answers: [Answer],
        statuses: [Int] = []
    ) {
        self.tag = tag
        self.summary = summary
        self.description = description
        self.parameters = parameters
        self.body = body
        self.answers = answers
        self.statuses = statuses
    }

    /// A parameter of the query, the path or the header.
    struct Parameter: Sendable {
        enum Place: String, Sendable {
            case query
            case path
            case header
        }
        var name: String
        var place: Place
        var schema: Schema
        var description: String
        /// How a list is written: `a,b`, or by repeating the parameter.
        var list: ListForm?
        var example: JSONTree?
        /// Of the query: an empty one counts as not given.
        var mayBeEmpty = true

        enum ListForm: Sendable {
            case commas
            case repeated
        }

        static func query(
            _ name: String,
            _ schema: Schema,
            _ description: String,
            list: ListForm? = nil,
            example: JSONTree? = nil,
            mayBeEmpty: Bool = true
        ) -> Parameter {
            Parameter(
                name: name,
                place: .query,
                schema: schema,
                description: description,
                list: list,
                example: example,
                mayBeEmpty: mayBeEmpty
            )
        }

        static func path(_ name: String, _ schema: Schema, _ description: String = "") -> Parameter {
            Parameter(name: name, place: .path, schema: schema, description: description)
        }

        static func header(
            _ name: String,
            _ schema: Schema,
            _ description: String,
            example: JSONTree? = nil
        ) -> Parameter {
            Parameter(name: name, place: .header, schema: schema, description: description, example: example)
        }
    }

    /// What a request carries.
    struct Body: Sendable {
        /// By media type.
        var content: [Content]
        var description = ""
        var isRequired = true

        /// A body of JSON.
        static func json(_ schema: Schema, example: JSONTree, isRequired: Bool = true) -> Body {
            Body(content: [Content("application/json", schema, example: example)], isRequired: isRequired)
        }
    }

    /// One form that a body or an answer has.
    struct Content: Sendable {
        var mediaType: String
        var schema: Schema
        var example: JSONTree?

        init(_ mediaType: String, _ schema: Schema, example: JSONTree? = nil) {
            self.mediaType = mediaType
            self.schema = schema
            self.example = example
        }
    }

    /// What a route answers with.
    struct Answer: Sendable {
        var status: Int
        var description: String
        /// None: it has no body.
        var content: [Content]
        /// Header fields with what they tell.
        var headers: [(name: String, description: String)]

        init(
            _ status: Int,
            _ description: String,
            _ content: [Content] = [],
            headers: [(name: String, description: String)] = []
        ) {
            self.status = status
            self.description = description
            self.content = content
            self.headers = headers
        }

        /// 200 with JSON.
        static func ok(
            _ schema: Schema,
            _ description: String = "As asked for.",
            example: JSONTree? = nil,
            headers: [(name: String, description: String)] = []
        ) -> Answer {
            Answer(200, description, [Content("application/json", schema, example: example)], headers: headers)
        }
    }
}
