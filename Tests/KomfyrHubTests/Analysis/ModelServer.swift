import Protocol
import Synchronization
import TestSupport

@testable import EventLoop

/// A provider's stand-in on a socket and a thread of its own: answers by a script and keeps every request.
final class ModelServer: Sendable {
    /// What is answered.
    enum Mood: Sendable {
        /// This status, these headers, this body.
        case says(Int, String, headers: [String] = [])
        /// These bytes, whatever they are, and the end of the connection.
        case writes(String)
        /// The same, byte by byte, with a pause between.
        case trickles(String)
        /// A status 200 with so many bytes of blanks.
        case floods(Int)
        /// Nothing, and the connection stays.
        case nothing
        /// Held until `release`, then as the mood after it.
        indirect case held(Mood)
    }

    struct Request: Sendable {
        /// The request line and the header, as they came.
        var head: String
        var body: [UInt8]

        var line: String { String(head.prefix { $0 != "\r\n" }) }
        var text: String { String(decoding: body, as: UTF8.self) }
        var json: JSON { (try? JSON(text)) ?? .null }

        func header(_ name: String) -> String? {
            for line in head.split(separator: "\r\n").dropFirst() where line.lowercased().hasPrefix("\(name): ") {
                return String(line.dropFirst(name.count + 2))
            }
            return nil
        }
    }

    private struct State: Sendable {
        var script: [Mood] = []
        var mood = Mood.says(500, "{}")
        var requests: [Request] = []
        var closed = 0
    }

    private let state = Mutex(State())
    private let held = Mutex<[@Sendable () -> Void]>([])
    let port: UInt16
    private let thread: LoopThread

    /// The server reaches its connections through this, so that they do not keep it alive.
    private final class Home: Sendable {
        let server = Mutex<ModelServer?>(nil)
        let port = Mutex<UInt16>(0)
    }

    private let home: Home

    /// With `tls` it speaks TLS.
    init(tls: TLSContext.Server? = nil) async throws {
        let home = Home()
        thread = try LoopThread(name: "model server") { loop in
            let context = tls.flatMap { try? TLSContext(server: $0) }
            let listener = try? StreamListener(loop, bind: .ip("127.0.0.1", port: 0), tls: context) { connection in
                connection.start(Connection(loop, connection, home.server.withLock { $0 }))
            }
            if case .ip(_, let port)? = listener?.localAddress { home.port.withLock { $0 = port } }
        }
        self.home = home
        port = try await eventually("the server listens") {
            let port = home.port.withLock { $0 }
            return port > 0 ? port : nil
        }
        home.server.withLock { $0 = self }
    }

    /// What is answered, one after the other; the last one again and again.
    func script(_ moods: [Mood]) {
        state.withLock { state in
            state.script = Array(moods.dropLast())
            state.mood = moods.last ?? state.mood
        }
    }

    /// Runs a test with a server.
    static func run(_ moods: Mood..., body: (ModelServer) async throws -> Void) async throws {
        let server = try await ModelServer()
        server.script(moods)
        do { try await body(server) } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    func stop() async {
        home.server.withLock { $0 = nil }
        await thread.stopAndWait()
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { state.withLock { $0.requests } }
    /// Connections that the client has ended.
    var closed: Int { state.withLock { $0.closed } }
    /// What follows the script.
    var mood: Mood {
        get { state.withLock { $0.mood } }
        set { state.withLock { $0.mood = newValue } }
    }
    /// Answers that are held back.
    var heldCount: Int { held.withLock { $0.count } }

    /// Gives the answers that were held back.
    func release() {
        let jobs = held.withLock { jobs in
            defer { jobs = [] }
            return jobs
        }
        for job in jobs { thread.mailbox.post { _ in job() } }
    }

    /// All of these texts that stand in any request, header or body, as they are or with JSON's escapes: what may never
    /// leave the hub.
    func leaks(of secrets: [String]) -> [String] {
        let sent = requests.flatMap { request in
            // Once as it went over the wire, once as the model reads it.
            [request.head, request.text, ModelServer.unescaped(request.json)]
        }
        return secrets.filter { secret in sent.contains { $0.contains(secret) } }
    }

    /// All texts of a JSON value, names of members included.
    private static func unescaped(_ json: JSON) -> String {
        switch json {
        case .text(let text): text
        case .list(let items): items.map(unescaped).joined(separator: "\n")
        case .object(let members): members.map { $0.key + "\n" + unescaped($0.value) }.joined(separator: "\n")
        default: ""
        }
    }

    fileprivate func take(_ request: Request) -> Mood {
        state.withLock { state in
            state.requests.append(request)
            return state.script.isEmpty ? state.mood : state.script.removeFirst()
        }
    }

    fileprivate func hold(_ job: @escaping @Sendable () -> Void) { held.withLock { $0.append(job) } }
    fileprivate func noteClosed() { state.withLock { $0.closed += 1 } }

    /// An answer on the wire.
    static func bytes(_ status: Int, _ headers: [String], _ body: String) -> [UInt8] {
        let lines = ["HTTP/1.1 \(status) Status", "Content-Length: \(body.utf8.count)"] + headers + ["", body]
        return Array(lines.joined(separator: "\r\n").utf8)
    }

    /// One connection: collects a request, answers, goes on.
    private final class Connection: StreamHandler {
        private let loop: Loop
        private let connection: StreamConnection
        private let server: ModelServer?
        private var bytes: [UInt8] = []
        private var rest: [UInt8] = []
        private var timer: EventLoop.Timer?

        init(_ loop: Loop, _ connection: StreamConnection, _ server: ModelServer?) {
            self.loop = loop
            self.connection = connection
            self.server = server
        }

        func received(_ more: UnsafeRawBufferPointer) {
            bytes.append(contentsOf: more)
            // As servers do with what begins as no method does, a TLS handshake for instance.
            if let first = bytes.first, !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) {
                connection.write(ModelServer.bytes(400, [], ""))
                return connection.closeWhenSent()
            }
            while let request = takeRequest() {
                guard let server else { return connection.close() }
                answer(server.take(request))
            }
        }

        private func answer(_ mood: Mood) {
            switch mood {
            case .says(let status, let body, let headers):
                connection.write(ModelServer.bytes(status, headers, body))
            case .writes(let text):
                if !text.isEmpty { connection.write(Array(text.utf8)) }
                connection.closeWhenSent()
            case .trickles(let text):
                rest = Array(text.utf8)
                timer = try? EventLoop.Timer(loop) { [weak self] in self?.dribble() }
                timer?.start(afterMs: 1, repeatMs: 1)
            case .floods(let count):
                connection.write(ModelServer.bytes(200, [], String(repeating: " ", count: count)))
            case .nothing: break
            case .held(let mood):
                let box = LoopBound<Connection>()
                box.fill(self, on: loop)
                let thread = server?.thread
                server?
                    .hold { [weak thread] in
                        thread?.mailbox.post { loop in box.open(on: loop) { $0.answer(mood) } }
                    }
            }
        }

        private func dribble() {
            guard let byte = rest.first else {
                timer?.close()
                timer = nil
                return
            }
            rest.removeFirst()
            connection.write([byte])
        }

        func ended(_ error: LoopError?) {
            timer?.close()
            timer = nil
            server?.noteClosed()
        }

        private func takeRequest() -> Request? {
            guard let split = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
            let request = Request(head: String(decoding: bytes[..<split.lowerBound], as: UTF8.self), body: [])
            let length = request.header("content-length").flatMap { Int($0) } ?? 0
            guard bytes.count >= split.upperBound + length else { return nil }
            let body = Array(bytes[split.upperBound..<(split.upperBound + length)])
            bytes.removeFirst(split.upperBound + length)
            return Request(head: request.head, body: body)
        }
    }
}

/// What the providers' documentation shows as their answers.
enum ModelAnswers {
    /// A report as a model writes it.
    static let report = #"{"summary":"the disk fills","severity":"warning","findings":[],"recommendations":[]}"#

    /// `GenerateContentResponse`.
    static func gemini(
        _ text: String = report,
        thought: String? = nil,
        finish: String? = "STOP",
        usage: String = #"{"promptTokenCount":1200,"candidatesTokenCount":300,"thoughtsTokenCount":50}"#
    ) -> String {
        let thoughts = thought.map { #"{"text":\#(quoted($0)),"thought":true},"# } ?? ""
        let finish = finish.map { #""finishReason":"\#($0)","# } ?? ""
        return #"{"candidates":[{"content":{"parts":[\#(thoughts){"text":\#(quoted(text)),"thoughtSignature":"EjQK"}],"#
            + #""role":"model"},\#(finish)"index":0}],"usageMetadata":\#(usage),"#
            + #""modelVersion":"gemini-3.5-flash-lite","responseId":"Il0taoSYJ5Cez7"}"#
    }

    /// `google.rpc.Status` as HTTP has it.
    static func geminiError(_ code: Int, _ status: String, _ message: String, details: String = "[]") -> String {
        #"{"error":{"code":\#(code),"message":\#(quoted(message)),"status":"\#(status)","details":\#(details)}}"#
    }

    static let badKey = geminiError(
        400,
        "INVALID_ARGUMENT",
        "API key not valid. Please pass a valid API key.",
        details: #"[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","#
            + #""domain":"googleapis.com","metadata":{"service":"generativelanguage.googleapis.com"}}]"#
    )

    static func quota(_ delay: String) -> String {
        geminiError(
            429,
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota.",
            details: #"[{"@type":"type.googleapis.com/google.rpc.Help","links":[]},"#
                + #"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"\#(delay)"}]"#
        )
    }

    /// `chat.completion`.
    static func openAI(_ text: String = report, message: String = "", finish: String = "stop") -> String {
        #"{"id":"chatcmpl-1","object":"chat.completion","created":1795410000,"model":"qwen3:8b","#
            + #""system_fingerprint":"fp_ollama","choices":[{"index":0,"message":{"role":"assistant","#
            + #""content":\#(quoted(text))\#(message)},"finish_reason":"\#(finish)"}],"#
            + #""usage":{"prompt_tokens":900,"completion_tokens":200,"total_tokens":1100}}"#
    }

    static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        JSONText.appendString(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
