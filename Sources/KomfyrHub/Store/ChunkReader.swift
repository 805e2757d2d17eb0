import Logging

/// Brings chunks: columns, facts and interval summaries, from the cache or from Redis in one pipeline.
struct ChunkReader: Sendable {
    let redis: RedisClient
    let cache: ChunkCache
    let logger: Logger

    /// Where a chunk is.
    struct Address: Sendable {
        var group: UInt32
        var entry: ChunkEntry
    }

    /// What became of asking for a part of a chunk.
    enum Fetched<Part: Sendable>: Sendable {
        case found(Part)
        /// It is not in Redis any more: the index has changed, or it has expired.
        case missing
        /// It cannot be read; why, in words.
        case damaged(String)
    }

    /// The rows of chunks, with at least the columns that are asked for.
    func blocks(_ wanted: [Address], _ request: ColumnRequest) async throws(RedisError) -> [Fetched<RowBlock>] {
        try await rows(wanted)
            .map { fetched in
                switch fetched {
                case .found(let rows):
                    var block = RowBlock(tail: rows)
                    block.isSortedByTime = true
                    return .found(block)
                case .missing: return .missing
                case .damaged(let problem): return .damaged(problem)
                }
            }
    }

    /// What is known of chunks without their rows.
    func facts(_ wanted: [Address]) async throws(RedisError) -> [Fetched<ChunkFacts>] {
        wanted.map { .found(ChunkFacts(levels: $0.entry.levelMask, words: nil, numbers: nil)) }
    }

    /// The 5-minute summaries of chunks: counts by level, and those of the numeric members `fields` (dotted paths).
    func intervals(_ wanted: [Address], fields: [[UInt8]]) async throws(RedisError) -> [Fetched<[ChunkInterval]>] {
        try await rows(wanted)
            .map { fetched in
                switch fetched {
                case .found(let rows): return .found(ChunkInterval.summarize(rows))
                case .missing: return .missing
                case .damaged(let problem): return .damaged(problem)
                }
            }
    }

    private func rows(_ wanted: [Address]) async throws(RedisError) -> [Fetched<LogRows>] {
        var result: [Fetched<LogRows>] = wanted.map { _ in .missing }
        var missing: [Int] = []
        var commands: [RedisCommand] = []
        for (index, chunk) in wanted.enumerated() {
            if let cached = cache.chunk(ChunkCache.Key(group: chunk.group, id: chunk.entry.id)) {
                result[index] = .found(cached.rows)
            } else {
                missing.append(index)
                let key = StoreKeys.chunk(chunk.group, chunk.entry.id)
                commands.append(RedisCommand("HMGET", key, Chunk.versionField, Chunk.rowsField))
            }
        }
        guard !missing.isEmpty else { return result }
        let answers = try await redis.pipeline(commands)
        for (index, answer) in zip(missing, answers) {
            guard case .array(let values) = answer, values.count == 2 else {
                result[index] = .damaged("not a hash")
                continue
            }
            let fields: [[UInt8]?] = values.map { value in
                if case .string(let bytes) = value { return bytes }
                return nil
            }
            if fields[0] == nil && fields[1] == nil { continue }
            do throws(ChunkProblem) {
                let rows = try Chunk.rows(version: fields[0], rows: fields[1])
                let key = ChunkCache.Key(group: wanted[index].group, id: wanted[index].entry.id)
                cache.insert(ChunkCache.Decoded(rows), key)
                result[index] = .found(rows)
            } catch {
                result[index] = .damaged(error.description)
            }
        }
        return result
    }
}
