import EventLoop
import Testing

@testable import KomfyrAgent

struct AllowListTests {
    private func peer(_ text: String) throws -> Peer {
        let bytes = try #require(NetworkSyntax.ipBytes(text))
        if bytes.count == 4 { return Peer(high: 0, low: bytes.reduce(0xFFFF) { $0 << 8 | UInt64($1) }, port: 1) }
        return Peer(
            high: bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) },
            low: bytes[8...].reduce(0) { $0 << 8 | UInt64($1) },
            port: 1
        )
    }

    @Test(arguments: [
        ("192.168.0.0/16", "192.168.255.1", true), ("192.168.0.0/16", "192.169.0.1", false),
        ("10.0.0.7", "10.0.0.7", true), ("10.0.0.7", "10.0.0.8", false), ("0.0.0.0/0", "1.2.3.4", true),
        ("0.0.0.0/0", "2001:db8::1", false), ("::/0", "1.2.3.4", true), ("fd00::/8", "fdab::1", true),
        ("fd00::/8", "fe80::1", false), ("2001:db8:1:2::/64", "2001:db8:1:2:3::4", true),
        ("2001:db8:1:2::/64", "2001:db8:1:3::4", false), ("2001:db8::8000/113", "2001:db8::ffff", true),
        ("2001:db8::8000/113", "2001:db8::7fff", false), ("::1", "::1", true), ("127.0.0.0/8", "127.3.2.1", true),
        ("10.0.0.7/32", "::ffff:10.0.0.7", true),
    ])
    func `a network holds its addresses and no others`(network: String, address: String, isIn: Bool) throws {
        #expect(try AllowList([network]).contains(try peer(address)) == isIn)
        #expect(try AllowList(["203.0.113.0/24", network]).contains(try peer(address)) == isIn)
    }

    @Test func `an empty list allows all`() throws {
        #expect(try AllowList([]).contains(try peer("203.0.113.9")))
    }

    @Test(arguments: ["", "x", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0", "::/129", "10.0.0.0/8/8"])
    func `what is no network is refused`(text: String) {
        #expect(throws: AllowList.Problem.self) { try AllowList([text]) }
    }
}
