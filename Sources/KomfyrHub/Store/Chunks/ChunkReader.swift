import Logging

/// Brings chunks: columns, facts and interval summaries, from the cache or from Redis.
///
/// Only the fields that are needed and not cached are asked for, of all chunks in one pipeline; a second one follows
/// only where a catalogue has first to say which columns there are.
struct ChunkReader: Sendable {
    let redis: RedisClient
    let cache: ChunkCaches
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
        var loads = wanted.map { ChunkLoad($0, cache) }
        for index in loads.indices { loads[index].wantColumns(request) }
        try await fetch(&loads)
        for index in loads.indices { loads[index].wantNumbers(request) }
        try await fetch(&loads)
        return loads.map { load in load.result { load throws(ChunkProblem) in try load.block(request) } }
    }

    /// What is known of chunks without their rows.
    func facts(_ wanted: [Address]) async throws(RedisError) -> [Fetched<ChunkFacts>] {
        let known = cache.facts.facts(of: wanted)
        var loads: [ChunkLoad] = []
        for (address, facts) in zip(wanted, known) where facts == nil {
            var load = ChunkLoad(address, cache)
            load.want(.catalogue, Chunk.Field.catalogue)
            load.want(.words, Chunk.Field.words)
            loads.append(load)
        }
        try await fetch(&loads)
        var next = 0
        return known.map { facts in
            if let facts { return .found(facts) }
            defer { next += 1 }
            return loads[next]
                .result { load throws(ChunkProblem) in
                    let catalogue = try load.catalogue()
                    return ChunkFacts(
                        levels: load.address.entry.levelMask,
                        words: try load.words(),
                        numbers: catalogue.columns
                    )
                }
        }
    }

    /// The summaries of the forms of chunks' messages.
    func patterns(_ wanted: [Address]) async throws(RedisError) -> [Fetched<PatternSummary>] {
        var loads = wanted.map { ChunkLoad($0, cache) }
        for index in loads.indices { loads[index].wantPatterns() }
        try await fetch(&loads)
        return loads.map { load in load.result { load throws(ChunkProblem) in try load.patterns() } }
    }

    /// The counts by level of chunks' five minutes.
    func intervals(_ wanted: [Address]) async throws(RedisError) -> [Fetched<[ChunkInterval]>] {
        var loads = wanted.map { ChunkLoad($0, cache) }
        for index in loads.indices { loads[index].want(.intervals, Chunk.Field.intervals) }
        try await fetch(&loads)
        return loads.map { load in load.result { load throws(ChunkProblem) in try load.intervals() } }
    }

    /// The same with the summaries of a request's numbers: those that it names, or every one.
    func summaries(
        _ wanted: [Address],
        _ request: ColumnRequest
    ) async throws(RedisError) -> [Fetched<ChunkSummaries>] {
        var loads = wanted.map { ChunkLoad($0, cache) }
        for index in loads.indices { loads[index].wantIntervals() }
        try await fetch(&loads)
        for index in loads.indices { loads[index].wantSummaries(request) }
        try await fetch(&loads)
        return loads.map { load in load.result { load throws(ChunkProblem) in try load.summaries(request) } }
    }

    /// Asks for what is wanted of all chunks, in one pipeline.
    private func fetch(_ loads: inout [ChunkLoad]) async throws(RedisError) {
        var asked: [Int] = []
        var commands: [RedisCommand] = []
        for index in loads.indices where !loads[index].missing.isEmpty && loads[index].isReadable {
            let load = loads[index]
            let key = StoreKeys.chunk(load.address.group, load.address.entry.id)
            commands.append(
                RedisCommand(
                    [Array(text: "HMGET"), Array(text: key), Array(text: Chunk.versionField)]
                        + load.missing.map { Array(text: $0) }
                )
            )
            asked.append(index)
        }
        guard !asked.isEmpty else { return }
        let answers = try await redis.pipeline(commands, patienceMs: UInt64(HubLimits.redisSilenceMs))
        for (index, answer) in zip(asked, answers) { loads[index].take(answer) }
    }
}
