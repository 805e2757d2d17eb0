import EventLoop
import Protocol

/// Google's Gemini API: `models.generateContent` of `v1beta`.
///
/// ```
/// POST {base}/v1beta/models/{model}:generateContent          x-goog-api-key: KEY
/// {"systemInstruction": {"parts": [{"text"}]}, "contents": [{"role": "user", "parts": [{"text"}]}],
///  "generationConfig": {"responseMimeType": "application/json", "responseSchema": {…}, "maxOutputTokens": N}}
///
/// 200 {"candidates": [{"content": {"parts": [{"text", "thought"}]}, "finishReason": "STOP"}],
///      "promptFeedback": {"blockReason"}, "usageMetadata": {"promptTokenCount", "candidatesTokenCount",
///      "thoughtsTokenCount"}}
/// 4xx, 5xx {"error": {"code", "message", "status", "details": [{"@type", "reason", "retryDelay"}]}}, or that in a list
/// ```
///
/// The temperature is left as it is: the models of generation 3 are made for their own.
struct GeminiDialect: ModelDialect, Equatable {
    static let defaultBase = "https://generativelanguage.googleapis.com"
    static let defaultModel = "gemini-3.5-flash-lite"

    /// Without a slash at the end.
    var base = GeminiDialect.defaultBase
    var model = GeminiDialect.defaultModel
    var key: ModelKey?

    var provider: String { "gemini" }
    var host: String { ModelAddress.host(base) }

    var answerMs: Int { HubLimits.geminiAnswerMs }

    /// There is one form.
    func request(_ prompt: ModelPrompt, _ form: ModelForm, timeoutMs: Int) -> HTTPRequest {
        var body: [UInt8] = []
        body += #"{"systemInstruction":{"parts":[{"text":"#.utf8
        JSONText.appendString(prompt.system, to: &body)
        body += #"}]},"contents":[{"role":"user","parts":[{"text":"#.utf8
        JSONText.appendString(prompt.digest, to: &body)
        body += #"}]}],"generationConfig":{"responseMimeType":"application/json","responseSchema":"#.utf8
        body += prompt.geminiSchema
        body += #","maxOutputTokens":\#(HubLimits.modelAnswerTokens)}}"#.utf8
        return HTTPRequest(
            method: "POST",
            url: "\(ModelAddress.trimmed(base, "/v1beta"))/v1beta/models/\(model):generateContent",
            headers: [("Content-Type", "application/json"), ("Accept", "application/json")]
                + (key.map { [("x-goog-api-key", $0.text)] } ?? []),
            body: body,
            connectTimeoutMs: min(HubLimits.modelConnectMs, timeoutMs),
            timeoutMs: timeoutMs,
            // One more than the bound, to tell that it is exceeded.
            maximumAnswerBytes: HubLimits.modelAnswerBytes + 1
        )
    }

    func reply(_ answer: HTTPAnswer) -> ModelReply {
        guard answer.body.count <= HubLimits.modelAnswerBytes else {
            return ModelReply(
                .failure(ModelProblem("Gemini's answer is larger than \(HubLimits.modelAnswerBytes) bytes"))
            )
        }
        let json = ModelJSON(answer.body)
        guard answer.status == 200 else {
            return ModelReply(.failure(problem(answer, json)))
        }
        guard let json, json.isObject else {
            return ModelReply(
                .failure(ModelProblem("what \(host) answers is not Gemini's JSON; is GEMINI_BASE_URL right?"))
            )
        }
        let usage = json["usageMetadata"]
        let thoughts = usage?["thoughtsTokenCount"]?.count ?? 0
        return ModelReply(
            read(json),
            tokensIn: usage?["promptTokenCount"]?.count,
            // Thoughts are billed as what is written.
            tokensOut: usage.map { ($0["candidatesTokenCount"]?.count ?? 0) + thoughts }
        )
    }

    private func read(_ json: ModelJSON) -> Result<[UInt8], ModelProblem> {
        if let error = json["error"], error.isObject { return .failure(problem(400, error, nil)) }
        guard let candidate = json["candidates"]?.items.first else {
            guard let reason = json["promptFeedback"]?["blockReason"]?.text else {
                return .failure(ModelProblem("Gemini answered without a candidate"))
            }
            return .failure(ModelProblem("Gemini refuses the prompt (blockReason \(Self.word(reason)))"))
        }
        switch candidate["finishReason"]?.text {
        case nil, "STOP", "FINISH_REASON_UNSPECIFIED": break
        case "MAX_TOKENS":
            return .failure(
                ModelProblem(
                    "Gemini's answer was cut at \(HubLimits.modelAnswerTokens) tokens (finishReason MAX_TOKENS)"
                )
            )
        case let reason?:
            return .failure(ModelProblem("Gemini did not finish its answer (finishReason \(Self.word(reason)))"))
        }
        var text: [UInt8] = []
        for part in candidate["content"]?["parts"]?.items ?? [] where part["thought"]?.isTrue != true {
            text += (part["text"]?.text ?? "").utf8
        }
        if text.isEmpty { return .failure(ModelProblem("Gemini's answer has no text")) }
        return .success(text)
    }

    private func problem(_ answer: HTTPAnswer, _ json: ModelJSON?) -> ModelProblem {
        var problem = problem(answer.status, (json?.items.first ?? json)?["error"], answer)
        problem.isPassing = ModelRetry.isPassing(answer.status)
        if problem.isPassing, problem.retryAfterMs == nil {
            problem.retryAfterMs = ModelRetry.after(answer, now: WallClock.now())
        }
        return problem
    }

    private func problem(_ status: Int, _ error: ModelJSON?, _ answer: HTTPAnswer?) -> ModelProblem {
        let quoted = ModelProblem.quoted(error?["message"]?.text ?? "", without: key)
        let name = error?["status"]?.text.map { "\(status) \(Self.word($0))" } ?? String(status)
        let details = error?["details"]?.items ?? []
        if details.contains(where: { $0["reason"]?.text == "API_KEY_INVALID" }) || status == 401 {
            return ModelProblem("Gemini does not know the key: check GEMINI_API_KEY (aistudio.google.com makes one)")
        }
        switch status {
        case 300...399:
            return ModelProblem(
                "\(host) answers with a redirect (\(status)), which is not followed: set GEMINI_BASE_URL"
            )
        case 403: return ModelProblem("Gemini refuses the key (\(name)): what may GEMINI_API_KEY do?\(quoted)")
        case 404: return ModelProblem("the model \(model) is gone or never was: set GEMINI_MODEL to one that there is")
        case 429:
            let delay = details.lazy.filter { $0["@type"]?.text?.hasSuffix("google.rpc.RetryInfo") == true }
                .compactMap { $0["retryDelay"]?.text.flatMap(ModelRetry.delay) }.first
            return ModelProblem("Gemini's quota is used up (\(name))\(quoted)", retryAfterMs: delay)
        case 408, 500...599: return ModelProblem("Gemini cannot answer now (\(name))\(quoted)")
        default: return ModelProblem("Gemini does not take the request (\(name))\(quoted)")
        }
    }

    /// A constant of Google's, as far as it looks like one.
    private static func word(_ text: String) -> String {
        text.utf8.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_") }
            && text.utf8.count <= 60 ? text : "unknown"
    }
}
