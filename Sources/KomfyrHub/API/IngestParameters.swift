import HTTPTypes
import Hummingbird
import Protocol

/// What an ingest request says besides its body.
struct IngestParameters: Sendable {
    var format: BodyFormat
    var encoding: BodyEncoding
    var defaults = RequestDefaults()
    var identity: BatchIdentity?
    /// The answer is to leave the stored logs out.
    var isMinimal: Bool

    static let names = ["group", "tags", "source", "level"]

    /// Reads headers and query.
    /// - Parameters:
    ///   - call: the request.
    ///   - isBatch: the route takes several logs.
    /// - Throws: 415 for types and encodings that are not understood, 422 for the rest.
    init(_ call: APICall, isBatch: Bool) throws(APIError) {
        let headers = call.request.headers
        format = try Self.format(headers[.contentType], isBatch: isBatch)
        encoding = try Self.encoding(headers[.contentEncoding])
        isMinimal = format == .ndjson || headers[.prefer].map(Self.asksForMinimum) ?? false
        if let text = headers[.idempotencyKey] {
            guard let identity = BatchIdentity(text: text) else {
                throw APIError([
                    APIError.Issue(
                        type: "idempotency_key",
                        location: ["header", "Idempotency-Key"],
                        message:
                            "Idempotency-Key must be AGENT.GENERATION/SEQUENCE: a name, 32 hex digits, a number from 1."
                    )
                ])
            }
            self.identity = identity
        }
        if !call.query.pairs.isEmpty { defaults = try Self.defaults(call.query) }
    }

    private static func format(_ contentType: String?, isBatch: Bool) throws(APIError) -> BodyFormat {
        switch contentType.map(mediaType) {
        // curl's own type is what `curl -d '{…}'` sends.
        case nil, "application/json", "text/json", "text/plain", "application/x-www-form-urlencoded":
            return isBatch ? .batch : .single
        case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines":
            if isBatch { return .ndjson }
            throw APIError(.unsupportedMediaType, "This route takes one log; send lines to /api/logs/batch.")
        case let type?:
            throw APIError(
                .unsupportedMediaType,
                "\(type.prefix(100)) is not understood; send application/json"
                    + (isBatch ? " or application/x-ndjson." : ".")
            )
        }
    }

    private static func encoding(_ header: String?) throws(APIError) -> BodyEncoding {
        switch header?.lowercased() {
        case nil, "identity", "": return .identity
        case "gzip", "x-gzip": return .gzip
        case "deflate": return .deflate
        case "zstd": return .zstd
        case let name?:
            var error = APIError(
                .unsupportedMediaType,
                "Content-Encoding \(name.prefix(100)) is not understood; use gzip, deflate, zstd or none."
            )
            error.headers[.acceptEncoding] = "gzip, deflate, zstd, identity"
            throw error
        }
    }

    private static func defaults(_ query: QueryParameters) throws(APIError) -> RequestDefaults {
        var defaults = RequestDefaults()
        if let group = try query.value("group") {
            do throws(GroupName.Problem) {
                try Array(group.utf8)
                    .withUnsafeBufferPointer { bytes throws(GroupName.Problem) in
                        try GroupName.check(UnsafeRawBufferPointer(bytes))
                    }
            } catch {
                throw .parameter(
                    "group",
                    type: "group",
                    "A group is 1 to \(ProtocolLimits.groupBytes) bytes, parts joined by \":\", without \"*\" and control characters."
                )
            }
            defaults.group = group
        }
        for tag in try query.list("tags") where !defaults.tags.contains(tag) {
            guard tag.utf8.count <= ProtocolLimits.tagBytes else {
                throw .parameter("tags", type: "too_long", "A tag has at most \(ProtocolLimits.tagBytes) bytes.")
            }
            guard defaults.tags.count < ProtocolLimits.tags else {
                throw .parameter("tags", type: "too_many", "A log has at most \(ProtocolLimits.tags) tags.")
            }
            defaults.tags.append(tag)
        }
        if let source = try query.value("source") {
            guard source.utf8.count <= ProtocolLimits.sourceBytes else {
                throw .parameter(
                    "source",
                    type: "too_long",
                    "A source has at most \(ProtocolLimits.sourceBytes) bytes."
                )
            }
            defaults.source = source
        }
        if let level = try query.value("level") { defaults.level = try LogFilterParameters.level(level, of: "level") }
        return defaults
    }

    private static func mediaType(_ header: String) -> String {
        if header == "application/json" { return header }
        let end = header.utf8.firstIndex(of: UInt8(ascii: ";")) ?? header.endIndex
        return header[..<end].lowercased().filter { $0 != " " }
    }

    /// `return=minimal`, alone or among other preferences (RFC 7240).
    private static func asksForMinimum(_ prefer: String) -> Bool {
        prefer == "return=minimal"
            || prefer.lowercased().split(whereSeparator: { $0 == "," || $0 == ";" || $0 == " " })
                .contains("return=minimal")
    }
}
