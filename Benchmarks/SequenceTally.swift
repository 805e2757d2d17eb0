import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Which of the numbered messages (`~0000000042`) have arrived at a sink, and which more than once.
final class SequenceTally: Sendable {
    /// The number of the message that only asks whether a program is up.
    static let probe = 9_999_999_999
    /// Numbers are below this: more messages than any row sends.
    private static let limit = 100_000_000

    private let counts = Mutex<[UInt8]>([])
    private let distinct = Atomic<Int>(0)
    private let repeated = Atomic<Int>(0)
    private let probes = Atomic<Int>(0)

    /// Messages that have arrived, each counted once.
    var arrived: Int { distinct.load(ordering: .relaxed) }
    /// Arrivals of messages that were there already.
    var doubled: Int { repeated.load(ordering: .relaxed) }
    /// Whether the probe came through.
    var hasProbe: Bool { probes.load(ordering: .relaxed) > 0 }

    /// Counts the numbers in some text; a number that is not whole at its end is not counted.
    func take(_ text: UnsafeRawBufferPointer) {
        guard let base = text.baseAddress else { return }
        var new = 0
        var again = 0
        counts.withLock { counts in
            var position = 0
            while let found = memchr(base + position, 0x7E, text.count - position) {
                position = UnsafeRawPointer(found) - base + 1
                guard position + SyslogLines.digits <= text.count else { break }
                guard let number = Self.number(text, at: position) else { continue }
                guard number < Self.limit else {
                    probes.add(1, ordering: .relaxed)
                    continue
                }
                if number >= counts.count {
                    counts.append(contentsOf: repeatElement(0, count: max(number + 1 - counts.count, 1 << 20)))
                }
                if counts[number] == 0 { new += 1 } else { again += 1 }
                if counts[number] < .max { counts[number] += 1 }
            }
        }
        distinct.add(new, ordering: .relaxed)
        repeated.add(again, ordering: .relaxed)
    }

    private static func number(_ text: UnsafeRawBufferPointer, at position: Int) -> Int? {
        var number = 0
        for offset in 0..<SyslogLines.digits {
            let digit = text[position + offset] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            number = number * 10 + Int(digit)
        }
        return number
    }
}
