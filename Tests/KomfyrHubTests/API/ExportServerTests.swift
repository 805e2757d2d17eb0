import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import Testing

@testable import KomfyrHub

/// Exports over real sockets: what a client sees of one that breaks off, and of one that it does not read.
@Suite struct ExportServerTests {
    /// Parts of logs without end, or with an error after some.
    private final class Parts: LogExporting {
        let log: StoredLog
        let partsBeforeError: Int?
        private let read = Atomic<Int>(0)

        var count: Int { read.load(ordering: .relaxed) }

        init(_ log: StoredLog, partsBeforeError: Int?) {
            self.log = log
            self.partsBeforeError = partsBeforeError
        }

        func next() async throws(StoreError) -> [StoredLog]? {
            let part = read.add(1, ordering: .relaxed).newValue
            if let partsBeforeError, part > partsBeforeError { throw .redisUnavailable("gone") }
            return Array(repeating: log, count: 1_000)
        }
    }

    private func serve(partsBeforeError: Int?, _ test: (Int, Parts) async throws -> Void) async throws {
        let bed = APITestBed()
        try await bed.run { api async throws in
            _ = try await api.post("/api/logs", #"{"message":"\#(String(repeating: "m", count: 200))"}"#)
        }
        let export = Parts(try #require(bed.store.logs.first), partsBeforeError: partsBeforeError)
        bed.store.exporting = export
        try await bed.serve { port in try await test(port, export) }
    }

    private static func request(_ format: String) -> String {
        "GET /api/logs/export?format=\(format) HTTP/1.1\r\nHost: localhost\r\n"
            + "Authorization: Bearer \(APITestBed.adminKey)\r\n\r\n"
    }

    @Test(arguments: ["csv", "json", "ndjson"])
    func `an export that cannot be read to its end is broken off, never ended properly`(_ format: String) async throws {
        try await serve(partsBeforeError: 2) { port, _ in
            let connection = try RawConnection(port: port)
            connection.send(Self.request(format))
            try await connection.waitUntilClosed()
            let text = connection.text
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(text.contains("mmmm"))
            #expect(text.lowercased().contains("transfer-encoding: chunked"))
            #expect(!text.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func `a reader that takes nothing holds the export back, and one that goes ends it`() async throws {
        try await serve(partsBeforeError: nil) { port, parts in
            var connection: RawConnection? = try RawConnection(port: port)
            connection?.send(Self.request("ndjson"))
            // Until the sockets' buffers are full: then no more parts are read.
            var last = 0
            var polls = 0
            try await eventually(within: .seconds(60), "the export waits for its reader") {
                polls = parts.count == last ? polls + 1 : 0
                last = parts.count
                return last > 0 && polls > 100
            }
            // Kernel buffers hold some megabytes, a part is 400 KB.
            #expect(parts.count < 200)
            connection = nil
            #expect(connection == nil)
            let other = try RawConnection(port: port)
            other.send("GET /api HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try await other.wait(for: "Komfyrvakt")
        }
    }

    @Test func `so many exports at a time, and one that is dropped makes room`() async throws {
        let bed = APITestBed()
        let route = try #require(bed.api.routes.first { $0.path == "/api/logs/export" })
        let call = APICall(
            request: Request(
                head: HTTPRequest(method: .get, scheme: "http", authority: "localhost", path: route.path),
                body: RequestBody(buffer: ByteBuffer())
            ),
            query: QueryParameters(),
            pathValue: ""
        )
        var responses: [Response] = []
        for _ in 0..<HubLimits.exports { responses.append(try await route.handler(call)) }
        let refused = await #expect(throws: APIError.self) { try await route.handler(call) }
        #expect(refused?.status == .serviceUnavailable)
        #expect(refused?.headers[.retryAfter] != nil)
        responses.removeLast()
        #expect(try await route.handler(call).status == .ok)
        #expect(responses.count == HubLimits.exports - 1)
    }
}
