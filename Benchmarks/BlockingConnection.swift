#if canImport(Glibc)
import Glibc
#endif

/// A connection for one question at a time, which waits for the answer without a loop between: for latencies.
final class BlockingConnection {
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var piece = [UInt8](repeating: 0, count: 256 << 10)

    /// To a port of this machine.
    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw BenchmarkError("connect to port \(port): \(String(cString: strerror(errno)))") }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
    }

    /// To a unix socket.
    init(unix path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < room else { throw BenchmarkError("\(path) is too long for a socket") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard code == 0 else { throw BenchmarkError("connect to \(path): \(String(cString: strerror(errno)))") }
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let written = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, 0)
            }
            guard written > 0 else { throw BenchmarkError("send: \(String(cString: strerror(errno)))") }
            sent += written
        }
    }

    /// Everything until the far end closes.
    func readToEnd() throws -> [UInt8] {
        while try readMore() {}
        defer { buffer = [] }
        return buffer
    }

    /// Sends an HTTP request and takes its answer: `Content-Length` or chunked.
    func exchange(_ request: [UInt8]) throws -> (status: Int, body: [UInt8]) {
        try send(request)
        while true {
            if let head = buffer.withUnsafeBytes({ HTTPHead($0) }) {
                if let answer = try answer(head) { return answer }
            }
            guard try readMore() else { throw BenchmarkError("the hub closed the connection") }
        }
    }

    /// Reads on until `text` has come; what stands before it is forgotten.
    func skip(to text: String) throws {
        let wanted = Array(text.utf8)
        while true {
            if let place = buffer.firstRange(of: wanted) {
                buffer.removeSubrange(..<place.upperBound)
                return
            }
            guard try readMore() else { throw BenchmarkError("the stream ended") }
        }
    }

    /// Nil: more has to come.
    private func answer(_ head: HTTPHead) throws -> (status: Int, body: [UInt8])? {
        guard buffer[..<head.headBytes].firstRange(of: Array("ransfer-Encoding: chunked".utf8)) != nil else {
            let end = head.headBytes + head.contentLength
            guard buffer.count >= end else { return nil }
            defer { buffer.removeSubrange(..<end) }
            return (head.status, Array(buffer[head.headBytes..<end]))
        }
        var body: [UInt8] = []
        var place = head.headBytes
        while let lineEnd = buffer[place...].firstIndex(of: 0x0D) {
            guard let size = Int(String(decoding: buffer[place..<lineEnd], as: UTF8.self), radix: 16) else {
                throw BenchmarkError("a broken chunk")
            }
            let start = lineEnd + 2
            guard buffer.count >= start + size + 2 else { return nil }
            body.append(contentsOf: buffer[start..<start + size])
            place = start + size + 2
            guard size == 0 else { continue }
            buffer.removeSubrange(..<place)
            return (head.status, body)
        }
        return nil
    }

    private func readMore() throws -> Bool {
        let count = recv(descriptor, &piece, piece.count, 0)
        guard count >= 0 else { throw BenchmarkError("receive: \(String(cString: strerror(errno)))") }
        buffer.append(contentsOf: piece[..<count])
        return count > 0
    }
}
