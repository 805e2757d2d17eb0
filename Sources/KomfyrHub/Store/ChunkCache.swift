import Synchronization

/// Decoded parts of chunks that were read lately, bounded in bytes; the one that was not used for longest goes first.
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

    init(capacity: Int = HubLimits.chunkCacheBytes) { self.capacity = capacity }

    /// Bytes that it holds now.
    var bytes: Int { state.withLock { $0.bytes } }

    func value(_ key: Key) -> Value? {
        state.withLock { state in
            guard let place = state.places[key] else { return nil }
            if state.newest != place {
                Self.unlink(place, &state)
                Self.linkNewest(place, &state)
            }
            return state.nodes[place].value
        }
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
                dropped.append(Self.drop(state.oldest, &state))
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
            for (key, place) in state.places where chunks[key.group]?.contains(key.id) ?? false {
                dropped.append(Self.drop(place, &state))
            }
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

    init(columns: Int = HubLimits.chunkCacheBytes, facts: Int = HubLimits.chunkFactsCacheBytes) {
        self.columns = ChunkCache(capacity: columns)
        self.facts = ChunkCache(capacity: facts)
    }

    func of(_ part: ChunkCache.Key.Part) -> ChunkCache {
        switch part {
        case .catalogue, .words, .intervals, .summaries: facts
        default: columns
        }
    }

    /// Forgets chunks that are no more: ids by group number.
    func remove(_ chunks: [UInt32: Set<String>]) {
        guard !chunks.isEmpty else { return }
        columns.remove(chunks)
        facts.remove(chunks)
    }

    func removeAll() {
        columns.removeAll()
        facts.removeAll()
    }
}
