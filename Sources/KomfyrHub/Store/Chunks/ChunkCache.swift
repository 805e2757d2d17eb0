import Synchronization

/// Decoded parts of chunks that were read lately, bounded in bytes; the one that was not used for longest goes first, or
/// any one, where all of them are read one after the other again and again: then the one that was not used for longest
/// is the one that is wanted next.
final class ChunkCache: Sendable {
    /// A part of a chunk.
    struct Key: Hashable, Sendable {
        var group: UInt32
        var id: String
        var part: Part

        /// Which; numeric columns with their digits, and with their values alone, are two.
        struct Part: Hashable, Sendable {
            let rawValue: UInt16
            static let times = Part(rawValue: 0)
            static let receivedAt = Part(rawValue: 1)
            static let levels = Part(rawValue: 2)
            static let messages = Part(rawValue: 3)
            static let tags = Part(rawValue: 4)
            static let sources = Part(rawValue: 5)
            static let catalogue = Part(rawValue: 6)
            static let presence = Part(rawValue: 7)
            static let objects = Part(rawValue: 8)
            static let words = Part(rawValue: 9)
            static let intervals = Part(rawValue: 10)
            static let summaries = Part(rawValue: 11)
            static let patterns = Part(rawValue: 12)

            static func numbers(_ column: Int, withDigits: Bool) -> Part {
                Part(rawValue: 512 + UInt16(truncatingIfNeeded: column) * 2 + (withDigits ? 1 : 0))
            }
        }
    }

    /// A decoded part; never changes.
    enum Value: Sendable {
        case times(ChunkTimes)
        case integers([Int64])
        case levels([UInt8])
        case text(TextColumn)
        case catalogue(ChunkCatalogue)
        case presence(ChunkPresence)
        case numbers(SplitData.NumberColumn)
        case words(BloomFilter)
        case intervals([ChunkInterval])
        case summaries([[ChunkInterval.Summary?]])
        case patterns(PatternSummary)

        /// What it takes in memory, in bytes, roughly.
        var bytes: Int {
            switch self {
            case .times(let times): times.count * 16
            case .integers(let values): values.count * 8
            case .levels(let levels): levels.count
            case .text(let column): column.text.count + column.ranges.count * 8
            case .catalogue(let catalogue): catalogue.bytes
            case .presence(let presence): presence.bytes
            case .numbers(let column):
                column.values.count * 8 + (column.digits.map { $0.text.count + $0.ranges.count * 8 } ?? 0)
            case .words(let filter): filter.bytes
            case .patterns(let summary): summary.bytes
            case .intervals(let intervals): intervals.count * MemoryLayout<ChunkInterval>.stride
            case .summaries(let summaries):
                summaries.reduce(0) { $0 + $1.count * MemoryLayout<ChunkInterval.Summary?>.stride }
            }
        }
    }

    /// What a part takes besides its contents: its node, its key with the id, its arrays' heads.
    private static let overheadBytes = 250

    /// A part in the list by last use.
    private struct Node {
        var key: Key
        var value: Value
        var bytes: Int
        var newer: Int
        var older: Int
    }

    private struct State {
        var places: [Key: Int] = [:]
        var nodes: [Node] = []
        var free: [Int] = []
        var newest = -1
        var oldest = -1
        var bytes = 0
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let dropsAny: Bool

    init(capacity: Int = HubLimits.chunkCacheBytes, dropsAny: Bool = false) {
        self.capacity = capacity
        self.dropsAny = dropsAny
    }

    /// Bytes that it holds now.
    var bytes: Int { state.withLock { $0.bytes } }

    func value(_ key: Key) -> Value? { state.withLock { Self.value(key, &$0) } }

    /// What is known of chunks, all under one lock: a rare word asks for the facts of every chunk that there is.
    ///
    /// Nil where not all of it is here.
    func facts(of chunks: [ChunkReader.Address]) -> [ChunkFacts?] {
        state.withLock { state in
            chunks.map { chunk in
                func part(_ part: Key.Part) -> Value? {
                    Self.value(Key(group: chunk.group, id: chunk.entry.id, part: part), &state)
                }
                guard case .catalogue(let catalogue) = part(.catalogue), case .words(let words) = part(.words) else {
                    return nil
                }
                return ChunkFacts(levels: chunk.entry.levelMask, words: words, numbers: catalogue.columns)
            }
        }
    }

    private static func value(_ key: Key, _ state: inout State) -> Value? {
        guard let place = state.places[key] else { return nil }
        if state.newest != place {
            unlink(place, &state)
            linkNewest(place, &state)
        }
        return state.nodes[place].value
    }

    func insert(_ value: Value, _ key: Key) {
        let bytes = value.bytes + Self.overheadBytes
        guard bytes <= capacity / 2 else { return }
        // Let go of outside the lock.
        var dropped: [Value] = []
        state.withLock { state in
            guard state.places[key] == nil else { return }
            let node = Node(key: key, value: value, bytes: bytes, newer: -1, older: -1)
            let place: Int
            if let free = state.free.popLast() {
                place = free
                state.nodes[place] = node
            } else {
                place = state.nodes.count
                state.nodes.append(node)
            }
            state.places[key] = place
            state.bytes += bytes
            Self.linkNewest(place, &state)
            while state.bytes > capacity, state.oldest >= 0 {
                var victim = state.oldest
                if dropsAny {
                    // Those that are free have a key that stands for another place, or for none.
                    let any = Int.random(in: 0..<state.nodes.count)
                    if any != place, state.places[state.nodes[any].key] == any { victim = any }
                }
                dropped.append(Self.drop(victim, &state))
            }
        }
        dropped.removeAll()
    }

    func removeAll() { state.withLock { $0 = State() } }

    /// Forgets chunks that are no more: one look at everything, for as many of them as there are.
    func remove(_ chunks: [UInt32: Set<String>]) {
        // Let go of outside the lock.
        var dropped: [Value] = []
        state.withLock { state in
            // Collected first: an index that is changed while it is walked is copied.
            let places = state.places.filter { chunks[$0.key.group]?.contains($0.key.id) ?? false }.map(\.value)
            for place in places { dropped.append(Self.drop(place, &state)) }
        }
        dropped.removeAll()
    }

    /// Takes a part out of the list and out of the index.
    private static func drop(_ place: Int, _ state: inout State) -> Value {
        unlink(place, &state)
        state.bytes -= state.nodes[place].bytes
        state.places[state.nodes[place].key] = nil
        defer {
            state.nodes[place].value = .integers([])
            state.free.append(place)
        }
        return state.nodes[place].value
    }

    private static func linkNewest(_ place: Int, _ state: inout State) {
        state.nodes[place].newer = -1
        state.nodes[place].older = state.newest
        if state.newest >= 0 { state.nodes[state.newest].newer = place }
        state.newest = place
        if state.oldest < 0 { state.oldest = place }
    }

    private static func unlink(_ place: Int, _ state: inout State) {
        let (newer, older) = (state.nodes[place].newer, state.nodes[place].older)
        if newer >= 0 { state.nodes[newer].older = older } else { state.newest = older }
        if older >= 0 { state.nodes[older].newer = newer } else { state.oldest = newer }
    }
}

/// The caches of a hub: what tells which chunks to read is kept apart from what was read, so that a large listing does
/// not push it out.
final class ChunkCaches: Sendable {
    /// Rows.
    let columns: ChunkCache
    /// Bloom filters, catalogues, intervals.
    let facts: ChunkCache
    /// Forms of messages; a question for patterns reads those of all chunks.
    let patterns: ChunkCache

    init(
        columns: Int = HubLimits.chunkCacheBytes,
        facts: Int = HubLimits.chunkFactsCacheBytes,
        patterns: Int = HubLimits.chunkPatternsCacheBytes
    ) {
        self.columns = ChunkCache(capacity: columns)
        self.facts = ChunkCache(capacity: facts)
        self.patterns = ChunkCache(capacity: patterns, dropsAny: true)
    }

    func of(_ part: ChunkCache.Key.Part) -> ChunkCache {
        switch part {
        case .catalogue, .words, .intervals, .summaries: facts
        case .patterns: patterns
        default: columns
        }
    }

    /// Takes what is known of a chunk that was just written, so that the next search need not ask Redis for it while
    /// Redis is busy taking logs.
    func keepFacts(of chunk: EncodedChunk, group: UInt32) {
        for (part, value) in chunk.facts {
            facts.insert(value, ChunkCache.Key(group: group, id: chunk.entry.id, part: part))
        }
    }

    /// Forgets chunks that are no more: ids by group number.
    func remove(_ chunks: [UInt32: Set<String>]) {
        guard !chunks.isEmpty else { return }
        columns.remove(chunks)
        facts.remove(chunks)
        patterns.remove(chunks)
    }

    func removeAll() {
        columns.removeAll()
        facts.removeAll()
        patterns.removeAll()
    }
}
