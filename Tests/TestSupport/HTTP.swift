import Dispatch
import Foundation

/// An HTTP answer.
package struct HTTPAnswer: Sendable {
    package var status: Int
    /// By lower-case name.
    package var headers: [String: String]
    package var body: String

    /// The body as JSON; null when it is none.
    package var json: JSON { (try? JSON(body)) ?? .null }
}

/// Requests to what a test started, on loopback: one connection each, so that nothing of one touches another.
///
/// Of its own, since FoundationNetworking cannot read chromedriver's headers, and keeps connections for later.
package enum HTTP {
    /// Sends a request and waits for the whole answer, which may pause for `seconds` at most.
    package static func send(
        _ method: String,
        _ url: String,
        headers: [String: String] = [:],
        body: String? = nil,
        within seconds: Double = 60
    ) async throws -> HTTPAnswer {
        guard let parts = URLComponents(string: url), let port = parts.port.flatMap(UInt16.init(exactly:)) else {
            throw TestFailure("\(url) is no URL with a port")
        }
        let path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
        let query = parts.percentEncodedQuery.map { "?\($0)" } ?? ""
        var head = "\(method) \(path)\(query) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let body { head += "Content-Length: \(body.utf8.count)\r\n" }
        let request = Array("\(head)\r\n\(body ?? "")".utf8)
        // Blocking calls, so not on a thread that other tests wait for.
        let bytes = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global()
                .async {
                    var size: Int?
                    let result = Result {
                        try Network.exchange(request, with: port, within: seconds) { bytes in
                            // Some keep a connection open though they were asked to close it.
                            if size == nil { size = Self.size(bytes) }
                            return size.map { bytes.count >= $0 } ?? false
                        }
                    }
                    continuation.resume(with: result)
                }
        }
        return try answer(bytes, to: "\(method) \(url)")
    }

    /// The bytes of a whole answer; nil while its head is not there, or when only its end tells.
    private static func size(_ bytes: [UInt8]) -> Int? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        for line in String(decoding: bytes[..<end.lowerBound], as: UTF8.self).lowercased().split(separator: "\r\n") {
            guard line.hasPrefix("content-length:") else { continue }
            return Int(line.dropFirst(15).trimmingCharacters(in: .whitespaces)).map { end.upperBound + $0 }
        }
        return nil
    }

    /// Reads an answer (RFC 9112 §2, §6 and §7.1).
    private static func answer(_ bytes: [UInt8], to request: String) throws -> HTTPAnswer {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
            throw TestFailure("\(request): the connection ended before the answer's head did")
        }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw TestFailure("\(request): this is no status line: \(lines.first ?? "")")
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            headers[line[..<colon].lowercased()] = value
        }
        var body = bytes[end.upperBound...]
        if headers["transfer-encoding"]?.lowercased() == "chunked" {
            body = try unchunked(body, request)[...]
        } else if let length = headers["content-length"].flatMap({ Int($0) }), method(request) != "HEAD" {
            guard body.count >= length else { throw TestFailure("\(request): \(body.count) of \(length) bytes came") }
            body = body.prefix(length)
        }
        return HTTPAnswer(status: status, headers: headers, body: String(decoding: body, as: UTF8.self))
    }

    private static func unchunked(_ bytes: ArraySlice<UInt8>, _ request: String) throws -> [UInt8] {
        var rest = bytes
        var body: [UInt8] = []
        while let end = rest.firstRange(of: Array("\r\n".utf8)) {
            let line = String(decoding: rest[..<end.lowerBound], as: UTF8.self)
            guard let size = Int(line.prefix { $0 != ";" }, radix: 16) else { break }
            if size == 0 { return body }
            rest = rest[end.upperBound...]
            guard rest.count >= size + 2 else { break }
            body += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
        throw TestFailure("\(request): the answer is cut off")
    }

    private static func method(_ request: String) -> Substring { request.prefix { $0 != " " } }
}
