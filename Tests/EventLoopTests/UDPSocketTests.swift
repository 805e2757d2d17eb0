@testable import EventLoop
import CLibuv
import Glibc
import Testing

extension EventLoopSuite {
    struct UDPSocketTests {
        /// A datagram handler made of closures.
        private final class Collector: DatagramHandler {
            var onDatagram: (UnsafeRawBufferPointer, Peer, Bool) -> Void = { _, _, _ in }
            var onDrained: () -> Void = {}
            func received(_ bytes: UnsafeRawBufferPointer, from peer: Peer, isTruncated: Bool) {
                onDatagram(bytes, peer, isTruncated)
            }
            func drained() { onDrained() }
        }

        /// Only counts: what the throughput is measured with.
        private final class Counter: DatagramHandler {
            var count = 0
            var bytes = 0
            var isWrong = false
            var wakeUps = 0
            var onDrained: () -> Void = {}
            func received(_ bytes: UnsafeRawBufferPointer, from peer: Peer, isTruncated: Bool) {
                count += 1
                self.bytes += bytes.count
                if bytes.count != 155 || isTruncated || peer.low != 0xffff_7f00_0001 { isWrong = true }
            }
            func drained() {
                wakeUps += 1
                onDrained()
            }
        }

        @Test(arguments: [8 << 20, 1 << 16])
        func `of 100,000 datagrams in bursts each is received or counted as dropped by the kernel`(_ buffer: Int)
            async throws
        {
            let total = 100_000
            let (received, dropped, isWrong, granted) = try await onLoop(seconds: 60) {
                (loop, finish: @escaping ((Int, Int, Bool, Int)) -> Void) in
                let socket = try UDPSocket(loop, bind: .ip("127.0.0.1", port: 0), receiveBufferBytes: buffer)
                let counter = Counter()
                try socket.start(counter)
                let port = socket.localAddress.port
                let sent = Tally()
                onThread { sent.add(send(total, to: port)) }
                let timer = try EventLoop.Timer(loop) {
                    let dropped = Int(socket.kernelDrops)
                    guard sent.count == total, counter.count + dropped >= total else { return }
                    finish((counter.count, dropped, counter.isWrong, socket.receiveBufferBytes))
                }
                timer.start(afterMs: 10, repeatMs: 10)
            }
            print("datagrams, buffer of \(granted >> 10) KiB: \(received) received, \(dropped) dropped by the kernel")
            #expect(received + dropped == total)
            #expect(received > 0)
            #expect(!isWrong)
        }

        @Test func `a full socket's drops are counted exactly`() async throws {
            let (received, dropped) = try await onLoop { (loop, finish: @escaping ((Int, UInt64)) -> Void) in
                let socket = try UDPSocket(loop, bind: .ip("127.0.0.1", port: 0), receiveBufferBytes: 1 << 16)
                let counter = Counter()
                // Nobody receives while all of them are sent.
                _ = send(5_000, to: socket.localAddress.port)
                counter.onDrained = {
                    if counter.count + Int(socket.kernelDrops) == 5_000 { finish((counter.count, socket.kernelDrops)) }
                }
                try socket.start(counter)
            }
            #expect(dropped > 0)
            #expect(received + Int(dropped) == 5_000)
        }

        @Test(arguments: SocketAddress.anyPort)
        func `datagrams come whole with their sender, empty ones too`(_ address: SocketAddress) async throws {
            let (texts, peers, ports, drained) = try await onLoop {
                (loop, finish: @escaping (([String], Set<String>, Set<UInt16>, Int)) -> Void) in
                let socket = try UDPSocket(loop, bind: address, receiveBufferBytes: 1 << 20)
                let sender = try BoundSocket(address, kind: .datagram, attempt: "bind")
                var texts: [String] = []
                var peers: Set<String> = []
                var ports: Set<UInt16> = []
                var drained = 0
                let collector = Collector()
                let port = sender.address.port
                collector.onDatagram = { bytes, peer, isTruncated in
                    texts.append(
                        bytes.count > 100 ? "\(bytes.count)\(isTruncated)" : String(decoding: bytes, as: UTF8.self)
                    )
                    peers.insert(peer.address)
                    ports.insert(peer.port == port ? 0 : peer.port)
                }
                collector.onDrained = {
                    drained += 1
                    if texts.count >= 4 { finish((texts, peers, ports, drained)) }
                }
                let to = try SystemAddress(socket.localAddress)
                for text in ["one", "", "three", String(repeating: "x", count: 60_000)] {
                    let bytes = Array(text.utf8)
                    let count = to.withPointer { sendto(sender.descriptor, bytes, bytes.count, 0, $0, $1) }
                    #expect(count == bytes.count)
                }
                close(sender.descriptor)
                try socket.start(collector)
            }
            #expect(texts == ["one", "", "three", "60000false"])
            #expect(peers.count == 1 && ports == [0])
            if case .ip(let text, _) = address { #expect(peers == [text]) }
            #expect(drained == 1)
        }

        @Test func `a run of datagrams that was sent in one go comes as the datagrams it is made of`() async throws {
            let (lengths, peers, isInOrder) = try await onLoop {
                (loop, finish: @escaping (([Int], Int, Bool)) -> Void) in
                let socket = try UDPSocket(loop, bind: .ip("127.0.0.1", port: 0), receiveBufferBytes: 1 << 20)
                var lengths: [Int] = []
                var peers: Set<Peer> = []
                var isInOrder = true
                let collector = Collector()
                collector.onDatagram = { bytes, peer, isTruncated in
                    isInOrder = isInOrder && !isTruncated && bytes.allSatisfy { $0 == UInt8(lengths.count) }
                    lengths.append(bytes.count)
                    peers.insert(peer)
                    if lengths.count == 11 { finish((lengths, peers.count, isInOrder)) }
                }
                try socket.start(collector)
                let sender = Glibc.socket(AF_INET, clibuv_sock_dgram, 0)
                defer { close(sender) }
                // UDP_SEGMENT: the kernel cuts what is sent into datagrams of this length.
                #expect(setOption(sender, DatagramBuffer.levelUDP, 103, 100))
                let bytes = (0..<1_030).map { UInt8($0 / 100) }
                let to = try SystemAddress(socket.localAddress)
                #expect(to.withPointer { sendto(sender, bytes, bytes.count, 0, $0, $1) } == bytes.count)
            }
            #expect(lengths == [Int](repeating: 100, count: 10) + [30])
            #expect(peers == 1)
            #expect(isInOrder)
        }

        @Test func `a unix datagram socket receives, and tells when a datagram was cut`() async throws {
            let folder = try TemporaryFolder()
            let path = "\(folder.path)/log"
            let seen = try await onLoop { (loop, finish: @escaping ([String]) -> Void) in
                let socket = try UDPSocket(loop, bind: .unix(path), receiveBufferBytes: 1 << 20)
                var seen: [String] = []
                let collector = Collector()
                collector.onDatagram = { bytes, peer, isTruncated in
                    seen.append("\(bytes.count) \(peer.address) \(isTruncated)")
                    #expect(peer.process == getpid())
                    if seen.count == 2 {
                        socket.close()
                        finish(seen + [access(path, F_OK) == 0 ? "left" : "removed"])
                    }
                }
                try socket.start(collector)
                let sender = Glibc.socket(AF_UNIX, clibuv_sock_dgram, 0)
                defer { close(sender) }
                let to = try SystemAddress(.unix(path))
                // More than a sender may have in flight by default.
                let isForced = setOption(sender, SOL_SOCKET, SO_SNDBUFFORCE, 2 << 20)
                for size in [5, isForced ? 600_000 : 150_000] {
                    let bytes = [UInt8](repeating: 1, count: size)
                    let count = to.withPointer { sendto(sender, bytes, size, 0, $0, $1) }
                    #expect(count == size)
                }
            }
            let second = geteuid() == 0 ? "\(512 << 10) unix true" : "150000 unix false"
            #expect(seen == ["5 unix false", second, "removed"])
        }

        @Test func `paused, datagrams wait in the kernel; started again, they come`() async throws {
            let counts = try await onLoop { (loop, finish: @escaping ([Int]) -> Void) in
                let socket = try UDPSocket(loop, bind: .ip("127.0.0.1", port: 0), receiveBufferBytes: 1 << 20)
                let counter = Counter()
                let port = socket.localAddress.port
                var counts: [Int] = []
                counter.onDrained = {
                    socket.pause()
                    counts.append(counter.count)
                    if counter.count == 500 { return finish(counts) }
                    let timer = try? EventLoop.Timer(loop) {
                        counts.append(counter.count)
                        _ = send(250, to: port)
                        try? socket.start(counter)
                    }
                    timer?.start(afterMs: 20)
                }
                try socket.start(counter)
                _ = send(250, to: port)
            }
            #expect(counts == [250, 250, 500])
        }

        @Test func `paused or closed from within, it stops`() async throws {
            let (afterPause, afterClose) = try await onLoop { (loop, finish: @escaping ((Int, Int)) -> Void) in
                let socket = try UDPSocket(loop, bind: .ip("127.0.0.1", port: 0), receiveBufferBytes: 1 << 20)
                let port = socket.localAddress.port
                let collector = Collector()
                var count = 0
                var isClosing = false
                var afterPause = 0
                collector.onDatagram = { _, _, _ in
                    count += 1
                    if isClosing { socket.close() } else { socket.pause() }
                }
                collector.onDrained = {
                    // Had it been closed, this would not be called.
                    afterPause = count
                    isClosing = true
                    count = 0
                    try? socket.start(collector)
                }
                _ = send(200, to: port)
                try socket.start(collector)
                let timer = try EventLoop.Timer(loop) { if isClosing, count > 0 { finish((afterPause, count)) } }
                timer.start(afterMs: 50, repeatMs: 50)
            }
            #expect(afterPause == 64)
            #expect(afterClose == 1)
        }

        @Test func `the receive buffer is as asked, beyond the machine's limit where that is allowed`() async throws {
            let (small, large) = try await onLoop { (loop, finish: @escaping ((Int, Int)) -> Void) in
                let address = SocketAddress.ip("127.0.0.1", port: 0)
                let small = try UDPSocket(loop, bind: address, receiveBufferBytes: 100_000)
                let large = try UDPSocket(loop, bind: address, receiveBufferBytes: 64 << 20)
                finish((small.receiveBufferBytes, large.receiveBufferBytes))
            }
            #expect(small == 100_000)
            #expect(large >= (geteuid() == 0 ? 64 << 20 : 200_000))
        }

        @Test func `an address that another socket has is an error that names it`() async throws {
            let (text, port) = try await onLoop { (loop, finish: @escaping ((String, UInt16)) -> Void) in
                let first = try UDPSocket(loop, bind: .ip("127.0.0.1", port: 0), receiveBufferBytes: 1 << 16)
                do throws(LoopError) {
                    _ = try UDPSocket(loop, bind: first.localAddress, receiveBufferBytes: 1 << 16)
                } catch {
                    finish(("\(error)", first.localAddress.port))
                }
            }
            #expect(text == "bind udp://127.0.0.1:\(port): address already in use")
        }

        @Test func `datagrams a second on this machine`() async throws {
            let total = 300_000
            let (count, seconds, wakeUps) = try await onLoop(seconds: 60) {
                (loop, finish: @escaping ((Int, Double, Int)) -> Void) in
                let socket = try UDPSocket(loop, bind: .ip("127.0.0.1", port: 0), receiveBufferBytes: 64 << 20)
                let counter = Counter()
                try socket.start(counter)
                let port = socket.localAddress.port
                let begin = ContinuousClock.now
                onThread { _ = send(total, to: port) }
                var last = 0
                let timer = try EventLoop.Timer(loop) {
                    if counter.count > 0, counter.count == last || counter.count == total {
                        finish((counter.count, (ContinuousClock.now - begin) / .seconds(1), counter.wakeUps))
                    }
                    last = counter.count
                }
                timer.start(afterMs: 20, repeatMs: 20)
            }
            print("UDP: \(Int(Double(count) / seconds)) datagrams/s received, \(count / max(1, wakeUps)) a wake-up")
        }
    }
}

/// Sends datagrams of 155 bytes by sendmmsg, as fast as it goes.
/// - Returns: how many the system took.
private func send(_ total: Int, to port: UInt16) -> Int {
    let burst = 64
    let sender = socket(AF_INET, clibuv_sock_dgram, 0)
    defer { close(sender) }
    var address = loopback(port)
    let payload = UnsafeMutableRawPointer.allocate(byteCount: 155, alignment: 8)
    payload.initializeMemory(as: UInt8.self, repeating: 0x61, count: 155)
    let vector = UnsafeMutablePointer<iovec>.allocate(capacity: 1)
    vector.initialize(to: iovec(iov_base: payload, iov_len: 155))
    let messages = UnsafeMutablePointer<clibuv_mmsghdr>.allocate(capacity: burst)
    defer {
        payload.deallocate()
        vector.deallocate()
        messages.deallocate()
    }
    return withUnsafeMutablePointer(to: &address) { name in
        messages.initialize(repeating: clibuv_mmsghdr(), count: burst)
        for index in 0..<burst {
            messages[index].msg_hdr.msg_name = UnsafeMutableRawPointer(name)
            messages[index].msg_hdr.msg_namelen = socklen_t(MemoryLayout<sockaddr_in>.size)
            messages[index].msg_hdr.msg_iov = vector
            messages[index].msg_hdr.msg_iovlen = 1
        }
        var sent = 0
        while sent < total {
            let count = clibuv_sendmmsg(sender, messages, UInt32(min(burst, total - sent)), 0)
            guard count > 0 else { return sent }
            sent += Int(count)
        }
        return sent
    }
}
