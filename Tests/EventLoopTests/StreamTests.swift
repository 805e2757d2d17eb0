@testable import EventLoop
import Glibc
import Testing

extension EventLoopSuite {
    /// TCP over both families, and unix sockets.
    struct StreamTests {
        /// Where to listen; the folder of a unix socket lives as long as its test.
        struct Place: Sendable, CustomTestStringConvertible {
            let address: SocketAddress
            let folder: TemporaryFolder?
            var testDescription: String { folder == nil ? "\(address)" : "unix" }

            static var all: [Place] {
                let network = SocketAddress.anyPort.map { Place(address: $0, folder: nil) }
                guard let folder = try? TemporaryFolder() else { return network }
                return network + [Place(address: .unix("\(folder.path)/s"), folder: folder)]
            }
        }

        /// Bytes that repeat after a prime number of them, so that no lost or doubled buffer goes unseen.
        private static func pattern(_ count: Int, seed: UInt8) -> [UInt8] {
            let period = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) ^ seed }
            var bytes: [UInt8] = []
            while bytes.count < count { bytes += period }
            return bytes
        }

        /// Whether `bytes` are what `whole` has at an offset.
        private static func continues(_ whole: [UInt8], at offset: Int, with bytes: UnsafeRawBufferPointer) -> Bool {
            guard offset + bytes.count <= whole.count, let start = bytes.baseAddress else { return false }
            return whole.withUnsafeBytes { memcmp($0.baseAddress! + offset, start, bytes.count) == 0 }
        }

        @Test(arguments: Place.all)
        func `big transfers both ways arrive whole and in order, under pause and resume`(_ place: Place) async throws {
            let size = 8_000_000
            let sent = [Self.pattern(size, seed: 1), Self.pattern(size, seed: 2)]
            let (got, unsentAtFirst) = try await onLoop(seconds: 60) {
                (loop, finish: @escaping (([Int], Int)) -> Void) in
                var got = [0, 0]
                var isWrong = false
                var unsentAtFirst = 0
                func use(_ connection: StreamConnection, _ index: Int) {
                    var calls = 0
                    connection.start(
                        Reader { bytes in
                            isWrong = isWrong || !Self.continues(sent[index], at: got[index], with: bytes)
                            got[index] += bytes.count
                            calls += 1
                            if calls % 5 == 0 {
                                connection.pause()
                                let timer = try? EventLoop.Timer(loop) { connection.resume() }
                                timer?.start(afterMs: 1)
                            }
                            if isWrong || got.allSatisfy({ $0 >= size }) { finish((isWrong ? [] : got, unsentAtFirst)) }
                        }
                    )
                    // One large write, then many small ones that have to queue behind it.
                    let bytes = sent[1 - index]
                    connection.write(Array(bytes[..<(size - 10_000)]))
                    unsentAtFirst = max(unsentAtFirst, connection.unsentBytes)
                    for start in stride(from: size - 10_000, to: size, by: 100) {
                        connection.write(Array(bytes[start..<start + 100]))
                    }
                }
                let listener = try StreamListener(loop, bind: place.address) { use($0, 1) }
                StreamConnection.connect(loop, to: listener.localAddress, timeoutMs: 10_000) { result in
                    if case .success(let connection) = result { use(connection, 0) }
                }
            }
            #expect(got == [size, size])
            #expect(unsentAtFirst > 0)
        }

        @Test(arguments: Place.all)
        func `an echo in pieces comes back, and both ends know their peer`(_ place: Place) async throws {
            let (text, peers) = try await onLoop { (loop, finish: @escaping ((String, [Peer])) -> Void) in
                var peers: [Peer] = []
                let listener = try StreamListener(loop, bind: place.address) { connection in
                    peers.append(connection.peer)
                    connection.start(Reader { connection.write(Array($0)) })
                }
                StreamConnection.connect(loop, to: listener.localAddress, timeoutMs: 10_000) { result in
                    guard case .success(let connection) = result else { return }
                    peers.append(connection.peer)
                    var text: [UInt8] = []
                    connection.start(
                        Reader {
                            text += $0
                            if text.count == 6 { finish((String(decoding: text, as: UTF8.self), peers)) }
                        }
                    )
                    for piece in ["ab", "", "cd", "ef"] { connection.write(Array(piece.utf8)) }
                }
            }
            #expect(text == "abcdef")
            for peer in peers {
                switch place.address {
                case .ip(let address, _):
                    #expect(peer.address == address)
                    #expect(peer.port != 0)
                case .unix:
                    #expect(peer.address == "unix")
                }
            }
        }

        @Test func `a far end that has shut down its half is an end, and still gets the answer`() async throws {
            let size = 4_000_000
            let received = Tally()
            let hasWritten = Tally()
            let ended = try await onLoop { (loop, finish: @escaping (Bool) -> Void) in
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { connection in
                    var request: [UInt8] = []
                    connection.start(
                        Reader {
                            request += $0
                        } onEnd: { error in
                            // More than the kernel takes at once: the rest must still go out.
                            connection.write([UInt8](repeating: 7, count: size))
                            let isWhole = error == nil && request == Array("hello".utf8) && connection.unsentBytes > 0
                            hasWritten.add()
                            let timer = try? EventLoop.Timer(loop) {
                                if received.count == size { finish(isWhole) }
                            }
                            timer?.start(afterMs: 1, repeatMs: 5)
                        }
                    )
                }
                let port = listener.localAddress.port
                onThread {
                    let client = PlainSocket(port: port)
                    client.send("hello")
                    shutdown(client.descriptor, Int32(SHUT_WR))
                    // Whoever reads meanwhile makes room in the kernel.
                    while hasWritten.count == 0 { usleep(1_000) }
                    client.readToEnd { received.add($0) }
                }
            }
            #expect(ended)
        }

        @Test func `a reset is told as an error, once`() async throws {
            let codes = try await onLoop { (loop, finish: @escaping ([Int32?]) -> Void) in
                var codes: [Int32?] = []
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { connection in
                    connection.start(
                        Reader(onEnd: { error in
                            codes.append(error?.code)
                            connection.close()
                            let timer = try? EventLoop.Timer(loop) { finish(codes) }
                            timer?.start(afterMs: 20)
                        })
                    )
                }
                let port = listener.localAddress.port
                onThread {
                    let client = PlainSocket(port: port)
                    client.send("x")
                    client.resetOnClose()
                }
            }
            #expect(codes == [-ECONNRESET])
        }

        @Test func `writing to a connection that broke neither kills nor blocks`() async throws {
            let code = try await onLoop { (loop, finish: @escaping (Int32?) -> Void) in
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { connection in
                    connection.start(Reader(onEnd: { finish($0?.code) }))
                    connection.pause()
                    // Reading is paused, so only writing can notice.
                    let timer = try? EventLoop.Timer(loop) { connection.write([1, 2, 3]) }
                    timer?.start(afterMs: 20, repeatMs: 5)
                }
                let port = listener.localAddress.port
                onThread {
                    let client = PlainSocket(port: port)
                    client.resetOnClose()
                }
            }
            #expect(code == -ECONNRESET || code == -EPIPE)
        }

        @Test func `a refused connection is an error with its address, and never comes from within connect`()
            async throws
        {
            let (error, fromWithin) = try await onLoop { (loop, finish: @escaping ((LoopError?, Bool)) -> Void) in
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { $0.close() }
                let address = listener.localAddress
                listener.close()
                var isWithin = true
                StreamConnection.connect(loop, to: address, timeoutMs: 10_000) { result in
                    if case .failure(let error) = result { finish((error, isWithin)) }
                }
                isWithin = false
            }
            #expect(error?.code == -ECONNREFUSED)
            #expect(error?.description.hasPrefix("connect to 127.0.0.1:") == true)
            #expect(!fromWithin)
        }

        @Test(arguments: [
            (SocketAddress.ip("not an address", port: 1), -EINVAL),
            (.ip("127.0.0.1<NUL>", port: 1), -EINVAL),
            (.unix("/tmp/\(String(repeating: "x", count: 120))"), -ENAMETOOLONG),
            (.unix(""), -EINVAL),
            (.unix("/tmp/no-such-socket-here"), -ENOENT),
        ])
        func `what cannot be connected to is an error`(_ address: SocketAddress, _ code: Int32) async throws {
            let error = try await onLoop { (loop, finish: @escaping (LoopError?) -> Void) in
                var isWithin = true
                let address =
                    if case .ip(let text, let port) = address {
                        SocketAddress.ip(text.withZeroBytes, port: port)
                    } else {
                        address
                    }
                StreamConnection.connect(loop, to: address, timeoutMs: 10_000) { result in
                    if case .failure(let error) = result, !isWithin { finish(error) }
                }
                isWithin = false
            }
            #expect(error?.code == code)
        }

        @Test func `connecting gives up after its time`() async throws {
            let code = try await onLoop { (loop, finish: @escaping (Int32?) -> Void) in
                // A listener that nobody accepts from: once its backlog is full, the kernel answers no more.
                let full = try BoundSocket(.ip("127.0.0.1", port: 0), kind: .stream, attempt: "bind")
                listen(full.descriptor, 0)
                let address = full.address
                var timedOut = false
                for _ in 0..<4 {
                    StreamConnection.connect(loop, to: address, timeoutMs: 200) { result in
                        guard case .failure(let error) = result, !timedOut else { return }
                        timedOut = true
                        finish(error.code)
                    }
                }
            }
            #expect(code == -ETIMEDOUT)
        }

        @Test func `a connection may be closed from within what it received`() async throws {
            let calls = try await onLoop { (loop, finish: @escaping (Int) -> Void) in
                var calls = 0
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { connection in
                    connection.start(
                        Reader { _ in
                            calls += 1
                            connection.write([1])
                            connection.close()
                            connection.write([1])
                            connection.resume()
                            connection.close()
                        } onEnd: { _ in
                            calls += 100
                        }
                    )
                }
                StreamConnection.connect(loop, to: listener.localAddress, timeoutMs: 10_000) { result in
                    guard case .success(let connection) = result else { return }
                    connection.start(Reader(onEnd: { _ in finish(calls) }))
                    connection.write([UInt8](repeating: 0, count: 500_000))
                }
            }
            #expect(calls == 1)
        }

        @Test func `both ends send small writes at once and notice a far end that has vanished`() async throws {
            let options = try await onLoop { (loop, finish: @escaping ([[Int32]]) -> Void) in
                var options: [[Int32]] = []
                func look(_ connection: StreamConnection) {
                    let socket = connection.descriptor
                    options.append([
                        option(socket, Int32(IPPROTO_TCP), TCP_NODELAY), option(socket, SOL_SOCKET, SO_KEEPALIVE),
                        option(socket, Int32(IPPROTO_TCP), TCP_KEEPIDLE),
                    ])
                    if options.count == 2 { finish(options) }
                }
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { look($0) }
                StreamConnection.connect(loop, to: listener.localAddress, timeoutMs: 10_000) { result in
                    if case .success(let connection) = result { look(connection) }
                }
            }
            #expect(options == [[1, 1, 60], [1, 1, 60]])
        }

        @Test func `what closes while its far end closes first still sends the rest, and leaves nothing`() async throws
        {
            let before = try await descriptorsAtRest()
            let size = 6_000_000
            let received = Tally()
            try await onLoop { (loop, finish: @escaping (Bool) -> Void) in
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { connection in
                    connection.start(Reader())
                    connection.write([UInt8](repeating: 3, count: size))
                    connection.closeWhenSent()
                    let timer = try? EventLoop.Timer(loop) { if received.count == size { finish(true) } }
                    timer?.start(afterMs: 1, repeatMs: 5)
                }
                let port = listener.localAddress.port
                onThread {
                    let client = PlainSocket(port: port)
                    shutdown(client.descriptor, Int32(SHUT_WR))
                    usleep(20_000)
                    client.readToEnd { received.add($0) }
                }
            }
            .required()
            #expect(try await eventually { openDescriptors() <= before })
        }

        @Test func `close when sent delivers all of a large answer`() async throws {
            let size = 5_000_000
            let (count, isOrderly) = try await onLoop { (loop, finish: @escaping ((Int, Bool)) -> Void) in
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { connection in
                    connection.start(
                        Reader { _ in
                            connection.write([UInt8](repeating: 1, count: size))
                            connection.closeWhenSent()
                        }
                    )
                }
                StreamConnection.connect(loop, to: listener.localAddress, timeoutMs: 10_000) { result in
                    guard case .success(let connection) = result else { return }
                    var count = 0
                    connection.start(
                        Reader {
                            count += $0.count
                        } onEnd: {
                            finish((count, $0 == nil))
                        }
                    )
                    // The second piece is still unread there when the answer ends.
                    connection.write([1])
                    connection.write([UInt8](repeating: 2, count: 300_000))
                }
            }
            #expect(count == size)
            #expect(isOrderly)
        }

        @Test func `a closed listener refuses, and its connections live on`() async throws {
            let (code, echo) = try await onLoop { (loop, finish: @escaping ((Int32, [UInt8])) -> Void) in
                var listener: StreamListener?
                listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { connection in
                    listener?.close()
                    connection.start(Reader { connection.write(Array($0)) })
                }
                guard let address = listener?.localAddress else { return }
                StreamConnection.connect(loop, to: address, timeoutMs: 10_000) { result in
                    guard case .success(let first) = result else { return }
                    first.start(
                        Reader { bytes in
                            let echo = Array(bytes)
                            StreamConnection.connect(loop, to: address, timeoutMs: 10_000) { result in
                                if case .failure(let error) = result { finish((error.code, echo)) }
                            }
                        }
                    )
                    first.write([42])
                }
            }
            #expect(code == -ECONNREFUSED)
            #expect(echo == [42])
        }

        @Test func `out of descriptors, it reports without spinning, and accepts again later`() async throws {
            let (failures, turns) = try await onLoop { (loop, finish: @escaping ((UInt64, Int)) -> Void) in
                var calls = 0
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { _ in }
                var reported: UInt64 = 0
                listener.onAcceptFailure = { if $0.code == -EMFILE { reported += 1 } }
                let real = listener.acceptCall
                listener.acceptCall = { descriptor, address, length in
                    calls += 1
                    guard reported < 3 else {
                        finish((listener.failedAccepts, calls))
                        return real(descriptor, address, length)
                    }
                    errno = EMFILE
                    return -1
                }
                StreamConnection.connect(loop, to: listener.localAddress, timeoutMs: 10_000) { _ in }
            }
            #expect(failures == 3)
            // Three that failed, one that worked, one that found nothing more.
            #expect(turns == 5)
        }

        @Test func `of the connections that wait a full backlog is accepted, and what comes meanwhile is counted`()
            async throws
        {
            let (accepted, left, calls) = try await onLoop { (loop, finish: @escaping ((Int, Int, Int)) -> Void) in
                var accepted = 0
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0), backlog: 4) {
                    accepted += 1
                    $0.close()
                }
                var calls = 0
                let real = listener.acceptCall
                listener.acceptCall = { descriptor, address, length in
                    calls += 1
                    // There is always one more.
                    let client = PlainSocket(port: listener.localAddress.port)
                    defer { _ = client.descriptor }
                    return real(descriptor, address, length)
                }
                let left = listener.acceptBacklog()
                listener.close()
                finish((accepted, left, calls))
            }
            // Linux lets one more wait than it was told.
            #expect(accepted == 5 && left == 5 && calls == 10)
        }

        @Test func `what waits is told of when nothing can be accepted, and who may not send is not`() async throws {
            let (left, refused) = try await onLoop { (loop, finish: @escaping ((Int, Int)) -> Void) in
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0), backlog: 4) { $0.close() }
                let real = listener.acceptCall
                listener.acceptCall = { _, _, _ in
                    errno = EMFILE
                    return -1
                }
                let left = listener.acceptBacklog()
                listener.acceptCall = { descriptor, address, length in
                    let client = PlainSocket(port: listener.localAddress.port)
                    defer { _ = client.descriptor }
                    return real(descriptor, address, length)
                }
                listener.admits = { _ in false }
                let refused = listener.acceptBacklog()
                listener.close()
                finish((left, refused))
            }
            #expect(left == 1 && refused == 0)
        }

        @Test func `an address in use is an error that names it`() async throws {
            let text = try await onLoop { (loop, finish: @escaping (String) -> Void) in
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { $0.close() }
                do throws(LoopError) {
                    _ = try StreamListener(loop, bind: listener.localAddress) { $0.close() }
                } catch {
                    finish("\(error)".replacing("\(listener.localAddress.port)", with: "PORT"))
                }
            }
            #expect(text == "listen on 127.0.0.1:PORT: address already in use")
        }

        @Test func `a unix socket's file left by a killed program is replaced, one in use or no socket is not`()
            async throws
        {
            let folder = try TemporaryFolder()
            let path = "\(folder.path)/s"
            let outcomes = try await onLoop { (loop, finish: @escaping ([Bool]) -> Void) in
                do {
                    let left = try BoundSocket(.unix(path), kind: .stream, attempt: "bind")
                    Glibc.close(left.descriptor)
                }
                let works = { (try? StreamListener(loop, bind: .unix(path)) { $0.close() }) }
                let first = works()
                let second = works()
                first?.close()
                let isGone = access(path, F_OK) != 0
                Glibc.close(open(path, O_CREAT | O_WRONLY, 0o600))
                let overFile = works()
                finish([first != nil, second != nil, isGone, overFile != nil, access(path, F_OK) == 0])
            }
            #expect(outcomes == [true, false, true, false, true])
        }

        @Test func `throughput of one connection on this machine`() async throws {
            let total = 256 << 20
            let seconds = try await onLoop(seconds: 60) { (loop, finish: @escaping (Double) -> Void) in
                let begin = ContinuousClock.now
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { connection in
                    var count = 0
                    connection.start(
                        Reader {
                            count += $0.count
                            if count >= total { finish((ContinuousClock.now - begin) / .seconds(1)) }
                        }
                    )
                }
                let port = listener.localAddress.port
                onThread {
                    let client = PlainSocket(port: port)
                    let block = [UInt8](repeating: 0x61, count: 1 << 20)
                    for _ in 0..<total >> 20 {
                        var rest = block[...]
                        while !rest.isEmpty {
                            let count = rest.withUnsafeBytes {
                                Glibc.send(client.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                            }
                            guard count > 0 else { return }
                            rest = rest.dropFirst(count)
                        }
                    }
                }
            }
            print("one TCP connection: \(Int(Double(total >> 20) / seconds)) MiB/s received")
        }
    }
}
