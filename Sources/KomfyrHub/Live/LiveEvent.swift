import NIOCore

/// Server-sent events as bytes (WHATWG HTML §9.2).
enum LiveEvent {
    /// A log: its id, by which the reader resumes, and its JSON.
    static func log(_ log: StoredLog) -> ByteBuffer {
        var bytes = Array("id: ".utf8)
        log.id.appendText(to: &bytes)
        bytes.append(contentsOf: "\ndata: ".utf8)
        LogEncoder.append(log, to: &bytes)
        bytes.append(contentsOf: "\n\n".utf8)
        return ByteBuffer(bytes: bytes)
    }

    /// The JSON of a log's event, without a copy: a WebSocket has frames of its own.
    static func json(of event: ByteBuffer) -> ByteBuffer {
        let bytes = event.readableBytesView
        // "id: …", a line end, "data: ", the JSON, two line ends.
        guard let lineEnd = bytes.firstIndex(of: UInt8(ascii: "\n")), lineEnd + 7 <= bytes.endIndex - 2 else {
            return event
        }
        return event.getSlice(at: lineEnd + 7, length: bytes.endIndex - 2 - (lineEnd + 7)) ?? event
    }

    /// So many logs were left out, as JSON.
    static func skippedJSON(_ count: Int) -> ByteBuffer { ByteBuffer(string: "{\"skipped\":\(count)}") }

    /// So many logs were left out, because the reader is slower than they come.
    static func skipped(_ count: Int) -> ByteBuffer { ByteBuffer(string: "data: {\"skipped\": \(count)}\n\n") }

    /// A sign of life, which readers overlook; the first one shows a proxy that the answer has begun.
    static let beat = ByteBuffer(string: ": \n\n")

    /// The same as JSON, for a WebSocket.
    static let beatJSON = ByteBuffer(string: "{\"beat\":true}")
}
