import Testing

@testable import KomfyrHub

/// Small POSTs take a shorter way through the server, which clients must not notice.
@Suite struct SmallPostTests {
    private let server = ServerTests()

    private static func log(_ message: String) -> String {
        ServerTests.post("/api/logs", #"{"message":"\#(message)"}"#)
    }

    @Test func `requests sent without waiting are answered in their order`() async throws {
        try await server.serve { port in
            let connection = try RawConnection(port: port)
            let large = String(repeating: "large ", count: HubLimits.loopBodyBytes / 6 + 1)
            connection.send(
                Self.log("m1") + Self.log("m2")
                    + "GET /api/nothing HTTP/1.1\r\nHost: localhost\r\n\(ServerTests.key)\r\n"
                    + Self.log("m3") + ServerTests.post("/api/logs", #"{"message":"m4 \#(large)"}"#) + Self.log("m5")
                    + ServerTests.post("/api/logs", "nonsense") + Self.log("m6")
            )
            try await connection.wait(for: #""m6""#)
            let places = [#""m1""#, #""m2""#, "HTTP/1.1 404", #""m3""#, #""m4 "#, #""m5""#, "HTTP/1.1 400", #""m6""#]
                .map { connection.text.firstRange(of: $0)?.lowerBound }
            #expect(!places.contains(nil))
            #expect(zip(places, places.dropFirst()).allSatisfy { $0 ?? "".startIndex < $1 ?? "".startIndex })
        }
    }

    @Test func `a request cut at every place is answered`() async throws {
        try await server.serve { port in
            let connection = try RawConnection(port: port)
            let request = Array(Self.log("cut").utf8)
            for place in stride(from: 1, to: request.count, by: 7) {
                connection.send(String(decoding: request[..<place], as: UTF8.self))
                await Task.yield()
                connection.send(String(decoding: request[place...], as: UTF8.self))
            }
            let count = (request.count - 2) / 7 + 1
            try await eventually("all are answered") {
                connection.text.split(separator: "HTTP/1.1 200 OK\r\n").count == count
            }
        }
    }

    @Test func `a client that sends no more gets its answer`() async throws {
        try await server.serve { port in
            let connection = try RawConnection(port: port)
            connection.send(Self.log("last"))
            connection.sendEnd()
            try await connection.wait(for: #""last""#)
            try await connection.waitUntilClosed()
        }
    }

    @Test func `a connection that is to be closed is closed behind the answer`() async throws {
        try await server.serve { port in
            let connection = try RawConnection(port: port)
            connection.send(ServerTests.post("/api/logs", #"{"message":"only"}"#, "Connection: close\r\n"))
            try await connection.wait(for: #""only""#)
            try await connection.waitUntilClosed()
        }
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (1_709_164_799, "Wed, 28 Feb 2024 23:59:59 GMT"), (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
    ])
    func `times are written as HTTP has them`(_ second: Int64, _ text: String) {
        #expect(HTTPDate.text(second * 1_000_000_000) == text)
    }

    @Test func `an answer has its date`() async throws {
        try await server.serve { port in
            let connection = try RawConnection(port: port)
            connection.send(Self.log("dated"))
            try await connection.wait(for: #""dated""#)
            #expect(connection.text.contains(" GMT\r\n"))
            #expect(connection.text.lowercased().contains("\r\ndate: "))
        }
    }
}
