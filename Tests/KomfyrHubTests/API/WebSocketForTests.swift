import Testing

@testable import KomfyrHub

/// A WebSocket's client over a raw socket (RFC 6455): opens, sends what it is told, and keeps the frames that come.
final class WebSocketForTests {
    let connection: RawConnection

    struct Frame: Equatable {
        /// 1 text, 2 binary, 8 close, 9 ping, 10 pong.
        var opcode: UInt8
        var payload: [UInt8]
        var text: String { String(decoding: payload, as: UTF8.self) }
        /// Of a close frame.
        var code: Int? { opcode == 8 && payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil }
    }

    static let fields =
        "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

    /// Sends the opening, with more bytes behind it if so told.
    init(port: Int, _ query: String = "", headers: String = APITestBed.keyField, behind: [UInt8] = []) throws {
        connection = try RawConnection(port: port)
        let request = APITestBed.get("/api/logs/stream\(query)", Self.fields + headers)
        connection.send(Array(request.utf8) + behind)
    }

    /// Waits until it is open.
    func opened() async throws -> WebSocketForTests {
        try await connection.wait(for: "\r\n\r\n")
        let text = connection.text
        #expect(text.hasPrefix("HTTP/1.1 101 "), "\(text)")
        #expect(text.lowercased().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="))
        return self
    }

    /// A frame as a client sends it.
    static func frame(
        _ opcode: UInt8,
        _ payload: [UInt8],
        isMasked: Bool = true,
        isFinal: Bool = true,
        length: Int? = nil
    ) -> [UInt8] {
        let length = length ?? payload.count
        var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
        let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        switch length {
        case ..<126: bytes.append((isMasked ? 0x80 : 0) | UInt8(length))
        case ..<65_536: bytes += [(isMasked ? 0x80 : 0) | 126, UInt8(length >> 8), UInt8(length & 0xFF)]
        default:
            bytes.append((isMasked ? 0x80 : 0) | 127)
            bytes += stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: length >> $0) }
        }
        if isMasked { bytes += mask }
        return bytes + payload.enumerated().map { isMasked ? $1 ^ mask[$0 % 4] : $1 }
    }

    func send(_ opcode: UInt8, _ payload: [UInt8] = []) { connection.send(Self.frame(opcode, payload)) }

    /// The whole frames that came so far.
    var frames: [Frame] {
        _ = connection.text
        let bytes = connection.received
        guard let end = Self.headEnd(bytes) else { return [] }
        var frames: [Frame] = []
        var place = end
        while place + 2 <= bytes.count {
            var length = Int(bytes[place + 1] & 0x7F)
            #expect(bytes[place + 1] & 0x80 == 0, "a server masks nothing")
            var start = place + 2
            let more = length == 126 ? 2 : length == 127 ? 8 : 0
            guard start + more <= bytes.count else { break }
            if more > 0 {
                length = bytes[start..<start + more].reduce(0) { $0 << 8 | Int($1) }
                start += more
            }
            guard start + length <= bytes.count else { break }
            frames.append(Frame(opcode: bytes[place] & 15, payload: Array(bytes[start..<start + length])))
            place = start + length
        }
        return frames
    }

    private static func headEnd(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (0...bytes.count - 4).first { bytes[$0] == 13 && bytes[$0 + 1] == 10 && bytes[$0 + 2] == 13 }
            .map { $0 + 4 }
    }

    /// Waits for a frame.
    @discardableResult
    func wait(_ what: String, for isIt: (Frame) -> Bool) async throws -> Frame {
        var found: Frame?
        try await eventually(what) {
            found = frames.first(where: isIt)
            return found != nil
        }
        return try #require(found)
    }
}
