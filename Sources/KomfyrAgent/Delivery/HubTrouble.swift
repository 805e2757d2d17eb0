import EventLoop

/// Why the hub does not take logs now, in words that say what to do.
struct HubTrouble: Sendable, Equatable {
    /// What is told once: another kind is told anew.
    enum Kind: Sendable, Hashable {
        /// No answer, and why.
        case unreachable(HTTPFailure.Cause)
        case unknownKey
        case forbidden
        case wrongAddress
        case busy
        case tooMany
        case broken
        case proxyPassword
        case wantsTLS
        case redirected
        case notTheHub
        case countsDiffer
        case refusedWithoutReason
        case unexpected
    }

    var kind: Kind
    /// One sentence or two, without secrets.
    var words: String

    /// Whether another address of the same hub may do better: it is the way there that fails, or what stands at its
    /// end, and not this agent's key or what it sends.
    var concernsAddress: Bool {
        switch kind {
        case .unreachable, .wrongAddress, .busy, .broken, .redirected, .notTheHub, .proxyPassword, .wantsTLS: true
        case .unknownKey, .forbidden, .tooMany, .countsDiffer, .refusedWithoutReason, .unexpected: false
        }
    }

    /// An answer that is no sign of having taken the batch, by its status.
    static func status(_ status: Int, detail: String?) -> HubTrouble {
        let said = detail.map { " (\($0))" } ?? ""
        switch status {
        case 401:
            return HubTrouble(
                kind: .unknownKey,
                words: "the hub does not know this agent's key\(said): put a key of scope ingest (komfyr-hub keys) "
                    + "into [hub] api_key_file"
            )
        case 403:
            return HubTrouble(
                kind: .forbidden,
                words: "this agent's key may not send these logs\(said): it needs the scope ingest, and its group "
                    + "pattern must cover the agent's groups"
            )
        case 404, 405:
            return HubTrouble(
                kind: .wrongAddress,
                words: "what answers at [hub] url has no /api/logs/batch (\(status))\(said): check the address, and "
                    + "any path that a proxy wants"
            )
        case 407:
            return HubTrouble(
                kind: .proxyPassword,
                words: "the proxy before the hub wants a user and a password (407): give them as proxy = "
                    + "\"http://USER:PASSWORD@HOST:PORT\" in [hub]"
            )
        case 429:
            return HubTrouble(kind: .tooMany, words: "the hub asks this agent to send less often (429)\(said)")
        case 408, 503:
            return HubTrouble(kind: .busy, words: "the hub asks to come back later (\(status))\(said)")
        case 500...599:
            return HubTrouble(kind: .broken, words: "the hub or a proxy before it failed (\(status))\(said)")
        default:
            return HubTrouble(kind: .unexpected, words: "the hub answered \(status)\(said), which means nothing here")
        }
    }

    /// A redirect, which is not followed: a POST must not lose its body or its key on the way.
    static func redirected(_ status: Int, to location: String?) -> HubTrouble {
        // The query may hold tokens of whoever redirects.
        let target = location.map { location in
            NetworkSyntax.withoutPassword(String(location.prefix { $0 != "?" && $0 != "#" }.prefix(200)))
        }
        return HubTrouble(
            kind: .redirected,
            words: "[hub] url redirects (\(status))\(target.map { " to \($0)" } ?? ""): put the final address into it"
        )
    }

    /// Success without the hub's own JSON.
    static func notTheHub(_ status: Int, contentType: String?) -> HubTrouble {
        HubTrouble(
            kind: .notTheHub,
            words: "something else than a Komfyrvakt hub answered \(status) with "
                + "\(contentType.map { String($0.prefix(80)) } ?? "no content type"): a login page of the network, a "
                + "proxy, or a wrong [hub] url. Nothing counts as delivered"
        )
    }

    /// The hub's own JSON with other counts than the batch has.
    static func countsDiffer(ingested: Int, rejected: Int, records: Int) -> HubTrouble {
        HubTrouble(
            kind: .countsDiffer,
            words: "the hub counted \(ingested) logs taken and \(rejected) refused of \(records) sent: something "
                + "between agent and hub changes the requests"
        )
    }

    /// A refusal for good without the hub's own reason, which therefore is not believed.
    static func refusedWithoutReason(_ status: Int) -> HubTrouble {
        HubTrouble(
            kind: .refusedWithoutReason,
            words: "a batch was answered \(status) without the hub's own reason: probably by a proxy before it (its "
                + "limit for bodies must be 1 MiB at least)"
        )
    }

    /// A refusal as web servers give it to plain HTTP on a port of TLS.
    static func wantsTLS(_ status: Int) -> HubTrouble {
        HubTrouble(
            kind: .wantsTLS,
            words: "what answers at [hub] url speaks TLS and was asked without (\(status)): write https:// in it"
        )
    }
}
