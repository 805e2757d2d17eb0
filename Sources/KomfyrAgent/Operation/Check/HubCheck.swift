import EventLoop
import Protocol

/// Whether the hub can be reached, takes the key, and has the same idea of the time.
struct HubCheck {
    private let hub: AgentConfiguration.HubSection

    init(_ configuration: AgentConfiguration) { hub = configuration.hub }

    /// How far the clocks may be apart, in seconds, before it is told: logs then show up in the wrong hour.
    static let clockSeconds: Int64 = 3_600

    /// Each address, and key and clock through the first that answers as a hub.
    func run() -> [Finding] {
        let certificates: HTTPCertificates
        do throws(TLSProblem) {
            certificates = try HTTPCertificates(hub.trust)
        } catch {
            return [.fail("hub", "\(error)", "mend the file, or name another one in [hub]")]
        }
        var findings: [Finding] = []
        var isKeyTried = false
        for url in hub.urls {
            let reached: Result<HTTPAnswer, HTTPFailure>
            do throws(LoopError) {
                reached = try ask("GET", url + "/api/health", certificates)
            } catch {
                return [.fail("hub", "\(error)", "raise the limit of open files")]
            }
            switch reached {
            case .failure(let failure):
                findings.append(
                    .fail(
                        "hub",
                        "\(url): \(HubTrouble.unreachable(failure).words)",
                        "check that it runs, [hub] url, the name server, and firewalls in between"
                    )
                )
            case .success(let answer):
                let health = health(answer, url)
                findings.append(health)
                // What is no hub must not see the key.
                guard !isKeyTried, health.state != .fail else { continue }
                isKeyTried = true
                if let clock = clock(answer) { findings.append(clock) }
                findings.append(key(url, certificates))
            }
        }
        return findings
    }

    private func health(_ answer: HTTPAnswer, _ url: String) -> Finding {
        var reader = HubAnswerReader()
        guard let isHealthy = reader.health(answer) else {
            return .fail(
                "hub",
                "\(url) answered \(answer.status), but not as a Komfyrvakt hub does",
                "check [hub] url: a proxy, a login page of the network or another program may be there"
            )
        }
        guard isHealthy else {
            return .warn(
                "hub",
                "\(url) runs but cannot store now (\(answer.status))",
                "look at the hub's log; the agent keeps its logs until then"
            )
        }
        return .ok("hub", "\(url) can be reached and is healthy")
    }

    private func clock(_ answer: HTTPAnswer) -> Finding? {
        guard let text = answer.header("date"), let theirs = HTTPDate.seconds(text.utf8) else { return nil }
        let ours = WallClock.now() / Timestamp.second
        let apart = abs(ours - theirs)
        let words =
            "this machine's clock is \(HumanText.duration(seconds: Double(apart))) "
            + (ours > theirs ? "ahead of" : "behind") + " the hub's"
        guard apart > Self.clockSeconds else {
            return .ok("clock", apart < 2 ? "this machine's clock agrees with the hub's" : words)
        }
        return .warn("clock", words, "set the clocks (timedatectl set-ntp true): logs would show up at the wrong time")
    }

    /// An empty batch: nothing is stored, but scope and key are asked for as for any other.
    private func key(_ url: String, _ certificates: HTTPCertificates) -> Finding {
        guard hub.apiKey != nil else {
            return .fail(
                "hub key",
                "there is no API key",
                "make one on the hub with `komfyr-hub keys create NAME --scope ingest`, and name its file as api_key_file"
            )
        }
        let emptyBatch = Array("[]".utf8)
        guard case .success(let answer)? = try? ask("POST", url + "/api/logs/batch", certificates, body: emptyBatch)
        else {
            return .fail("hub key", "the hub gave no answer to an empty batch", "try again, and look at the hub's log")
        }
        switch answer.status {
        case 200: return .ok("hub key", "the key may send logs")
        case 401:
            return .fail(
                "hub key",
                "the hub does not know this key",
                "put a key of scope ingest (`komfyr-hub keys create NAME --scope ingest`) into [hub] api_key_file"
            )
        case 403:
            return .fail(
                "hub key",
                "this key may not send logs",
                "it needs the scope ingest: `komfyr-hub keys list` shows what each key may"
            )
        default:
            return .warn(
                "hub key",
                "whether the key may send logs cannot be told: the hub answered \(answer.status)",
                "look at the hub's log, and check again"
            )
        }
    }

    /// One request on a loop of its own; blocks.
    private func ask(
        _ method: String,
        _ url: String,
        _ certificates: HTTPCertificates,
        body: [UInt8] = []
    ) throws(LoopError) -> Result<HTTPAnswer, HTTPFailure> {
        let loop = try Loop()
        let client = try HTTPClient(loop, maximumConnections: 1)
        var headers = [(name: "User-Agent", value: "komfyr-agent/\(KomfyrAgent.version)")]
        if !body.isEmpty { headers.append(("Content-Type", "application/json")) }
        if let key = hub.apiKey, method == "POST" { headers.append(("Authorization", "Bearer " + key)) }
        var request = HTTPRequest(
            method: method,
            url: url,
            headers: headers,
            body: body,
            connectTimeoutMs: AgentLimits.hubConnectMs,
            timeoutMs: AgentLimits.hubAnswerMs,
            maximumAnswerBytes: AgentLimits.answerShownBytes
        )
        request.certificates = certificates
        request.proxy = hub.proxy
        var outcome: Result<HTTPAnswer, HTTPFailure>?
        client.send(request) { result in
            outcome = result
            client.close()
            loop.stop()
        }
        loop.run()
        guard let outcome else { throw LoopError(code: -125, attempt: "ask \(url)") }
        return outcome
    }
}
