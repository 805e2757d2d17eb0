/// Reads the files of the system's time zone database: TZif, RFC 8536.
///
/// ```
///  ┌ header, 44 bytes ──────────────────────────────────────────────────────────┐
///  │ "TZif" version 15 zeros │ isutcnt isstdcnt leapcnt timecnt typecnt charcnt  │   big end first
///  ├ block of version 1: times of 4 bytes, passed over when version is 2 or more ┤
///  ├ header again ───────────────────────────────────────────────────────────────┤
///  │ timecnt × 8 bytes: when it changes      timecnt × 1: to which kind          │
///  │ typecnt × 6: offset (4), is summer (1), where its name begins (1)           │
///  │ charcnt: names, NUL behind each         leap seconds, indicators: not used  │
///  ├ LF, TZ string, LF: what holds behind the last change ───────────────────────┤
/// ```
///
/// Written by `zic`, read at start. A file that is cut, or points outside of itself, is refused whole.
enum ZoneFile {
    /// The zone that a file describes; nil when it is no such file.
    static func read(_ bytes: UnsafeRawBufferPointer) -> Zone? {
        guard let first = Header(bytes, at: 0) else { return nil }
        guard first.version >= 2 else { return readBlock(bytes, first, at: Header.size, timeSize: 4)?.zone(rule: nil) }
        let start = Header.size + first.blockSize(timeSize: 4)
        guard let second = Header(bytes, at: start),
            let block = readBlock(bytes, second, at: start + Header.size, timeSize: 8)
        else { return nil }
        return block.zone(rule: readFooter(bytes, at: block.end))
    }

    private struct Header {
        static let size = 44

        var version = 1
        /// isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt.
        private var counts: [Int] = []

        var leaps: Int { counts[2] }
        var changes: Int { counts[3] }
        var kinds: Int { counts[4] }
        var characters: Int { counts[5] }

        init?(_ bytes: UnsafeRawBufferPointer, at position: Int) {
            guard position >= 0, position <= bytes.count - Self.size, ByteView(bytes).has("TZif", at: position) else {
                return nil
            }
            let byte = bytes[position + 4]
            if byte != 0 { version = Int(byte &- .zero) }
            for index in 0..<6 {
                let count = ZoneFile.number(bytes, at: position + 20 + 4 * index)
                // No zone has more; beyond this no sum below can overflow.
                guard count >= 0, count <= AgentLimits.zoneFileBytes else { return nil }
                counts.append(Int(count))
            }
            guard kinds >= 1, kinds <= 256 else { return nil }
        }

        func blockSize(timeSize: Int) -> Int {
            changes * timeSize + changes + kinds * 6 + characters + leaps * (timeSize + 4) + counts[1] + counts[0]
        }
    }

    private struct Block {
        var kinds: [Zone.Kind] = []
        var changes: [Int64] = []
        var kindOfChange: [Int] = []
        var end = 0

        func zone(rule: ZoneRule?) -> Zone {
            Zone(kinds: kinds, changes: changes, kindOfChange: kindOfChange, rule: rule)
        }
    }

    private static func readBlock(
        _ bytes: UnsafeRawBufferPointer,
        _ header: Header,
        at position: Int,
        timeSize: Int
    ) -> Block? {
        var block = Block()
        block.end = position + header.blockSize(timeSize: timeSize)
        guard block.end <= bytes.count else { return nil }
        let kindsOfChanges = position + header.changes * timeSize
        let kinds = kindsOfChanges + header.changes
        let names = kinds + header.kinds * 6
        for index in 0..<header.changes {
            let at = position + index * timeSize
            let high = Int64(number(bytes, at: at))
            let time = timeSize == 4 ? high : high << 32 | Int64(UInt32(bitPattern: number(bytes, at: at + 4)))
            let kind = Int(bytes[kindsOfChanges + index])
            guard kind < header.kinds, time > block.changes.last ?? .min else { return nil }
            block.changes.append(time)
            block.kindOfChange.append(kind)
        }
        for index in 0..<header.kinds {
            let at = kinds + index * 6
            let offset = Int(number(bytes, at: at))
            var next = names + Int(bytes[at + 5])
            // RFC 8536 §3.2 wants less than 25 and 26 hours.
            guard abs(offset) < 26 * 3_600, next < names + header.characters else { return nil }
            var name: [UInt8] = []
            while next < names + header.characters && bytes[next] != 0 {
                name.append(bytes[next])
                next += 1
            }
            block.kinds.append(Zone.Kind(offset: offset, name: name))
        }
        return block
    }

    private static func readFooter(_ bytes: UnsafeRawBufferPointer, at position: Int) -> ZoneRule? {
        let view = ByteView(bytes)
        guard view[position] == .lineFeed else { return nil }
        var end = position + 1
        while end < view.count && view[end] != .lineFeed { end += 1 }
        return ZoneRule(view[Field(start: position + 1, end: end)])
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, at position: Int) -> Int32 {
        Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: Int32.self))
    }
}
