import EventLoop
import Protocol

/// The line that says in the stream what a rate limit held back.
///
/// ```
///  {"message":"192.0.2.7 sent 48,211 more messages than the limit of 1,000 a second within the last 10 s; they were not
///   kept","level":"warning","group":"syslog:fw1:kernel","tags":["site","rate-limited"],
///   "data":{"held_back":48211,"limit":1000,"seconds":10},"timestamp":"…","source":"fw1"}
/// ```
///
/// Group and source are those of the first log that was held back, so that the line stands among the others.
struct HeldBackLine {
    let limit: RateLimit
    /// Of the input, the agent's included.
    let tags: [String]
    /// The input's name: who is meant where there are no addresses.
    let input: String

    /// Appends the line.
    func append(_ account: RateLimiter.Account, at time: Int64, to output: inout [UInt8]) {
        // Rounded up: a limit that was passed a moment ago was passed within the last second.
        let seconds = max(1, (account.ageMs + 999) / 1_000)
        output.append(contentsOf: "{\"message\":".utf8)
        JSONText.appendString(
            "\(name(account)) sent \(HumanText.count(account.heldBack)) more messages than the limit of "
                + "\(limit.words) within the last \(HumanText.count(seconds)) s; they were not kept",
            to: &output
        )
        output.append(contentsOf: ",\"level\":\"warning\"".utf8)
        if let group = account.identity.group { append("group", group, to: &output) }
        output.append(contentsOf: ",\"tags\":[".utf8)
        for tag in tags {
            JSONText.appendString(tag, to: &output)
            output.append(UInt8(ascii: ","))
        }
        let members = "\"held_back\":\(account.heldBack),\"limit\":\(limit.count),\"seconds\":\(seconds)"
        output.append(contentsOf: "\"rate-limited\"],\"data\":{\(members)},\"timestamp\":\"".utf8)
        Timestamp.append(time / 1_000_000 * 1_000_000, to: &output)
        output.append(UInt8(ascii: "\""))
        if let source = account.identity.source { append("source", source, to: &output) }
        output.append(contentsOf: "}\n".utf8)
    }

    private func append(_ name: StaticString, _ escaped: [UInt8], to output: inout [UInt8]) {
        output.append(contentsOf: ",\"".utf8)
        output.append(contentsOf: PlainText.bytes(name))
        output.append(contentsOf: "\":\"".utf8)
        output.append(contentsOf: escaped)
        output.append(UInt8(ascii: "\""))
    }

    private func name(_ account: RateLimiter.Account) -> String {
        guard let source = account.source else {
            return "senders beyond the \(HumanText.count(UInt64(AgentLimits.rateLimitedSources))) that are told apart"
        }
        if source == RateLimiter.Source() { return "input \(input)" }
        return Peer(high: source.high, low: source.low, port: 0).address
    }
}
