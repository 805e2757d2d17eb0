import EventLoop
import Glibc

/// Tells the service manager (systemd) how the agent does, as sd_notify(3) says, without its library.
///
/// The manager names a socket in NOTIFY_SOCKET, and how often it wants to hear WATCHDOG=1 in WATCHDOG_USEC. Without
/// these variables nothing is ever sent.
final class ServiceManager {
    /// How often the manager expects a sign of life, in milliseconds; nil when it does not.
    let watchdogMs: UInt64?
    /// Why the socket that was named is not used, in words.
    let problem: String?

    private let socket: NoticeSocket?
    private var status = ""

    /// Takes the manager's variables out of this process's environment: they are for it alone.
    static func ofEnvironment() -> ServiceManager {
        let variables = Environment.all
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] { unsetenv(name) }
        return ServiceManager(variables, processID: getpid())
    }

    /// - Parameters:
    ///   - variables: the environment.
    ///   - processID: a watchdog that is meant for another process is none.
    init(_ variables: [String: String], processID: Int32) {
        guard let target = variables["NOTIFY_SOCKET"], !target.isEmpty else {
            (socket, problem, watchdogMs) = (nil, nil, nil)
            return
        }
        do throws(LoopError) {
            socket = try NoticeSocket(target)
            problem = nil
        } catch {
            socket = nil
            problem = "NOTIFY_SOCKET cannot be used: \(error); systemd will not hear that the agent has started"
        }
        let isMeant = variables["WATCHDOG_PID"].map { $0 == "\(processID)" } ?? true
        let microseconds = variables["WATCHDOG_USEC"].flatMap { UInt64($0) } ?? 0
        watchdogMs = isMeant && socket != nil && microseconds > 0 ? max(2, microseconds / 1_000) : nil
    }

    /// Whether there is a manager that listens.
    var isThere: Bool { socket != nil }

    /// Inputs listen, the buffer is open.
    func ready() { send("READY=1") }

    /// The configuration is being read again; `ready` follows, whatever comes of it.
    func reloading() { send("RELOADING=1\nMONOTONIC_USEC=\(MonotonicClock.nowUs())") }

    /// The agent ends.
    func stopping() { send("STOPPING=1") }

    /// Both loops turn.
    func alive() { send("WATCHDOG=1") }

    /// One line for `systemctl status`; sent when it is another than before.
    func tell(_ words: String) {
        guard words != status else { return }
        status = words
        // A line end would begin another variable.
        send("STATUS=" + words.split(separator: "\n").joined(separator: " "))
    }

    private func send(_ text: String) { socket?.send(text) }
}

@available(*, unavailable)
extension ServiceManager: Sendable {}
