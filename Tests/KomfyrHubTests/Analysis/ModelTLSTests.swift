import TestSupport
import Testing

@testable import EventLoop
@testable import KomfyrHub

/// A model behind TLS, on real sockets with real certificates.
@Suite(.timeLimit(.minutes(5))) struct ModelTLSTests {
    /// Sends with another authority than the system's.
    private struct TrustingSender: ModelSending {
        let sender: any ModelSending
        let certificates: HTTPCertificates

        func send(_ request: HTTPRequest) async throws(HTTPFailure) -> EventLoop.HTTPAnswer {
            var request = request
            request.certificates = certificates
            return try await sender.send(request)
        }
    }

    enum Fault: CaseIterable {
        case none, expired, notYetValid, wrongName, stranger, selfSigned, systemAuthorities

        /// What the report says, and what to do.
        var words: [String] {
            switch self {
            case .none: []
            case .expired: ["past its time", "renew it"]
            case .notYetValid: ["has not begun", "clock"]
            case .wrongName: ["for another name", "set the address"]
            case .stranger, .selfSigned, .systemAuthorities: ["does not trust", "add its authority"]
            }
        }
    }

    private func identity(_ fault: Fault, _ certificates: Certificates) async throws -> TLSContext.Identity {
        let files =
            switch fault {
            case .expired: try await certificates.issue("old", days: -1)
            case .notYetValid: try await certificates.issueForLater("new")
            case .wrongName: try await certificates.issue("other", for: "DNS:other.example")
            case .selfSigned: try await certificates.selfSigned("own")
            case .none, .stranger, .systemAuthorities: try await certificates.issue("model")
            }
        return TLSContext.Identity(certificateFile: files.certificate, keyFile: files.key)
    }

    @Test(arguments: Fault.allCases)
    func `a model behind a bad certificate gets nothing, and the report says what to do`(_ fault: Fault) async throws {
        let certificates = try await Certificates()
        let server = try await ModelServer(tls: TLSContext.Server(identity: try await identity(fault, certificates)))
        server.script([.says(200, ModelAnswers.openAI())])
        let client = ModelClient()
        var sender: any ModelSending = client
        if fault != .systemAuthorities {
            let authority = fault == .stranger ? certificates.stranger : certificates.authority
            let trusted = try HTTPCertificates(TLSContext.Client(authorityFile: authority))
            sender = TrustingSender(sender: client, certificates: trusted)
        }
        let dialect = OpenAIDialect(
            base: "https://127.0.0.1:\(server.port)",
            model: "m",
            key: ModelKey(ModelTests.key)
        )
        let outcome = await ModelCaller(dialect: dialect, sender: sender).ask(.forTests)
        switch outcome.result {
        case .success(let text):
            #expect(fault == .none && String(decoding: text, as: UTF8.self) == ModelAnswers.report)
            #expect(server.requests.count == 1)
        case .failure(let problem):
            #expect(fault != .none, "\(problem.words)")
            #expect(problem.words.contains("TLS") && fault.words.allSatisfy { problem.words.contains($0) })
            // Neither the key nor the digest was sent, and it is not tried again.
            #expect(server.requests.isEmpty && outcome.attempts == 1 && outcome.uncounted == 0)
        }
        await client.stop()
        await server.stop()
    }
}
