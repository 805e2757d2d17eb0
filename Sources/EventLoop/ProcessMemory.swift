import CLibuv

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
}
