import EventLoop

/// What a model is asked.
struct ModelPrompt: Sendable {
    /// What it is to do: the hub's own words.
    var system: String
    /// What it is to look at, with text of logs in it, which anybody may have written.
    var digest: String
    /// The form of its answer as Gemini's `responseSchema` has it.
    var geminiSchema: [UInt8]
    /// The same as a JSON Schema.
    var jsonSchema: [UInt8]
}

/// What came of asking.
struct ModelReply: Sendable {
    /// What the model wrote, as it wrote it: untrusted, and perhaps with words or a fence around its JSON; or why there
    /// is nothing.
    var result: Result<[UInt8], ModelProblem>
    /// What the provider counted; nil: it did not say.
    var tokensIn: Int?
    var tokensOut: Int?

    init(_ result: Result<[UInt8], ModelProblem>, tokensIn: Int? = nil, tokensOut: Int? = nil) {
        self.result = result
        self.tokensIn = tokensIn
        self.tokensOut = tokensOut
    }
}

/// How a provider is spoken to: what is sent, and what its answers mean.
protocol ModelDialect: Sendable {
    /// As `AI_PROVIDER` names it.
    var provider: String { get }
    var model: String { get }
    var key: ModelKey? { get }
    /// Where it is, for words about it: a host, with its port.
    var host: String { get }
    /// How long an answer may take, all attempts together, in milliseconds.
    var answerMs: Int { get }
    /// The request for a prompt, in a form that the server is known to take, or may take.
    func request(_ prompt: ModelPrompt, _ form: ModelForm, timeoutMs: Int) -> HTTPRequest
    /// What an answer says, whatever its status.
    func reply(_ answer: HTTPAnswer) -> ModelReply
}
