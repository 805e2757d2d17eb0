import EventLoop
import Glibc
import TestSupport
import Testing

extension EventLoopSuite {
    struct SocketKeeperTests {
        private final class Collector: DatagramHandler {
            var texts: [String] = []
            func received(_ bytes: UnsafeRawBufferPointer, from peer: Peer, isTruncated: Bool) {
                texts.append(String(decoding: bytes, as: UTF8.self))
            }
            func drained() {}
        }

        /// Calls `check` every few milliseconds until it says true.
        private static func poll(_ loop: Loop, _ check: @escaping () -> Bool, _ done: @escaping () -> Void) throws {
            let timer = try EventLoop.Timer(loop) { if check() { done() } }
            timer.start(afterMs: 2, repeatMs: 2)
        }

        @Test func `datagrams that wait in a socket come to its next owner`() async throws {
            let texts = try await onLoop { (loop, finish: @escaping ([String]) -> Void) in
                let first = try UDPSocket(loop, bind: .ip("127.0.0.1", port: 0), receiveBufferBytes: 1 << 20)
                let address = first.localAddress
                let sender = try NoticeSocketTests.udpSender(to: address)
                for number in 1...5 { sender("\(number)") }
                let collector = Collector()
                try loop.keepingSockets {
                    first.close()
                    let second = try UDPSocket(loop, bind: address, receiveBufferBytes: 1 << 20)
                    try second.start(collector)
                }
                sender("6")
                try Self.poll(loop, { collector.texts.count == 6 }, { finish(collector.texts) })
            }
            #expect(texts == ["1", "2", "3", "4", "5", "6"])
        }

        @Test func `a connection that waits to be accepted comes to the next listener`() async throws {
            let accepted = try await onLoop { (loop, finish: @escaping (Bool) -> Void) in
                let first = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { _ in finish(false) }
                let address = first.localAddress
                // Made by the kernel alone: nobody accepts before the loop runs.
                let descriptor = try NoticeSocketTests.connect(to: address)
                try loop.keepingSockets {
                    first.close()
                    _ = try StreamListener(loop, bind: address) { _ in
                        close(descriptor)
                        finish(true)
                    }
                }
            }
            #expect(accepted)
        }

        @Test func `what nobody takes over is closed, and its address is free`() async throws {
            let isFree = try await onLoop { (loop, finish: @escaping (Bool) -> Void) in
                let socket = try UDPSocket(loop, bind: .ip("127.0.0.1", port: 0), receiveBufferBytes: 1 << 16)
                let address = socket.localAddress
                loop.keepingSockets { socket.close() }
                finish((try? AddressProbe.datagrams(address)) != nil)
            }
            #expect(isFree)
        }

        @Test func `an address in use is told, and asking leaves a free one free`() async throws {
            let codes = try await onLoop { (loop, finish: @escaping ([Int32]) -> Void) in
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { $0.close() }
                let address = listener.localAddress
                var codes: [Int32] = []
                do throws(LoopError) { try AddressProbe.connections(address) } catch { codes.append(-error.code) }
                listener.close()
                do throws(LoopError) {
                    try AddressProbe.connections(address)
                    try AddressProbe.connections(address)
                } catch {
                    codes.append(-error.code)
                }
                finish(codes)
            }
            #expect(codes == [EADDRINUSE])
        }
    }

    struct NoticeSocketTests {
        @Test(arguments: ["path", "abstract"])
        func `a notice arrives at a path and at an abstract name`(_ kind: String) throws {
            let name = "/tmp/komfyr-notice-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
            let target = kind == "path" ? name : "@" + name.dropFirst()
            let receiver = try NoticeReceiver(target)
            defer { unlink(name) }
            let socket = try NoticeSocket(target)
            #expect(socket.send("READY=1\nSTATUS=x"))
            #expect(receiver.next() == "READY=1\nSTATUS=x")
        }

        @Test(arguments: ["", "relative", "vsock:2:1", "@", "/" + String(repeating: "x", count: 200), "/a\0b"])
        func `an address that is none is refused`(_ target: String) {
            #expect(throws: LoopError.self) { try NoticeSocket(target) }
        }

        @Test func `a notice to nobody is lost without harm`() throws {
            let socket = try NoticeSocket("/tmp/komfyr-nobody-\(getpid())")
            #expect(!socket.send("READY=1"))
        }

        /// Sends datagrams to an address of loopback.
        static func udpSender(to address: SocketAddress) throws -> (String) -> Void {
            let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            guard descriptor >= 0 else { throw LoopError(code: -errno, attempt: "socket") }
            return { text in
                withLoopback(address.port) { _ = sendto(descriptor, text, text.utf8.count, 0, $0, $1) }
            }
        }

        static func connect(to address: SocketAddress) throws -> Int32 {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard withLoopback(address.port, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
                throw LoopError(code: -errno, attempt: "connect")
            }
            return descriptor
        }

        private static func withLoopback<Result>(
            _ port: UInt16,
            _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
        ) -> Result {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            return withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
    }
}
