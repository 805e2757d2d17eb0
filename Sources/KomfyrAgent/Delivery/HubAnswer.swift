import EventLoop
import Protocol

/// What an answer of the hub means for the batch that was posted.
enum Verdict: Sendable, Equatable {
    /// The hub has it.
    case delivered(Receipt)
    /// The hub will never take it; `answer` is its body.
    case refused(status: Int, answer: [UInt8])
    /// To be posted again, at the earliest after `afterMs` if the hub said so.
    case again(HubTrouble, afterMs: UInt64?)
}

/// What the hub said of a batch that it has.
struct Receipt: Sendable, Equatable {
    var ingested = 0
    var rejected = 0
    var isDuplicate = false
    /// Logs it refused by name.
    var refusals: [Refusal] = []

    struct Refusal: Sendable, Equatable {
        /// The line in the batch, from 0.
        var index: Int
        /// Why: JSON as the hub wrote it.
        var detail: [UInt8]
    }
}

/// Reads the hub's answers.
///
/// A success counts only as the hub's JSON whose counts match the batch, or that says duplicate: a captive portal
/// answers 200 too. A refusal for good (400, 413, 415, 422) counts only with the hub's own `detail`.
struct HubAnswerReader: ~Copyable {
    private var scanner = JSONScanner()

    /// What `answer` means for a batch of `records` lines.
    ///
    /// `nowNs` (since 1970) is for a Retry-After that is a date.
    mutating func judge(_ answer: HTTPAnswer, records: Int, nowNs: Int64) -> Verdict {
        switch answer.status {
        case 200...299:
            guard let receipt = receipt(answer.body) else {
                return .again(.notTheHub(answer.status, contentType: answer.header("content-type")), afterMs: nil)
            }
            let matches =
                receipt.ingested >= 0 && receipt.rejected >= 0
                && receipt.ingested.addingReportingOverflow(receipt.rejected) == (records, false)
            guard receipt.isDuplicate || matches else {
                return .again(
                    .countsDiffer(ingested: receipt.ingested, rejected: receipt.rejected, records: records),
                    afterMs: nil
                )
            }
            return .delivered(receipt)
        case 300...399:
            return .again(.redirected(answer.status, to: answer.header("location")), afterMs: nil)
        case 400, 413, 415, 422:
            guard detail(answer.body) != nil else {
                if answer.status == 400, Self.speaksOfTLS(answer.body) {
                    return .again(.wantsTLS(answer.status), afterMs: nil)
                }
                return .again(.refusedWithoutReason(answer.status), afterMs: nil)
            }
            return .refused(status: answer.status, answer: answer.body)
        default:
            let wait = answer.header("retry-after").flatMap { RetryAfter.milliseconds($0, nowNs: nowNs) }
            return .again(.status(answer.status, detail: detail(answer.body)), afterMs: wait)
        }
    }

    /// Reads `{"status":"success","ingested":N,"rejected":M,"duplicate":…,"errors":[{"index","detail"}]}`.
    private mutating func receipt(_ body: [UInt8]) -> Receipt? {
        body.withUnsafeBytes { bytes -> Receipt? in
            do throws(JSONProblem) {
                var cursor = try scanner.indexCopy(of: bytes)
                var receipt = Receipt()
                var isSuccess = false
                var hasCounts = 0
                try cursor.enter(UInt8(ascii: "{"))
                var isFirst = true
                while let key = try cursor.nextKey(isFirst: &isFirst) {
                    let name = cursor.bytes(key)
                    if name.elementsEqual("errors".utf8), cursor.peek == UInt8(ascii: "[") {
                        receipt.refusals = try Self.refusals(&cursor)
                        continue
                    }
                    let value = try cursor.readValue()
                    if name.elementsEqual("status".utf8) {
                        isSuccess = value.kind == .string && cursor.bytes(value).elementsEqual("success".utf8)
                    } else if name.elementsEqual("duplicate".utf8) {
                        receipt.isDuplicate = value.kind == .true
                    } else if name.elementsEqual("ingested".utf8), let count = Self.count(value, cursor) {
                        receipt.ingested = count
                        hasCounts |= 1
                    } else if name.elementsEqual("rejected".utf8), let count = Self.count(value, cursor) {
                        receipt.rejected = count
                        hasCounts |= 2
                    }
                }
                try cursor.finish()
                return isSuccess && (hasCounts == 3 || receipt.isDuplicate) ? receipt : nil
            } catch {
                return nil
            }
        }
    }

    /// The `detail` of an error's JSON, as text to show; nil when the body is not the hub's.
    private mutating func detail(_ body: [UInt8]) -> String? {
        body.withUnsafeBytes { bytes -> String? in
            do throws(JSONProblem) {
                var cursor = try scanner.indexCopy(of: bytes)
                var detail: String?
                try cursor.enter(UInt8(ascii: "{"))
                var isFirst = true
                while let key = try cursor.nextKey(isFirst: &isFirst) {
                    let isDetail = cursor.bytes(key).elementsEqual("detail".utf8)
                    let value = try cursor.readValue()
                    guard isDetail, value.kind == .string || value.kind == .array else { continue }
                    var text: [UInt8] = []
                    if value.hasEscapes {
                        JSONText.appendUnescaped(cursor.bytes(value), to: &text)
                    } else {
                        text.append(contentsOf: cursor.bytes(value))
                    }
                    detail = String(decoding: text.prefix(300), as: UTF8.self)
                }
                try cursor.finish()
                return detail
            } catch {
                return nil
            }
        }
    }

    private static func refusals(_ cursor: inout JSONCursor) throws(JSONProblem) -> [Receipt.Refusal] {
        var refusals: [Receipt.Refusal] = []
        try cursor.enter(UInt8(ascii: "["))
        var isFirstElement = true
        while try cursor.nextElement(isFirst: &isFirstElement) {
            guard cursor.peek == UInt8(ascii: "{") else {
                _ = try cursor.readValue()
                continue
            }
            try cursor.enter(UInt8(ascii: "{"))
            var index: Int?
            var detail: [UInt8] = Array("null".utf8)
            var isFirst = true
            while let key = try cursor.nextKey(isFirst: &isFirst) {
                let name = cursor.bytes(key)
                let value = try cursor.readValue()
                if name.elementsEqual("index".utf8) {
                    index = count(value, cursor)
                } else if name.elementsEqual("detail".utf8) {
                    detail = raw(value, cursor)
                }
            }
            if let index { refusals.append(Receipt.Refusal(index: index, detail: detail)) }
        }
        return refusals
    }

    /// Whether a page says, as those of nginx, Apache and Go do, that plain HTTP came to a port of HTTPS.
    private static func speaksOfTLS(_ body: [UInt8]) -> Bool {
        let text = String(decoding: body.prefix(2_048), as: UTF8.self).lowercased()
        return text.contains("plain http request was sent to https") || text.contains("http request to an https server")
            || text.contains("speaking plain http to an ssl-enabled")
    }

    /// Whether an answer to `GET /api/health` is that of a hub which can store; nil when it is no hub's.
    mutating func health(_ answer: HTTPAnswer) -> Bool? {
        answer.body.withUnsafeBytes { bytes -> Bool? in
            do throws(JSONProblem) {
                var cursor = try scanner.indexCopy(of: bytes)
                var isHub = false
                var isHealthy = false
                try cursor.enter(UInt8(ascii: "{"))
                var isFirst = true
                while let key = try cursor.nextKey(isFirst: &isFirst) {
                    let name = cursor.bytes(key)
                    let value = try cursor.readValue()
                    guard value.kind == .string else { continue }
                    if name.elementsEqual("service".utf8) {
                        isHub = cursor.bytes(value).elementsEqual("Komfyrvakt".utf8)
                    } else if name.elementsEqual("status".utf8) {
                        isHealthy = cursor.bytes(value).elementsEqual("healthy".utf8)
                    }
                }
                try cursor.finish()
                return isHub ? isHealthy && answer.status == 200 : nil
            } catch {
                return nil
            }
        }
    }

    /// The hub's own reason in an answer that is an error; nil when it is not the hub's.
    mutating func reason(_ answer: HTTPAnswer) -> String? { detail(answer.body) }

    /// A value as the JSON that it is, a string with its quotes.
    private static func raw(_ value: JSONValue, _ cursor: JSONCursor) -> [UInt8] {
        let bytes = cursor.bytes(value)
        guard value.kind == .string else { return Array(bytes) }
        return [UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")]
    }

    /// A number that is a plain count.
    private static func count(_ value: JSONValue, _ cursor: JSONCursor) -> Int? {
        guard value.kind == .number, value.end - value.start <= 10 else { return nil }
        return Int(String(decoding: cursor.bytes(value), as: UTF8.self))
    }
}
