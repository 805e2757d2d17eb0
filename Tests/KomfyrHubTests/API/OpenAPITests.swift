import HTTPTypes
import Testing

@testable import KomfyrHub

/// The description against the routes: nothing there that it does not name, nothing named that is not there.
///
/// Besides, each answer that any test of the API gets is held against it (`APIClient`).
@Suite struct OpenAPITests {
    private let bed = APITestBed()

    private var described: DescribedAPI { get throws { try DescribedAPI.ofTheHub.get() } }

    @Test func `no route is without its description, and no description without its route`() throws {
        let undocumented = bed.api.routes.filter { $0.documentation == nil }.map { "\($0.method) \($0.path)" }
        #expect(undocumented == [])
        let routes = bed.api.routes.map { "\($0.method) \($0.path)" }.sorted()
        #expect(try described.operations.map(\.name).sorted() == routes)
    }

    @Test func `parameters and scopes are those of the routes`() throws {
        let described = try described
        for route in bed.api.routes {
            let operation = try #require(described.operation(route.method, route.path))
            func names(_ place: String) -> [String] {
                operation.parameters.filter { $0["in"] == .text(place) }.compactMap { $0["name"]?.text }
            }
            #expect(names("query").sorted() == route.parameters.sorted(), "\(operation.name)")
            let inPath = route.path.split(separator: "/").filter { $0.hasPrefix("{") }
                .map { String($0.dropFirst().dropLast()) }
            #expect(names("path") == inPath, "\(operation.name)")
            #expect(operation.isOpen == (route.access == .open), "\(operation.name)")
            if case .scope(let scope) = route.access {
                #expect(operation.scope == scope.rawValue, "\(operation.name)")
            } else {
                #expect(operation.scope == nil)
            }
        }
    }

    @Test func `it is well-formed: names are unique, references lead somewhere, examples fit`() throws {
        let described = try described
        #expect(described.document["openapi"] == .text("3.1.1"))
        #expect(described.document["info"]?["version"] == .text(HubVersion.text))
        let ids = described.operations.compactMap { $0.json["operationId"]?.text }
        #expect(Set(ids).count == bed.api.routes.count)
        var places = 0
        walk(described.document) { value in
            if let reference = value["$ref"]?.text {
                places += 1
                #expect(SchemaCheck(document: described.document).resolve(reference) != nil, "\(reference)")
            }
            // A media type or a parameter with its example, and a schema with its own.
            if let example = value["example"], let schema = value["schema"] {
                places += 1
                #expect(described.problems(example, schema) == [])
            }
            for example in value["examples"]?.list ?? [] {
                places += 1
                #expect(described.problems(example, value) == [])
            }
        }
        #expect(places > 100)
    }

    private func walk(_ value: JSONValue, _ visit: (JSONValue) -> Void) {
        visit(value)
        switch value {
        case .list(let items): for item in items { walk(item, visit) }
        case .object(let members): for member in members.values { walk(member, visit) }
        default: break
        }
    }

    @Test func `it is served to everyone, as it was made`() async throws {
        try await bed.run { api async throws in
            let answer = try await api.get("/api/openapi.json", [:])
            #expect(answer.status == .ok)
            #expect(answer.headers[.contentType] == "application/json")
            #expect(try answer.json == described.document)
            #expect(!answer.text.contains(APITestBed.adminKey))
        }
    }

    @Test(arguments: [nil, Scope.ingest, .read, .admin])
    func `every route asks for its scope`(_ scope: Scope?) async throws {
        var key: String?
        if let scope { key = try await bed.key(scope) }
        let headers: HTTPFields = key.map { [.authorization: "Bearer \($0)"] } ?? [:]
        try await bed.run { api async throws in
            for operation in try described.operations {
                // The stream does not end by itself; what asks for its head alone is checked all the same.
                let method = operation.path == "/api/logs/stream" ? .head : operation.method
                let answer = try await api.send(method, operation.path, headers)
                let isRefused = answer.status == .unauthorized || answer.status == .forbidden
                let mayUse =
                    operation.isOpen
                    || scope.map { operation.scope == nil || $0 == .admin || $0.rawValue == operation.scope } ?? false
                let name = "\(operation.name) with \(scope?.rawValue ?? "no key")"
                #expect(isRefused != mayUse, "\(name): \(answer.status)")
                #expect(answer.status.code < 500, "\(name)")
                if isRefused {
                    #expect(answer.status == (scope == nil ? .unauthorized : .forbidden), "\(name)")
                    #expect(answer.headers.contains(.wwwAuthenticate) == (scope == nil), "\(name)")
                }
            }
        }
    }

    @Test func `the schemas find what is wrong`() throws {
        let described = try described
        let log = JSONValue.object(["$ref": .text("#/components/schemas/Log")])
        guard case .object(var members)? = described.document["components"]?["schemas"]?["Log"]?["examples"]?[0] else {
            Issue.record("there is no example of a log")
            return
        }
        #expect(described.problems(.object(members), log) == [])
        for (name, value) in [
            ("level", JSONValue.text("loud")), ("id", .text("log_1")), ("timestamp", .text("yesterday")),
            ("data", .list([])), ("extra", .null), ("tags", .list([.number(1)])),
        ] {
            var wrong = members
            wrong[name] = value
            #expect(described.problems(.object(wrong), log).count > 0, "\(name)")
        }
        members["source"] = nil
        #expect(described.problems(.object(members), log) == ["$.source is missing"])
    }
}
