import EventLoop

/// Why there is no report of a model, in words for whoever asked for it.
struct ModelProblem: Error, Sendable, Equatable {
    /// What is wrong and what to do, without a point at the end; never a key, and of a provider's own words only as
    /// much as fits a line.
    var words: String
    /// It passes by itself: worth sending again.
    var isPassing = false
    /// How long the provider asks to wait, in milliseconds.
    var retryAfterMs: Int?
    /// What of the request's form the server does not take, which another form may mend.
    var refused: ModelForm.Part?

    init(_ words: String, isPassing: Bool = false, retryAfterMs: Int? = nil, refused: ModelForm.Part? = nil) {
        self.words = words
        self.isPassing = isPassing
        self.retryAfterMs = retryAfterMs
        self.refused = refused
    }
}

extension ModelProblem {
    /// There is no answer at all.
    init(_ failure: HTTPFailure, host: String, key: ModelKey?) {
        switch failure.cause {
        case .nameUnknown: self.init("the name of \(host) is not known here")
        case .notReached: self.init("\(host) cannot be reached: nobody takes the connection")
        case .timedOut(let isConnected):
            self.init(isConnected ? "\(host) did not answer in time" : "\(host) cannot be reached in time")
        case .closed: self.init("\(host) closed the connection before its answer was whole")
        case .notHTTP: self.init("what \(host) answers is no HTTP")
        case .tls(let fault): self.init("the TLS connection to \(host) failed: \(Self.words(fault))")
        case .proxy(let status):
            self.init(
                status > 0
                    ? "the proxy before \(host) refuses with \(status)" : "the proxy before \(host) cannot be reached"
            )
        case .badRequest: self.init("the address of \(host) is none")
        case .other: self.init("\(host) could not be asked\(Self.quoted(failure.description, without: key))")
        }
    }

    private static func words(_ fault: HTTPFailure.TLSFault) -> String {
        switch fault {
        case .expired: "its certificate is past its time; renew it there"
        case .notYetValid: "its certificate's time has not begun; is this machine's clock right?"
        case .wrongName: "its certificate is for another name; set the address to a name that it is for"
        case .unknownAuthority, .selfSigned:
            "this machine does not trust its certificate; add its authority to those of the system"
        case .noTLS: "it does not speak TLS; is the address http://…?"
        default: "certificate or protocol are not accepted"
        }
    }

    /// A provider's own words behind a colon, in one line, cut; nothing when they are empty or hold a part of the key.
    static func quoted(_ text: String, without key: ModelKey?) -> String {
        if let key, key.isIn(text) { return "" }
        var line = ReportText.line(text, bytes: HubLimits.modelWordsBytes)
        while line.hasSuffix(" ") || line.hasSuffix(".") { line.removeLast() }
        return line.isEmpty ? "" : ": \(line)"
    }
}
