/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78; RFC 3720 appendix B.4), eight bytes a step from tables.
///
/// Slicing by eight (Kounavis, Berry: A Systematic Approach to Building High Performance Software-based CRC
/// Generators, 2005) does some 2 GB/s, far more than compression lets through: a frame is never waited for here.
enum CRC32C {
    /// The checksum of `bytes`.
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var crc = ~UInt32(0)
        var index = 0
        let count = bytes.count
        tables.withUnsafeBufferPointer { table in
            // Every index below is a byte plus a multiple of 256 under 2,048, and every load lies within `count`.
            while index &+ 8 <= count {
                let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian ^ UInt64(crc)
                crc =
                    table[1_792 &+ Int(word & 0xFF)] ^ table[1_536 &+ Int(word >> 8 & 0xFF)]
                    ^ table[1_280 &+ Int(word >> 16 & 0xFF)] ^ table[1_024 &+ Int(word >> 24 & 0xFF)]
                    ^ table[768 &+ Int(word >> 32 & 0xFF)] ^ table[512 &+ Int(word >> 40 & 0xFF)]
                    ^ table[256 &+ Int(word >> 48 & 0xFF)] ^ table[Int(word >> 56)]
                index &+= 8
            }
            while index < count {
                crc = crc >> 8 ^ table[Int((crc ^ UInt32(bytes[index])) & 0xFF)]
                index &+= 1
            }
        }
        return ~crc
    }

    /// The checksum of a part of an array.
    static func checksum(_ bytes: [UInt8], in range: Range<Int>) -> UInt32 {
        bytes.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// Eight tables of 256: the k-th steps a byte over k zero bytes behind it.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 2_048)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
            tables[byte] = crc
        }
        for index in 256..<2_048 {
            let previous = tables[index - 256]
            tables[index] = previous >> 8 ^ tables[Int(previous & 0xFF)]
        }
        return tables
    }()
}
