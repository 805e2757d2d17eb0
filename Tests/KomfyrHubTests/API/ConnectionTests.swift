import HTTPTypes
import NIOCore
import Testing

@testable import KomfyrHub

/// What bounds connections, over real sockets.
@Suite struct ConnectionTests {
    private let bed = APITestBed()

    @Test func `requests that come together are answered in their order`() async throws {
        try await bed.serve { port async throws in
            let connection = try RawConnection(port: port)
            connection.send(
                APITestBed.post("/api/logs", #"{"message":"first"}"#) + APITestBed.get("/api/groups")
                    + APITestBed.get("/nowhere") + APITestBed.get("/api")
            )
            try await connection.wait(for: "\"name\":\"Komfyrvakt\"")
            let text = connection.text
            let statuses = text.split(separator: "HTTP/1.1 ").map { String($0.prefix(3)) }
            #expect(statuses == ["200", "200", "404", "200"])
            #expect(text.contains("\"first\""))
        }
    }

    @Test func `a connection without a request ends`() async throws {
        var limits = ConnectionLimits()
        limits.idle = .seconds(2)
        try await bed.serve(limits: limits) { port async throws in
            let silent = try RawConnection(port: port)
            try await silent.waitUntilClosed()
            let slow = try RawConnection(port: port)
            slow.send("GET /api HTTP/1.1\r\nHost:")
            try await slow.waitUntilClosed()
            let used = try RawConnection(port: port)
            used.send(APITestBed.get("/api"))
            try await used.wait(for: "Komfyrvakt")
            try await used.waitUntilClosed()
        }
    }

    @Test func `beyond the limit connections wait until one has ended`() async throws {
        var limits = ConnectionLimits()
        limits.connections = 1
        try await bed.serve(limits: limits) { port async throws in
            var first: RawConnection? = try RawConnection(port: port)
            first?.send(APITestBed.get("/api"))
            try await first?.wait(for: "Komfyrvakt")
            let second = try RawConnection(port: port)
            second.send(APITestBed.get("/api"))
            first?.send(APITestBed.get("/api/groups"))
            try await first?.wait(for: "\"groups\"")
            #expect(second.text.isEmpty)
            first = nil
            try await second.wait(for: "Komfyrvakt")
        }
    }

    @Test(arguments: [false, true])
    func `a reader that does not take its answer is cut off`(_ isWebSocket: Bool) async throws {
        var limits = ConnectionLimits()
        limits.connections = 1
        limits.writeProgress = .milliseconds(100)
        try await bed.serve(limits: limits) { port async throws in
            let message = String(repeating: "x", count: 1_000_000)
            func fill() async throws {
                for number in 0..<40 {
                    let log = #"{"message":"\#(message)"}"#
                    let client = APIClient(router: bed.api.router, described: try DescribedAPI.ofTheHub.get())
                    #expect(try await client.post("/api/logs", log).status == .ok, "\(number)")
                }
            }
            // The sockets of both sides take some 10 MB before the answer begins to wait.
            let lazy = try RawConnection(port: port)
            if isWebSocket {
                lazy.send(APITestBed.get("/api/logs/stream", WebSocketForTests.fields + APITestBed.keyField))
                try await lazy.wait(for: "\r\n\r\n")
                try await fill()
            } else {
                try await fill()
                lazy.send(APITestBed.get("/api/logs"))
            }
            // There is room for one connection, so an answer to the second shows that the first one ended.
            let next = try RawConnection(port: port)
            next.send(APITestBed.get("/api"))
            try await next.wait(for: "Komfyrvakt")
            _ = lazy
        }
    }

    @Test func `a request for another protocol is answered as it is, and the connection ends`() async throws {
        try await bed.serve { port async throws in
            let connection = try RawConnection(port: port)
            // As Java's client sends it, which would speak HTTP/2.
            connection.send(
                APITestBed.post(
                    "/api/logs",
                    #"{"message":"from Java"}"#,
                    APITestBed.keyField
                        + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAE\r\n"
                )
            )
            try await connection.wait(for: "\"from Java\"")
            #expect(connection.text.hasPrefix("HTTP/1.1 200 "))
            #expect(connection.text.lowercased().contains("connection: close"))
            try await connection.waitUntilClosed()
        }
    }
}
