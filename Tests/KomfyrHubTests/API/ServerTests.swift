import Testing

@testable import KomfyrHub

/// The server as clients see it, over real sockets.
@Suite struct ServerTests {
    private let bed = APITestBed()

    func serve(_ test: (Int) async throws -> Void) async throws { try await bed.serve(test) }

    static let key = "Authorization: Bearer \(APITestBed.adminKey)\r\n"

    static func post(_ path: String, _ body: String, _ headers: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: localhost\r\n\(key)\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test func `logs are posted and found over one connection`() async throws {
        try await serve { port in
            let connection = try RawConnection(port: port)
            connection.send(Self.post("/api/logs", #"{"message":"over a socket"}"#))
            try await connection.wait(for: "\"received_at\"")
            #expect(connection.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            connection.send("GET /api/logs HTTP/1.1\r\nHost: localhost\r\n\(Self.key)\r\n")
            try await connection.wait(for: "[{\"id\":\"log_")
        }
    }

    @Test func `what is no HTTP is answered in the one error shape`() async throws {
        try await serve { port in
            let connection = try RawConnection(port: port)
            connection.send("nonsense\r\n\r\n")
            try await connection.wait(for: #"{"detail":"This is not an HTTP request."}"#)
            #expect(connection.text.hasPrefix("HTTP/1.1 400 "))
            try await connection.waitUntilClosed()
        }
    }

    @Test func `too large a header is 431 and names the limit`() async throws {
        try await serve { port in
            let connection = try RawConnection(port: port)
            let field = String(repeating: "a", count: 20_000)
            connection.send("GET /api HTTP/1.1\r\nHost: localhost\r\nX: \(field)\r\n\r\n")
            try await connection.wait(for: "header fields of \(HubLimits.headerFieldBytes) bytes")
            #expect(connection.text.hasPrefix("HTTP/1.1 431 "))
        }
    }

    @Test func `a body announced too large is refused at once and the connection closed`() async throws {
        try await serve { port in
            let connection = try RawConnection(port: port)
            connection.send(
                "POST /api/logs/batch HTTP/1.1\r\nHost: localhost\r\n\(Self.key)Content-Length: 99999999999\r\n\r\n[{"
            )
            try await connection.wait(for: "\"detail\"")
            #expect(connection.text.hasPrefix("HTTP/1.1 413 "))
            #expect(connection.text.lowercased().contains("connection: close"))
            try await connection.waitUntilClosed()
        }
    }

    @Test func `a body in chunks is refused once it is too large`() async throws {
        try await serve { port in
            let connection = try RawConnection(port: port)
            connection.send(
                "POST /api/session HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "2000\r\n\(String(repeating: "a", count: 8_192))\r\n"
            )
            try await connection.wait(for: "\(HubLimits.sessionBodyBytes) bytes")
            #expect(connection.text.hasPrefix("HTTP/1.1 413 "))
            try await connection.waitUntilClosed()
        }
    }

    @Test func `a refused request with a small body keeps its connection`() async throws {
        try await serve { port in
            let connection = try RawConnection(port: port)
            connection.send("POST /api/logs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n{}{}")
            try await connection.wait(for: "\"detail\"")
            #expect(connection.text.hasPrefix("HTTP/1.1 401 "))
            connection.send("GET /api HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try await connection.wait(for: "Komfyrvakt")
        }
    }

    @Test func `who asks whether to go on is told so`() async throws {
        try await serve { port in
            let connection = try RawConnection(port: port)
            let body = #"{"message":"large"}"#
            let head = Self.post("/api/logs", body, "Expect: 100-continue\r\n").dropLast(body.count)
            connection.send(String(head))
            try await connection.wait(for: "HTTP/1.1 100 Continue\r\n\r\n")
            connection.send(body)
            try await connection.wait(for: "HTTP/1.1 200 OK")
        }
    }

    @Test func `a stream brings a log as soon as it is stored, with its filter`() async throws {
        try await serve { port in
            let stream = try RawConnection(port: port)
            stream.send("GET /api/logs/stream?group=a:*&level=error HTTP/1.1\r\nHost: localhost\r\n\(Self.key)\r\n")
            try await stream.wait(for: ": \n\n")
            #expect(stream.text.lowercased().contains("content-type: text/event-stream"))
            let sender = try RawConnection(port: port)
            sender.send(
                Self.post(
                    "/api/logs/batch",
                    """
                    [{"message":"no","group":"b","level":"error"},{"message":"no","group":"a"},
                     {"message":"yes","group":"a:b","level":"error"}]
                    """
                )
            )
            try await stream.wait(for: "\"yes\"")
            #expect(stream.text.contains("id: log_"))
            #expect(!stream.text.contains("\"no\""))
        }
    }

    @Test func `Last-Event-ID brings what was missed, in order of arrival and once`() async throws {
        try await serve { port in
            let sender = try RawConnection(port: port)
            sender.send(Self.post("/api/logs/batch", #"[{"message":"m1"},{"message":"m2"},{"message":"m3"}]"#))
            try await sender.wait(for: "\"m3\"")
            let first = try #require(bed.store.logs.first)
            let stream = try RawConnection(port: port)
            stream.send(
                "GET /api/logs/stream HTTP/1.1\r\nHost: localhost\r\n\(Self.key)Last-Event-ID: \(first.id.text)\r\n\r\n"
            )
            try await stream.wait(for: "\"m3\"")
            sender.send(Self.post("/api/logs", #"{"message":"m4"}"#))
            try await stream.wait(for: "\"m4\"")
            let text = stream.text
            #expect(!text.contains("\"m1\""))
            for message in ["m2", "m3", "m4"] { #expect(text.components(of: "\"\(message)\"") == 1) }
            #expect(text.range(before: "\"m2\"", "\"m3\"") && text.range(before: "\"m3\"", "\"m4\""))
        }
    }

    @Test func `a reader that has gone makes room`() async throws {
        try await serve { port in
            var readers: [RawConnection] = []
            for _ in 0..<3 {
                let reader = try RawConnection(port: port)
                reader.send("GET /api/logs/stream HTTP/1.1\r\nHost: localhost\r\n\(Self.key)\r\n")
                try await reader.wait(for: ": \n\n")
                readers.append(reader)
            }
            #expect(bed.feed.streamCount == 3)
            readers.removeAll()
            try await eventually("the streams are closed") { bed.feed.streamCount == 0 }
        }
    }

    @Test func `the server stops while streams are open`() async throws {
        var stream: RawConnection?
        try await serve { port in
            let connection = try RawConnection(port: port)
            connection.send("GET /api/logs/stream HTTP/1.1\r\nHost: localhost\r\n\(Self.key)\r\n")
            try await connection.wait(for: ": \n\n")
            stream = connection
        }
        // That `serve` came back is what is shown; the stream was ended properly.
        let last = stream?.text
        #expect(last?.hasSuffix("0\r\n\r\n") == true)
    }
}

extension String {
    /// How often a text occurs.
    fileprivate func components(of part: String) -> Int {
        var count = 0
        var rest = utf8[...]
        while let first = rest.first {
            if first == part.utf8.first, rest.starts(with: part.utf8) { count += 1 }
            rest = rest.dropFirst()
        }
        return count
    }

    /// Whether one text stands before another.
    fileprivate func range(before first: String, _ second: String) -> Bool {
        guard let start = firstPlace(of: first), let end = firstPlace(of: second) else { return false }
        return start < end
    }

    private func firstPlace(of part: String) -> Int? {
        let bytes = Array(utf8)
        let wanted = Array(part.utf8)
        guard bytes.count >= wanted.count else { return nil }
        return (0...bytes.count - wanted.count).first { bytes[$0..<$0 + wanted.count].elementsEqual(wanted) }
    }
}
