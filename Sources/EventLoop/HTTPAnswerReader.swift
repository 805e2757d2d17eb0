/// Gathers an answer from the pieces that libcurl hands over, within bounds.
///
/// ```
/// HTTP/1.1 100 Continue    an interim answer: forgotten when the next status line comes
/// HTTP/1.1 200 OK          a status line begins anew
/// Name: value              kept, the name in lower case
///                          the empty line: what looks like a header after it is a trailer, and left out
/// ```
struct HTTPAnswerReader {
    private(set) var headers: [(name: String, value: String)] = []
    private(set) var body: [UInt8] = []
    /// The body was longer than the limit, which ends the transfer: the answer is what was read until then.
    private(set) var isCut = false
    private let maximumBodyBytes: Int
    private var headerBytes = 0
    private var isPastHeaders = false

    /// All of an answer's headers together: many times what any server sends, little enough to hold.
    static let maximumHeaderBytes = 64 << 10

    init(maximumBodyBytes: Int) {
        self.maximumBodyBytes = max(0, maximumBodyBytes)
    }

    /// Takes one line of the head, its line end included.
    /// - Returns: false when the head is too long.
    mutating func takeHeaderLine(_ line: UnsafeRawBufferPointer) -> Bool {
        headerBytes += line.count
        guard headerBytes <= HTTPAnswerReader.maximumHeaderBytes else { return false }
        if line.starts(with: "HTTP/".utf8) {
            headers.removeAll()
            isPastHeaders = false
        } else if line.allSatisfy({ $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }) {
            isPastHeaders = true
        } else if !isPastHeaders, let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            let name = line[..<colon].map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
            headers.append((text(name[...]), text(line[(colon + 1)...])))
        }
        return true
    }

    /// Takes a piece of the body.
    /// - Returns: false when the limit is reached and no more is wanted.
    mutating func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let room = maximumBodyBytes - body.count
        body.append(contentsOf: bytes.prefix(room))
        isCut = bytes.count > room
        return !isCut
    }

    /// Without the white space around it.
    private func text(_ bytes: some BidirectionalCollection<UInt8>) -> String {
        let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0d).contains(byte) }
        guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }
}
