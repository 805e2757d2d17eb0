import Protocol
import struct TestSupport.SeededRandom
import Testing

private func parse(_ text: String) -> Int64? {
    Array(text.utf8).withUnsafeBytes { Timestamp.parse($0) }
}

private func parseNumber(_ text: String) -> Int64? {
    Array(text.utf8).withUnsafeBytes { Timestamp.parseNumber($0) }
}

struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-11-23T05:23:52.123Z", 1_795_411_432_123_000_000),
            ("2026-11-23T05:23:52.123456789Z", 1_795_411_432_123_456_789),
            ("2026-11-23T05:23:52.1234567891Z", 1_795_411_432_123_456_789),
            ("2026-11-23 05:23:52,5", 1_795_411_432_500_000_000), ("2026-11-23t05:23:52z", 1_795_411_432_000_000_000),
            ("2026-11-23T07:23:52+02:00", 1_795_411_432_000_000_000),
            ("2026-11-23T00:23:52-0500", 1_795_411_432_000_000_000),
            ("2026-11-23T05:23", 1_795_411_380_000_000_000), ("2026-11-23T05:23Z", 1_795_411_380_000_000_000),
            ("2026-11-23T05:23:52 +00", 1_795_411_432_000_000_000), ("1969-12-31T23:59:59.999Z", -1_000_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000), ("2024-02-29T00:00:00Z", 1_709_164_800_000_000_000),
        ] as [(String, Int64)]
    )
    func `a time in a usual form is read`(text: String, expected: Int64) {
        #expect(parse(text) == expected)
    }

    @Test(arguments: [
        "", "now", "2026-11-23", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z",
        "2026-11-23T24:00:00Z", "2026-11-23T05:60:00Z", "2026-11-23T05:23:61Z", "2026-11-23T05:23:52.Z",
        "2026-11-23T05:23:52Zx", "2026-11-23T05:23:5", "2026-11-23T05:23:52+25:00", "2026-11-23T05:23:52+0",
        "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026/11/23T05:23:52Z", "2026-11-23T05:23:52+02:",
        "--------------------",
    ])
    func `what is no time is nil`(text: String) {
        #expect(parse(text) == nil)
    }

    @Test(
        arguments: [
            ("1795411432", 1_795_411_432_000_000_000), ("1795411432.5", 1_795_411_432_500_000_000),
            ("1795411432123", 1_795_411_432_123_000_000), ("1795411432123456", 1_795_411_432_123_456_000),
            ("1795411432123456789", 1_795_411_432_123_456_789), ("1.795411432123e9", 1_795_411_432_123_000_000),
            ("0", 0), ("-1", -1_000_000_000), ("1795411432.123456789", 1_795_411_432_123_456_789),
            ("1795411432.12345678901234567890", 1_795_411_432_123_456_789),
        ] as [(String, Int64)]
    )
    func `an epoch number is read by its magnitude`(text: String, expected: Int64) {
        #expect(parseNumber(text) == expected)
    }

    @Test(arguments: ["", "-", "x", "1e999", "99999999999999999999", "1.5.5", "1e", "0x10"])
    func `what is no epoch number is nil`(text: String) {
        #expect(parseNumber(text) == nil)
    }

    @Test func `a time is written with as many digits as it has`() {
        #expect(Timestamp.text(1_795_411_432_123_000_000) == "2026-11-23T05:23:52.123Z")
        #expect(Timestamp.text(1_795_411_432_123_456_000) == "2026-11-23T05:23:52.123456Z")
        #expect(Timestamp.text(1_795_411_432_123_456_789) == "2026-11-23T05:23:52.123456789Z")
        #expect(Timestamp.text(-1) == "1969-12-31T23:59:59.999999999Z")
    }

    @Test func `every day of 400 years goes to a date and back`() {
        var expected = Timestamp.days(year: 1800, month: 1, day: 1)
        for year in 1800..<2200 {
            for month in 1...12 {
                for day in 1...Timestamp.daysInMonth(year: year, month: month) {
                    #expect(Timestamp.days(year: year, month: month, day: day) == expected)
                    #expect(Timestamp.date(days: expected) == (year, month, day))
                    expected += 1
                }
            }
        }
    }

    @Test func `what is written is read back`() {
        var source = SeededRandom(seed: 7)
        for _ in 0..<10_000 {
            let time = Int64(bitPattern: source.next()) / 4
            #expect(parse(Timestamp.text(time)) == time)
        }
    }
}
