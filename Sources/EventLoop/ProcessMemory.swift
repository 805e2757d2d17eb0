import CLibuv
import Glibc

/// How the C library's allocator keeps memory, for the whole process; to be set before any thread is started.
public enum ProcessMemory {
    /// Bounds what the allocator holds back.
    /// - Parameters:
    ///   - arenas: pools at most; by default there are eight for each processor, each keeping what it once had.
    ///   - mappedFromBytes: what is this large or larger goes back to the system as soon as it is freed; the default
    ///     rises by itself up to 32 MiB, and then large buffers that come and go tear holes into the heap.
    public static func limit(arenas: Int32, mappedFromBytes: Int32) {
        _ = clibuv_mallopt(Int32(CLIBUV_MALLOC_ARENA_MAX), arenas)
        _ = clibuv_mallopt(Int32(CLIBUV_MALLOC_MMAP_THRESHOLD), mappedFromBytes)
    }
    /// Gives pages of machine code back that only the start needed; what is run again comes back from the file by itself.
    ///
    /// Reads `/proc/self/maps` (proc(5)) and leaves everything that can be written, or was, alone: relocated tables stay.
    /// - Returns: the bytes of code that were mapped, 0 where `/proc` is not there.
    @discardableResult
    public static func releaseCode() -> Int {
        guard let maps = fopen("/proc/self/maps", "re") else { return 0 }
        defer { fclose(maps) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        var bytes = 0
        while getline(&line, &capacity, maps) > 0, let text = line {
            // `55d0c0a00000-55d0c0b00000 r-xp 00146000 fe:00 5783719   /usr/bin/komfyr-agent`
            var end: UnsafeMutablePointer<CChar>?
            let from = strtoul(text, &end, 16)
            guard let dash = end, dash.pointee == CChar(bitPattern: UInt8(ascii: "-")) else { continue }
            let to = strtoul(dash + 1, &end, 16)
            guard let kind = end, strncmp(kind, " r-xp ", 6) == 0, strchr(kind, Int32(UInt8(ascii: "/"))) != nil else {
                continue
            }
            guard to > from, let start = UnsafeMutableRawPointer(bitPattern: from) else { continue }
            if madvise(start, Int(to - from), MADV_DONTNEED) == 0 { bytes += Int(to - from) }
        }
        return bytes
    }
}
