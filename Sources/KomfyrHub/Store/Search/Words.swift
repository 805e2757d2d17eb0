/// What a word is, to searches and to the Bloom filters that chunks are stored with: a run of letters, digits,
/// underscores and all characters beyond ASCII, compared without regard to case.
///
/// Part of the chunk format: filters in Redis hold these hashes, so a change needs a new version of the format.
enum Words {
    static func isWordByte(_ byte: UInt8) -> Bool { table[Int(byte)] != 0 }

    /// What a byte is compared as; 0: it is part of no word.
    static func folded(_ byte: UInt8) -> UInt8 { table[Int(byte)] }

    /// Calls `body` with the hash of each word of a text of UTF-8.
    @inline(__always)
    static func forEachHash(in text: UnsafeRawBufferPointer, _ body: (UInt64) -> Void) {
        var index = 0
        let count = text.count
        while index < count {
            var byte = table[Int(text[index])]
            if byte == 0 {
                index += 1
                continue
            }
            let start = index
            var hash = seed
            var isASCII = true
            repeat {
                isASCII = isASCII && byte < 0x80
                hash = (hash ^ UInt64(byte)) &* prime
                index += 1
                guard index < count else { break }
                byte = table[Int(text[index])]
            } while byte != 0
            if !isASCII {
                let word = UnsafeRawBufferPointer(rebasing: text[start..<index])
                hash = rawHash(folded(word))
            }
            body(finish(hash))
        }
    }

    /// The hash of a whole word that is folded already.
    static func hash(folded word: [UInt8]) -> UInt64 { finish(rawHash(word)) }

    /// A text as it is compared: lower case.
    static func folded(_ text: UnsafeRawBufferPointer) -> [UInt8] {
        var bytes = Array(text)
        var isASCII = true
        for index in bytes.indices {
            let byte = bytes[index]
            if byte >= 0x80 { isASCII = false }
            if byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") { bytes[index] = byte | 0x20 }
        }
        if isASCII { return bytes }
        // Letter by letter, so that where a text is cut changes nothing.
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if scalar.isASCII {
                result.append(UInt8(scalar.value))
            } else {
                result.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
            }
        }
        return result
    }

    // FNV-1a, 64 bits (draft-eastlake-fnv §6).
    static let seed: UInt64 = 0xcbf2_9ce4_8422_2325
    static let prime: UInt64 = 0x0000_0100_0000_01b3

    private static func rawHash(_ word: [UInt8]) -> UInt64 {
        word.reduce(seed) { ($0 ^ UInt64($1)) &* prime }
    }

    /// Spreads the hash over all bits: the filter takes several positions from one.
    @inline(__always)
    static func finish(_ hash: UInt64) -> UInt64 {
        var mixed = hash
        mixed = (mixed ^ mixed >> 33) &* 0xff51_afd7_ed55_8ccd
        mixed = (mixed ^ mixed >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return mixed ^ mixed >> 33
    }

    /// For each byte, what it is compared as; 0: it is part of no word.
    private static let table: [UInt8] = (0..<256)
        .map { value in
            let byte = UInt8(value)
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): return byte | 0x20
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
                0x80...:
                return byte
            default: return 0
            }
        }
}
