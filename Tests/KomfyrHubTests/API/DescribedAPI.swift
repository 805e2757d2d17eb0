import HTTPTypes
import NIOCore
import Testing

@testable import KomfyrHub

/// The hub's OpenAPI description as clients read it, to hold routes and answers against.
struct DescribedAPI: Sendable {
    let document: JSONValue
    private let check: SchemaCheck

    /// A route as it is described.
    struct Operation: Sendable {
        var method: HTTPRequest.Method
        var path: String
        var json: JSONValue

        var name: String { "\(method) \(path)" }
        var parameters: [JSONValue] { json["parameters"]?.list ?? [] }
        var statuses: [Int] { json["responses"]?.names.compactMap { Int($0) } ?? [] }

        /// The scope that it asks for; nil: any key will do, or none is needed.
        var scope: String? { json["security"]?[0]?["key"]?[0]?.text }
        var isOpen: Bool { json["security"] == .list([]) }

        /// Whether a path is one that the description means.
        func matches(_ path: String) -> Bool {
            let own = self.path.split(separator: "/", omittingEmptySubsequences: false)
            let other = path.split(separator: "/", omittingEmptySubsequences: false)
            return own.count == other.count
                && zip(own, other).allSatisfy { $0 == $1 || $0.hasPrefix("{") && !$1.isEmpty }
        }
    }

    /// All routes that are described.
    let operations: [Operation]

    /// That of all routes, read once: they are the same in every test.
    static let ofTheHub = Result { try DescribedAPI(APITestBed().api.routes) }

    private init(_ routes: [Route]) throws {
        document = try JSONValue(ByteBuffer(bytes: OpenAPIDescription(routes).bytes))
        check = SchemaCheck(document: document)
        operations = Self.operations(document)
    }

    private static func operations(_ document: JSONValue) -> [Operation] {
        guard case .object(let paths)? = document["paths"] else { return [] }
        return paths.sorted { $0.key < $1.key }
            .flatMap { path, item in
                item.names.compactMap { name in
                    guard let method = HTTPRequest.Method(name.uppercased()), let json = item[name] else { return nil }
                    return Operation(method: method, path: path, json: json)
                }
            }
    }

    /// The route that a request goes to; fixed paths come before those with a name.
    func operation(_ method: HTTPRequest.Method, _ path: String) -> Operation? {
        let method = method == .head ? .get : method
        let matching = operations.filter { $0.matches(path) }
        guard let fixed = matching.first(where: { !$0.path.contains("{") }) else {
            return matching.first { $0.method == method }
        }
        return matching.first { $0.path == fixed.path && $0.method == method }
    }

    /// What an answer has that its route's description does not, or lacks.
    func problems(_ method: HTTPRequest.Method, _ uri: String, _ answer: APIClient.Answer) -> [String] {
        let path = String(uri.prefix { $0 != "?" })
        guard let operation = operation(method, path) else {
            // Nothing of the API's: pages of the dashboard, and what there is not.
            return answer.status.code < 400 || method == .head ? [] : errorProblems(answer)
        }
        let name = "\(method) \(operation.path) \(answer.status.code)"
        guard var described = operation.json["responses"]?[String(answer.status.code)] else {
            return ["\(name) is not described: \(answer.text.prefix(200))"]
        }
        if let reference = described["$ref"]?.text {
            guard let target = check.resolve(reference) else { return ["\(name): \(reference) leads nowhere"] }
            described = target
        }
        var problems: [String] = []
        for header in described["headers"]?.names ?? [] {
            guard described["headers"]?[header]?["required"] == .boolean(true), let field = HTTPField.Name(header)
            else {
                continue
            }
            if !answer.headers.contains(field) { problems.append("\(name): \(header) is missing") }
        }
        if method == .head {
            return problems + (answer.body.readableBytes == 0 ? [] : ["\(name): HEAD has a body"])
        }
        guard let content = described["content"] else {
            return problems + (answer.body.readableBytes == 0 ? [] : ["\(name): a body is not described"])
        }
        let type = String((answer.headers[.contentType] ?? "").prefix { $0 != ";" })
        guard let form = content[type] else { return problems + ["\(name): \(type) is not described"] }
        guard type == "application/json" else { return problems }
        guard let json = try? answer.json, let schema = form["schema"] else { return problems + ["\(name): no JSON"] }
        return problems + check.problems(json, schema).map { "\(name): \($0)" }
    }

    private func errorProblems(_ answer: APIClient.Answer) -> [String] {
        guard let json = try? answer.json else { return ["\(answer.status): no JSON"] }
        let schema = JSONValue.object(["$ref": .text("#/components/schemas/Error")])
        return check.problems(json, schema)
    }

    /// What is wrong with a value of a described schema.
    func problems(_ value: JSONValue, _ schema: JSONValue) -> [String] { check.problems(value, schema) }
}
