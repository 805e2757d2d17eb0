/// Why the hub does not take logs now, in words that say what to do.
struct HubTrouble: Sendable, Equatable {
    /// What is told once: another kind is told anew.
    enum Kind: Sendable, Hashable {
        case unreachable
        case unknownKey
        case forbidden
        case wrongAddress
        case busy
        case broken
        case redirected
        case notTheHub
        case countsDiffer
        case refusedWithoutReason
        case unexpected
    }

    var kind: Kind
    /// One sentence or two, without secrets.
    var words: String

    /// No answer at all; `reason` as the HTTP client said it.
    static func unreachable(_ reason: String) -> HubTrouble {
        HubTrouble(
            kind: .unreachable,
            words: "the hub cannot be reached: \(reason). Check that it runs and that [hub] url is right"
        )
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
        case 408, 429, 503:
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
        let target = location.map { String($0.prefix { $0 != "?" && $0 != "#" }.prefix(200)) }
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
}
