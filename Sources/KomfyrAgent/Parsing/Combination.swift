/// What `RecordWriter` keeps for one combination of sender, priority, host and app: the parts of a line that are the
/// same for all its logs.
struct Combination {
    /// Priority, form and flags.
    private var code = UInt64.max
    private var high: UInt64 = 0
    private var low: UInt64 = 0
    private var hostCount = 0
    private var appCount = 0
    private var headCount = 0
    /// Whether the head's `data` has members already.
    private(set) var hasMembers = false
    /// Whether the group is the shared `…:other`.
    private(set) var isFolded = false
    /// Host, app, head and tail behind each other: one piece of memory to touch.
    private(set) var text: [UInt8] = []

    /// Matches nothing.
    init() {}

    /// The combination of these.
    init(
        code: UInt64,
        high: UInt64,
        low: UInt64,
        host: UnsafeRawBufferPointer,
        app: UnsafeRawBufferPointer,
        head: [UInt8],
        tail: [UInt8],
        hasMembers: Bool,
        isFolded: Bool
    ) {
        self.code = code
        self.high = high
        self.low = low
        hostCount = host.count
        appCount = app.count
        headCount = head.count
        self.hasMembers = hasMembers
        self.isFolded = isFolded
        text.reserveCapacity(host.count + app.count + head.count + tail.count)
        text.append(contentsOf: host)
        text.append(contentsOf: app)
        text.append(contentsOf: head)
        text.append(contentsOf: tail)
    }

    /// Whether it is the combination of these.
    @inline(__always)
    func matches(
        code: UInt64,
        high: UInt64,
        low: UInt64,
        host: UnsafeRawBufferPointer,
        app: UnsafeRawBufferPointer
    ) -> Bool {
        guard code == self.code, high == self.high, low == self.low, host.count == hostCount, app.count == appCount
        else { return false }
        return text.withUnsafeBytes { bytes in
            PlainText.equal(UnsafeRawBufferPointer(rebasing: bytes[..<hostCount]), host)
                && PlainText.equal(UnsafeRawBufferPointer(rebasing: bytes[hostCount..<(hostCount + appCount)]), app)
        }
    }

    /// From the level to within `data`, in the bytes of `text`.
    @inline(__always)
    func head(of bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let start = hostCount + appCount
        return UnsafeRawBufferPointer(rebasing: bytes[start..<(start + headCount)])
    }

    /// From the quote behind the time to the LF, in the bytes of `text`.
    @inline(__always)
    func tail(of bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[(hostCount + appCount + headCount)...])
    }

    func appendHead(to output: inout [UInt8]) {
        text.withUnsafeBytes { output.append(contentsOf: head(of: $0)) }
    }

    func appendTail(to output: inout [UInt8]) {
        text.withUnsafeBytes { output.append(contentsOf: tail(of: $0)) }
    }
}
