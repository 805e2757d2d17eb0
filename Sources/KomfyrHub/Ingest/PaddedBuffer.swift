import Protocol

/// Bytes in memory of their own, with the padding behind them that the JSON scanner reads over.
///
/// An array would have to be filled before a C library writes into it, and padded anew for every body. Belongs to one
/// owner; grows by doubling, up to what its owner asks for.
final class PaddedBuffer {
    private var memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init() {
        memory = .allocate(byteCount: 4_096, alignment: 16)
    }

    deinit {
        memory.deallocate()
    }

    /// The content, followed by `JSONScanner.padding` readable bytes; valid until the next change.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    var capacity: Int { memory.count }

    /// Forgets the content; memory beyond `kept` bytes is given back.
    func removeAll(keeping kept: Int) {
        count = 0
        guard memory.count > kept, kept >= 4_096 else { return }
        memory.deallocate()
        memory = .allocate(byteCount: 4_096, alignment: 16)
    }

    /// Makes a UTF-8 byte order mark at the beginning blanks, which JSON may begin with (RFC 8259 §8.1 allows to
    /// ignore it).
    func blankByteOrderMark() {
        guard count >= 3, memory[0] == 0xEF, memory[1] == 0xBB, memory[2] == 0xBF else { return }
        for index in 0..<3 { memory[index] = 0x20 }
    }

    func append(_ bytes: UnsafeRawBufferPointer) {
        fill(bytes.count) { target in
            target.copyMemory(from: bytes)
            return bytes.count
        }
    }

    /// Appends what `body` writes into the `room` bytes it is given; it returns how many it wrote.
    func fill(_ room: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        let needed = count + room + JSONScanner.padding
        if needed > memory.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(needed, memory.count * 2), alignment: 16)
            larger.copyMemory(from: bytes)
            memory.deallocate()
            memory = larger
        }
        count += body(UnsafeMutableRawBufferPointer(rebasing: memory[count..<count + room]))
        // The scanner's result does not depend on these bytes, but they shall not be another body's.
        for offset in 0..<JSONScanner.padding { memory[count + offset] = 0x20 }
    }
}
