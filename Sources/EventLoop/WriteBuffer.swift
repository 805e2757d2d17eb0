/// Bytes that wait for the system to take them, at an address that stays while libuv reads from it.
struct WriteBuffer: ~Copyable {
    private var memory: UnsafeMutableRawBufferPointer?
    private(set) var count = 0
    /// What an emptied buffer keeps for the next time; more is given back.
    private static let bytesToKeep = 64 << 10

    var bytes: UnsafeMutableRawBufferPointer? {
        memory.map { UnsafeMutableRawBufferPointer(rebasing: $0[..<count]) }
    }

    mutating func append(_ more: UnsafeRawBufferPointer) {
        let needed = count + more.count
        let room = memory?.count ?? 0
        if needed > room {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(needed, room * 2, 4_096), alignment: 16)
            if let memory {
                larger.copyMemory(from: UnsafeRawBufferPointer(memory))
                memory.deallocate()
            }
            memory = larger
        }
        if let memory { UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: more) }
        count = needed
    }

    mutating func removeAll() {
        count = 0
        guard let memory, memory.count > WriteBuffer.bytesToKeep else { return }
        memory.deallocate()
        self.memory = nil
    }

    deinit { memory?.deallocate() }
}
