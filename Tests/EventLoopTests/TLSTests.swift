import Foundation
import Glibc
import Testing

import class TestSupport.Certificates

@testable import EventLoop

extension EventLoopSuite {
    /// TLS over real sockets, with certificates made by `openssl`.
    struct TLSTests {
        private static let anywhere = SocketAddress.ip("127.0.0.1", port: 0)

        private static func identity(_ files: (certificate: String, key: String)) -> TLSContext.Identity {
            TLSContext.Identity(certificateFile: files.certificate, keyFile: files.key)
        }

        /// Bytes that repeat after a prime number of them.
        private static func pattern(_ count: Int, seed: UInt8) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: $0 % 65_521 &* 31 &+ $0 >> 8) ^ seed }
        }

        /// What a client and a server found out about each other.
        struct Outcome: Sendable {
            var client: String?
            var server: String?
            var echo = ""
        }

        /// Connects, and sends a text that comes back; either end's error is an answer as well.
        private static func meet(
            _ client: TLSContext.Client,
            _ server: TLSContext.Server,
            name: String = "localhost",
            text: String = "ping"
        ) async throws -> Outcome {
            let clientContext = try TLSContext(client: client)
            let serverContext = try TLSContext(server: server)
            return try await onLoop { (loop, finish: @escaping (Outcome) -> Void) in
                var outcome = Outcome()
                var ends = 0
                func end() {
                    ends += 1
                    if ends == 2 { finish(outcome) }
                }
                let listener = try StreamListener(loop, bind: anywhere, tls: serverContext) { connection in
                    connection.start(
                        Reader(
                            onBytes: { connection.write(Array($0)) },
                            onEnd: { error in
                                outcome.server = error?.description
                                end()
                            }
                        )
                    )
                }
                listener.onHandshakeFailure = { _, error in
                    outcome.server = error.description
                    end()
                }
                let target = TLSTarget(clientContext, serverName: name)
                StreamConnection.connect(loop, to: listener.localAddress, tls: target, timeoutMs: 5_000) { result in
                    switch result {
                    case .failure(let error):
                        outcome.client = error.description
                        end()
                    case .success(let connection):
                        connection.start(
                            Reader(
                                onBytes: { bytes in
                                    outcome.echo += String(decoding: bytes, as: UTF8.self)
                                    if outcome.echo == text {
                                        connection.close()
                                        end()
                                    }
                                },
                                onEnd: { error in
                                    outcome.client = error?.description ?? "closed"
                                    end()
                                }
                            )
                        )
                        connection.write(Array(text.utf8))
                    }
                }
            }
        }

        @Test(arguments: ["localhost", "127.0.0.1"])
        func `an echo comes back under TLS, by name and by address`(_ name: String) async throws {
            let certificates = try await Certificates()
            let server = Self.identity(try await certificates.issue("server"))
            let outcome = try await Self.meet(
                .init(authorityFile: certificates.authority),
                .init(identity: server),
                name: name
            )
            #expect(outcome.echo == "ping")
            // Closed on purpose, which TLS says: no error.
            #expect(outcome.server == nil)
            #expect(outcome.client == nil)
        }

        @Test func `a client certificate of the right authority is let in, others are told what is wrong`() async throws
        {
            let certificates = try await Certificates()
            let server = TLSContext.Server(
                identity: Self.identity(try await certificates.issue("server")),
                clientAuthorityFile: certificates.authority
            )
            var client = TLSContext.Client(authorityFile: certificates.authority)
            let without = try await Self.meet(client, server)
            #expect(without.server?.contains("no client certificate") == true)
            #expect(without.client?.contains("wants a client certificate") == true)
            #expect(without.echo.isEmpty)
            client.identity = Self.identity(try await certificates.issue("device", by: "stranger"))
            let wrong = try await Self.meet(client, server)
            #expect(wrong.server?.contains("issued by Test stranger") == true)
            #expect(wrong.client?.contains("does not know the authority") == true)
            client.identity = Self.identity(try await certificates.issue("device"))
            #expect(try await Self.meet(client, server).echo == "ping")
        }

        @Test func `a certificate that must not be trusted is an error that says why and what to do`() async throws {
            let certificates = try await Certificates()
            let trusting = TLSContext.Client(authorityFile: certificates.authority, authoritySetting: "REDIS_CA_FILE")
            let stranger = TLSContext.Client(authorityFile: certificates.stranger, authoritySetting: "REDIS_CA_FILE")
            let good = try await certificates.issue("server")
            let other = try await certificates.issue("other", for: "DNS:other.example,IP:192.0.2.1")
            let expired = try await certificates.issue("expired", days: -1)
            let own = try await certificates.selfSigned("own")
            for (client, files, words) in [
                (stranger, good, ["issued by Test ca", "set REDIS_CA_FILE"]),
                (trusting, other, ["is for other.example, 192.0.2.1, not for localhost"]),
                (trusting, expired, ["has expired on 20"]),
                (trusting, own, ["is self-signed", "set REDIS_CA_FILE"]),
            ] {
                let outcome = try await Self.meet(client, .init(identity: Self.identity(files)))
                for word in words { #expect(outcome.client?.contains(word) == true, "\(outcome)") }
                #expect(outcome.client?.contains("agree on TLS with 127.0.0.1") == true)
                #expect(outcome.server?.contains("certificate") == true, "\(outcome)")
            }
            // A self-signed one is trusted when it is named itself.
            let outcome = try await Self.meet(
                .init(authorityFile: own.certificate),
                .init(identity: Self.identity(own))
            )
            #expect(outcome.echo == "ping")
        }

        @Test func `the server's own certificate can be trusted by itself, whoever issued it`() async throws {
            let certificates = try await Certificates()
            let (good, other) = (try await certificates.issue("good"), try await certificates.issue("other"))
            let trusting = TLSContext.Client(authorityFile: good.certificate)
            #expect(try await Self.meet(trusting, .init(identity: Self.identity(good))).echo == "ping")
            let outcome = try await Self.meet(trusting, .init(identity: Self.identity(other)))
            #expect(outcome.client?.contains("which is not trusted") == true, "\(outcome)")
        }

        @Test func `the memory that a burst has taken is given back`() async throws {
            let certificates = try await Certificates()
            let identity = Self.identity(try await certificates.issue("server"))
            let client = try TLSSession(
                TLSContext(client: .init(authorityFile: certificates.authority)),
                serverName: "localhost"
            )
            let server = try TLSSession(TLSContext(server: .init(identity: identity)), serverName: nil)
            for _ in 0..<3 {
                _ = client.shakeHands()
                client.takeOutput { server.feed($0) }
                _ = server.shakeHands()
                server.takeOutput { client.feed($0) }
            }
            #expect(client.isEstablished && server.isEstablished)
            let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 64)
            defer { room.deallocate() }
            for _ in 0..<2 {
                let sent = Self.pattern(300_000, seed: 3)
                sent.withUnsafeBytes { _ = server.write($0) }
                server.takeOutput { client.feed($0) }
                #expect(client.incomingBytes >= sent.count)
                var got: [UInt8] = []
                while case .bytes(let count) = client.read(into: room) { got += room[..<count] }
                #expect(got == sent)
                #expect(client.incomingBytes <= TLSSession.keptBytes)
            }
        }

        @Test func `files that cannot be used are named, with the reason`() async throws {
            let certificates = try await Certificates()
            let (one, two) = (try await certificates.issue("one"), try await certificates.issue("two"))
            let noise = try certificates.file("noise", "no certificate\n")
            for (make, words) in [
                (
                    { _ = try TLSContext(client: .init(authorityFile: "/nowhere/ca.pem")) },
                    ["/nowhere/ca.pem", "no such"]
                ),
                ({ _ = try TLSContext(client: .init(authorityFile: noise)) }, [noise, "PEM"]),
                (
                    {
                        let identity = TLSContext.Identity(certificateFile: one.certificate, keyFile: two.key)
                        _ = try TLSContext(server: .init(identity: identity))
                    }, [two.key, "does not belong to", one.certificate]
                ),
                (
                    {
                        let identity = TLSContext.Identity(certificateFile: one.certificate, keyFile: noise)
                        _ = try TLSContext(server: .init(identity: identity))
                    }, [noise, "private key"]
                ),
            ] as [(() throws -> Void, [String])] {
                let problem = try #require(throws: TLSProblem.self) { try make() }
                for word in words { #expect(problem.description.contains(word), "\(problem)") }
            }
        }

        @Test func `10 MB each way arrive whole and in order, under pause and resume`() async throws {
            let certificates = try await Certificates()
            let identity = Self.identity(try await certificates.issue("server"))
            let serverContext = try TLSContext(server: .init(identity: identity))
            let clientContext = try TLSContext(client: .init(authorityFile: certificates.authority))
            let size = 10_000_000
            let sent = [Self.pattern(size, seed: 1), Self.pattern(size, seed: 2)]
            let (got, unsentAtFirst) = try await onLoop(seconds: 60) {
                (loop, finish: @escaping (([Int], Int)) -> Void) in
                var got = [0, 0]
                var isWrong = false
                var unsentAtFirst = 0
                var whilePaused = false
                func use(_ connection: StreamConnection, _ index: Int) {
                    var calls = 0
                    var isPaused = false
                    connection.start(
                        Reader(
                            onBytes: { bytes in
                                whilePaused = whilePaused || isPaused
                                let end = got[index] + bytes.count
                                isWrong = isWrong || end > size || !sent[index][got[index]..<end].elementsEqual(bytes)
                                got[index] = end
                                calls += 1
                                if calls % 50 == 0 {
                                    connection.pause()
                                    isPaused = true
                                    let timer = try? EventLoop.Timer(loop) {
                                        isPaused = false
                                        connection.resume()
                                    }
                                    timer?.start(afterMs: 1)
                                }
                                if isWrong || whilePaused || got.allSatisfy({ $0 >= size }) {
                                    finish((isWrong || whilePaused ? [] : got, unsentAtFirst))
                                }
                            },
                            onEnd: { _ in finish(([], 0)) }
                        )
                    )
                    let bytes = sent[1 - index]
                    connection.write(Array(bytes[..<(size - 10_000)]))
                    unsentAtFirst = max(unsentAtFirst, connection.unsentBytes)
                    for start in stride(from: size - 10_000, to: size, by: 100) {
                        connection.write(Array(bytes[start..<start + 100]))
                    }
                }
                let listener = try StreamListener(loop, bind: Self.anywhere, tls: serverContext) { use($0, 1) }
                let target = TLSTarget(clientContext, serverName: "localhost")
                StreamConnection.connect(loop, to: listener.localAddress, tls: target, timeoutMs: 5_000) { result in
                    if case .success(let connection) = result { use(connection, 0) } else { finish(([], 0)) }
                }
            }
            #expect(got == [size, size])
            #expect(unsentAtFirst > 0)
        }

        @Test func `an answer is sent whole before closing, and then the close is no error`() async throws {
            let certificates = try await Certificates()
            let identity = Self.identity(try await certificates.issue("server"))
            let serverContext = try TLSContext(server: .init(identity: identity))
            let clientContext = try TLSContext(client: .init(authorityFile: certificates.authority))
            let size = 4_000_000
            let (count, error) = try await onLoop { (loop, finish: @escaping ((Int, String?)) -> Void) in
                let listener = try StreamListener(loop, bind: Self.anywhere, tls: serverContext) { connection in
                    connection.start(
                        Reader(onBytes: { _ in
                            connection.write([UInt8](repeating: 7, count: size))
                            connection.closeWhenSent()
                        })
                    )
                }
                let target = TLSTarget(clientContext, serverName: "localhost")
                StreamConnection.connect(loop, to: listener.localAddress, tls: target, timeoutMs: 5_000) { result in
                    guard case .success(let connection) = result else { return finish((0, "no connection")) }
                    var count = 0
                    connection.start(
                        Reader(onBytes: { count += $0.count }, onEnd: { finish((count, $0?.description)) })
                    )
                    connection.write([1])
                }
            }
            #expect(count == size)
            #expect(error == nil)
        }

        @Test func `plain text to a TLS port, and TLS to a plain port, are named as that`() async throws {
            let certificates = try await Certificates()
            let identity = Self.identity(try await certificates.issue("server"))
            let serverContext = try TLSContext(server: .init(identity: identity))
            let clientContext = try TLSContext(client: .init(authorityFile: certificates.authority))
            let server = try await onLoop { (loop, finish: @escaping (String) -> Void) in
                let listener = try StreamListener(loop, bind: Self.anywhere, tls: serverContext) { _ in finish("taken")
                }
                listener.onHandshakeFailure = { finish("\($0.address) \($1)") }
                StreamConnection.connect(loop, to: listener.localAddress, timeoutMs: 5_000) { result in
                    if case .success(let connection) = result { connection.write(Array("<14>hello\n".utf8)) }
                }
            }
            #expect(server.contains("127.0.0.1") && server.contains("does not speak TLS"), "\(server)")
            for answer in ["-ERR unknown command\r\n", ""] {
                let client = try await onLoop { (loop, finish: @escaping (String) -> Void) in
                    let listener = try StreamListener(loop, bind: Self.anywhere) { connection in
                        connection.write(Array(answer.utf8))
                        connection.closeWhenSent()
                    }
                    let target = TLSTarget(clientContext, serverName: "localhost")
                    StreamConnection.connect(loop, to: listener.localAddress, tls: target, timeoutMs: 5_000) { result in
                        if case .failure(let error) = result { finish("\(error)") } else { finish("connected") }
                    }
                }
                #expect(client.contains("speak TLS"), "\(client)")
            }
        }

        @Test func `a handshake that does not go on ends in time, at both ends`() async throws {
            let certificates = try await Certificates()
            let identity = Self.identity(try await certificates.issue("server"))
            let serverContext = try TLSContext(server: .init(identity: identity))
            let clientContext = try TLSContext(client: .init(authorityFile: certificates.authority))
            let server = try await onLoop { (loop, finish: @escaping (String) -> Void) in
                let listener = try StreamListener(
                    loop,
                    bind: Self.anywhere,
                    tls: serverContext,
                    handshakeTimeoutMs: 50
                ) { _ in finish("taken") }
                listener.onHandshakeFailure = { _, error in finish("\(listener.failedHandshakes) \(error)") }
                StreamConnection.connect(loop, to: listener.localAddress, timeoutMs: 5_000) { _ in }
            }
            #expect(server.contains("1 agree on TLS") && server.contains("timed out"), "\(server)")
            let client = try await onLoop { (loop, finish: @escaping (String) -> Void) in
                var silent: StreamConnection?
                let listener = try StreamListener(loop, bind: Self.anywhere) { silent = $0 }
                let target = TLSTarget(clientContext, serverName: "localhost")
                StreamConnection.connect(loop, to: listener.localAddress, tls: target, timeoutMs: 1_000) { result in
                    silent?.close()
                    if case .failure(let error) = result { finish("\(error)") } else { finish("connected") }
                }
            }
            #expect(client.contains("agree on TLS with") && client.contains("timed out"), "\(client)")
        }

        @Test func `who holds all places for handshakes and says nothing makes room after a while, and others get in`()
            async throws
        {
            let certificates = try await Certificates()
            let identity = Self.identity(try await certificates.issue("server"))
            let serverContext = try TLSContext(server: .init(identity: identity))
            let clientContext = try TLSContext(client: .init(authorityFile: certificates.authority))
            let (faults, taken) = try await onLoop { (loop, finish: @escaping (([TLSFault], Int)) -> Void) in
                var faults: [TLSFault] = []
                var taken = 0
                let idle = 9
                let listener = try StreamListener(loop, bind: Self.anywhere, tls: serverContext) { connection in
                    taken += 1
                    connection.start(Reader())
                    if taken == 2 { finish((faults, taken)) }
                }
                listener.handshakesAtOnce = 3
                listener.handshakeGraceMs = 200
                listener.onHandshakeFailure = { faults.append(TLSFault($1)) }
                var connections: [StreamConnection] = []
                for _ in 0..<idle {
                    StreamConnection.connect(loop, to: listener.localAddress, timeoutMs: 5_000) { result in
                        guard case .success(let connection) = result else { return }
                        connections.append(connection)
                        guard connections.count == idle else { return }
                        let target = TLSTarget(clientContext, serverName: "localhost")
                        for _ in 0..<2 {
                            StreamConnection.connect(
                                loop,
                                to: listener.localAddress,
                                tls: target,
                                timeoutMs: 10_000
                            ) { _ in }
                        }
                    }
                }
            }
            #expect(taken == 2)
            // Of nine that say nothing three at a time were let in: at least seven had to go for two to come.
            #expect(faults.count >= 7 && faults.allSatisfy { $0 == .crowdedOut }, "\(faults)")
        }

        @Test func `files that change are made use of, and told of when they stay wrong, once`() async throws {
            let certificates = try await Certificates()
            let files = try await certificates.issue("server")
            let identity = Self.identity(files)
            let right = try String(contentsOfFile: files.certificate, encoding: .utf8)
            let seen = try await onLoop { (loop, finish: @escaping ([String]) -> Void) in
                var seen: [String] = []
                var watch: TLSFileWatch<TLSContext>?
                var first: TLSContext?
                watch = try TLSFileWatch(
                    loop,
                    files: [files.certificate, files.key],
                    intervalMs: 5,
                    make: { () throws(TLSProblem) in try TLSContext(server: .init(identity: identity)) },
                    changed: { result in
                        switch result {
                        case .success(let context):
                            seen.append(context === watch?.made && context !== first ? "new" : "old")
                            watch?.close()
                            finish(seen)
                        case .failure(let problem):
                            seen.append(problem.description.contains("PEM") && watch?.made === first ? "wrong" : "?")
                            // Looked at a few more times, and not told again.
                            let timer = try? EventLoop.Timer(loop) {
                                try? right.write(toFile: files.certificate, atomically: true, encoding: .utf8)
                            }
                            timer?.start(afterMs: 50)
                        }
                    }
                )
                first = watch?.made
                try "no certificate".write(toFile: files.certificate, atomically: true, encoding: .utf8)
            }
            #expect(seen == ["wrong", "new"])
        }

        /// Counts the bytes of a whole conversation through a relay, then cuts it after each of a spread of them.
        @Test func `a connection that is cut at any place ends with an error, never as if it were whole`() async throws
        {
            let certificates = try await Certificates()
            let identity = Self.identity(try await certificates.issue("server"))
            let serverContext = try TLSContext(server: .init(identity: identity))
            let clientContext = try TLSContext(client: .init(authorityFile: certificates.authority))
            /// What came of it when the relay cuts after so many bytes, and how many it relayed.
            func run(cutAfter limit: Int) async throws -> (words: String, relayed: Int) {
                try await onLoop { (loop, finish: @escaping ((words: String, relayed: Int)) -> Void) in
                    var relayed = 0
                    let listener = try StreamListener(loop, bind: Self.anywhere, tls: serverContext) { connection in
                        connection.start(
                            Reader(onBytes: { _ in
                                connection.write(Array("answer".utf8))
                                connection.closeWhenSent()
                            })
                        )
                    }
                    let relay = try StreamListener(loop, bind: Self.anywhere) { near in
                        StreamConnection.connect(loop, to: listener.localAddress, timeoutMs: 5_000) { result in
                            guard case .success(let far) = result else { return }
                            func pass(_ bytes: UnsafeRawBufferPointer, to end: StreamConnection) {
                                let count = min(bytes.count, limit - relayed)
                                relayed += count
                                end.write(Array(bytes.prefix(count)))
                                guard relayed == limit else { return }
                                near.closeWhenSent()
                                far.closeWhenSent()
                            }
                            near.start(Reader(onBytes: { pass($0, to: far) }, onEnd: { _ in far.closeWhenSent() }))
                            far.start(Reader(onBytes: { pass($0, to: near) }, onEnd: { _ in near.closeWhenSent() }))
                        }
                    }
                    let target = TLSTarget(clientContext, serverName: "localhost")
                    StreamConnection.connect(loop, to: relay.localAddress, tls: target, timeoutMs: 5_000) { result in
                        guard case .success(let connection) = result else { return finish(("failed", relayed)) }
                        var text = ""
                        connection.start(
                            Reader(
                                onBytes: { text += String(decoding: $0, as: UTF8.self) },
                                onEnd: { error in
                                    finish((error == nil ? "whole: \(text)" : "broken", relayed))
                                }
                            )
                        )
                        connection.write(Array("question".utf8))
                    }
                }
            }
            let whole = try await run(cutAfter: .max)
            #expect(whole.words == "whole: answer")
            #expect(whole.relayed > 500)
            // The last bytes are the client's own close, sent after it has seen the end.
            for cut in stride(from: 1, to: whole.relayed - 60, by: 37) {
                let words = try await run(cutAfter: cut).words
                #expect(words == "failed" || words == "broken", "cut after \(cut) bytes of \(whole.relayed): \(words)")
            }
        }
    }
}
