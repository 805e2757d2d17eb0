import Testing

@testable import KomfyrHub

@Suite struct SHA1Tests {
    // The first four: FIPS 180 and RFC 3174; the others: `sha1sum`.
    @Test(arguments: [
        ("", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
        ("a", 1_000_000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
    ])
    func `digests are those of the standard`(_ text: String, _ times: Int, _ digest: String) {
        #expect(SHA1.hexadecimal(Array(String(repeating: text, count: times).utf8)) == digest)
    }

    @Test func `every length around a block's end is padded right`() async throws {
        let redis = try PrivateRedisForTests()
        let client = RedisClient(redis.configuration, logger: .silent)
        client.start()
        try await client.waitUntilConnected(withinMs: 5_000)
        for length in 50...130 {
            let source = "--" + String(repeating: "x", count: length)
            let loaded = try await client.send(RedisCommand("SCRIPT", "LOAD", source))
            #expect(loaded == .string(RedisScript(source).digest))
        }
        await client.stop()
    }
}
