import CLibuv
import Glibc

/// A program that this one started.
///
/// It has the default effect for every signal. It inherits no descriptors but those named below.
public final class ChildProcess: HandleOwner {
    /// How it ended.
    public struct Exit: Sendable {
        /// The exit status, 0 when a signal ended it.
        public var status: Int64
        /// The signal that ended it, or 0.
        public var signal: Int32
    }

    /// Its process id.
    public private(set) var pid: Int32 = 0

    let loop: Loop
    private var handle: UnsafeMutablePointer<uv_process_t>?
    private var onExit: (Exit) -> Void
    private var hasExited = false

    /// Starts `executable` (searched on PATH) with standard input and output closed, standard error inherited.
    ///
    /// - Parameters:
    ///   - loop: where `onExit` is called.
    ///   - executable: a path, or a name to be found on PATH.
    ///   - arguments: those after the program's name.
    ///   - environment: `NAME=value` each; nil for ours.
    ///   - ownGroup: puts it into a session of its own, so that a terminal's ctrl-C does not reach it.
    ///   - standardOutputPath: a file that its output and errors are appended to; nil leaves errors as ours.
    ///   - inherited: a descriptor that it has too, as its descriptor 3; how it gets a lock to hold (`flock`).
    ///   - onExit: called once, on the loop, unless this is closed before.
    /// - Throws: when there is no such program, or the file cannot be written.
    public init(
        _ loop: Loop,
        executable: String,
        arguments: [String],
        environment: [String]? = nil,
        ownGroup: Bool,
        standardOutputPath: String? = nil,
        inheriting inherited: Int32? = nil,
        onExit: @escaping (Exit) -> Void
    ) throws(LoopError) {
        self.loop = loop
        self.onExit = onExit
        var output: Int32?
        if let path = standardOutputPath {
            let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC
            output = try checkSystemCall(open(path, flags, 0o640), "open \(path)")
        }
        defer { if let output { Glibc.close(output) } }
        // uv_spawn initialises the handle itself, and wants it closed even when it fails.
        let handle = try adopt(uv_process_t.self, "start \(executable)") { loop, handle in
            UnsafeMutableRawPointer(handle)
                .initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<uv_process_t>.size)
            return 0
        }
        self.handle = handle
        keepDescriptorsFromPrograms()
        let code = withOptions(
            executable: executable,
            arguments: arguments,
            environment: environment,
            ownGroup: ownGroup,
            output: output,
            inherited: inherited
        ) { uv_spawn(loop.raw, handle, &$0) }
        guard code == 0 else {
            close()
            throw LoopError(code: code, attempt: "start \(executable)")
        }
        pid = handle.pointee.pid
    }

    /// Sends it a signal, if it still runs.
    public func kill(_ signal: Int32) {
        loop.assertOnLoop()
        // After its end the id may belong to another process.
        guard let handle, !hasExited else { return }
        uv_process_kill(handle, signal)
    }

    /// Forgets it without ending it.
    public func close() {
        guard let closing = handle else { return }
        handle = nil
        release(closing)
        onExit = { _ in }
    }

    private func exited(_ exit: Exit) {
        hasExited = true
        let onExit = onExit
        close()
        onExit(exit)
    }

    /// Lays the options out in C's form for the time of `body`.
    private func withOptions(
        executable: String,
        arguments: [String],
        environment: [String]?,
        ownGroup: Bool,
        output: Int32?,
        inherited: Int32?,
        _ body: (inout uv_process_options_t) -> Int32
    ) -> Int32 {
        var argv: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = (environment ?? []).map { strdup($0) } + [nil]
        defer { for text in argv + envp { free(text) } }
        var stdio = [uv_stdio_container_t](repeating: uv_stdio_container_t(), count: 3)
        // UV_IGNORE opens /dev/null: a program that met a closed descriptor would take its first socket for output.
        stdio[0].flags = UV_IGNORE
        stdio[1].flags = UV_IGNORE
        stdio[2].flags = UV_INHERIT_FD
        stdio[2].data.fd = 2
        if let output {
            stdio[1].flags = UV_INHERIT_FD
            stdio[1].data.fd = output
            stdio[2].data.fd = output
        }
        if let inherited {
            var container = uv_stdio_container_t()
            container.flags = UV_INHERIT_FD
            container.data.fd = inherited
            stdio.append(container)
        }
        return argv.withUnsafeMutableBufferPointer { argv in
            envp.withUnsafeMutableBufferPointer { envp in
                stdio.withUnsafeMutableBufferPointer { stdio in
                    var options = uv_process_options_t()
                    options.file = UnsafePointer(argv[0])
                    options.args = argv.baseAddress
                    options.env = environment == nil ? nil : envp.baseAddress
                    options.flags = ownGroup ? UV_PROCESS_DETACHED.rawValue : 0
                    options.stdio_count = Int32(stdio.count)
                    options.stdio = stdio.baseAddress
                    options.exit_cb = { handle, status, signal in
                        owner(of: handle, as: ChildProcess.self)?.exited(Exit(status: status, signal: signal))
                    }
                    return body(&options)
                }
            }
        }
    }
}

@available(*, unavailable)
extension ChildProcess: Sendable {}
