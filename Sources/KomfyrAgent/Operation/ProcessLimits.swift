import EventLoop
import Glibc

/// Settings of the whole process, made before anything else runs.
enum ProcessLimits {
    /// Two threads that allocate need two arenas at most; each further one costs memory that is never given back.
    private static let arenas: Int32 = 2
    /// Twice what one input takes whose disk hangs, so that the buffer and other inputs go on.
    ///
    /// Blocking work is a scan, a read, a look at a copy and names that are asked for, one of each at a time for each
    /// file input; and on the buffer's disk a sync and a dead letter.
    private static let poolThreads = "8"

    static func apply() {
        // Batches are large and short-lived: what is freed goes back at once.
        ProcessMemory.limit(arenas: arenas, mappedFromBytes: 256 << 10)
        setenv("UV_THREADPOOL_SIZE", poolThreads, 0)
        raiseOpenFiles()
        unblockSignals()
    }

    /// Whoever started us may have left the signals blocked that we hear: a blocked mask is inherited.
    private static func unblockSignals() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGHUP)
        sigprocmask(SIG_UNBLOCK, &signals, nil)
        // It asks for a reload: until there is something to reload it must not end the agent, as it does by default.
        signal(SIGHUP, SIG_IGN)
    }

    /// Each connection and each followed file is a descriptor: the usual soft limit of 1,024 is soon reached.
    private static func raiseOpenFiles() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let wanted = min(limit.rlim_max, rlim_t(AgentLimits.descriptors))
        guard limit.rlim_cur < wanted else { return }
        limit.rlim_cur = wanted
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
