import Synchronization

/// Decoded chunks that were read lately, bounded in bytes: the next page of a listing mostly reads the same ones.
final class ChunkCache: Sendable {
    struct Key: Hashable, Sendable {
        var group: UInt32
        var id: String
    }

    /// A decoded chunk; never changes.
    final class Decoded: Sendable {
        let rows: LogRows

        init(_ rows: LogRows) { self.rows = rows }
    }

    private struct State {
        var chunks: [Key: (chunk: Decoded, lastUse: UInt64)] = [:]
        var bytes = 0
        var clock: UInt64 = 0
    }

    private let state = Mutex(State())
    private let capacity: Int

    init(capacity: Int = HubLimits.chunkCacheBytes) { self.capacity = capacity }

    func chunk(_ key: Key) -> Decoded? {
        state.withLock { state in
            guard let found = state.chunks[key] else { return nil }
            state.clock += 1
            state.chunks[key] = (found.chunk, state.clock)
            return found.chunk
        }
    }

    func insert(_ chunk: Decoded, _ key: Key) {
        let bytes = chunk.rows.bytes
        guard bytes <= capacity / 2 else { return }
        state.withLock { state in
            guard state.chunks[key] == nil else { return }
            state.clock += 1
            state.chunks[key] = (chunk, state.clock)
            state.bytes += bytes
            // Some dozens of chunks fit, so looking at all of them is cheap beside decoding one.
            while state.bytes > capacity, let oldest = state.chunks.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                state.bytes -= oldest.value.chunk.rows.bytes
                state.chunks[oldest.key] = nil
            }
        }
    }

    /// Forgets chunks that are no more.
    func remove(_ ids: [String], of group: UInt32) {
        state.withLock { state in
            for id in ids {
                guard let chunk = state.chunks.removeValue(forKey: Key(group: group, id: id)) else { continue }
                state.bytes -= chunk.chunk.rows.bytes
            }
        }
    }

    func removeAll() {
        state.withLock { state in
            state.chunks = [:]
            state.bytes = 0
        }
    }
}
