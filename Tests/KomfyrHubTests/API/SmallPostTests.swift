import Testing

@testable import KomfyrHub

/// Small POSTs take a shorter way through the server, which clients must not notice.
@Suite struct SmallPostTests {
    private let server = ServerTests()
    private let bed = APITestBed()

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
        "GET /api HTTP/1.0\r\n\r\n", "GET /api HTTP/1.0\r\nConnection: TE\r\n\r\n",
        "GET /api HTTP/1.1\r\nHost: localhost\r\nConnection: Close\r\n\r\n",
        "GET /api HTTP/1.1\r\nHost: localhost\r\nConnection: close, TE\r\n\r\n",
        "POST /api/logs HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}",
        "POST /api/logs HTTP/1.1\r\nHost: localhost\r\nConnection: CLOSE\r\nContent-Length: 2\r\n\r\n{}",
    ])
    func `a client that keeps no connection sees its end behind the answer`(_ request: String) async throws {
        try await bed.serve { port in
            let connection = try RawConnection(port: port)
            connection.send(request)
            try await connection.waitUntilClosed()
            #expect(connection.text.hasPrefix("HTTP/1.1 "))
            #expect(connection.text.hasSuffix("}"))
        }
    }

    @Test func `what is no HTTP behind a request waits for that one's answer`() async throws {
        try await bed.serve { port in
            bed.store.isHeld = true
            let connection = try RawConnection(port: port)
            connection.send(Self.log("first"))
            try await eventually("it waits") { bed.store.waiting == 1 }
            connection.send("nonsense\r\n\r\n")
            // By the answer to another connection's request, the nonsense was read long ago, on the same or another
            // loop.
            let other = try RawConnection(port: port)
            other.send(APITestBed.get("/api/stats"))
            try await other.wait(for: "total_logs")
            bed.store.isHeld = false
            try await connection.wait(for: "This is not an HTTP request.")
            #expect(connection.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(connection.text.contains(#""first""#))
            try await connection.waitUntilClosed()
        }
    }

    @Test func `a large request behind a small one does not end the connection`() async throws {
        try await bed.serve { port in
            bed.store.isHeld = true
            let connection = try RawConnection(port: port)
            let body = #"{"message":"m2"}"# + String(repeating: " ", count: 2 << 20)
            let second = ServerTests.post("/api/logs", body)
            connection.send(Self.log("m1") + second.prefix(4_000))
            try await eventually("it waits") { bed.store.waiting == 1 }
            bed.store.isHeld = false
            try await connection.wait(for: #""m1""#)
            connection.send(String(second.dropFirst(4_000)))
            try await connection.wait(for: #""m2""#)
            #expect(!connection.text.lowercased().contains("connection: close"))
        }
    }

    @Test func `a client that takes no answers is not read any more`() async throws {
        try await bed.serve { port in
            let connection = try RawConnection(port: port)
            let log = Self.log(String(repeating: "much ", count: 3_000))
            let most = 96 << 20
            #expect(connection.sendWithoutReading(log, upTo: most) < most)
            // Once it reads, the rest is answered.
            let stored = bed.store.appends
            try await eventually("it goes on") {
                _ = connection.text
                return bed.store.appends > stored
            }
        }
    }

    @Test func `a stop waits for the answer under way, and for what came behind its request`() async throws {
        var connection: RawConnection?
        let store = bed.store
        try await bed.serve { port in
            store.isHeld = true
            let client = try RawConnection(port: port)
            client.send(Self.log("m1") + Self.log("m2"))
            try await eventually("it waits") { store.waiting == 1 }
            connection = client
            // The stop begins when this returns.
            Task {
                try? await Task.sleep(for: .milliseconds(50))
                store.isHeld = false
            }
        }
        let text = try #require(connection?.text)
        #expect(text.contains(#""m1""#) && text.contains(#""m2""#))
        try await connection?.waitUntilClosed()
    }

    @Test func `a client that goes away before its answer leaves its log and nothing else`() async throws {
        try await bed.serve { port in
            bed.store.isHeld = true
            var connection: RawConnection? = try RawConnection(port: port)
            connection?.send(Self.log("left") + Self.log("held"))
            try await eventually("it waits") { bed.store.waiting == 1 }
            connection = nil
            let other = try RawConnection(port: port)
            other.send(APITestBed.get("/api/stats"))
            try await other.wait(for: "total_logs")
            bed.store.isHeld = false
            other.send(Self.log("other"))
            try await other.wait(for: #""other""#)
            // The one that was left behind is let go at the same time, and may come later.
            try await eventually("it is stored") {
                Set(bed.store.logs.map(\.text)).isSuperset(of: ["left", "other"])
            }
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
