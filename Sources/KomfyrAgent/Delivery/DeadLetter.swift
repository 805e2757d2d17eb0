import Protocol

/// Logs that the hub refused for good, with its reason.
///
/// ```
///  DATA_DIR/dead-letter/
///    NAME.ndjson.zst      the logs: one zstd frame of NDJSON, as it was posted (or the refused lines of it)
///    NAME.json            why: written last, so that logs without it are unfinished and belong to nobody
///  NAME = when the batch was made, ms since 1970, 15 digits – generation – sequence – records
/// ```
///
/// ```json
/// {"identity":"AGENT.GENERATION/SEQUENCE", "retry_identity":"AGENT.OTHER/1", "made":"2026-11-23T05:23:52.123Z",
///  "status":422, "records":5000, "answer":{…the hub's JSON, or a string…}}
/// {…, "status":200, "records":1, "errors":[{"index":0,"detail":…}]}      single lines of a batch that was taken
/// ```
///
/// `retry_identity` is what a retry is posted as, however often it is tried: the hub has marked the first identity as
/// seen. It follows from `identity`, so that a letter that is written twice is still sent once. `index` counts lines of
/// the `.ndjson` beside it. Names sort by age. A batch that is refused twice, after a crash, writes the same name
/// twice.
///
/// Written by `DeadLetterStore`; read by people (`zstdcat`, `cat`) and by `komfyr-agent buffer retry`.
struct DeadLetter: Sendable {
    /// Whose batch it was.
    var identity: BatchIdentity
    /// Nanoseconds since 1970.
    var madeNs: Int64
    /// The batch's zstd frame.
    var body: [UInt8]
    var records: Int
    var uncompressedBytes: Int
    var reason: Reason

    enum Reason: Sendable {
        /// The whole batch; the hub's answer.
        case batch(status: Int, answer: [UInt8])
        /// These lines of it; the others were taken.
        case lines([Receipt.Refusal])
    }

    /// The two files' contents.
    struct Files: Sendable {
        var name: String
        var records: Int
        var logs: [UInt8]
        var why: [UInt8]
    }

    /// Makes the contents; for single lines the batch is unpacked and packed again, so not on the loop.
    /// - Throws: `BodyError` when the body is no zstd frame.
    func files() throws(BodyError) -> Files {
        switch reason {
        case .batch(let status, let answer):
            var why = head(status: status, records: records)
            why.append(contentsOf: ",\"answer\":".utf8)
            Self.append(answer: answer, to: &why)
            why.append(contentsOf: "}\n".utf8)
            return Files(name: name(records: records), records: records, logs: body, why: why)
        case .lines(let refusals):
            return try files(of: refusals)
        }
    }

    private func files(of refusals: [Receipt.Refusal]) throws(BodyError) -> Files {
        let content = try BodyCompressor.decompress(body, limit: AgentLimits.frameBodyBytes)
        var details: [Int: [UInt8]] = [:]
        for refusal in refusals { details[refusal.index] = refusal.detail }
        var logs: [UInt8] = []
        var errors: [UInt8] = []
        var kept = 0
        var start = 0
        var index = 0
        while start < content.count {
            let end = content[start...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? content.count
            if let detail = details[index] {
                logs.append(contentsOf: content[start..<end])
                if kept > 0 { errors.append(UInt8(ascii: ",")) }
                errors.append(contentsOf: "{\"index\":\(kept),\"detail\":".utf8)
                errors.append(contentsOf: detail)
                errors.append(UInt8(ascii: "}"))
                kept += 1
            }
            start = end
            index += 1
        }
        var why = head(status: 200, records: kept)
        why.append(contentsOf: ",\"errors\":[".utf8)
        why.append(contentsOf: errors)
        why.append(contentsOf: "]}\n".utf8)
        return Files(name: name(records: kept), records: kept, logs: try BodyCompressor().compress(logs), why: why)
    }

    private func head(status: Int, records: Int) -> [UInt8] {
        let retry = BatchIdentity(agent: identity.agent, generation: Self.retryGeneration(identity), sequence: 1)
        var bytes = Array("{\"identity\":".utf8)
        JSONText.appendString(identity.text, to: &bytes)
        bytes.append(contentsOf: ",\"retry_identity\":".utf8)
        JSONText.appendString(retry.text, to: &bytes)
        bytes.append(contentsOf: ",\"made\":".utf8)
        JSONText.appendString(Timestamp.text(madeNs), to: &bytes)
        bytes.append(contentsOf: ",\"status\":\(status),\"records\":\(records)".utf8)
        return bytes
    }

    /// 128 bits that only this identity gives, mixed well (the finalizer of SplitMix64, one-to-one for each half).
    private static func retryGeneration(_ identity: BatchIdentity) -> BatchIdentity.Generation {
        func mix(_ value: UInt64) -> UInt64 {
            var mixed = value &+ 0x9E37_79B9_7F4A_7C15
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
        let high = mix(identity.generation.high ^ mix(identity.sequence))
        return BatchIdentity.Generation(high: high, low: mix(identity.generation.low ^ high))
    }

    /// The answer as JSON when it is that and not too long, else its beginning as a string.
    private static func append(answer: [UInt8], to bytes: inout [UInt8]) {
        if answer.count <= AgentLimits.answerShownBytes, isJSON(answer) {
            bytes.append(contentsOf: answer)
        } else {
            answer.prefix(AgentLimits.answerShownBytes)
                .withUnsafeBytes {
                    _ = JSONText.appendString($0, to: &bytes)
                }
        }
    }

    private static func isJSON(_ text: [UInt8]) -> Bool {
        var scanner = JSONScanner()
        return text.withUnsafeBytes { bytes in
            do throws(JSONProblem) {
                var cursor = try scanner.indexCopy(of: bytes)
                _ = try cursor.readValue()
                try cursor.finish()
                return true
            } catch {
                return false
            }
        }
    }

    private func name(records: Int) -> String {
        let age = String(max(madeNs, 0) / 1_000_000)
        let padded = String(repeating: "0", count: max(15 - age.utf8.count, 0)) + age
        return "\(padded)-\(identity.generation.text)-\(identity.sequence)-\(records)"
    }
}
