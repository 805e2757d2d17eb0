import CLibuv

/// Calls back once or at intervals.
public final class Timer {
    /// A timer that is not armed yet. Keeps `action` until `close()`.
    public init(_ loop: Loop, _ action: @escaping () -> Void) throws(LoopError) { fatalError("EL") }
    /// Arms it: first after `ms`, then every `repeatMs` (0: once). Arming again replaces.
    public func start(afterMs ms: UInt64, repeatMs: UInt64 = 0) { fatalError("EL") }
    /// Disarms it.
    public func stop() { fatalError("EL") }
    /// Frees it; no call follows.
    public func close() { fatalError("EL") }
    /// Whether it is armed.
    public var isActive: Bool { fatalError("EL") }
}

/// Calls back for each of some signals.
public final class SignalWatcher {
    /// Starts watching at once.
    public init(_ loop: Loop, signals: [Int32], _ action: @escaping (Int32) -> Void) throws(LoopError) { fatalError("EL") }
    /// Stops watching; the signals have their default effect again.
    public func close() { fatalError("EL") }
}

/// Calls back when something changes in a folder or a file (inotify). A hint, not a log: changes may be joined.
public final class FileWatcher {
    /// Starts watching `path` at once. `name` is the entry within a watched folder, if the system tells.
    public init(_ loop: Loop, path: String, _ action: @escaping (_ name: String?) -> Void) throws(LoopError) { fatalError("EL") }
    /// Stops watching.
    public func close() { fatalError("EL") }
}

/// A program that this one started.
public final class ChildProcess {
    /// How it ended.
    public struct Exit: Sendable {
        /// The exit status, 0 when a signal ended it.
        public var status: Int64
        /// The signal that ended it, or 0.
        public var signal: Int32
    }
    /// Its process id.
    public var pid: Int32 { fatalError("EL") }
    /// Starts `executable` (searched on PATH) with standard input and output closed, standard error inherited.
    /// - Parameters:
    ///   - ownGroup: puts it into a session of its own, so that a terminal's ctrl-C does not reach it.
    ///   - standardOutputPath: a file that its output and errors are appended to; nil leaves errors as ours.
    public init(
        _ loop: Loop, executable: String, arguments: [String], environment: [String]? = nil, ownGroup: Bool,
        standardOutputPath: String? = nil, onExit: @escaping (Exit) -> Void
    ) throws(LoopError) { fatalError("EL") }
    /// Sends it a signal, if it still runs.
    public func kill(_ signal: Int32) { fatalError("EL") }
    /// Forgets it without ending it.
    public func close() { fatalError("EL") }
}
