import Glibc

/// The running program.
enum Executable {
    /// Its path, links resolved; empty when the system does not tell.
    static var path: String {
        guard let resolved = realpath("/proc/self/exe", nil) else { return "" }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

/// Open files and sockets.
enum FileDescriptors {
    /// Raises this process's limit towards what is wanted, as far as the system lets it.
    static func raiseLimit(to wanted: Int) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, rlim_t(wanted)))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
