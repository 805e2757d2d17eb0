import HTTPTypes
import NIOCore
import Testing

import struct TestSupport.SeededRandom

@testable import KomfyrHub

/// Requests drawn at random over all routes, right ones and broken ones: no answer may be one that the description does
/// not have (`APIClient` holds each against it), and none may be the hub's own fault.
@Suite struct RandomRequestTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `no request gets what is not described, whatever it holds`(seed: UInt64) async throws {
        let bed = APITestBed(swagger: nil)
        var keys: [String?] = [nil, "kmf_short", APITestBed.adminKey, APITestBed.adminKey, APITestBed.adminKey]
        for scope in Scope.allCases { keys.append(try await bed.key(scope)) }
        let chosenKeys = keys
        try await bed.run { api async throws in
            var random = RandomRequests(seed: seed, api.described, keys: chosenKeys)
            var statuses: [Int: Int] = [:]
            for _ in 0..<600 {
                if random.source.chance(1, in: 40) { bed.store.failure = .redisUnavailable("gone") }
                if random.source.chance(1, in: 10) { bed.store.failure = nil }
                bed.store.isPartial = random.source.chance(1, in: 10)
                let request = random.next()
                let answer = try await api.send(request.method, request.uri, request.headers, request.body)
                #expect(answer.status.code < 500 || answer.status == .serviceUnavailable, "\(request.uri)")
                statuses[answer.status.code, default: 0] += 1
                random.learn(answer)
            }
            // It is no test of what is refused at the door alone.
            for status in [200, 400, 401, 403, 404, 422, 503] { #expect(statuses[status] ?? 0 > 0, "\(status)") }
        }
    }
}

/// Draws requests from the description.
private struct RandomRequests {
    struct Request {
        var method: HTTPRequest.Method
        var uri: String
        var headers: HTTPFields
        var body: ByteBuffer?
    }

    var source: SeededRandom
    private let operations: [DescribedAPI.Operation]
    private let keys: [String?]
    private var ids = ["log_20261123050000_0400010000000001", "streams", "..", "%00", "ø"]

    init(seed: UInt64, _ described: DescribedAPI, keys: [String?]) {
        source = SeededRandom(seed: seed)
        operations = described.operations
        self.keys = keys
    }

    /// Keeps the ids of an answer for later requests.
    mutating func learn(_ answer: APIClient.Answer) {
        guard let id = try? answer.json["id"]?.text else { return }
        if ids.count < 20 { ids.append(id) } else { ids[5 + source.below(15)] = id }
    }

    mutating func next() -> Request {
        // Bodies are where most can go wrong.
        let withBodies = operations.filter { $0.json["requestBody"] != nil }
        let operation = source.chance(1, in: 3) ? pick(withBodies) : pick(operations)
        var method = operation.method
        // A stream does not end by itself.
        if operation.path == "/api/logs/stream" || (method == .get && source.chance(1, in: 12)) { method = .head }
        var uri = operation.path.split(separator: "/").map { $0.hasPrefix("{") ? pick(ids) : String($0) }
            .reduce("") { $0 + "/" + $1 }
        var query: [String] = []
        for parameter in operation.parameters where parameter["in"] == .text("query") && source.chance(1, in: 4) {
            query.append("\(parameter["name"]?.text ?? "")=\(value(parameter))")
        }
        if source.chance(1, in: 20) { query.append(pick(["x=1", "group", "=", "%", "limit=1&limit=2", "&&"])) }
        if !query.isEmpty { uri += "?" + query.joined(separator: "&") }
        var headers: HTTPFields = [:]
        if let key = pick(keys) { headers[.authorization] = "Bearer \(key)" }
        for parameter in operation.parameters where parameter["in"] == .text("header") && source.chance(1, in: 8) {
            guard let name = HTTPField.Name(parameter["name"]?.text ?? "") else { continue }
            let known = parameter["example"]?.text ?? parameter["schema"]?["enum"]?[0]?.text ?? "1"
            headers[name] = source.chance(1, in: 2) ? known : pick(["", "\u{FF}", "a.b/c", "gzip", "0"])
        }
        guard operation.json["requestBody"] != nil else {
            return Request(method: method, uri: uri, headers: headers, body: nil)
        }
        if source.chance(7, in: 8) {
            headers[.contentType] = pick([
                "application/json", "application/x-ndjson", "text/xml", "application/json; a=b",
            ])
        }
        return Request(method: method, uri: uri, headers: headers, body: ByteBuffer(string: body()))
    }

    /// A value for a parameter: mostly one that it may have.
    private mutating func value(_ parameter: JSONValue) -> String {
        if source.chance(1, in: 4) {
            return pick([
                "", "-1", "0", "99999999999999999999", "%00", "%FF%FE", "%F0%9F%94%A5", "a:*", "*", "'", "%22", "1e400",
                "NaN", "null", "..%2F", "%0D%0A", String(repeating: "a", count: 300), "(", "/(/", "%25", "+", "1%2C2",
            ])
        }
        let words = parameter["schema"]?["enum"]?.list?.compactMap(\.text) ?? []
        if !words.isEmpty { return pick(words) }
        switch parameter["name"]?.text {
        case "since", "until", "new_since":
            return pick(["15m", "now", "2026-11-23T05:00:00Z", "1795410000", "1w", "0"])
        case "interval": return pick(["1s", "5m", "1h", "1d", "0s", "366d"])
        case "limit", "before", "after": return pick(["1", "5", "100", "500", "1000"])
        case "level", "levels": return pick(["info", "ERR", "3", "debug,error", "loud"])
        default: return pick(["a", "a:b", "a:*", "x,y", "disk", "h1"])
        }
    }

    private mutating func body() -> String {
        pick([
            #"{"message":"m","group":"a","tags":["x"],"data":{"n":1.10}}"#, #"[{"message":"1"},{"message":""}]"#,
            #"{"logs":[{"data":{"a":{"b":[1,null]}}}]}"#, "{\"message\":\"1\"}\n{\"message\":\n", "[]", "{}", "",
            #"{"key":"\#(APITestBed.adminKey)"}"#, #"{"code":"abc"}"#, "null", "[[[[", "{", "no JSON",
            #"{"message":1}"#, "\u{FEFF}[]",
            #"{"message":"m","level":"loud"}"#, #"{"message":"\ud800"}"#,
            #"[{"message":"1","timestamp":"2001-01-01"}]"#,
        ])
    }

    private mutating func pick<Element>(_ choices: [Element]) -> Element { choices[source.below(choices.count)] }
}
