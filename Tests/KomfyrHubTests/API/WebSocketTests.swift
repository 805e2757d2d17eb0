import HTTPTypes
import NIOCore
import Testing

@testable import KomfyrHub

/// `GET /api/logs/stream` as a WebSocket, over real sockets.
@Suite struct WebSocketTests {
    private let bed = APITestBed()

    private func post(_ body: String, port: Int) async throws {
        let sender = try RawConnection(port: port)
        sender.send(APITestBed.post("/api/logs/batch", body))
        try await sender.wait(for: "\"status\":\"success\"")
    }

    @Test func `each log is a text frame of JSON, with the stream's filters`() async throws {
        try await bed.serve { port async throws in
            let socket = try await WebSocketForTests(port: port, "?group=a:*&level=error").opened()
            try await post(
                """
                [{"message":"no","group":"b","level":"error"},{"message":"no","group":"a"},
                 {"message":"yes","group":"a:b","level":"error"}]
                """,
                port: port
            )
            let frame = try await socket.wait("the log") { $0.opcode == 1 }
            let log = try JSONValue(ByteBuffer(bytes: frame.payload))
            #expect(log["message"]?.text == "yes")
            #expect(log["id"]?.text?.hasPrefix("log_") == true)
            #expect(log["received_at"]?.text != nil)
            #expect(socket.frames.count { $0.opcode == 1 } == 1)
        }
    }

    @Test(arguments: [true, false])
    func `a reader that comes again gets what it missed`(_ byHeader: Bool) async throws {
        try await bed.serve { port async throws in
            try await post(#"[{"message":"m1"},{"message":"m2"},{"message":"m3"}]"#, port: port)
            let first = try #require(bed.store.logs.first).id.text
            let socket = try await WebSocketForTests(
                port: port,
                byHeader ? "" : "?last_event_id=\(first)",
                headers: APITestBed.keyField + (byHeader ? "Last-Event-ID: \(first)\r\n" : "")
            )
            .opened()
            try await socket.wait("m3") { $0.text.contains("\"m3\"") }
            try await post(#"[{"message":"m4"}]"#, port: port)
            try await socket.wait("m4") { $0.text.contains("\"m4\"") }
            let messages = try socket.frames.filter { $0.opcode == 1 }
                .compactMap { try JSONValue(ByteBuffer(bytes: $0.payload))["message"]?.text }
            #expect(messages == ["m2", "m3", "m4"])
        }
    }

    @Test func `signs of life come as texts to those who ask for them`() async throws {
        try await bed.serve { port async throws in
            let page = try await WebSocketForTests(port: port, "?beats=1").opened()
            let program = try await WebSocketForTests(port: port).opened()
            bed.feed.beat()
            let beat = try await page.wait("a beat") { $0.opcode == 1 }
            #expect(beat.text == #"{"beat":true}"#)
            try await post(#"[{"message":"m1"}]"#, port: port)
            for socket in [page, program] { try await socket.wait("m1") { $0.text.contains("\"m1\"") } }
            #expect(program.frames.count { $0.opcode == 1 } == 1)
        }
    }

    @Test func `HEAD of the same address says why it would not be opened, and opens nothing`() async throws {
        let ingest = try await bed.key(.ingest)
        try await bed.serve { port async throws in
            for (query, headers, status) in [
                ("?beats=1", APITestBed.keyField, "200"), ("", "", "401"),
                ("", "Authorization: Bearer \(ingest)\r\n", "403"), ("?q=%22", APITestBed.keyField, "422"),
                ("?beats=loud", APITestBed.keyField, "422"),
            ] {
                let connection = try RawConnection(port: port)
                connection.send("HEAD" + APITestBed.get("/api/logs/stream\(query)", headers).dropFirst(3))
                try await connection.wait(for: "\r\n\r\n")
                #expect(connection.text.hasPrefix("HTTP/1.1 \(status) "), "\(query) \(headers)")
            }
            #expect(bed.feed.streamCount == 0)
            while bed.feed.open(LiveFilter(LogQuery())) != nil {}
            let connection = try RawConnection(port: port)
            connection.send("HEAD" + APITestBed.get("/api/logs/stream", APITestBed.keyField).dropFirst(3))
            try await connection.wait(for: "\r\n\r\n")
            #expect(connection.text.hasPrefix("HTTP/1.1 503 "))
            #expect(connection.text.lowercased().contains("retry-after: 10"))
        }
    }

    @Test func `pings are answered, texts overlooked, also byte by byte and right behind the opening`() async throws {
        try await bed.serve { port async throws in
            let hasty = WebSocketForTests.frame(9, Array("hasty".utf8))
            let socket = try await WebSocketForTests(port: port, behind: hasty).opened()
            try await socket.wait("a pong") { $0 == .init(opcode: 10, payload: Array("hasty".utf8)) }
            socket.send(1, Array("{\"hello\":1}".utf8))
            socket.connection.send(WebSocketForTests.frame(1, [65], isFinal: false))
            socket.connection.send(WebSocketForTests.frame(0, [66]))
            for byte in WebSocketForTests.frame(9, Array("slow".utf8)) { socket.connection.send([byte]) }
            try await socket.wait("a pong") { $0 == .init(opcode: 10, payload: Array("slow".utf8)) }
            try await post(#"[{"message":"still here"}]"#, port: port)
            try await socket.wait("a log") { $0.text.contains("still here") }
        }
    }

    @Test(arguments: [
        ("larger than may be", WebSocketForTests.frame(1, [], length: HubLimits.webSocketFrameBytes + 1), 1009),
        ("of an absurd length", WebSocketForTests.frame(1, [], length: .max), 1009),
        ("of more bits than there are", [0x81] + [UInt8](repeating: 0xFF, count: 9), 1009),
        ("without a mask", WebSocketForTests.frame(1, [65], isMasked: false), 1002),
        ("of bytes", WebSocketForTests.frame(2, [0, 1]), 1003),
        ("of a kind that there is not", WebSocketForTests.frame(11, []), 1002),
        ("a ping in parts", WebSocketForTests.frame(9, [65], isFinal: false), 1002),
        ("a long ping", WebSocketForTests.frame(9, [UInt8](repeating: 65, count: 126)), 1002),
        ("with a bit that nobody agreed on", [0xC1, 0x80, 0, 0, 0, 0], 1002),
    ])
    func `a frame that may not be closes it, and says why`(_ name: String, _ frame: [UInt8], _ code: Int) async throws {
        var limits = ConnectionLimits()
        limits.webSocketClose = .milliseconds(50)
        try await bed.serve(limits: limits) { port async throws in
            let socket = try await WebSocketForTests(port: port).opened()
            socket.connection.send(frame)
            let close = try await socket.wait("the close") { $0.opcode == 8 }
            #expect(close.code == code)
            try await socket.connection.waitUntilClosed()
            try await eventually("the stream is closed") { bed.feed.streamCount == 0 }
        }
    }

    @Test func `a close is answered, and the stream ends`() async throws {
        try await bed.serve { port async throws in
            let socket = try await WebSocketForTests(port: port).opened()
            socket.send(8, [3, 232])
            let close = try await socket.wait("the close") { $0.opcode == 8 }
            #expect(close.code == 1000)
            try await socket.connection.waitUntilClosed()
            try await eventually("the stream is closed") { bed.feed.streamCount == 0 }
        }
    }

    @Test func `when the hub stops, the close says so`() async throws {
        var socket: WebSocketForTests?
        try await bed.serve { port async throws in socket = try await WebSocketForTests(port: port).opened() }
        #expect(socket?.frames.last?.code == 1001)
    }

    @Test func `when the key is revoked, the close says so at the next beat`() async throws {
        let key = try await bed.key(.read)
        try await bed.serve { port async throws in
            let socket = try await WebSocketForTests(port: port, headers: "Authorization: Bearer \(key)\r\n").opened()
            bed.feed.beat()
            try await post(#"[{"message":"before"}]"#, port: port)
            try await socket.wait("a log") { $0.text.contains("before") }
            let digest = SecretDigest(of: key)
            try await bed.authenticator.keys.remove(digest.text)
            bed.authenticator.forget(digest)
            bed.feed.beat()
            let close = try await socket.wait("the close") { $0.opcode == 8 }
            #expect(close.code == 1008)
        }
    }

    @Test func `a reader that gives no sign of life is cut off`() async throws {
        var limits = ConnectionLimits()
        limits.webSocketPing = .milliseconds(20)
        limits.webSocketSilence = .milliseconds(200)
        try await bed.serve(limits: limits) { port async throws in
            let socket = try await WebSocketForTests(port: port).opened()
            try await socket.wait("a ping") { $0.opcode == 9 }
            try await socket.connection.waitUntilClosed()
            try await eventually("the stream is closed") { bed.feed.streamCount == 0 }
        }
    }

    @Test func `a slow reader is told how many logs it missed`() async throws {
        try await bed.serve { port async throws in
            let socket = try await WebSocketForTests(port: port).opened()
            let message = String(repeating: "x", count: 900_000)
            for _ in 0..<60 { try await post(#"[{"message":"\#(message)"}]"#, port: port) }
            let frame = try await socket.wait("the notice") { $0.payload.count < 100 && $0.text.contains("skipped") }
            let skipped = try JSONValue(ByteBuffer(bytes: frame.payload))["skipped"]?.int ?? 0
            try await eventually("all are sent or counted") {
                let texts = socket.frames.filter { $0.opcode == 1 }
                let counted = try texts.filter { $0.payload.count < 100 }
                    .compactMap { try JSONValue(ByteBuffer(bytes: $0.payload))["skipped"]?.int }
                return texts.count { $0.payload.count > 100 } + counted.reduce(0, +) == 60
            }
            #expect((1..<60).contains(skipped))
        }
    }

    @Test func `a bound key sees its groups alone`() async throws {
        let key = try await bed.key(.read, group: "a:*")
        try await bed.serve { port async throws in
            try await post(#"[{"message":"m0"}]"#, port: port)
            let first = try #require(bed.store.logs.first).id.text
            try await post(#"[{"message":"old","group":"a"},{"message":"hidden","group":"b"}]"#, port: port)
            let headers = "Authorization: Bearer \(key)\r\n"
            let socket = try await WebSocketForTests(port: port, "?last_event_id=\(first)", headers: headers).opened()
            try await post(#"[{"message":"hidden"},{"message":"new","group":"a:b"}]"#, port: port)
            try await socket.wait("the new one") { $0.text.contains("\"new\"") }
            let texts = socket.frames.filter { $0.opcode == 1 }.map(\.text)
            #expect(texts.count == 2)
            #expect(texts[0].contains("\"old\""))
        }
    }

    // MARK: Who may

    private func answer(_ port: Int, _ query: String = "", _ headers: String) async throws -> String {
        let socket = try WebSocketForTests(port: port, query, headers: headers)
        try await socket.connection.wait(for: "\r\n\r\n")
        return socket.connection.text
    }

    @Test func `what may not open it is answered as HTTP, in the one error shape`() async throws {
        let ingest = try await bed.key(.ingest)
        try await bed.serve { port async throws in
            for (query, headers, status) in [
                ("", "", "401"), ("", "Authorization: Bearer kmf_nobody\r\n", "401"),
                ("", "Authorization: Bearer \(ingest)\r\n", "403"), ("?level=loud", APITestBed.keyField, "422"),
                ("?token=\(APITestBed.adminKey)", APITestBed.keyField, "422"),
                ("?last_event_id=x", APITestBed.keyField, "422"),
                ("", "Sec-WebSocket-Protocol: bearer, kmf_nobody\r\n", "401"),
                ("", "Sec-WebSocket-Protocol: bearer\r\n", "401"),
            ] {
                let socket = try WebSocketForTests(port: port, query, headers: headers)
                try await socket.connection.wait(for: "\"detail\"")
                #expect(socket.connection.text.hasPrefix("HTTP/1.1 \(status) "), "\(query) \(headers)")
                // The parser stands still behind such a request, so the connection has to end.
                try await socket.connection.waitUntilClosed()
            }
        }
    }

    @Test func `a browser sends its token as a protocol, and is answered with it`() async throws {
        let key = try await bed.key(.read)
        try await bed.serve { port async throws in
            let text = try await answer(port, "", "Sec-WebSocket-Protocol: bearer, \(key)\r\n")
            #expect(text.hasPrefix("HTTP/1.1 101 "))
            #expect(text.lowercased().contains("sec-websocket-protocol: bearer\r\n"))
            #expect(!text.contains(key))
        }
    }

    @Test func `with a cookie it needs the hub's own origin`() async throws {
        let session = try await bed.authenticator.openSession(key: bed.authenticator.environmentKey, isSecure: false)
        let cookie = "Cookie: \(SessionCookie.name)=\(session.id)\r\n"
        try await bed.serve { port async throws in
            #expect(try await answer(port, "", cookie).hasPrefix("HTTP/1.1 403 "))
            #expect(try await answer(port, "", cookie + "Origin: http://evil.example\r\n").hasPrefix("HTTP/1.1 403 "))
            #expect(try await answer(port, "", cookie + "Origin: http://localhost\r\n").hasPrefix("HTTP/1.1 101 "))
        }
    }

    @Test func `an opening of another version or without a key is refused`() async throws {
        try await bed.serve { port async throws in
            for (fields, status, part) in [
                ("Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "426", "version: 13"),
                ("Sec-WebSocket-Version: 13\r\n", "400", "detail"),
                ("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2hvcnQ=\r\n", "400", "detail"),
            ] {
                let connection = try RawConnection(port: port)
                connection.send(
                    APITestBed.get(
                        "/api/logs/stream",
                        "Upgrade: websocket\r\nConnection: Upgrade\r\n" + fields + APITestBed.keyField
                    )
                )
                try await connection.wait(for: "\"detail\"")
                #expect(connection.text.hasPrefix("HTTP/1.1 \(status) "))
                #expect(connection.text.lowercased().contains(part))
            }
        }
    }
}
