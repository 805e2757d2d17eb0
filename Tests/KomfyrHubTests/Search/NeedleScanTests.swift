import CScan
import struct TestSupport.SeededRandom
import Testing

@testable import KomfyrHub

/// The scan of bytes, against one that looks at each place by itself.
struct NeedleScanTests {
    @Test(arguments: [UInt64(1), 2, 3])
    func `vector instructions and plain ones find the same places, seed`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let width = Int(CSCAN_WIDTH)
        for _ in 0..<2_000 {
            // Few different bytes, so that many places fit; all values in every other round.
            let variety = random.chance(1, in: 2) ? 4 : 256
            let text = (0..<2 * width).map { _ in UInt8(truncatingIfNeeded: random.below(variety)) }
            let distance = random.below(width)
            let first = text[random.below(width)] | 0x20
            let second = text[random.below(width)] | 0x20
            var expected: UInt64 = 0
            for place in 0..<width where text[place] | 0x20 == first && text[place + distance] | 0x20 == second {
                expected |= 1 << UInt64(place)
            }
            text.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                #expect(cscan_pairs(base, base + distance, first, second) == expected)
                #expect(cscan_pairs_portable(base, base + distance, first, second) == expected)
            }
        }
    }

    @Test(arguments: [UInt64(4), 5])
    func `each place is found once, however long text and needle are, seed`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<3_000 {
            let letters = Array("abAB0- ".utf8.prefix(1 + random.below(7)))
            let text = (0..<random.below(300)).map { _ in letters[random.below(letters.count)] }
            let needle = Needle(
                (0..<1 + random.below(5)).map { _ in letters[random.below(letters.count)] },
                left: .open,
                right: .open
            )
            let folded = text.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
            let start = random.below(text.count + 1)
            let end = start + random.below(text.count - start + 1)
            let expected = (start..<max(start, end - needle.folded.count + 1))
                .filter { folded[$0..<$0 + needle.folded.count].elementsEqual(needle.folded) }
            var found: [Int] = []
            text.withUnsafeBytes { bytes in
                needle.forEachPlace(in: bytes, from: start, to: end) { place in
                    found.append(place)
                    return place + 1
                }
            }
            #expect(found == expected)
        }
    }
}
