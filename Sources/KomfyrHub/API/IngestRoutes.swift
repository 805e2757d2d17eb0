import EventLoop
import HTTPTypes
import Hummingbird
import Protocol

/// `POST /api/logs` and `POST /api/logs/batch`: decode, store, answer.
struct IngestRoutes: Sendable {
    let store: any LogStoring
    let bodies: RequestBodyReader
    let metrics: HubMetrics
    /// Older logs are refused, in nanoseconds.
    let retention: Int64
    private let decoders = BodyDecoders()

    init(store: any LogStoring, bodies: RequestBodyReader, metrics: HubMetrics, retention: Int64) {
        self.store = store
        self.bodies = bodies
        self.metrics = metrics
        self.retention = retention
    }

    var routes: [Route] {
        [
            Route(
                method: .post,
                path: "/api/logs",
                access: .scope(.ingest),
                parameters: IngestParameters.names,
                runsOnLoop: true,
                documentation: Self.oneDocumentation
            ) { call throws(APIError) in try await postOne(call) },
            Route(
                method: .post,
                path: "/api/logs/batch",
                access: .scope(.ingest),
                parameters: IngestParameters.names,
                runsOnLoop: true,
                documentation: Self.batchDocumentation
            ) { call throws(APIError) in try await postBatch(call) },
        ]
    }

    private func postOne(_ call: APICall) async throws(APIError) -> Response {
        let parameters = try IngestParameters(call, isBatch: false)
        return try await store(call, parameters) { outcome throws(APIError) in
            // A repeat is answered as the first time, which may have been a batch: then this log can be one that it
            // refused.
            if outcome.receipt.ingested == 0 || outcome.decoded.columns.count == 0 {
                if let refusal = outcome.decoded.refusals.first, refusal.type == Self.groupForbidden {
                    throw APIError(.forbidden, refusal.message)
                }
                throw Self.refused(outcome, isBatch: false)
            }
            return .json(IngestAnswer.one(outcome, hub: store.hub))
        }
    }

    private func postBatch(_ call: APICall) async throws(APIError) -> Response {
        let parameters = try IngestParameters(call, isBatch: true)
        return try await store(call, parameters) { outcome throws(APIError) in
            if outcome.receipt.ingested == 0 && outcome.decoded.positionCount > 0 {
                throw Self.refused(outcome, isBatch: true)
            }
            return .json(IngestAnswer.batch(outcome, hub: store.hub, withLogs: !parameters.isMinimal))
        }
    }

    /// Stores a request's body, and writes the answer where the body was decoded: an answer with all logs is larger
    /// yet.
    private func store(
        _ call: APICall,
        _ parameters: IngestParameters,
        _ answer: (IngestOutcome) throws(APIError) -> Response
    ) async throws(APIError) -> Response {
        try await bodies.read(call.request) { body throws(APIError) in
            let bytes = body.count
            let bound = call.caller?.bound
            if bytes < HubLimits.loopBodyBytes, parameters.encoding == .identity {
                // Small ones are decoded sooner than handed to another thread; what is packed may be small no more.
                let outcome = try await store(body, parameters, bound: bound)
                metrics.ingested(outcome, bytes: bytes)
                return try answer(outcome)
            }
            return try await onWorkThreads { () async throws(APIError) in
                let outcome = try await store(body, parameters, bound: bound)
                metrics.ingested(outcome, bytes: bytes)
                return try answer(outcome)
            }
        }
    }

    private func store(
        _ body: [UInt8],
        _ parameters: IngestParameters,
        bound: GroupPattern?
    ) async throws(APIError) -> IngestOutcome {
        // Finer times would cost half a byte more for each log that is kept, and tell nothing that its sequence does
        // not.
        let arrival = WallClock.now() / 1_000_000 * 1_000_000
        var decoded = try decode(body, parameters, arrival: arrival, refusedPositions: nil)
        if let bound { decoded = try within(bound, decoded, body, parameters, arrival: arrival) }
        // Without an identity nothing has to be remembered about a body that holds no log to store.
        if decoded.columns.count == 0 && (parameters.identity == nil || decoded.positionCount == 0) {
            store.noteRefused(decoded.refusals.count)
            return IngestOutcome(decoded: decoded, receipt: .nothing(arrival: arrival, decoded))
        }
        let (kept, encoding) = packed(body, parameters.encoding)
        let request = IngestRequest(
            body: kept,
            format: parameters.format,
            encoding: encoding,
            defaults: parameters.defaults,
            arrival: arrival,
            identity: parameters.identity,
            decoded: decoded
        )
        let receipt: IngestReceipt
        do throws(StoreError) {
            receipt = try await store.append(request)
        } catch {
            throw APIError(error)
        }
        guard receipt.isDuplicate || !receipt.storeRefusals.isEmpty else {
            return IngestOutcome(decoded: decoded, receipt: receipt)
        }
        // A repeat is answered as the first time: with its time, and refusing what was refused then. And what the store
        // itself has refused is among the refused, not among the stored.
        var stored = try decode(body, parameters, arrival: receipt.arrival, refusedPositions: receipt.refusedPositions)
        let known = (decoded.refusals + receipt.storeRefusals).sorted { $0.index < $1.index }
        stored.refusals = Self.reasons(for: stored.refusals, known: known)
        var answer = receipt
        answer.groupNumbers = Self.groupNumbers(of: stored, given: receipt.groupNumbers, to: decoded)
        return IngestOutcome(decoded: stored, receipt: answer)
    }

    /// The type of a refusal because of the key's bound.
    static let groupForbidden = "group_forbidden"

    /// A body without the logs that a key may not post: they are refused by name.
    ///
    /// It is decoded once more, as replay does it, so that what is stored agrees with the refused positions.
    private func within(
        _ bound: GroupPattern,
        _ decoded: DecodedBody,
        _ body: [UInt8],
        _ parameters: IngestParameters,
        arrival: Int64
    ) throws(APIError) -> DecodedBody {
        let isOutside = decoded.groupNames.map { !bound.matches($0) }
        guard isOutside.contains(true) else { return decoded }
        var refusals = decoded.refusals
        for (row, position) in decoded.positions.enumerated() where isOutside[Int(decoded.groups[row])] {
            refusals.append(
                Refusal(
                    index: position,
                    type: Self.groupForbidden,
                    location: ["group"],
                    message: "this key may post to \(bound.text) alone"
                )
            )
        }
        refusals.sort { $0.index < $1.index }
        var within = try decode(body, parameters, arrival: arrival, refusedPositions: refusals.map(\.index))
        within.refusals = Self.reasons(for: within.refusals, known: refusals)
        return within
    }

    /// The numbers of a body's groups, which it can name in another order when other logs of it are refused.
    private static func groupNumbers(of body: DecodedBody, given numbers: [UInt32], to other: DecodedBody) -> [UInt32] {
        var byName: [ByteText: UInt32] = [:]
        for (name, number) in zip(other.groupNames, numbers) {
            if let name { byName[ByteText(name)] = number }
        }
        return body.groupNames.map { $0.flatMap { byName[ByteText($0)] } ?? 0 }
    }

    /// The refusals of the first time, which only their positions are known of, with the reasons found now.
    private static func reasons(for refusals: [Refusal], known: [Refusal]) -> [Refusal] {
        var next = known.startIndex
        return refusals.map { refusal in
            while next < known.endIndex, known[next].index < refusal.index { next += 1 }
            return next < known.endIndex && known[next].index == refusal.index ? known[next] : refusal
        }
    }

    private func decode(
        _ body: [UInt8],
        _ parameters: IngestParameters,
        arrival: Int64,
        refusedPositions: [UInt32]?
    ) throws(APIError) -> DecodedBody {
        let context = BodyDecoder.Context(
            format: parameters.format,
            encoding: parameters.encoding,
            defaults: parameters.defaults,
            arrival: arrival,
            window: arrival - retention...arrival + HubLimits.futureNanoseconds,
            refusedPositions: refusedPositions
        )
        do throws(BodyProblem) {
            return try decoders.withDecoder { decoder throws(BodyProblem) in try decoder.decode(body, context) }
        } catch {
            throw APIError(error)
        }
    }

    /// The body as the WAL is to keep it: a large one that came plain is packed, since to pack it takes less time than
    /// Redis takes to copy, append and sync five times as many bytes.
    private func packed(_ body: [UInt8], _ encoding: BodyEncoding) -> ([UInt8], BodyEncoding) {
        guard encoding == .identity, body.count >= HubLimits.packedBodyBytes,
            let frame = decoders.withDecoder({ $0.pack(body) })
        else { return (body, encoding) }
        return (frame, .zstd)
    }

    /// 422 for a body of which nothing was taken.
    private static func refused(_ outcome: IngestOutcome, isBatch: Bool) -> APIError {
        APIError(
            outcome.decoded.refusals.prefix(HubLimits.refusalsNamed)
                .map { refusal in
                    var location: [APIError.Issue.Step] = ["body"]
                    if isBatch { location.append(.index(Int(refusal.index))) }
                    location += refusal.location.map { .name($0) }
                    return APIError.Issue(type: refusal.type, location: location, message: refusal.message)
                }
        )
    }
}

/// What became of a request's body.
struct IngestOutcome: Sendable {
    var decoded: DecodedBody
    var receipt: IngestReceipt
}

extension IngestReceipt {
    /// The receipt of a body that held nothing to store.
    fileprivate static func nothing(arrival: Int64, _ decoded: DecodedBody) -> IngestReceipt {
        IngestReceipt(
            firstSequence: 0,
            groupNumbers: [],
            arrival: arrival,
            isDuplicate: false,
            refusedPositions: decoded.refusals.map(\.index),
            ingested: 0
        )
    }
}
