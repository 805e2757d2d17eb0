import Testing

@testable import KomfyrHub

/// Bodies that came plain are packed for the WAL.
@Suite struct BodyPackerTests {
    private static func body(logs: Int) -> [UInt8] {
        Array(("[" + (0..<logs).map { #"{"message":"log \#($0) of many"}"# }.joined(separator: ",") + "]").utf8)
    }

    private static func decode(_ body: [UInt8], _ encoding: BodyEncoding) throws -> DecodedBody {
        let context = BodyDecoder.Context(
            format: .batch,
            encoding: encoding,
            defaults: RequestDefaults(),
            arrival: 1,
            window: 0...2
        )
        return try BodyDecoder().decode(body, context)
    }

    @Test(arguments: [200, 20_000])
    func `a packed body holds the same logs`(_ logs: Int) throws {
        let body = Self.body(logs: logs)
        let frame = try #require(BodyPacker().pack(body))
        #expect(frame.count * 2 < body.count)
        let (plain, unpacked) = (try Self.decode(body, .identity), try Self.decode(frame, .zstd))
        #expect(unpacked.columns.count == logs)
        #expect(unpacked.columns.text == plain.columns.text)
        #expect(unpacked.columns.messages == plain.columns.messages)
    }

    @Test func `a body that packing makes no smaller is left as it is`() {
        var random = SystemRandomNumberGenerator()
        let noise = (0..<100_000).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let packer = BodyPacker()
        #expect(packer.pack(noise) == nil)
        // And the packer is good for the next one.
        #expect(packer.pack(Self.body(logs: 1_000)) != nil)
    }
}
