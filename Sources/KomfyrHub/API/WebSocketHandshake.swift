import Crypto
import FoundationEssentials
import HTTPTypes
import Hummingbird

/// The opening of a WebSocket over HTTP/1.1 (RFC 6455 §4.2).
enum WebSocketHandshake {
    /// Whether a request asks for a WebSocket.
    static func isAsked(by request: Request) -> Bool {
        guard let upgrade = request.headers[.upgrade] else { return false }
        return request.method == .get && tokens(upgrade).contains { $0.lowercased() == "websocket" }
    }

    /// The key that a browser sends, which can set no header: `Sec-WebSocket-Protocol: bearer, TOKEN`.
    static func bearer(_ request: Request) -> String? {
        guard isAsked(by: request) else { return nil }
        let offered = protocols(request)
        guard offered.count == 2, offered[0].lowercased() == "bearer" else { return nil }
        return String(offered[1])
    }

    /// The fields of the answer that opens it.
    /// - Throws: 400 when the request is no proper opening, 426 when it is of another version.
    static func accept(_ request: Request) throws(APIError) -> HTTPFields {
        guard request.headers[.secWebSocketVersion] == "13" else {
            var error = APIError(.upgradeRequired, "The hub speaks version 13 of the WebSocket protocol.")
            error.headers[.secWebSocketVersion] = "13"
            throw error
        }
        guard let key = request.headers[.secWebSocketKey], Data(base64Encoded: key)?.count == 16,
            tokens(request.headers[.connection] ?? "").contains(where: { $0.lowercased() == "upgrade" })
        else {
            throw APIError(
                .badRequest,
                "A WebSocket is opened with Connection: Upgrade and a Sec-WebSocket-Key of 16 bytes in base64."
            )
        }
        let proof = Insecure.SHA1.hash(data: Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        var fields: HTTPFields = [
            .upgrade: "websocket",
            .connection: "Upgrade",
            .secWebSocketAccept: Data(proof).base64EncodedString(),
        ]
        if protocols(request).first?.lowercased() == "bearer" { fields[.secWebSocketProtocol] = "bearer" }
        return fields
    }

    private static func protocols(_ request: Request) -> [Substring] {
        request.headers[values: .secWebSocketProtocol].flatMap { tokens($0) }
    }

    private static func tokens(_ field: String) -> [Substring] {
        field.split { $0 == "," || $0 == " " || $0 == "\t" }
    }
}
