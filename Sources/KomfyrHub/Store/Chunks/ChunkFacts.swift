/// What is known of a chunk without its rows: enough to tell that a search finds nothing in it.
struct ChunkFacts: Sendable {
    /// Bit n is set when a log of the level with raw value n is in it.
    var levels: UInt8
    /// Of the words of its messages and of the strings in `data`; nil: not known.
    var words: BloomFilter?
    /// Its numeric members, those that have a column (`SplitData.mayKeepInObjects` tells of others); nil: not known.
    var numbers: [SplitData.NumberInfo]?
}

/// Which words may be in a chunk: no word that is there is ever denied.
///
/// The field `b` of a chunk: a byte that says how many bits stand for a word, then the bits. A word (its hash is
/// `Words`') sets the bits `hash + n × (hash rotated by 32 | 1)`, each brought into the range by multiplication, for n
/// from 0 on (Kirsch and Mitzenmacher, "Less Hashing, Same Performance", 2006).
struct BloomFilter: Sendable {
    /// Ten bits a word and seven positions: one search in 120 looks in vain.
    private static let bitsPerWord = 10
    private static let positions: UInt8 = 7

    private let count: UInt8
    private let bits: [UInt8]

    /// Of different words, by their hashes.
    init(_ hashes: some Collection<UInt64>) {
        count = Self.positions
        let size = (hashes.count * Self.bitsPerWord + 7) / 8
        bits = [UInt8](unsafeUninitializedCapacity: size) { bits, written in
            bits.initialize(repeating: 0)
            written = size
            guard size > 0 else { return }
            for hash in hashes {
                var position = hash
                let step = Self.step(hash)
                for _ in 0..<Self.positions {
                    let bit = Self.bit(position, of: size)
                    bits[bit >> 3] |= 1 << UInt8(bit & 7)
                    position = position &+ step
                }
            }
        }
    }

    /// Reads the field.
    init(_ bytes: UnsafeRawBufferPointer) throws(FormatProblem) {
        var reader = ByteReader(bytes)
        count = try reader.byte()
        guard count > 0, count <= 32 else { throw .invalid("positions", at: 0) }
        bits = Array(try reader.slice(reader.remaining))
    }

    func append(to bytes: inout [UInt8]) {
        bytes.append(count)
        bytes.append(contentsOf: bits)
    }

    /// Whether a word with this hash (`Words`) may be there.
    func mayContain(_ hash: UInt64) -> Bool {
        guard !bits.isEmpty else { return false }
        let hash = Self.key(hash)
        var position = hash
        let step = Self.step(hash)
        for _ in 0..<count {
            let bit = Self.bit(position, of: bits.count)
            if bits[bit >> 3] >> UInt8(bit & 7) & 1 == 0 { return false }
            position = position &+ step
        }
        return true
    }

    /// What it takes in memory, in bytes.
    var bytes: Int { bits.count }

    @inline(__always)
    private static func step(_ hash: UInt64) -> UInt64 { (hash << 32 | hash >> 32) | 1 }

    @inline(__always)
    private static func bit(_ position: UInt64, of bytes: Int) -> Int {
        Int(truncatingIfNeeded: position.multipliedFullWidth(by: UInt64(bytes) * 8).high)
    }
}

/// Different words by their hashes, gathered for a filter.
///
/// Memory of its own instead of an array: every word that is stored comes by here, and an array's checks of bounds and
/// of being unique would stand at each. Slots are a power of two, and every index is masked by it.
struct WordSet: ~Copyable {
    /// Open addressing; 0: free.
    private var slots: UnsafeMutableBufferPointer<UInt64>
    private(set) var count = 0

    private static let least = 1 << 12
    /// What is kept for the next chunk.
    private static let kept = 1 << 17

    init() { slots = Self.allocate(Self.least) }

    deinit { slots.deallocate() }

    private static func allocate(_ count: Int) -> UnsafeMutableBufferPointer<UInt64> {
        let slots = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: count)
        slots.initialize(repeating: 0)
        return slots
    }

    mutating func removeAll() {
        if slots.count > Self.kept {
            slots.deallocate()
            slots = Self.allocate(Self.least)
        } else {
            slots.update(repeating: 0)
        }
        count = 0
    }

    @inline(__always)
    mutating func insert(_ hash: UInt64) {
        // A word whose hash is 0 takes the place of the one with 1, here and for those who ask.
        let hash = BloomFilter.key(hash)
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while true {
            let found = slots[slot]
            if found == hash { return }
            if found == 0 { break }
            slot = (slot + 1) & mask
        }
        slots[slot] = hash
        count += 1
        if count * 2 > slots.count { grow() }
    }

    var hashes: [UInt64] {
        [UInt64](unsafeUninitializedCapacity: count) { hashes, written in
            for slot in slots where slot != 0 {
                hashes.initializeElement(at: written, to: slot)
                written += 1
            }
        }
    }

    private mutating func grow() {
        let old = slots
        slots = Self.allocate(old.count * 4)
        let mask = slots.count - 1
        for hash in old where hash != 0 {
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = hash
        }
        old.deallocate()
    }
}

extension BloomFilter {
    /// No hash is 0.
    @inline(__always)
    static func key(_ hash: UInt64) -> UInt64 { hash == 0 ? 1 : hash }
}
