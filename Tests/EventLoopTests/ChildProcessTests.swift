import EventLoop
import Glibc
import Testing

extension EventLoopSuite {
    struct ChildProcessTests {
        private struct End: Sendable {
            var status: Int64
            var signal: Int32
            init(_ exit: ChildProcess.Exit) {
                status = exit.status
                signal = exit.signal
            }
        }

        @Test func `its exit status is told`() async throws {
            let end = try await onLoop { (loop, finish: @escaping (End) -> Void) in
                _ = try ChildProcess(loop, executable: "sh", arguments: ["-c", "exit 7"], ownGroup: false) {
                    finish(End($0))
                }
            }
            #expect(end.status == 7)
            #expect(end.signal == 0)
        }

        @Test func `a signal ends it, and is told`() async throws {
            let end = try await onLoop { (loop, finish: @escaping (End) -> Void) in
                let child = try ChildProcess(loop, executable: "sleep", arguments: ["60"], ownGroup: true) {
                    finish(End($0))
                }
                child.kill(SIGTERM)
            }
            #expect(end.status == 0)
            #expect(end.signal == SIGTERM)
        }

        @Test func `it has no descriptor of ours, however that was opened`() async throws {
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            let opened = fcntl(listener, F_DUPFD, 200)
            defer {
                close(listener)
                close(opened)
            }
            try #require(opened >= 200)
            #expect(fcntl(opened, F_GETFD) & FD_CLOEXEC == 0)
            let end = try await onLoop { (loop, finish: @escaping (End) -> Void) in
                _ = try ChildProcess(
                    loop,
                    executable: "sh",
                    arguments: ["-c", "test -e /proc/$$/fd/0 && test ! -e /proc/$$/fd/\(opened)"],
                    ownGroup: false
                ) { finish(End($0)) }
            }
            #expect(end.status == 0)
        }

        @Test func `a program that does not exist is an error`() async throws {
            let error = try await onLoop { (loop, finish: @escaping (LoopError?) -> Void) in
                do throws(LoopError) {
                    _ = try ChildProcess(loop, executable: "no-such-program", arguments: [], ownGroup: false) { _ in }
                    finish(nil)
                } catch {
                    finish(error)
                }
            }
            #expect(error?.code == -ENOENT)
            #expect(error?.attempt == "start no-such-program")
        }

        @Test func `output and errors are appended to the file, input is empty, the environment is as given`()
            async throws
        {
            let folder = try TemporaryFolder()
            let path = "\(folder.path)/out"
            for round in 1...2 {
                _ = try await onLoop { (loop, finish: @escaping (End) -> Void) in
                    _ = try ChildProcess(
                        loop,
                        executable: "/bin/sh",
                        arguments: ["-c", "cat; echo $ROUND; echo err >&2"],
                        environment: ["ROUND=\(round)"],
                        ownGroup: false,
                        standardOutputPath: path
                    ) { finish(End($0)) }
                }
            }
            #expect(contents(path) == "1\nerr\n2\nerr\n")
        }

        @Test func `with a group of its own it leads a session`() async throws {
            let sessions = try await onLoop { (loop, finish: @escaping ([Bool]) -> Void) in
                var sessions: [Bool] = []
                for own in [true, false] {
                    let child = try ChildProcess(loop, executable: "sleep", arguments: ["60"], ownGroup: own) { _ in
                        if sessions.count == 2 { finish(sessions) }
                    }
                    sessions.append(getsid(child.pid) == child.pid)
                    child.kill(SIGKILL)
                }
            }
            #expect(sessions == [true, false])
        }

        @Test func `a child inherits no descriptor of this module's`() async throws {
            // What this process itself was started with may be there, and is there before as well.
            let before = try await inheritedSockets(connecting: false)
            #expect(try await inheritedSockets(connecting: true) == before)
        }

        /// The sockets of a child, started while a listener and both ends of a connection are open.
        private func inheritedSockets(connecting: Bool) async throws -> Int {
            let folder = try TemporaryFolder()
            let path = "\(folder.path)/out"
            _ = try await onLoop { (loop, finish: @escaping (End) -> Void) in
                let start = {
                    _ = try? ChildProcess(
                        loop,
                        executable: "sh",
                        arguments: ["-c", "ls -l /proc/$$/fd"],
                        ownGroup: false,
                        standardOutputPath: path
                    ) { finish(End($0)) }
                }
                guard connecting else { return start() }
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { _ in start() }
                StreamConnection.connect(loop, to: listener.localAddress, timeoutMs: 10_000) { _ in }
            }
            #expect(contents(path).contains(path))
            return contents(path).split(separator: "\n").count { $0.contains("socket:") }
        }
    }
}

/// A file's text.
func contents(_ path: String) -> String {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { return "" }
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(file, &buffer, buffer.count)
    return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
}
