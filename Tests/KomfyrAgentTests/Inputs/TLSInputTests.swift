import EventLoop
import Glibc
import Testing

import struct TestSupport.SeededRandom

@testable import KomfyrAgent

/// Syslog over TLS (RFC 5425) with real sockets, and with far ends that do not mean well.
struct TLSInputTests {
    private static func messages(_ bench: IntakeBench) -> [String] {
        bench.lines.map { String($0.dropFirst(12).prefix { $0 != "\"" }) }
    }

    @Test func `counted messages and lines come over one connection, with the sender's address as source`() async throws
    {
        let tls = try await TLSBench()
        let bench = try tls.syslog()
        let client = try TLSClient(to: bench.port, tls.client)
        #expect(try client.shakeHands() == nil)
        client.send("14 <30>a[1]: one\n<30>a[1]: two\n14 <30>a[1]: a\nbc<30>a[1]: rest")
        try bench.waitForLines(3)
        #expect(try bench.statistics().open == 1)
        client.close()
        try bench.waitForLines(4)
        #expect(Self.messages(bench) == ["one", "two", #"a\nbc"#, "rest"])
        #expect(bench.lines.allSatisfy { $0.hasSuffix(#""source":"127.0.0.1"}"#) })
        #expect(bench.lines[2].contains(#""pid":1}"#))
        #expect(try bench.statistics().handshakesFailed == InputStatistics.Counts())
        try bench.stop()
    }

    @Test func `a listener keeps no more connections than its memory is for`() async throws {
        let bench = try await TLSBench().syslog()
        #expect(
            try bench.onLoop { ($1 as? StreamInput)?.connectionsAtMost } == AgentLimits.tlsConnectionsPerListener
        )
        // Half a record, half a message, and what a burst leaves: two thirds of 512 MB.
        #expect(AgentLimits.tlsConnectionsPerListener * 80_000 <= 512_000_000 * 2 / 3)
        try bench.stop()
    }

    @Test func `what has arrived is decrypted and taken before the input stops`() async throws {
        let tls = try await TLSBench()
        let bench = try tls.syslog()
        let client = try TLSClient(to: bench.port, tls.client)
        #expect(try client.shakeHands() == nil)
        client.send("<30>a[1]: first\n")
        try bench.waitForLines(1)
        try bench.hold()
        for number in 0..<20 {
            client.send((0..<100).map { "<30>a[1]: \(number * 100 + $0)\n" }.joined())
        }
        client.send("<30>a[1]: unfinished")
        #expect(client.socket.hasArrived())
        try bench.stop()
        #expect(Self.messages(bench) == ["first"] + (0..<2_000).map { "\($0)" } + ["unfinished"])
    }

    @Test(arguments: [1, 2, 3, 7, 100]) func `handshake and records may come in pieces of any size`(_ piece: Int)
        async throws
    {
        let tls = try await TLSBench()
        let bench = try tls.syslog()
        let client = try TLSClient(to: bench.port, tls.client)
        #expect(try client.shakeHands(piece: piece) == nil)
        client.send(client.encrypted("14 <30>a[1]: one\n<30>a[1]: two\n"), piece: piece)
        client.send(client.encrypted("<30>a[1]: three\n"), piece: piece)
        try bench.waitForLines(3)
        #expect(Self.messages(bench) == ["one", "two", "three"])
        try bench.stop()
    }

    @Test func `a connection that is cut at any byte keeps what came whole, and an unfinished line`() async throws {
        let tls = try await TLSBench()
        let bench = try tls.syslog()
        let probe = try TLSClient(to: bench.port, tls.client)
        _ = try probe.shakeHands()
        let first = probe.encrypted("<30>a[1]: one\n<30>a[1]: tw").count
        let whole = first + probe.encrypted("o\n").count
        probe.close()
        var expected = 0
        for cut in 0...whole {
            let client = try TLSClient(to: bench.port, tls.client)
            #expect(try client.shakeHands() == nil)
            let bytes = client.encrypted("<30>a[1]: one\n<30>a[1]: tw") + client.encrypted("o\n")
            client.socket.send(Array(bytes.prefix(cut)))
            // Without TLS's own end, as by a network that breaks.
            client.socket.close()
            if cut >= first { expected += 2 }
        }
        try bench.waitForLines(expected)
        try bench.waitForStatistics { $0.open == 0 }
        let messages = Self.messages(bench)
        #expect(messages.count == expected)
        #expect(messages.count { $0 == "one" } == expected / 2)
        #expect(messages.count { $0 == "two" } == 1)
        #expect(messages.count { $0 == "tw" } == expected / 2 - 1)
        try bench.stop()
    }

    @Test func `only senders with a certificate of the authority are let in, others are counted and told of`()
        async throws
    {
        let tls = try await TLSBench()
        // Made before anybody comes: a fault that lasts is told of again after a minute.
        let stranger = tls.client(try await tls.certificates.issue("device", by: "stranger"))
        let old = tls.client(try await tls.certificates.issue("old", days: -1))
        let known = tls.client(try await tls.certificates.issue("right"))
        let bench = try tls.syslog(clientAuthority: tls.certificates.authority)
        let without = try TLSClient(to: bench.port, tls.client)
        _ = try without.shakeHands()
        without.send("<30>a[1]: without\n")
        try bench.waitForLog("1 TLS handshakes failed, the last: agree on TLS with 127.0.0.1: the far end shows no")

        let wrong = try TLSClient(to: bench.port, stranger)
        _ = try wrong.shakeHands()
        wrong.send("<30>a[1]: wrong\n")
        try bench.waitForLog("the certificate was issued by Test stranger, which is not trusted")

        let expired = try TLSClient(to: bench.port, old)
        _ = try expired.shakeHands()
        try bench.waitForStatistics { $0.handshakesFailed?[.wrongCertificate] == 2 }

        let right = try TLSClient(to: bench.port, known)
        #expect(try right.shakeHands() == nil)
        right.send("<30>a[1]: right\n")
        try bench.waitForLines(1)
        #expect(Self.messages(bench) == ["right"])
        let failed = try bench.statistics().handshakesFailed
        #expect(failed?[.noCertificate] == 1 && failed?[.wrongCertificate] == 2)
        // The second wrong certificate is told of at the end, for it is the same fault.
        #expect(bench.log.count == 2)
        try bench.stop()
        #expect(bench.log.last == "warning: input test: 1 TLS handshakes failed: wrong_certificate")
    }

    @Test func `what is no TLS, breaks off, or does not trust us is counted apart and disturbs nobody`() async throws {
        let tls = try await TLSBench()
        let bench = try tls.syslog()
        let good = try TLSClient(to: bench.port, tls.client)
        #expect(try good.shakeHands() == nil)

        for garbage in [
            "<14>plain text to a TLS port\n", "GET / HTTP/1.1\r\n\r\n", String(repeating: "\0", count: 500),
        ] {
            let socket = try TestSocket(stream: true, to: bench.port)
            socket.send(garbage)
            while socket.receive() != nil {}
        }
        try bench.waitForStatistics { $0.handshakesFailed?[.notTLS] == 3 }
        let half = try TLSClient(to: bench.port, tls.client)
        let hello = half.hello()
        for cut in [1, 5, 6, hello.count / 2, hello.count - 1] {
            let socket = try TestSocket(stream: true, to: bench.port)
            socket.send(Array(hello.prefix(cut)))
            socket.close()
        }
        try TestSocket(stream: true, to: bench.port).close()
        try bench.waitForStatistics { $0.handshakesFailed?[.closed] == 6 }
        var doubting = tls.client
        doubting.authorityFile = tls.certificates.stranger
        let refusing = try TLSClient(to: bench.port, doubting)
        #expect(try refusing.shakeHands()?.contains("which is not trusted") == true)
        try bench.waitForStatistics { $0.handshakesFailed?[.refused] == 1 }

        good.send("<30>a[1]: still here\n")
        try bench.waitForLines(1)
        #expect(bench.log.count == 3)
        #expect(bench.log.contains { $0.contains("does not speak TLS") })
        #expect(bench.log.contains { $0.contains("the far end does not know the authority of our certificate") })
        try bench.stop()
    }

    @Test(arguments: [UInt64(1), 2, 3]) func `a handshake of random bytes ends, and the next sender is served`(
        _ seed: UInt64
    ) async throws {
        let tls = try await TLSBench()
        let bench = try tls.syslog()
        var random = SeededRandom(seed: seed)
        let hello = try TLSClient(to: bench.port, tls.client).hello()
        for _ in 0..<50 {
            let socket = try TestSocket(stream: true, to: bench.port)
            var bytes = hello
            for _ in 0..<(1 + random.below(20)) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            socket.send(Array(bytes.prefix(1 + random.below(bytes.count))))
            socket.close()
        }
        try bench.waitForStatistics { statistics in
            let failed = TLSFault.allCases.reduce(0) { $0 + (statistics.handshakesFailed?[$1] ?? 0) }
            // The one that only said hello has gone, too.
            return failed == 51
        }
        let client = try TLSClient(to: bench.port, tls.client)
        #expect(try client.shakeHands() == nil)
        client.send("<30>a[1]: served\n")
        try bench.waitForLines(1)
        try bench.stop()
    }

    @Test func `a sender that is not allowed is refused before it costs a handshake`() async throws {
        let tls = try await TLSBench()
        let bench = try tls.syslog(allow: ["10.0.0.0/8"])
        let client = try TLSClient(to: bench.port, tls.client)
        client.socket.send(client.hello())
        #expect(client.socket.isClosedByPeer())
        let statistics = try bench.statistics()
        #expect(statistics.dropped[.refusedSender] == 1)
        #expect(statistics.handshakesFailed == InputStatistics.Counts())
        try bench.stop()
    }

    @Test func `a changed certificate goes to new connections, a wrong one is told of and not used`() async throws {
        let tls = try await TLSBench()
        let bench = try tls.syslog()
        let old = try TLSClient(to: bench.port, tls.client)
        #expect(try old.shakeHands() == nil)

        // Only the certificate: it does not belong to the key.
        let other = try await tls.certificates.issue("other")
        try copy(other.certificate, to: tls.server.certificate)
        try bench.waitForLog("error: input test: the certificate before this one goes on being used: the key in")
        let during = try TLSClient(to: bench.port, tls.client)
        #expect(try during.shakeHands() == nil)

        // Both, of another authority: who trusts the first one alone says so.
        let stranger = try await tls.certificates.issue("stranger-server", by: "stranger")
        try copy(stranger.certificate, to: tls.server.certificate)
        try copy(stranger.key, to: tls.server.key)
        try bench.waitForLog("info: input test: the certificate was read anew")
        let refusing = try TLSClient(to: bench.port, tls.client)
        #expect(try refusing.shakeHands()?.contains("issued by Test stranger") == true)
        var trusting = tls.client
        trusting.authorityFile = tls.certificates.stranger
        let new = try TLSClient(to: bench.port, trusting)
        #expect(try new.shakeHands() == nil)

        old.send("<30>a[1]: old\n")
        during.send("<30>a[1]: during\n")
        new.send("<30>a[1]: new\n")
        try bench.waitForLines(3)
        #expect(Set(Self.messages(bench)) == ["old", "during", "new"])
        try bench.stop()
    }

    @Test func `connections wait while delivery takes nothing, what is decrypted already included`() async throws {
        let tls = try await TLSBench()
        let bench = try tls.syslog()
        let client = try TLSClient(to: bench.port, tls.client)
        #expect(try client.shakeHands() == nil)
        try bench.hold()
        for number in 0..<2_000 { client.send("<30>a[1]: number \(number)\n") }
        #expect(try bench.statistics().received == 0)
        try bench.release()
        try bench.waitForLines(2_000)
        #expect(Self.messages(bench) == (0..<2_000).map { "number \($0)" })
        try bench.stop()
    }

    private func copy(_ from: String, to: String) throws {
        let bytes = try SmallFile.read(from, maximumBytes: 1 << 20)
        let file = try #require(fopen(to, "w"))
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }
}
