import Glibc
import Synchronization
import Testing

@testable import EventLoop
@testable import KomfyrAgent

/// Hubs, and what stands in their place, that behave badly over real sockets: never a log counted as delivered that was
/// not, never one lost or doubled.
@Suite struct DeliveryAnswersTests {
    @Test(arguments: [
        ("220 mail.example ESMTP\r\n", "does not speak HTTP"),
        ("\u{1}\u{2}\u{3}garbage\r\n\r\n", "does not speak HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"status\":\"success\",", "ended before its whole answer"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"sta", "ended before its whole answer"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ""),
        ("HTTP/1.1 200", "ended before its whole answer"), ("", "ended before its whole answer"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Type: text/html\r\n\r\n<html></html>",
            "something else than a Komfyrvakt hub"
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 47\r\n\r\n{\"status\":\"success\",\"ingested\":7,\"rejected\":0}\n",
            "the hub counted 7 logs"
        ),
        (
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 48\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
            "write https://"
        ),
        ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "failed (502)"),
        ("HTTP/1.1 407 Wants\r\nContent-Length: 0\r\n\r\n", "wants a user and a password (407)"),
    ])
    func `an answer that is none is told in words, and the batch goes again`(_ answer: String, _ words: String) throws {
        let bench = try DeliveryBench()
        defer { bench.stop() }
        bench.hub.state.withLock { $0.script = [.writes(answer), .writes(answer)] }
        let delivery = try bench.start()
        bench.submit(1, to: delivery)
        if !words.isEmpty { try bench.waitForWords(words) }
        try bench.wait("delivered after all") { $0.hub.lines.count == 1 }
        delivery.drain()
        #expect(delivery.snapshot().batchesDelivered == 1)
        #expect(delivery.snapshot().retries == 2)
        #expect(bench.problems == [])
        #expect(!bench.tells("kmf_test"))
    }

    @Test func `an answer that comes byte by byte is waited for, and counts once`() throws {
        let bench = try DeliveryBench()
        defer { bench.stop() }
        bench.hub.state.withLock { $0.mood = .trickles }
        let delivery = try bench.start()
        for number in 1...3 { bench.submit(number, to: delivery) }
        try bench.wait("taken") { $0.hub.lines.count == 3 }
        try DeliveryBench.wait("all answered") { delivery.snapshot().recordsDelivered == 3 }
        delivery.drain()
        #expect(delivery.snapshot().retries == 0)
        #expect(bench.hub.state.withLock { $0.posts.count } == 3)
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `a redirect is not followed: neither logs nor key go where it points`(_ status: Int) throws {
        let bench = try DeliveryBench()
        defer { bench.stop() }
        let elsewhere = try HTTPHub()
        defer { elsewhere.stop() }
        bench.hub.state.withLock {
            $0.script = [
                .says(status, headers: ["Location: http://127.0.0.1:\(elsewhere.port)/?token=hidden"], body: "")
            ]
        }
        let delivery = try bench.start()
        bench.submit(1, to: delivery)
        try bench.waitForWords("redirects (\(status)) to http://127.0.0.1:\(elsewhere.port)/: put the final address")
        try bench.wait("delivered") { $0.hub.lines.count == 1 }
        delivery.drain()
        #expect(elsewhere.state.withLock { $0.posts.isEmpty && $0.questions.isEmpty })
        #expect(!bench.tells("hidden"))
    }

    @Test func `a hub that takes a batch and closes in the middle of its answer has it once`() throws {
        let bench = try DeliveryBench()
        defer { bench.stop() }
        bench.hub.state.withLock { $0.script = Array(repeating: .cutAfterTaking, count: 5) }
        let delivery = try bench.start()
        for number in 1...4 { bench.submit(number, to: delivery) }
        try DeliveryBench.wait("all answered") { delivery.snapshot().recordsDelivered == 4 }
        delivery.drain()
        #expect(bench.hub.state.withLock { $0.hub.lines.count } == 4)
        #expect(bench.problems == [])
        #expect(delivery.snapshot().batchesDuplicate > 0)
    }
}
