import EventLoop
import Synchronization

/// How many logs a second each group got over the last minute.
///
/// Noted as requests are stored, in six parts of ten seconds; a group takes some 50 bytes, and there are no more of
/// them than `HubLimits.groups`. What was stored before the hub started does not count.
final class GroupRates: Sendable {
    private let windows = Mutex<[UInt32: Window]>([:])

    /// The last parts of a group.
    private struct Window {
        private var counts: InlineArray<6, UInt32> = .init(repeating: 0)
        /// The newest part, in tens of seconds since 1970.
        private var newest: Int64 = 0

        mutating func add(_ count: UInt32, part: Int64) {
            move(to: part)
            let place = Int(part % 6)
            counts[place] = counts[place].addingReportingOverflow(count).partialValue
        }

        /// Logs in the last six parts.
        mutating func sum(part: Int64) -> Int {
            move(to: part)
            var sum = 0
            for place in counts.indices { sum += Int(counts[place]) }
            return sum
        }

        private mutating func move(to part: Int64) {
            guard part > newest else { return }
            for old in max(newest + 1, part - 5)...part { counts[Int(old % 6)] = 0 }
            newest = part
        }
    }

    /// Takes note of a request that was stored.
    func note(_ decoded: DecodedBody, _ receipt: IngestReceipt, now: Int64 = WallClock.now()) {
        guard !receipt.isDuplicate else { return }
        var counts = [UInt32](repeating: 0, count: decoded.groupNames.count)
        for group in decoded.groups { counts[Int(group)] &+= 1 }
        let part = max(0, now / 10_000_000_000)
        windows.withLock { windows in
            for (number, count) in zip(receipt.groupNumbers, counts) where count > 0 && number != .max {
                if windows.count >= HubLimits.groups, windows[number] == nil { continue }
                windows[number, default: Window()].add(count, part: part)
            }
        }
    }

    /// Logs a second of groups, by their numbers.
    func rates(now: Int64 = WallClock.now()) -> [UInt32: Double] {
        let part = max(0, now / 10_000_000_000)
        return windows.withLock { windows in
            var rates: [UInt32: Double] = [:]
            for number in windows.keys {
                let sum = windows[number]?.sum(part: part) ?? 0
                // Quiet groups make room.
                if sum == 0 { windows[number] = nil } else { rates[number] = Double(sum) / 60 }
            }
            return rates
        }
    }
}
