#if canImport(Glibc)
import Glibc
#endif

/// What stops a benchmark, in words.
struct BenchmarkError: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

func pause(ms: UInt32) { usleep(ms * 1_000) }

/// Seconds of a clock that never goes back.
func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Nanoseconds since 1970.
func wallClock() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// A port that was free a moment ago.
func freePort() -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            _ = bind(descriptor, generic, length)
            _ = getsockname(descriptor, generic, &length)
        }
    }
    return UInt16(bigEndian: address.sin_port)
}

/// A program under measurement, with its figures from /proc.
final class Program {
    let pid: pid_t
    private let log: String
    private var hasEnded = false

    /// Starts a program in a folder of its own, its output in `NAME.log` there; it reads from `input`, if that is given.
    init(
        _ path: String,
        _ arguments: [String],
        environment: [String: String],
        folder: String,
        input: Int32? = nil
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        log = "\(folder)/\(path.split(separator: "/").last ?? "program").log"
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        var argv = ([path] + arguments).map { strdup($0) } + [nil]
        var inherited: [String] = []
        for name in ["PATH", "HOME", "TMPDIR"] {
            if let value = getenv(name) { inherited.append("\(name)=\(String(cString: value))") }
        }
        var envp = (inherited + environment.map { "\($0)=\($1)" }).map { strdup($0) } + [nil]
        defer {
            for pointer in argv + envp { free(pointer) }
        }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, path, &actions, nil, &argv, &envp)
        guard code == 0 else { throw BenchmarkError("cannot start \(path): \(String(cString: strerror(code)))") }
        self.pid = pid
    }

    /// Asks it to end and waits; one that does not within 30 s is killed.
    func stop() {
        guard !hasEnded else { return }
        kill(pid, SIGTERM)
        let deadline = seconds() + 30
        while isRunning, seconds() < deadline { pause(ms: 10) }
        killAtOnce()
    }

    /// Waits until it ends by itself.
    func wait() throws {
        let deadline = seconds() + 30
        while isRunning {
            guard seconds() < deadline else {
                killAtOnce()
                throw BenchmarkError("process \(pid) does not end:\n\(output)")
            }
            pause(ms: 5)
        }
    }

    /// Ends it without a word.
    func killAtOnce() {
        guard isRunning else { return }
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        hasEnded = true
    }

    /// Whether it has not ended yet.
    var isRunning: Bool {
        guard !hasEnded else { return false }
        var status: Int32 = 0
        hasEnded = waitpid(pid, &status, WNOHANG) != 0
        return !hasEnded
    }

    /// What it has written.
    var output: String { readText(log) }

    /// Processor seconds used so far, with those of its children that still run (the hub's private Redis).
    var processorSeconds: Double { Self.processorSeconds([pid] + children) }

    /// Of its children that still run, alone.
    var childrenProcessorSeconds: Double { Self.processorSeconds(children) }

    private static func processorSeconds(_ pids: [pid_t]) -> Double {
        pids
            .reduce(0) { sum, pid in
                let fields = statFields(pid)
                guard fields.count > 14, let user = Double(fields[11]), let system = Double(fields[12]) else {
                    return sum
                }
                return sum + (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
            }
    }

    /// Resident memory in MiB, without children.
    var residentMiB: Double { kibibytes("VmRSS:", in: "status") / 1_024 }

    /// Memory in MiB, without children: resident now, at most so far, and what no other process shares (smaps_rollup).
    var memory: (resident: Double, highest: Double, own: Double) {
        let own = kibibytes("Private_Clean:", in: "smaps_rollup") + kibibytes("Private_Dirty:", in: "smaps_rollup")
        return (residentMiB, kibibytes("VmHWM:", in: "status") / 1_024, own / 1_024)
    }

    private func kibibytes(_ name: String, in file: String) -> Double {
        for line in readText("/proc/\(pid)/\(file)").split(separator: "\n") where line.hasPrefix(name) {
            return Double(line.split(whereSeparator: { $0 == " " || $0 == "\t" })[1]) ?? 0
        }
        return 0
    }

    private var children: [pid_t] {
        readText("/proc/\(pid)/task/\(pid)/children").split(separator: " ").compactMap { pid_t($0) } + childrenOfThreads
    }

    private var childrenOfThreads: [pid_t] {
        guard let folder = opendir("/proc/\(pid)/task") else { return [] }
        defer { closedir(folder) }
        var found: [pid_t] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let thread = pid_t(name), thread != pid else { continue }
            found += readText("/proc/\(pid)/task/\(thread)/children").split(separator: " ").compactMap { pid_t($0) }
        }
        return found
    }

    /// The fields of /proc/PID/stat behind the name, which may hold blanks (proc(5)).
    private static func statFields(_ pid: pid_t) -> [Substring] {
        let text = readText("/proc/\(pid)/stat")
        guard let end = text.lastIndex(of: ")") else { return [] }
        return text[text.index(after: end)...].split(separator: " ")
    }
}

/// Calls `body` with a new folder, and removes it afterwards.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    var template = Array("/tmp/komfyr-bench-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw BenchmarkError("cannot make a folder in /tmp") }
    let folder = String(cString: made)
    guard chdir(folder) == 0 else { throw BenchmarkError("cannot enter \(folder)") }
    defer { removeTree(folder) }
    return try body(folder)
}

/// Removes a folder with all it holds.
private func removeTree(_ path: String) {
    if let folder = opendir(path) {
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == "." || name == ".." { continue }
            if entry.pointee.d_type == UInt8(DT_DIR) {
                removeTree("\(path)/\(name)")
            } else {
                unlink("\(path)/\(name)")
            }
        }
        closedir(folder)
    }
    rmdir(path)
}

/// A whole small file; empty when it cannot be read.
func readText(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4_096)
    while true {
        let count = fread(&piece, 1, piece.count, file)
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes.append(contentsOf: piece[..<count])
    }
}

func makeFolder(_ path: String) throws {
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw BenchmarkError("cannot make \(path)") }
}

func isFile(_ path: String) -> Bool { access(path, R_OK) == 0 }

/// The names in a folder, sorted, without hidden ones; empty when it cannot be read.
func names(in path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var found: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if !name.hasPrefix(".") { found.append(name) }
    }
    return found.sorted()
}

func writeText(_ text: String, to path: String) throws {
    guard let file = fopen(path, "w") else { throw BenchmarkError("cannot write \(path)") }
    defer { fclose(file) }
    fputs(text, file)
}
