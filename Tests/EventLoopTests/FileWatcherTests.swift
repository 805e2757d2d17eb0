import EventLoop
import Glibc
import Testing

extension EventLoopSuite {
    struct FileWatcherTests {
        @Test func `a new file in a watched folder is told by its name`() async throws {
            let folder = try TemporaryFolder()
            let name = try await onLoop { (loop, finish: @escaping (String?) -> Void) in
                _ = try FileWatcher(loop, path: folder.path) { name, _ in finish(name) }
                append("x", to: "\(folder.path)/new.log")
            }
            #expect(name == "new.log")
        }

        @Test func `an entry that comes is told apart from one that is written`() async throws {
            let folder = try TemporaryFolder()
            let changes = try await onLoop { (loop, finish: @escaping ([FileWatcher.Change]) -> Void) in
                var changes: [FileWatcher.Change] = []
                _ = try FileWatcher(loop, path: folder.path) { _, change in
                    changes.append(change)
                    if changes.count == 2 { finish(changes) }
                }
                append("x", to: "\(folder.path)/new.log")
            }
            #expect(changes == [.entry, .content])
        }

        @Test func `what is appended to a watched file is told, also after it was renamed`() async throws {
            let folder = try TemporaryFolder()
            let path = "\(folder.path)/a.log"
            append("1", to: path)
            let calls = try await onLoop { (loop, finish: @escaping (Int) -> Void) in
                var step = 0
                _ = try FileWatcher(loop, path: path) { _, _ in
                    step += 1
                    switch step {
                    case 1: rename(path, path + ".1")
                    case 2: append("3", to: path + ".1")
                    default: finish(step)
                    }
                }
                append("2", to: path)
            }
            #expect(calls == 3)
        }

        @Test func `after close nothing is told, and close in its own call is safe`() async throws {
            let folder = try TemporaryFolder()
            let calls = try await onLoop { (loop, finish: @escaping (Int) -> Void) in
                var calls = 0
                var watcher: FileWatcher?
                watcher = try FileWatcher(loop, path: folder.path) { _, _ in
                    calls += 1
                    watcher?.close()
                    append("2", to: "\(folder.path)/b")
                    let timer = try? EventLoop.Timer(loop) { finish(calls) }
                    timer?.start(afterMs: 30)
                }
                append("1", to: "\(folder.path)/a")
            }
            #expect(calls == 1)
        }

        @Test func `two watchers of one folder are both told`() async throws {
            let folder = try TemporaryFolder()
            let both = try await onLoop { (loop, finish: @escaping (Bool) -> Void) in
                var told: Set<Int> = []
                for index in 0...1 {
                    _ = try FileWatcher(loop, path: folder.path) { _, _ in
                        told.insert(index)
                        if told.count == 2 { finish(true) }
                    }
                }
                append("1", to: "\(folder.path)/a")
            }
            #expect(both)
        }

        @Test func `what does not exist cannot be watched`() async throws {
            let error = try await onLoop { (loop, finish: @escaping (LoopError?) -> Void) in
                do throws(LoopError) {
                    _ = try FileWatcher(loop, path: "/no/such/file") { _, _ in }
                    finish(nil)
                } catch {
                    finish(error)
                }
            }
            #expect(error?.code == -ENOENT)
            #expect(error?.attempt == "watch /no/such/file")
        }
    }
}

/// Writes at the end of a file, which is made if it is not there.
private func append(_ text: String, to path: String) {
    let file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o600)
    let bytes = Array(text.utf8)
    _ = write(file, bytes, bytes.count)
    close(file)
}
