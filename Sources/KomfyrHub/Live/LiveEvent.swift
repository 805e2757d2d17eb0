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

    /// So many logs were left out, because the reader is slower than they come.
    static func skipped(_ count: Int) -> ByteBuffer { ByteBuffer(string: "data: {\"skipped\": \(count)}\n\n") }

    /// A sign of life, which readers overlook; the first one shows a proxy that the answer has begun.
    static let beat = ByteBuffer(string: ": \n\n")
}
