import HTTPTypes
import Hummingbird
import Protocol

/// An answer that says what is wrong and what to do: `{"detail": "…"}`, or for what does not validate a list of
/// `{"type", "loc", "msg"}`, with `"ctx": {"position"}` where a place in the text is known.
struct APIError: Error, Sendable {
    var status: HTTPResponse.Status
    var detail: Detail
    var headers = HTTPFields()

    enum Detail: Sendable {
        case text(String)
        case issues([Issue])
    }

    /// One thing that does not validate.
    struct Issue: Sendable {
        /// What kind of fault it is, for programs.
        var type: String
        /// Where: `["query", "since"]`, `["body", 3, "level"]`.
        var location: [Step]
        var message: String
        /// The place in the text that is wrong, in characters from 0.
        var position: Int?

        enum Step: Sendable, ExpressibleByStringLiteral {
            case name(String)
            case index(Int)

            init(stringLiteral value: String) { self = .name(value) }
        }
    }

    init(_ status: HTTPResponse.Status, _ detail: String) {
        self.status = status
        self.detail = .text(detail)
    }

    init(_ issues: [Issue]) {
        self.status = .unprocessableContent
        self.detail = .issues(issues)
    }

    /// 422 about one parameter of the query.
    static func parameter(_ name: String, type: String, _ message: String) -> APIError {
        APIError([Issue(type: type, location: ["query", .name(name)], message: message)])
    }

    /// 503: it passes, and the client should come again.
    static func passing(_ detail: String, retryAfter seconds: Int = HubLimits.retryAfterSeconds) -> APIError {
        var error = APIError(.serviceUnavailable, detail)
        error.headers[.retryAfter] = String(seconds)
        return error
    }

    /// 401.
    static func unauthorized(_ detail: String) -> APIError {
        var error = APIError(.unauthorized, detail)
        error.headers[.wwwAuthenticate] = "Bearer"
        return error
    }

    /// What a failure of the store means to a client: all of them pass.
    init(_ error: StoreError) {
        switch error {
        case .redisUnavailable:
            self = .passing("Redis cannot be reached at the moment; please send it again.")
        case .fenced:
            self = .passing("Another hub has taken over this Redis. Nothing was stored; please try again.")
        case .busy:
            self = .passing("The hub is storing as much as it can. Nothing was stored; please try again.")
        case .full:
            self = .passing(
                "The memory limit is reached (KOMFYRVAKT_MEMORY_LIMIT). Nothing was stored; please try again later.",
                retryAfter: 30
            )
        case .refused(let words):
            self = .passing("\(words). Nothing was stored; please try again.")
        case .silent:
            self = .passing("Redis does not answer at the moment. Nothing was stored; please try again.")
        case .stopping:
            self = .passing("The hub is stopping. Nothing was stored; please try again.")
        }
    }

    /// What is wrong with a whole body.
    init(_ problem: BodyProblem) {
        switch problem {
        case .undecodable(let words): self.init(.badRequest, words)
        case .tooLarge(let words): self.init(.contentTooLarge, words)
        case .notJSON(let problem): self.init(.badRequest, "the body is not JSON: \(problem.words)")
        case .invalid(let type, let location, let message):
            self.init([Issue(type: type, location: location.map { .name($0) }, message: message)])
        }
    }

    /// The answer.
    var response: Response { .json(body, status: status, adding: headers) }

    /// The answer's body.
    var body: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("detail")
        switch detail {
        case .text(let text): json.string(text)
        case .issues(let issues):
            json.beginArray()
            for issue in issues { Self.write(issue, to: &json) }
            json.endArray()
        }
        json.endObject()
        return json.bytes
    }

    private static func write(_ issue: Issue, to json: inout JSONWriter) {
        json.beginObject()
        json.key("type")
        json.string(issue.type)
        json.key("loc")
        json.beginArray()
        for step in issue.location {
            switch step {
            case .name(let name): json.string(name)
            case .index(let index): json.integer(index)
            }
        }
        json.endArray()
        json.key("msg")
        json.string(issue.message)
        if let position = issue.position {
            json.key("ctx")
            json.beginObject()
            json.key("position")
            json.integer(position)
            json.endObject()
        }
        json.endObject()
    }
}

extension Response {
    /// An answer of JSON that no cache keeps and no browser takes for something else.
    static func json(
        _ bytes: [UInt8],
        status: HTTPResponse.Status = .ok,
        adding headers: HTTPFields = HTTPFields()
    ) -> Response {
        var fields = jsonHeaders
        for field in headers { fields.append(field) }
        return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private static let jsonHeaders: HTTPFields = [
        .contentType: "application/json",
        .cacheControl: "no-store",
        .xContentTypeOptions: "nosniff",
    ]
}
