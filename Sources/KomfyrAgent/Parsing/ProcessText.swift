/// The digits of a process id, kept for the next message of the same process.
struct ProcessText: ~Copyable {
    private let text = UnsafeMutableRawBufferPointer.allocate(byteCount: ProcessText.digits, alignment: 1)
    private var process: Int32 = 0
    private var count = 0

    /// No Int32 has more.
    private static let digits = 10

    deinit { text.deallocate() }

    /// Its digits, valid until the next call; nothing for what is no process.
    mutating func bytes(of process: Int32) -> UnsafeRawBufferPointer {
        if process != self.process {
            self.process = process
            count = 0
            if process > 0 {
                for digit in String(process).utf8 {
                    text[count] = digit
                    count += 1
                }
            }
        }
        return UnsafeRawBufferPointer(rebasing: text[..<count])
    }
}
