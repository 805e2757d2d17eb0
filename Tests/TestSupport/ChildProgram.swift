import Foundation

/// A program that a test started, its output in a file.
///
/// `stop` and `kill` name it by its process id alone, and only while this test has not yet seen it end.
package final class ChildProgram {
    /// The process id.
    package let pid: Int32
    /// Where its output and errors go.
    package let outputPath: String
    private let name: String
    private var status: Int32?

    /// Starts a program in a working folder.
    ///
    /// `executable` is a path when it has a slash, and is otherwise searched on PATH. `environment` is added to PATH,
    /// HOME, LANG and TZ, which are this process's own. `output` is a file; what is in it stays.
    package init(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        folder: String,
        output: String
    ) throws {
        name = (executable as NSString).lastPathComponent
        outputPath = output
        var variables = ProcessInfo.processInfo.environment.filter { ["PATH", "HOME", "LANG", "TZ"].contains($0.key) }
        variables.merge(environment) { $1 }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A group of its own: a ctrl-C on the tests leaves it to `stop`.
        posix_spawnattr_setpgroup(&attributes, 0)
        // A thread of Dispatch blocks all signals, and a child inherits that: it would hear no SIGTERM.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))

        let argumentVector = CStrings(["env", "--chdir=\(folder)", executable] + arguments)
        let environmentVector = CStrings(variables.map { "\($0.key)=\($0.value)" })
        Self.keepDescriptors()
        var started: pid_t = 0
        // env changes the folder and then becomes the program: the process id stays.
        let code = posix_spawnp(
            &started,
            "env",
            &actions,
            &attributes,
            argumentVector.pointers,
            environmentVector.pointers
        )
        guard code == 0 else { throw TestFailure("\(executable) did not start: \(String(cString: strerror(code)))") }
        pid = started
    }

    deinit { kill() }

    /// Keeps what this process has open from what it starts: a child that holds a socket of a test keeps it alive.
    private static func keepDescriptors() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            if let descriptor = Int32(name), descriptor > 2 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        }
    }

    /// What it has written so far.
    package var output: String { (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? "" }

    /// Whether it has not ended.
    package var isRunning: Bool {
        if status != nil { return false }
        var state: Int32 = 0
        guard waitpid(pid, &state, WNOHANG) == pid else { return true }
        status = state
        return false
    }

    /// Its exit status; nil while it runs, 128 and the signal's number when one ended it.
    package var exitStatus: Int? {
        guard !isRunning, let status else { return nil }
        let signal = status & 0x7F
        return signal == 0 ? Int((status >> 8) & 0xFF) : 128 + Int(signal)
    }

    /// Sends a signal, if it still runs.
    package func signal(_ number: Int32) {
        if isRunning { _ = Glibc.kill(pid, number) }
    }

    /// Asks it to end, waits for that, and makes it end when it does not; answers its exit status.
    @discardableResult
    package func stop(within seconds: Double = 90) async throws -> Int {
        signal(SIGTERM)
        do {
            return try await waitForExit(within: seconds)
        } catch {
            kill()
            throw error
        }
    }

    /// Waits until it ends by itself.
    package func waitForExit(within seconds: Double = 90) async throws -> Int {
        do {
            return try await eventually("\(name) ends", within: seconds) { exitStatus }
        } catch {
            throw TestFailure("\(error). Its last words:\n\(output.suffix(2_000))")
        }
    }

    /// Ends it at once (SIGKILL).
    package func kill() {
        guard isRunning else { return }
        _ = Glibc.kill(pid, SIGKILL)
        var state: Int32 = 0
        while waitpid(pid, &state, 0) < 0 && errno == EINTR {}
        status = state
    }

    /// Runs a program to its end, and answers what it wrote; another exit status than 0 is an error.
    @discardableResult
    package static func run(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        folder: String,
        within seconds: Double = 180
    ) async throws -> String {
        let output = "\(folder)/.run-\(UUID().uuidString)"
        defer { unlink(output) }
        let program = try ChildProgram(
            executable,
            arguments,
            environment: environment,
            folder: folder,
            output: output
        )
        let status = try await program.waitForExit(within: seconds)
        let text = program.output
        guard status == 0 else {
            throw TestFailure("\(([executable] + arguments).joined(separator: " ")) ended with \(status):\n\(text)")
        }
        return text
    }
}

/// C strings with a nil at the end, as exec wants them.
private final class CStrings {
    private(set) var pointers: [UnsafeMutablePointer<CChar>?]

    init(_ texts: [String]) { pointers = texts.map { strdup($0) } + [nil] }

    deinit { for pointer in pointers { free(pointer) } }
}
