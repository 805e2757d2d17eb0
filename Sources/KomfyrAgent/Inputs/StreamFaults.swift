import EventLoop
import Logging

/// What goes wrong with the connections of a stream input, told in words: each kind at most once an interval.
struct StreamFaults {
    enum Fault {
        case refusedSender
        case connectionLimit
        case accept(LoopError)
        case handshake(LoopError)
        case dropped(InputStatistics.DropReason)
    }

    private let input: String
    private let logger: Logger
    private var refused = RepeatedFault()
    private var beyondLimit = RepeatedFault()
    private var accepts = RepeatedFault()
    private var wrongTokens = RepeatedFault()
    private var tooLarge = RepeatedFault()
    /// By kind: a port scan must not hide that a device's certificate has expired.
    private var handshakes = [RepeatedFault](repeating: RepeatedFault(), count: TLSFault.allCases.count)

    /// Of the input of this name.
    init(input: String, logger: Logger) {
        self.input = input
        self.logger = logger
    }

    /// It happened, with this far end.
    mutating func happened(_ fault: Fault, _ peer: Peer?, nowMs: UInt64) {
        let who = peer.map { ", the last from \($0.address)" } ?? ""
        switch fault {
        case .refusedSender:
            if let count = refused.happened(nowMs: nowMs) { reportRefused(count, who) }
        case .connectionLimit:
            if let count = beyondLimit.happened(nowMs: nowMs) { reportBeyondLimit(count, who) }
        case .accept(let error):
            if let count = accepts.happened(nowMs: nowMs) { reportAccepts(count, ": \(error)") }
        case .handshake(let error):
            if let count = handshakes[TLSFault(error).rawValue].happened(nowMs: nowMs) {
                reportHandshakes(count, ", the last: \(error)")
            }
        case .dropped(.wrongToken):
            if let count = wrongTokens.happened(nowMs: nowMs) { reportWrongTokens(count, who) }
        case .dropped(.tooLarge):
            if let count = tooLarge.happened(nowMs: nowMs) { reportTooLarge(count, who) }
        case .dropped: break
        }
    }

    /// Tells what was not told yet: the input stops.
    mutating func reportAll() {
        if let count = refused.take() { reportRefused(count, "") }
        if let count = beyondLimit.take() { reportBeyondLimit(count, "") }
        if let count = accepts.take() { reportAccepts(count, "") }
        if let count = wrongTokens.take() { reportWrongTokens(count, "") }
        if let count = tooLarge.take() { reportTooLarge(count, "") }
        for kind in handshakes.indices {
            if let count = handshakes[kind].take() { reportHandshakes(count, ": \(TLSFault.allCases[kind].label)") }
        }
    }

    private func reportRefused(_ count: UInt64, _ who: String) {
        logger.warning("input \(input): refused \(count) connections of senders that `allow` does not name\(who)")
    }

    private func reportBeyondLimit(_ count: UInt64, _ who: String) {
        logger.error("input \(input): closed \(count) connections beyond the limit\(who)")
    }

    private func reportAccepts(_ count: UInt64, _ why: String) {
        logger.error("input \(input): connections wait, for \(count) could not be taken\(why)")
    }

    private func reportHandshakes(_ count: UInt64, _ why: String) {
        logger.warning("input \(input): \(count) TLS handshakes failed\(why)")
    }

    private func reportWrongTokens(_ count: UInt64, _ who: String) {
        logger.error("input \(input): refused, for their token is missing or wrong: \(count) lines\(who)")
    }

    private func reportTooLarge(_ count: UInt64, _ who: String) {
        logger.error("input \(input): dropped, for they are longer than a log may be: \(count) lines\(who)")
    }
}

extension TLSFault {
    /// The label in metrics.
    var label: StaticString {
        switch self {
        case .timedOut: "timeout"
        case .crowdedOut: "crowded_out"
        case .closed: "closed"
        case .notTLS: "not_tls"
        case .nothingInCommon: "nothing_in_common"
        case .noCertificate: "no_certificate"
        case .wrongCertificate: "wrong_certificate"
        case .refused: "refused_by_sender"
        case .other: "other"
        }
    }
}
