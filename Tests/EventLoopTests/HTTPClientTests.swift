@testable import EventLoop
import CCurl
import Glibc
import Testing

extension EventLoopSuite {
    struct HTTPClientTests {
        /// What is compared of an outcome.
        private struct Outcome: Sendable, Equatable {
            var status = 0
            var headers: [String] = []
            var body = ""
            var code: UInt32 = 0
            var mayHaveArrived = false
            var words = ""

            init(_ result: Result<HTTPAnswer, HTTPFailure>) {
                switch result {
                case .success(let answer):
                    status = answer.status
                    headers = answer.headers.map { "\($0.name)=\($0.value)" }
                    body = String(decoding: answer.body, as: UTF8.self)
                case .failure(let failure):
                    code = UInt32(failure.code)
                    mayHaveArrived = failure.mayHaveArrived
                    words = failure.description
                }
            }
        }

        /// Sends one request to a server that answers so; tells the outcome and the request's head.
        private func exchange(
            _ change: @escaping @Sendable (inout HTTPRequest) -> Void = { _ in },
            answer: @escaping @Sendable (StreamConnection) -> Void
        ) async throws -> (Outcome, String) {
            try await onLoop { (loop, finish: @escaping ((Outcome, String)) -> Void) in
                let server = try HTTPServer(loop) { _, connection in answer(connection) }
                let client = try HTTPClient(loop)
                var request = HTTPRequest(method: "POST", url: server.url("/x"), body: Array("hello".utf8))
                change(&request)
                client.send(request) { finish((Outcome($0), server.heads.first ?? "")) }
            }
        }

        @Test func `an answer comes with status, headers in lower case, and body`() async throws {
            let (outcome, head) = try await exchange {
                $0.headers = [("X-Mine", "a b"), ("Content-Type", "text/plain"), ("X-Empty", "")]
            } answer: {
                $0.write("HTTP/1.1 200 OK\r\nX-One:  1 \r\nSet-Thing: a\r\nSET-THING: b\r\nContent-Length: 2\r\n\r\nok")
            }
            #expect(outcome.status == 200)
            #expect(outcome.body == "ok")
            #expect(outcome.headers == ["x-one=1", "set-thing=a", "set-thing=b", "content-length=2"])
            let lines = head.split(separator: "\r\n").map(String.init)
            #expect(lines.first == "POST /x HTTP/1.1")
            #expect(lines.contains("X-Mine: a b"))
            #expect(lines.contains("Content-Type: text/plain"))
            #expect(lines.contains("X-Empty:"))
            #expect(lines.contains("Content-Length: 5"))
        }

        @Test func `503 is an answer, with its Retry-After`() async throws {
            let (outcome, _) = try await exchange {
                $0.write("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")
            }
            #expect(outcome.status == 503)
            #expect(outcome.headers.contains("retry-after=7"))
        }

        @Test func `a redirect is an answer, not followed`() async throws {
            let (outcome, _) = try await exchange {
                $0.write("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
            }
            #expect(outcome.status == 302)
            #expect(outcome.headers.first == "location=http://127.0.0.1:1/")
        }

        @Test func `a large body is sent whole and at once, without asking first`() async throws {
            let size = 3_000_000
            let (head, body) = try await onLoop { (loop, finish: @escaping ((String, [UInt8])) -> Void) in
                let server = try HTTPServer(loop) { _, connection in
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                }
                let client = try HTTPClient(loop)
                let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 >> 8) }
                client.send(HTTPRequest(method: "POST", url: server.url("/"), body: body)) { _ in
                    finish((server.heads[0], server.bodies[0]))
                }
            }
            #expect(!head.lowercased().contains("expect"))
            #expect(!head.lowercased().contains("content-type"))
            #expect(body == (0..<size).map { UInt8(truncatingIfNeeded: $0 >> 8) })
        }

        @Test func `headers that would break out of their line are left out`() async throws {
            let (_, head) = try await exchange {
                $0.headers = [
                    ("X-A", "1\r\nX-Evil: 1"), ("X-B\r\nX-Evil", "1"), ("X-C", "a\0b"), ("X-D: x", "1"), ("", "1"),
                    ("X-Good", "1"),
                ]
            } answer: {
                $0.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
            #expect(head.contains("X-Good: 1"))
            for name in ["X-A", "X-B", "X-C", "X-D", "X-Evil"] { #expect(!head.contains(name)) }
        }

        @Test(arguments: ["GET", "PUT", "DELETE", "HEAD"])
        func `other methods are sent by their names`(_ method: String) async throws {
            let (outcome, head) = try await exchange {
                $0.method = method
                $0.body = []
            } answer: {
                $0.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\(method == "HEAD" ? "" : "ok")")
            }
            #expect(head.hasPrefix("\(method) /x HTTP/1.1"))
            #expect(outcome.body == (method == "HEAD" ? "" : "ok"))
        }

        @Test func `connections are used again, and no more are made than allowed`() async throws {
            let (accepts, answers) = try await onLoop { (loop, finish: @escaping ((Int, Int)) -> Void) in
                let server = try HTTPServer(loop) { _, connection in
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                }
                let client = try HTTPClient(loop, maximumConnections: 2)
                var answers = 0
                func send(_ left: Int) {
                    client.send(HTTPRequest(method: "POST", url: server.url("/"), body: [1])) { result in
                        if case .success(let answer) = result, answer.body == Array("ok".utf8) { answers += 1 }
                        if left > 1 { send(left - 1) } else if answers == 80 { finish((server.accepts, answers)) }
                    }
                }
                for _ in 0..<4 { send(20) }
            }
            #expect(accepts == 2)
            #expect(answers == 80)
        }

        @Test func `a connection that the server closed while idle is replaced without a failure`() async throws {
            let (accepts, statuses) = try await onLoop { (loop, finish: @escaping ((Int, [Int])) -> Void) in
                let server = try HTTPServer(loop) { _, connection in
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    connection.closeWhenSent()
                }
                let client = try HTTPClient(loop)
                var statuses: [Int] = []
                func send() {
                    client.send(HTTPRequest(method: "POST", url: server.url("/"), body: [1])) { result in
                        statuses.append(Outcome(result).status)
                        if statuses.count == 3 { return finish((server.accepts, statuses)) }
                        let timer = try? EventLoop.Timer(loop) { send() }
                        timer?.start(afterMs: 20)
                    }
                }
                send()
            }
            #expect(accepts == 3)
            #expect(statuses == [200, 200, 200])
        }

        @Test func `refused: nothing can have arrived, and libcurl's words say where`() async throws {
            let outcome = try await onLoop { (loop, finish: @escaping (Outcome) -> Void) in
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { $0.close() }
                let port = listener.localAddress.port
                listener.close()
                let client = try HTTPClient(loop)
                client.send(HTTPRequest(method: "POST", url: "http://127.0.0.1:\(port)/", body: [1])) {
                    finish(Outcome($0))
                }
            }
            #expect(outcome.code == CURLE_COULDNT_CONNECT.rawValue)
            #expect(!outcome.mayHaveArrived)
            #expect(outcome.words.contains("127.0.0.1"))
        }

        @Test func `a server that cannot prove itself gets nothing of the request`() async throws {
            let outcome = try await onLoop { (loop, finish: @escaping (Outcome) -> Void) in
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { connection in
                    connection.start(Reader { _ in connection.write("this is no TLS\r\n\r\n") })
                }
                let client = try HTTPClient(loop)
                let url = "https://127.0.0.1:\(listener.localAddress.port)/"
                client.send(HTTPRequest(method: "POST", url: url, body: [1])) { finish(Outcome($0)) }
            }
            #expect(outcome.code == CURLE_SSL_CONNECT_ERROR.rawValue)
            #expect(!outcome.mayHaveArrived)
        }

        @Test func `a connection that is not made in time: nothing can have arrived`() async throws {
            let outcome = try await onLoop { (loop, finish: @escaping (Outcome) -> Void) in
                let full = try BoundSocket(.ip("127.0.0.1", port: 0), kind: .stream, attempt: "bind")
                listen(full.descriptor, 0)
                let port = full.address.port
                // Fills the backlog.
                for _ in 0..<3 {
                    StreamConnection.connect(loop, to: .ip("127.0.0.1", port: port), timeoutMs: 5_000) { _ in }
                }
                let client = try HTTPClient(loop)
                let request = HTTPRequest(
                    method: "POST",
                    url: "http://127.0.0.1:\(port)/",
                    body: [1],
                    connectTimeoutMs: 200
                )
                let timer = try EventLoop.Timer(loop) { client.send(request) { finish(Outcome($0)) } }
                timer.start(afterMs: 50)
            }
            #expect(outcome.code == CURLE_OPERATION_TIMEDOUT.rawValue)
            #expect(!outcome.mayHaveArrived)
        }

        @Test func `no answer in time: it may have arrived`() async throws {
            let (outcome, _) = try await exchange {
                // Long enough for the request to have been sent, on any machine.
                $0.timeoutMs = 2_000
            } answer: { _ in
            }
            #expect(outcome.code == CURLE_OPERATION_TIMEDOUT.rawValue)
            #expect(outcome.mayHaveArrived)
        }

        @Test(arguments: [
            "", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        ])
        func `an answer that is cut is a failure, and the request may have arrived`(_ part: String) async throws {
            let (outcome, _) = try await exchange {
                $0.write(part)
                $0.close()
            }
            #expect(outcome.code != 0)
            #expect(outcome.mayHaveArrived)
        }

        @Test(arguments: [
            "220 mail.example ESMTP\r\n", "<NUL>\u{1}\u{2}garbage\r\n\r\n", "HTTP/1.1 999999999999999999999 x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        ])
        func `an answer that is no HTTP is a failure, and the request may have arrived`(_ part: String) async throws {
            let (outcome, _) = try await exchange {
                $0.timeoutMs = 10_000
            } answer: {
                $0.write(part.withZeroBytes)
                $0.closeWhenSent()
            }
            #expect(outcome.code != 0)
            #expect(outcome.mayHaveArrived)
        }

        @Test func `chunks are joined, interim answers and trailers left out`() async throws {
            let (outcome, _) = try await exchange {
                $0.write("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 200 OK\r\n")
                $0.write(
                    "Transfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Late: 1\r\n\r\n"
                )
            }
            #expect(outcome.status == 200)
            #expect(outcome.body == "abcde")
            #expect(outcome.headers == ["transfer-encoding=chunked", "trailer=X-Late"])
        }

        @Test(arguments: [0, 1, 99_999, 100_000, 100_001])
        func `a body beyond the limit is cut there`(_ limit: Int) async throws {
            let (outcome, _) = try await exchange {
                $0.maximumAnswerBytes = limit
            } answer: {
                $0.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + String(repeating: "z", count: 100_000))
            }
            #expect(outcome.status == 200)
            #expect(outcome.body.utf8.count == min(limit, 100_000))
        }

        @Test func `headers without end are a failure`() async throws {
            let (outcome, _) = try await exchange {
                $0.timeoutMs = 10_000
            } answer: { connection in
                connection.write(
                    "HTTP/1.1 200 OK\r\n" + String(repeating: "X-Filler: aaaaaaaaaaaaaaaaaaaa\r\n", count: 4_000)
                )
            }
            #expect(outcome.code == CURLE_WRITE_ERROR.rawValue)
            #expect(outcome.mayHaveArrived)
        }

        @Test(arguments: [
            "", "not a url", "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "http://127.0.0.1:99999/",
            "http://127.0.0.1/\r\nX: 1", "http://127.0.0.1/<NUL>",
        ])
        func `what is no http URL fails, and not from within send`(_ url: String) async throws {
            let (outcome, fromWithin) = try await onLoop { (loop, finish: @escaping ((Outcome, Bool)) -> Void) in
                let client = try HTTPClient(loop)
                var isWithin = true
                client.send(HTTPRequest(method: "GET", url: url.withZeroBytes)) { finish((Outcome($0), isWithin)) }
                isWithin = false
            }
            #expect(outcome.code != 0)
            #expect(!outcome.mayHaveArrived)
            #expect(!outcome.words.isEmpty)
            #expect(!fromWithin)
        }

        @Test func `a method that would break out of its line fails`() async throws {
            let (outcome, head) = try await exchange {
                $0.method = "GET / HTTP/1.1\r\nX: 1"
            } answer: { _ in
            }
            #expect(outcome.code != 0)
            #expect(head.isEmpty)
        }

        @Test func `after cancel nobody is called, and others go on`() async throws {
            let (called, other) = try await onLoop { (loop, finish: @escaping (([String], Int)) -> Void) in
                var called: [String] = []
                let server = try HTTPServer(loop) { head, connection in
                    if head.contains("/slow") { return }
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                }
                let client = try HTTPClient(loop)
                let early = client.send(HTTPRequest(method: "GET", url: server.url("/"))) { _ in called.append("early")
                }
                early.cancel()
                let bad = client.send(HTTPRequest(method: "GET", url: "nonsense:")) { _ in called.append("bad") }
                bad.cancel()
                let slow = client.send(HTTPRequest(method: "GET", url: server.url("/slow"))) { _ in
                    called.append("slow")
                }
                let timer = try EventLoop.Timer(loop) {
                    slow.cancel()
                    slow.cancel()
                    client.send(HTTPRequest(method: "GET", url: server.url("/"))) { result in
                        finish((called, Outcome(result).status))
                    }
                }
                timer.start(afterMs: 50)
            }
            #expect(called.isEmpty)
            #expect(other == 200)
        }

        @Test func `cancelling and closing from within an answer is safe`() async throws {
            let called = try await onLoop { (loop, finish: @escaping (Int) -> Void) in
                var called = 0
                let server = try HTTPServer(loop) { _, connection in
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                }
                let client = try HTTPClient(loop)
                var transfers: [HTTPTransfer] = []
                for _ in 0..<4 {
                    transfers.append(
                        client.send(HTTPRequest(method: "GET", url: server.url("/"))) { _ in
                            called += 1
                            for transfer in transfers { transfer.cancel() }
                            client.close()
                            client.close()
                            client.send(HTTPRequest(method: "GET", url: server.url("/"))) { result in
                                if case .failure = result { finish(called) }
                            }
                        }
                    )
                }
            }
            #expect(called == 1)
        }

        @Test func `close with transfers under way calls nobody and leaves no descriptor`() async throws {
            let before = try await descriptorsAtRest()
            let called = Tally()
            try await onLoop { (loop, finish: @escaping (Bool) -> Void) in
                let server = try HTTPServer(loop) { _, _ in }
                let client = try HTTPClient(loop)
                var looksWithFour = 0
                for _ in 0..<6 {
                    client.send(HTTPRequest(method: "POST", url: server.url("/"), body: [1])) { _ in called.add() }
                }
                let timer = try EventLoop.Timer(loop) {
                    // Looked at again: a fifth would come at once.
                    looksWithFour += server.heads.count >= 4 ? 1 : 0
                    guard looksWithFour == 5 else { return }
                    client.close()
                    finish(server.heads.count == 4)
                }
                timer.start(afterMs: 20, repeatMs: 20)
            }
            .required()
            #expect(called.count == 0)
            #expect(try await eventually { openDescriptors() <= before })
        }

        @Test func `a loop that stops takes its clients with it`() async throws {
            let before = try await descriptorsAtRest()
            try await onLoop { (loop, finish: @escaping (Bool) -> Void) in
                let server = try HTTPServer(loop) { _, _ in finish(true) }
                let client = try HTTPClient(loop)
                client.send(HTTPRequest(method: "POST", url: server.url("/"), body: [1])) { _ in }
            }
            .required()
            #expect(try await eventually { openDescriptors() <= before })
        }

        @Test func `a proxy of the environment is used, but never for this machine's own addresses`() async throws {
            let heads = try await onLoop { (loop, finish: @escaping ([String]) -> Void) in
                let server = try HTTPServer(loop) { _, connection in
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                }
                setenv("http_proxy", server.url(""), 1)
                let client = try HTTPClient(loop)
                let port = server.port
                var urls = ["http://127.0.0.1:\(port)/a", "http://localhost:\(port)/b", "http://192.0.2.1/c"][...]
                func next() {
                    guard let url = urls.popFirst() else {
                        unsetenv("http_proxy")
                        return finish(server.heads.map { String($0.prefix { $0 != "\r\n" }) })
                    }
                    client.send(HTTPRequest(method: "GET", url: url)) { _ in next() }
                }
                next()
            }
            #expect(heads == ["GET /a HTTP/1.1", "GET /b HTTP/1.1", "GET http://192.0.2.1/c HTTP/1.1"])
        }

        @Test func `request rate over one loop on this machine`() async throws {
            let count = 2_000
            let seconds = try await onLoop(seconds: 60) { (loop, finish: @escaping (Double) -> Void) in
                let server = try HTTPServer(loop) { _, connection in
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                }
                let client = try HTTPClient(loop)
                let begin = ContinuousClock.now
                var answers = 0
                func send() {
                    client.send(HTTPRequest(method: "POST", url: server.url("/"), body: [1])) { _ in
                        answers += 1
                        if answers == count { finish((ContinuousClock.now - begin) / .seconds(1)) } else { send() }
                    }
                }
                for _ in 0..<4 { send() }
            }
            print("HTTP client and test server on one loop: \(Int(Double(count) / seconds)) requests/s")
        }
    }
}
