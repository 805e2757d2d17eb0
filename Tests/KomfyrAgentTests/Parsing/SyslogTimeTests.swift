import Protocol
import Testing

@testable import KomfyrAgent

struct SyslogTimeTests {
    private func read(_ text: String, arrival: String, zoneOffset: Int = 0) -> String? {
        var time = SyslogTime(zone: Zone(offset: zoneOffset))
        let arrival = arrival.utf8CString.withUnsafeBytes {
            Timestamp.parse(UnsafeRawBufferPointer(rebasing: $0.dropLast()))
        }
        return Array(text.utf8)
            .withUnsafeBytes { bytes in
                time.read(ByteView(bytes), at: 0, arrival: arrival ?? 0)
                    .map { Timestamp.text($0.nanoseconds) }
            }
    }

    @Test(arguments: [
        ("Dec 31 23:59:59", "2027-01-01T00:00:01Z", "2026-12-31T23:59:59.000Z"),
        ("Jan  1 00:00:01", "2026-12-31T23:59:59Z", "2027-01-01T00:00:01.000Z"),
        ("Jul  1 00:00:00", "2026-12-31T12:00:00Z", "2027-07-01T00:00:00.000Z"),
        ("Jul  3 00:00:00", "2026-12-31T12:00:00Z", "2026-07-03T00:00:00.000Z"),
        ("Feb 29 12:00:00", "2028-03-01T00:00:00Z", "2028-02-29T12:00:00.000Z"),
        // No February 29 in 2026 or 2027: the nearest is 2028's; in 2101 that of 2104, for 2100 has none.
        ("Feb 29 12:00:00", "2026-11-23T12:00:00Z", "2028-02-29T12:00:00.000Z"),
        ("Feb 29 12:00:00", "2101-03-01T12:00:00Z", "2104-02-29T12:00:00.000Z"),
        ("Dec 31 23:59:59", "2026-01-01T00:30:00Z", "2025-12-31T23:59:59.000Z"),
        ("Jan  1 00:10:00", "2026-12-31T23:50:00Z", "2027-01-01T00:10:00.000Z"),
        ("Nov 23 08:00:01", "2026-11-23T08:00:02Z", "2026-11-23T08:00:01.000Z"),
    ])
    func `a time without a year takes the year nearest to arrival`(text: String, arrival: String, expected: String) {
        #expect(read(text + " h", arrival: arrival) == expected)
    }

    @Test func `the year is chosen in the device's zone`() {
        // Half past midnight in Oslo, half an hour before midnight at Greenwich.
        let time = read("Jan  1 00:30:00 h", arrival: "2026-12-31T23:30:00Z", zoneOffset: 3_600)
        #expect(time == "2026-12-31T23:30:00.000Z")
    }

    @Test func `the kept second is not used for another year or text`() {
        var time = SyslogTime(zone: .utc)
        let year: Int64 = 31_536_000_000_000_000
        func read(_ text: String, arrival: Int64) -> String? {
            Array(text.utf8)
                .withUnsafeBytes { bytes in
                    time.read(ByteView(bytes), at: 0, arrival: arrival)
                        .map { Timestamp.text($0.nanoseconds) }
                }
        }
        let arrival = SyslogCase.arrival
        #expect(read("Nov 23 08:00:01 h", arrival: arrival) == "2026-11-23T08:00:01.000Z")
        #expect(read("Nov 23 08:00:01.5 2020 h", arrival: arrival) == "2020-11-23T08:00:01.500Z")
        #expect(read("Nov 23 08:00:01.5 h", arrival: arrival) == "2026-11-23T08:00:01.500Z")
        #expect(read("Nov 23 08:00:01 2020 h", arrival: arrival) == "2020-11-23T08:00:01.000Z")
        #expect(read("Nov 23 08:00:02 h", arrival: arrival) == "2026-11-23T08:00:02.000Z")
        #expect(read("Nov 23 08:00:02 h", arrival: arrival + year) == "2027-11-23T08:00:02.000Z")
    }

    @Test(arguments: [
        "Nov 23", "Nov 32 08:00:01 h", "Foo 23 08:00:01 h", "Nov 23 24:00:01 h", "Nov 23 08:61:01 h", "2026-11-23",
        "2026-11-23T08:00:01x", "20261123T080001Z", "99", "", "Nov 23 08:00:01x",
    ])
    func `what is no time is not taken for one`(text: String) {
        #expect(read(text, arrival: "2026-11-23T08:00:02Z") == nil)
    }
}
