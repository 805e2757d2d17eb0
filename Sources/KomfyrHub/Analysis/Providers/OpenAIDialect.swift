import EventLoop
import Protocol

/// Servers that speak as OpenAI's do: Ollama, llama.cpp, and others.
///
/// ```
/// POST {base}/v1/chat/completions                            Authorization: Bearer KEY, where there is one
/// {"model", "messages": [{"role": "system", "content"}, {"role": "user", "content"}], "stream": false, "max_tokens": N,
///  "response_format": {"type": "json_schema", "json_schema": {"name", "schema": {…}}, "schema": {…}}}
///
/// 200 {"choices": [{"message": {"content", "reasoning", "reasoning_content", "refusal"}, "finish_reason": "stop"}],
///      "usage": {"prompt_tokens", "completion_tokens"}}
/// 4xx, 5xx {"error": {"message", "type", "param", "code"}}, or {"error": "…"}, or any text
/// ```
///
/// The schema stands where Ollama and OpenAI look for it, and where llama.cpp does, and once more in words for servers
/// that look nowhere. A server that refuses one of these members is asked in another form (`ModelForm`).
struct OpenAIDialect: ModelDialect, Equatable {
    /// Without a slash at the end.
    var base: String
    var model: String
    /// Nil: the server asks for none.
    var key: ModelKey?

    var provider: String { "openai" }
    var host: String { ModelAddress.host(base) }

    var answerMs: Int { HubLimits.localAnswerMs }

    func request(_ prompt: ModelPrompt, _ form: ModelForm, timeoutMs: Int) -> HTTPRequest {
        var body: [UInt8] = []
        body += #"{"model":"#.utf8
        JSONText.appendString(model, to: &body)
        body += #","messages":[{"role":"system","content":"#.utf8
        JSONText.appendString(system(prompt), to: &body)
        body += #"},{"role":"user","content":"#.utf8
        JSONText.appendString(prompt.digest, to: &body)
        body += #"}],"stream":false"#.utf8
        switch form.bound {
        case .tokens: body += #","max_tokens":\#(HubLimits.modelAnswerTokens)"#.utf8
        case .completionTokens: body += #","max_completion_tokens":\#(HubLimits.modelAnswerTokens)"#.utf8
        case .half: body += #","max_tokens":\#(HubLimits.modelAnswerTokens / 2)"#.utf8
        }
        if form.hasSchema {
            body += #","response_format":{"type":"json_schema","json_schema":{"name":"report","schema":"#.utf8
            body += prompt.jsonSchema
            body += #"},"schema":"#.utf8
            body += prompt.jsonSchema
            body += "}".utf8
        }
        body += "}".utf8
        return HTTPRequest(
            method: "POST",
            url: "\(ModelAddress.trimmed(base, "/v1"))/v1/chat/completions",
            headers: [("Content-Type", "application/json"), ("Accept", "application/json")]
                + (key.map { [("Authorization", "Bearer \($0.text)")] } ?? []),
            body: body,
            connectTimeoutMs: min(HubLimits.modelConnectMs, timeoutMs),
            timeoutMs: timeoutMs,
            // One more than the bound, to tell that it is exceeded.
            maximumAnswerBytes: HubLimits.modelAnswerBytes + 1
        )
    }

    private func system(_ prompt: ModelPrompt) -> String {
        prompt.system
            + "\n\nAnswer with one JSON object of the following JSON Schema, and with nothing before or behind it:\n"
            + String(decoding: prompt.jsonSchema, as: UTF8.self)
    }

    func reply(_ answer: HTTPAnswer) -> ModelReply {
        guard answer.body.count <= HubLimits.modelAnswerBytes else {
            return ModelReply(
                .failure(ModelProblem("the answer of \(host) is larger than \(HubLimits.modelAnswerBytes) bytes"))
            )
        }
        let json = ModelJSON(answer.body)
        guard answer.status == 200 else { return ModelReply(.failure(problem(answer, json))) }
        guard let json, json.isObject else {
            return ModelReply(
                .failure(ModelProblem("what \(host) answers is not an OpenAI server's JSON; is OPENAI_BASE_URL right?"))
            )
        }
        let usage = json["usage"]
        return ModelReply(
            read(json),
            tokensIn: usage?["prompt_tokens"]?.count,
            tokensOut: usage?["completion_tokens"]?.count
        )
    }

    private func read(_ json: ModelJSON) -> Result<[UInt8], ModelProblem> {
        if let error = json["error"], error != .null {
            return .failure(ModelProblem("the model \(model) could not answer\(quoted(error))"))
        }
        guard let choice = json["choices"]?.items.first else {
            return .failure(ModelProblem("\(host) answered without a choice"))
        }
        switch choice["finish_reason"]?.text {
        case "length":
            return .failure(
                ModelProblem("the answer of \(model) was cut (finish_reason length): give it a larger context")
            )
        case "content_filter": return .failure(ModelProblem("\(host) held the answer back (content_filter)"))
        default: break
        }
        let message = choice["message"]
        if let refusal = message?["refusal"]?.text, !refusal.isEmpty {
            return .failure(ModelProblem("\(model) refuses\(ModelProblem.quoted(refusal, without: key))"))
        }
        var text = Array((message?["content"]?.text ?? "").utf8)
        for part in message?["content"]?.items ?? [] { text += (part["text"]?.text ?? "").utf8 }
        if text.allSatisfy({ $0 <= 0x20 }) {
            return .failure(ModelProblem("the answer of \(model) has no text, only what it thought, if anything"))
        }
        return .success(text)
    }

    private func problem(_ answer: HTTPAnswer, _ json: ModelJSON?) -> ModelProblem {
        let status = answer.status
        let quoted = quoted((json?.items.first ?? json)?["error"] ?? json?["detail"] ?? json)
        if ModelRetry.isPassing(status) {
            let what = status == 429 ? "takes no more requests now" : "cannot answer now"
            return ModelProblem(
                "\(host) \(what) (\(status))\(quoted)",
                isPassing: true,
                retryAfterMs: ModelRetry.after(answer, now: WallClock.now())
            )
        }
        switch status {
        case 300...399:
            return ModelProblem(
                "\(host) answers with a redirect (\(status)), which is not followed: set OPENAI_BASE_URL"
            )
        // Its words may show a part of the key, masked in whatever way.
        case 401: return ModelProblem("\(host) does not know the key (401): check OPENAI_API_KEY")
        case 403: return ModelProblem("\(host) refuses the key (403): what may OPENAI_API_KEY do?")
        case 404:
            return ModelProblem(
                "\(host) has no model \(model), or not at this address (404): check OPENAI_MODEL, OPENAI_BASE_URL\(quoted)"
            )
        default:
            return ModelProblem(
                "\(host) does not take the request (\(status))\(quoted)",
                refused: status == 400 || status == 422 ? refused(String(decoding: answer.body, as: UTF8.self)) : nil
            )
        }
    }

    /// What of a request's form an error's text speaks of.
    private func refused(_ text: String) -> ModelForm.Part? {
        if ["max_tokens", "max_completion_tokens"].contains(where: { text.contains($0) }) { return .bound }
        return ["response_format", "schema", "grammar"].contains { text.contains($0) } ? .schema : nil
    }

    private func quoted(_ error: ModelJSON?) -> String {
        ModelProblem.quoted(error?["message"]?.text ?? error?.text ?? "", without: key)
    }
}
