import Protocol
import Testing

@testable import KomfyrAgent

/// Zones of our own making: none of these depends on what is installed.
struct ZoneTests {
    private static let oslo = rule("CET-1CEST,M3.5.0,M10.5.0/3")

    private static func rule(_ text: String) -> Zone? {
        Array(text.utf8).withUnsafeBytes { ZoneRule($0) }.map { Zone(rule: $0) }
    }

    private static func nanoseconds(_ text: String) -> Int64? {
        Array(text.utf8).withUnsafeBytes { Timestamp.parse($0) }
    }

    /// What a message's time is read as.
    private func read(_ text: String, arrival: String, zone: Zone?) throws -> String? {
        var time = SyslogTime(zone: try #require(zone))
        let arrival = try #require(Self.nanoseconds(arrival))
        return Array(text.utf8)
            .withUnsafeBytes { bytes in
                time.read(ByteView(bytes), at: 0, arrival: arrival).map { Timestamp.text($0.nanoseconds) }
            }
    }

    @Test(arguments: [
        // Winter, summer.
        ("Jan 10 12:00:00 h", "2026-01-10T11:00:00Z", "2026-01-10T11:00:00.000Z"),
        ("Jul 10 12:00:00 h", "2026-07-10T10:00:00Z", "2026-07-10T10:00:00.000Z"),
        ("2026-07-10 12:00:00 h", "2026-07-10T10:00:00Z", "2026-07-10T10:00:00.000Z"),
        // The last second before the clocks go forward, and the first behind.
        ("Mar 29 01:59:59 h", "2026-03-29T01:00:00Z", "2026-03-29T00:59:59.000Z"),
        ("Mar 29 03:00:00 h", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00.000Z"),
        // In the hour that never was: read with the offset before it.
        ("Mar 29 02:30:00 h", "2026-03-29T01:30:00Z", "2026-03-29T01:30:00.000Z"),
        // In the hour that was twice: the one nearer to the arrival.
        ("Oct 25 02:30:00 h", "2026-10-25T00:30:01Z", "2026-10-25T00:30:00.000Z"),
        ("Oct 25 02:30:00 h", "2026-10-25T01:30:01Z", "2026-10-25T01:30:00.000Z"),
        ("Oct 25 01:59:59 h", "2026-10-25T01:30:01Z", "2026-10-24T23:59:59.000Z"),
        ("Oct 25 03:00:00 h", "2026-10-25T01:30:01Z", "2026-10-25T02:00:00.000Z"),
        // The turn of the year is Oslo's.
        ("Jan  1 00:30:00 h", "2026-12-31T23:30:00Z", "2026-12-31T23:30:00.000Z"),
        ("Dec 31 23:30:00 h", "2026-12-31T23:30:00Z", "2026-12-31T22:30:00.000Z"),
        // A zone in the time itself goes before the input's.
        ("2026-07-10T12:00:00Z h", "2026-07-10T12:00:00Z", "2026-07-10T12:00:00.000Z"),
        ("Jul 10 12:00:00 PDT: h", "2026-07-10T12:00:00Z", "2026-07-10T19:00:00.000Z"),
    ])
    func `a time without a zone is Oslo's`(text: String, arrival: String, expected: String) throws {
        #expect(try read(text, arrival: arrival, zone: Self.oslo) == expected)
    }

    @Test func `the hour that is repeated is told apart by one reader, again and again`() throws {
        var time = SyslogTime(zone: try #require(Self.oslo))
        for (arrival, expected) in [
            ("2026-10-25T00:29:59Z", "2026-10-25T00:30:00.000Z"), ("2026-10-25T01:29:59Z", "2026-10-25T01:30:00.000Z"),
            ("2026-10-25T00:31:59Z", "2026-10-25T00:30:00.000Z"),
        ] {
            let nanoseconds = try #require(Self.nanoseconds(arrival))
            let read = Array("Oct 25 02:30:00 h".utf8)
                .withUnsafeBytes { time.read(ByteView($0), at: 0, arrival: nanoseconds) }
            #expect(read.map { Timestamp.text($0.nanoseconds) } == expected)
        }
    }

    @Test(arguments: [
        ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-01-10T00:00:00Z", 39_600),
        ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-07-10T00:00:00Z", 36_000),
        ("EST5EDT,M3.2.0,M11.1.0", "2026-03-08T06:59:59Z", -18_000),
        ("EST5EDT,M3.2.0,M11.1.0", "2026-03-08T07:00:00Z", -14_400),
        ("IST-2IDT,M3.4.4/26,M10.5.0", "2026-03-27T00:00:00Z", 10_800),
        ("<+0330>-3:30", "2026-03-27T00:00:00Z", 12_600),
        ("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "2026-07-01T00:00:00Z", -7_200),
        ("XXX0YYY,J60/0,J300/0", "2028-03-01T00:00:00Z", 3_600),
        ("XXX0YYY,J60/0,J300/0", "2028-02-29T23:59:59Z", 0),
        ("XXX0YYY,59/0,299/0", "2028-02-29T00:00:00Z", 3_600),
        ("UTC0", "2028-02-29T00:00:00Z", 0),
    ])
    func `a rule of POSIX gives this offset`(rule: String, at time: String, offset: Int) throws {
        let zone = try #require(Self.rule(rule))
        let nanoseconds = try #require(Self.nanoseconds(time))
        #expect(zone.offset(at: nanoseconds / 1_000_000_000) == offset)
    }

    @Test(arguments: [
        "", "CET", "C-1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0x",
        "CET-200", "<+03-3", "CET-1CEST,J0,J366",
    ])
    func `what is no rule is refused`(text: String) {
        #expect(Self.rule(text) == nil)
    }

    private static func read(_ file: [UInt8]) -> Zone? { file.withUnsafeBytes { ZoneFile.read($0) } }

    /// Two changes: to +1 h at 1000, to +2 h at 2000; behind them +3 h by the footer.
    private static func file(changes: [Int64] = [1_000, 2_000]) -> [UInt8] {
        func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
            withUnsafeBytes(of: number.bigEndian) { Array($0) }
        }
        func header(_ counts: [Int32]) -> [UInt8] {
            Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15) + counts.flatMap { bytes($0) }
        }
        var file = header([0, 0, 0, 0, 1, 4]) + bytes(Int32(0)) + [0, 0] + Array("UTC\0".utf8)
        file += header([0, 0, 0, Int32(changes.count), 3, 12])
        file += changes.flatMap { bytes($0) } + changes.indices.map { UInt8($0 % 2 + 1) }
        for (index, offset) in [Int32(0), 3_600, 7_200].enumerated() { file += bytes(offset) + [0, UInt8(index * 4)] }
        return file + Array("AAA\0BBB\0CCC\0\nDDD-3\n".utf8)
    }

    @Test(arguments: [
        (Int64(-5), 0), (999, 0), (1_000, 3_600), (1_999, 3_600), (2_000, 10_800), (9_999_999_999, 10_800),
    ])
    func `a zone file gives this offset`(time: Int64, offset: Int) throws {
        let zone = try #require(Self.read(Self.file()))
        #expect(zone.offset(at: time) == offset)
    }

    @Test func `names are those of the file and its footer`() throws {
        let zone = try #require(Self.read(Self.file()))
        func offset(_ name: String) -> Int? { Array(name.utf8).withUnsafeBytes { zone.offset(named: $0) } }
        #expect(offset("CCC") == 7_200)
        #expect(offset("DDD") == 10_800)
        #expect(offset("ZZZ") == nil)
    }

    @Test func `a zone file that is cut or points outside of itself is refused or read, and never crashes`() {
        let whole = Self.file()
        // Without its footer it is still whole: the last change holds.
        for count in 0..<(whole.count - 8) {
            #expect(Array(whole[..<count]).withUnsafeBytes { ZoneFile.read($0) } == nil, "\(count)")
        }
        for index in whole.indices {
            for value in [UInt8(0), 1, 0x7F, 0x80, 0xFF] {
                var bytes = whole
                bytes[index] = value
                let zone = bytes.withUnsafeBytes { ZoneFile.read($0) }
                for time in [Int64.min / 4, 0, 1_500, 1 << 40] { _ = zone?.offset(at: time) }
            }
        }
        #expect(Self.file(changes: [2_000, 1_000]).withUnsafeBytes { ZoneFile.read($0) } == nil)
    }

    @Test func `the input's own zone says what its names mean`() throws {
        let shanghai = Self.rule("CST-8")
        let time = try read("Nov 23 08:00:01 CST: h", arrival: "2026-11-23T00:00:01Z", zone: shanghai)
        #expect(time == "2026-11-23T00:00:01.000Z")
        let elsewhere = try read("Nov 23 08:00:01 CST: h", arrival: "2026-11-23T14:00:01Z", zone: .utc)
        #expect(elsewhere == "2026-11-23T14:00:01.000Z")
    }
}
