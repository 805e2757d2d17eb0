import Synchronization

/// Lends decoders, so that each request finds one with its memory warm.
///
/// `@unchecked Sendable`: a decoder is no thread's own, but only ever in one place, either idle in the list or with the
/// caller it was lent to; the mutex hands it over.
final class BodyDecoders: @unchecked Sendable {
    private let idle = Mutex<Int>(0)
    private var decoders: [BodyDecoder] = []

    /// Calls `body` with a decoder that nobody else has meanwhile.
    func withDecoder<Result, Problem: Error>(_ body: (BodyDecoder) throws(Problem) -> Result) throws(Problem) -> Result
    {
        let decoder = idle.withLock { _ in decoders.popLast() } ?? BodyDecoder()
        defer {
            idle.withLock { _ in
                if decoders.count < HubLimits.decodersKept { decoders.append(decoder) }
            }
        }
        return try body(decoder)
    }
}
