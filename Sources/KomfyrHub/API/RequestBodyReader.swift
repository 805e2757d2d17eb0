import HTTPTypes
import Hummingbird
import NIOCore
import Protocol
import Synchronization

/// Reads request bodies into memory, each and all together bounded.
final class RequestBodyReader: Sendable {
    /// Bytes of bodies held now.
    private let held = Atomic<Int>(0)

    /// Reads a request's body and hands it to `use`; its bytes count as held until that returns.
    /// - Throws: 413 by its `Content-Length` before anything is read, or while reading; 503 when the bodies under way
    ///   are too many; 400 when it breaks off.
    func read<Result: Sendable>(
        _ request: Request,
        upTo limit: Int = HubLimits.requestBodyBytes,
        _ use: (consuming [UInt8]) async throws(APIError) -> Result
    ) async throws(APIError) -> Result {
        var expected = 0
        if let text = request.headers[.contentLength] {
            guard let length = Int(text), length >= 0 else {
                throw APIError(.badRequest, "Content-Length is not a number.")
            }
            guard length <= limit else { throw Self.tooLarge(limit) }
            expected = length
        }
        // Counted as it comes, not as it is announced: whoever announces much and sends little must not keep others
        // out.
        var counted = 0
        defer { held.subtract(counted, ordering: .relaxed) }
        var body: [UInt8] = []
        // What is announced is not believed further than this: it comes piece by piece, and the array grows with it. The
        // padding is what the JSON scanner reads over, so that it can look at the body where it lies.
        body.reserveCapacity(min(expected, 1 << 20) + JSONScanner.padding)
        var pieces = request.body.makeAsyncIterator()
        while let piece = try await Self.next(&pieces) {
            guard body.count + piece.readableBytes <= limit else { throw Self.tooLarge(limit) }
            if body.count + piece.readableBytes > counted {
                let more = body.count + piece.readableBytes - counted
                try hold(more)
                counted += more
            }
            piece.withUnsafeReadableBytes { body.append(contentsOf: $0) }
        }
        return try await use(body)
    }

    private func hold(_ bytes: Int) throws(APIError) {
        guard held.add(bytes, ordering: .relaxed).newValue <= HubLimits.requestBodiesBytes else {
            held.subtract(bytes, ordering: .relaxed)
            throw .passing("The hub is reading as many bodies as it can hold; please try again.")
        }
    }

    private static func next(_ pieces: inout RequestBody.AsyncIterator) async throws(APIError) -> ByteBuffer? {
        do {
            return try await pieces.next()
        } catch {
            throw APIError(.badRequest, "The request's body broke off.")
        }
    }

    private static func tooLarge(_ limit: Int) -> APIError {
        APIError(
            .contentTooLarge,
            "A request's body may have \(limit) bytes as it is sent; please send smaller batches."
        )
    }
}
