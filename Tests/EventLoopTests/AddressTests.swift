@testable import EventLoop
import Glibc
import Testing

extension EventLoopSuite {
    struct AddressTests {
        @Test(arguments: [
            ("192.168.1.7", "192.168.1.7"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
            ("10.0.100.9", "10.0.100.9"), ("::1", "::1"), ("fe80::1", "fe80::1"), ("2001:db8::", "2001:db8::"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
            ("ABCD:EF01:2345:6789:abcd:ef01:2345:6789", "abcd:ef01:2345:6789:abcd:ef01:2345:6789"),
            ("::ffff:1.2.3.4", "1.2.3.4"), ("0:0:0:0:0:ffff:0:1", "0.0.0.1"), ("1::", "1::"), ("0:1::", "0:1::"),
        ])
        func `a peer's address is written as RFC 5952 has it`(_ address: String, _ text: String) throws {
            #expect(try SystemAddress(.ip(address, port: 7)).peer.address == text)
            #expect(try SystemAddress(.ip(address, port: 7)).peer.port == 7)
        }

        @Test func `both families' forms of one IPv4 address are the same peer`() throws {
            let four = try SystemAddress(.ip("192.0.2.9", port: 5)).peer
            let six = try SystemAddress(.ip("::ffff:192.0.2.9", port: 5)).peer
            #expect(four == six)
            #expect(four.low == 0xffff_c000_0209 && four.high == 0)
        }

        @Test(arguments: [
            (SocketAddress.ip("127.0.0.1", port: 1), true), (.ip("127.255.3.4", port: 1), true),
            (.ip("::1", port: 1), true),
            (.ip("::ffff:127.0.0.1", port: 1), true), (.unix("/run/x"), true), (.ip("128.0.0.1", port: 1), false),
            (.ip("0.0.0.0", port: 1), false), (.ip("::", port: 1), false), (.ip("10.0.0.1", port: 1), false),
            (.ip("::2", port: 1), false), (.ip("localhost", port: 1), false), (.ip("::7f00:1", port: 1), false),
        ])
        func `loopback is what only this machine reaches`(_ address: SocketAddress, _ isLoopback: Bool) {
            #expect(address.isLoopback == isLoopback)
        }

        @Test func `an address is written as one reads it`() {
            #expect("\(SocketAddress.ip("127.0.0.1", port: 5_514))" == "127.0.0.1:5514")
            #expect("\(SocketAddress.ip("::1", port: 5_514))" == "[::1]:5514")
            #expect("\(SocketAddress.unix("/run/x.sock"))" == "/run/x.sock")
        }

        @Test func `names are looked up, numbers stay, and what is no name is an error`() throws {
            #expect(try SocketAddress.resolve(host: "127.0.0.1", port: 9) == [.ip("127.0.0.1", port: 9)])
            #expect(try SocketAddress.resolve(host: "::ffff:192.0.2.1", port: 9) == [.ip("192.0.2.1", port: 9)])
            #expect(try SocketAddress.resolve(host: "localhost", port: 9).allSatisfy(\.isLoopback))
            let error = #expect(throws: LoopError.self) { try SocketAddress.resolve(host: "bad host name", port: 9) }
            #expect(error?.attempt == "look up bad host name")
            #expect(error?.code != 0)
        }
    }
}
