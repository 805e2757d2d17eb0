import Testing

@testable import KomfyrHub

@Suite struct GroupRatesTests {
    private static func second(_ seconds: Int64) -> Int64 { seconds * 1_000_000_000 }

    @Test func `a rate is that of the last minute`() {
        let rates = GroupRates()
        var decoded = DecodedBody()
        decoded.groupNames = ["a", nil]
        decoded.groups = [0, 0, 1]
        let receipt = IngestReceipt(
            firstSequence: 1,
            groupNumbers: [7, 0],
            arrival: 0,
            isDuplicate: false,
            refusedPositions: [],
            ingested: 3
        )
        for second in stride(from: Int64(1_000), to: 1_060, by: 10) {
            rates.note(decoded, receipt, now: Self.second(second))
        }
        #expect(rates.rates(now: Self.second(1_059)) == [7: 0.2, 0: 0.1])
        #expect(rates.rates(now: Self.second(1_089))[7] == 0.1)
        #expect(rates.rates(now: Self.second(1_120)).isEmpty)
        rates.note(decoded, receipt, now: Self.second(5_000))
        #expect(rates.rates(now: Self.second(5_000))[0] == 1.0 / 60)
    }
}
