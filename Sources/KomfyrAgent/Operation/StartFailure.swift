import EventLoop
import Glibc

/// What to do about an address that cannot be listened on.
enum StartFailure {
    /// Words to put behind the error; empty when there is nothing to say.
    static func remedy(_ error: any Error) -> String {
        guard let error = error as? LoopError else { return "" }
        switch -error.code {
        case EACCES where error.attempt.contains("unix"):
            return "; the agent's user may not make a socket there: choose a folder that belongs to it, as "
                + "/run/komfyr-agent"
        case EACCES:
            return "; ports below 1024 need a right: AmbientCapabilities=CAP_NET_BIND_SERVICE in the service's unit, "
                + "or setcap cap_net_bind_service=+ep on the program; or listen on a port from 1024 on"
        case EADDRINUSE where error.attempt.contains("unix"):
            return "; `ss -xlp` tells which program has it: stop that one, or give this input another path; where "
                + "systemd's journal has /dev/log, listen on unixgram:///run/systemd/journal/syslog, to which it passes all on"
        case EADDRINUSE:
            return "; `ss -ulpn` (UDP) and `ss -tlpn` (TCP) tell which program has it: stop that one, or give this "
                + "input another port"
        case ENOENT: return "; make the folder that the socket is to be in"
        case EADDRNOTAVAIL:
            return "; this machine does not have that address: `ip address` lists those it has, 0.0.0.0 means all"
        case EMFILE, ENFILE: return "; raise the limit of open files (LimitNOFILE=)"
        default: return ""
        }
    }
}
