import FoundationEssentials
import Glibc
import Testing

@testable import KomfyrHub

/// A real redis-server on a unix socket in a temporary folder, for one test.
///
/// It is started by a shell that waits for the end of a pipe: when the test process goes, however it goes, the pipe
/// ends and the shell ends that one Redis. `deinit` ends it and removes the folder.
final class PrivateRedisForTests {
    /// The temporary folder, which holds Redis's files and its socket.
    let folder: String
    /// The socket's path.
    let socket: String
    /// Redis's process id.
    private(set) var pid: pid_t = 0
    private let arguments: [String]
    private var shell: pid_t = 0
    private var pipeEnd: Int32 = -1

    /// Starts it and waits until it answers.
    /// - Parameters:
    ///   - arguments: more of redis-server's options (`--requirepass`, `x`).
    ///   - isDurable: keeps an append-only file, so that `restart` finds the data again.
    /// - Throws: `Failure` when it does not come up.
    init(_ arguments: [String] = [], isDurable: Bool = false) throws {
        var template = Array("/tmp/kmf-redis-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(what: "mkdtemp: errno \(errno)") }
        folder = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        socket = folder + "/redis.sock"
        self.arguments =
            [
                "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", folder, "--save", "",
                "--appendonly", isDurable ? "yes" : "no", "--appendfsync", "no", "--logfile", folder + "/redis.log",
                "--maxmemory-policy", "noeviction",
            ] + arguments
        do {
            try start()
        } catch {
            removeFolder()
            throw error
        }
    }

    deinit {
        kill()
        removeFolder()
    }

    /// Where a client finds it.
    var configuration: RedisConfiguration { RedisConfiguration(address: .unix(socket)) }

    /// Ends it as a power failure does (SIGKILL), and waits until it is gone.
    func kill() {
        guard shell > 0 else { return }
        // A line as well as the end: another test's child could have inherited this pipe just before it was marked.
        _ = write(pipeEnd, "\n", 1)
        close(pipeEnd)
        var status: Int32 = 0
        while waitpid(shell, &status, 0) < 0, errno == EINTR {}
        shell = 0
        pid = 0
    }

    /// Stops it in its tracks (SIGSTOP): connections stay, nothing is answered.
    func freeze() { _ = Glibc.kill(pid, SIGSTOP) }

    /// Ends a frozen one without letting it answer anything more; `kill` is called next.
    func killAtOnce() { _ = Glibc.kill(pid, SIGKILL) }

    /// Goes on after `freeze`.
    func thaw() { _ = Glibc.kill(pid, SIGCONT) }

    /// Ends it and starts it again with the same folder.
    func restart() throws {
        kill()
        try start()
    }

    /// Starts it after `kill`.
    func start() throws {
        var input: [Int32] = [0, 0]
        var output: [Int32] = [0, 0]
        guard pipe(&input) == 0, pipe(&output) == 0 else { throw Failure(what: "pipe: errno \(errno)") }
        // A shell of another test must not hold this one's end.
        for descriptor in input + output { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        defer { close(output[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input[0], 0)
        posix_spawn_file_actions_adddup2(&actions, output[1], 1)
        let script = #"redis-server "$@" >/dev/null 2>&1 & echo $!; read end; kill -CONT $!; kill -KILL $!; wait"#
        let words = ["sh", "-c", script, "sh"] + arguments
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for word in argv { free(word) } }
        // The threads that tests run on block signals; a shell that inherited this would wait for its child for ever.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let result = posix_spawnp(&shell, "sh", &actions, &attributes, &argv, environ)
        close(input[0])
        close(output[1])
        pipeEnd = input[1]
        guard result == 0 else {
            shell = 0
            close(pipeEnd)
            throw Failure(what: "start sh: errno \(result)")
        }
        var text = [UInt8](repeating: 0, count: 32)
        let count = read(output[0], &text, text.count)
        pid = pid_t(String(decoding: text.prefix(max(0, count)).prefix { $0 != 10 }, as: UTF8.self)) ?? 0
        guard pid > 0 else { throw Failure(what: "no process id from sh") }
        try waitUntilItAnswers()
    }

    private func waitUntilItAnswers() throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let first = ping(), first == UInt8(ascii: "+") || first == UInt8(ascii: "-") { return }
            usleep(5_000)
        }
        throw Failure(what: "redis-server did not answer; is it installed?")
    }

    private func ping() -> UInt8? {
        let connection = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard connection >= 0 else { return nil }
        defer { close(connection) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(socket.utf8).prefix($0.count - 1)) }
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(connection, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isConnected, write(connection, "PING\r\n", 6) == 6 else { return nil }
        var byte: UInt8 = 0
        return read(connection, &byte, 1) == 1 ? byte : nil
    }

    private func removeFolder() { TemporaryFolder.remove(folder) }

    struct Failure: Error {
        var what: String
    }
}

/// A folder of its own for one test; gone with the last reference.
final class TemporaryFolder {
    /// Its path.
    let path: String

    /// Makes it.
    /// - Parameter prefix: the beginning of its path.
    /// - Throws: `Failure` when there is no room.
    init(prefix: String = "/tmp/kmf-test-") throws {
        var template = Array((prefix + "XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw PrivateRedisForTests.Failure(what: "mkdtemp: errno \(errno)") }
        path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    /// Removes a folder and what is in it.
    static func remove(_ path: String) {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Polls until `condition` holds.
/// - Throws: when it does not within the time.
func eventually(
    within duration: Duration = .seconds(60),
    _ what: String,
    isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + duration
    var isOver = false
    while true {
        if try await condition() { return }
        if isOver { break }
        try await Task.sleep(for: .milliseconds(5))
        // Once more after a pause that took all the time: other tests may have held the threads up.
        isOver = ContinuousClock.now >= deadline
    }
    throw PrivateRedisForTests.Failure(what: "not within \(duration): \(what)")
}
