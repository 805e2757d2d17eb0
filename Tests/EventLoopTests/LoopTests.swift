@testable import EventLoop
import Glibc
import Synchronization
import Testing

extension EventLoopSuite {
    struct LoopTests {
        @Test func `a loop that never ran and holds nothing is freed with its descriptors`() async throws {
            let before = try await descriptorsAtRest()
            for _ in 0..<50 { _ = try Loop() }
            #expect(try await eventually { openDescriptors() <= before })
        }

        @Test func `what is still open when the loop stops is closed with it`() async throws {
            let before = try await descriptorsAtRest()
            try await onLoop { (loop, finish: @escaping (Bool) -> Void) in
                let listener = try StreamListener(loop, bind: .ip("127.0.0.1", port: 0)) { $0.start(Reader()) }
                _ = try UDPSocket(loop, bind: .ip("127.0.0.1", port: 0), receiveBufferBytes: 1 << 16)
                _ = try SignalWatcher(loop, signals: [SIGUSR2]) { _ in }
                _ = try Timer(loop) {}
                StreamConnection.connect(loop, to: listener.localAddress, timeoutMs: 10_000) { result in
                    if case .success(let connection) = result { connection.start(Reader()) }
                    finish(true)
                }
            }
            .required()
            #expect(try await eventually { openDescriptors() <= before })
        }

        @Test func `stop before run ends it at once`() throws {
            let loop = try Loop()
            _ = try Timer(loop) {}
            loop.stop()
            loop.run()
            #expect(throws: LoopError.self) { try Timer(loop) {} }
        }

        @Test func `work runs elsewhere and answers on the loop`() async throws {
            let result = try await onLoop { (loop, finish: @escaping ((Int, Bool)) -> Void) in
                let ours = UInt64(pthread_self())
                loop.work {
                    (1...10).reduce(0, +) + (UInt64(pthread_self()) == ours ? 1_000 : 0)
                } done: {
                    finish(($0, UInt64(pthread_self()) == ours))
                }
            }
            #expect(result == (55, true))
        }

        @Test func `run waits for work under way, and its answer still comes`() async throws {
            let answered = Tally()
            try await onLoop { (loop, finish: @escaping (Bool) -> Void) in
                loop.work {
                    usleep(50_000)
                } done: {
                    answered.add()
                }
                finish(true)
            }
            .required()
            #expect(answered.count == 1)
        }

        @Test func `a thread that nobody holds any more ends`() async throws {
            let mailbox = try LoopThread(name: "dropped") { _ in }.mailbox
            #expect(try await eventually { !mailbox.post { _ in } })
        }

        @Test func `a thread's loop can be stopped from within`() async throws {
            let thread = try LoopThread(name: "itself") { _ in }
            thread.mailbox.post { _ in thread.stop() }
            #expect(try await eventually { !thread.mailbox.post { _ in } })
            thread.stop()
        }

        @Test func `a thread stops itself while another waits for its end`() async throws {
            let thread = try LoopThread(name: "both") { _ in }
            let (isWaiting, hasEnded) = (Tally(), Tally())
            thread.mailbox.post { _ in
                while isWaiting.count == 0 { sched_yield() }
                // Long enough for the other to be within `stop`; too short would only prove less.
                usleep(50_000)
                thread.stop()
            }
            onThread {
                isWaiting.add()
                thread.stop()
                hasEnded.add()
            }
            #expect(try await eventually { hasEnded.count == 1 })
        }

        @Test func `a thread has its name`() async throws {
            let name = Mutex("")
            let thread = try LoopThread(name: "a-name-that-is-too-long") { _ in
                var buffer = [UInt8](repeating: 0, count: 64)
                let file = open("/proc/thread-self/comm", O_RDONLY)
                let count = read(file, &buffer, buffer.count)
                close(file)
                name.withLock { $0 = String(decoding: buffer[..<max(0, count - 1)], as: UTF8.self) }
            }
            thread.stop()
            #expect(name.withLock { $0 } == "a-name-that-is-")
        }

        @Test func `an error names what was attempted and why it failed`() throws {
            let error = LoopError(code: -EADDRINUSE, attempt: "bind udp://127.0.0.1:5514")
            #expect(error.description == "bind udp://127.0.0.1:5514: address already in use")
        }
    }

    struct TimerTests {
        @Test func `timers fire in the order of their times, and not before`() async throws {
            let (order, due, tooEarly) = try await onLoop {
                (loop, finish: @escaping (([UInt64], [UInt64: ContinuousClock.Instant], Bool)) -> Void) in
                var order: [UInt64] = []
                var due: [UInt64: ContinuousClock.Instant] = [:]
                var tooEarly = false
                for ms in [60, 20, 40] as [UInt64] {
                    let begin = ContinuousClock.now
                    due[ms] = begin + .milliseconds(ms)
                    let timer = try Timer(loop) {
                        order.append(ms)
                        // The loop's clock counts whole milliseconds.
                        tooEarly = tooEarly || ContinuousClock.now - begin < .milliseconds(ms - 1)
                        if order.count == 3 { finish((order, due, tooEarly)) }
                    }
                    timer.start(afterMs: ms)
                }
            }
            // As they were started: between two starts the machine may have stood still.
            #expect(order == due.sorted { $0.value < $1.value }.map(\.key))
            #expect(!tooEarly)
        }

        @Test func `a time counts from now, however long this turn has lasted`() async throws {
            let waited = try await onLoop { (loop, finish: @escaping (Duration) -> Void) in
                usleep(120_000)
                let begin = ContinuousClock.now
                let timer = try Timer(loop) { finish(ContinuousClock.now - begin) }
                timer.start(afterMs: 100)
            }
            #expect(waited >= .milliseconds(99))
        }

        @Test func `one repeats until it is stopped, can be armed again, and is freed by close in its own call`()
            async throws
        {
            let calls = try await onLoop { (loop, finish: @escaping (Int) -> Void) in
                var calls = 0
                var timer: EventLoop.Timer?
                timer = try Timer(loop) {
                    calls += 1
                    if calls == 3 {
                        timer?.stop()
                        if timer?.isActive == false { timer?.start(afterMs: 1) }
                    } else if calls == 4 {
                        timer?.close()
                        timer?.start(afterMs: 1)
                        timer = nil
                        let end = try? Timer(loop) { finish(calls) }
                        end?.start(afterMs: 20)
                    }
                }
                timer?.start(afterMs: 0, repeatMs: 1)
            }
            #expect(calls == 4)
        }

        @Test func `a time near the largest number is far away, not now`() async throws {
            let isActive = try await onLoop { (loop, finish: @escaping (Bool) -> Void) in
                let far = try Timer(loop) { finish(false) }
                far.start(afterMs: .max)
                let near = try Timer(loop) { finish(far.isActive) }
                near.start(afterMs: 10)
            }
            #expect(isActive)
        }
    }

    struct SignalTests {
        @Test func `each signal watched arrives, and after close none does`() async throws {
            let seen = try await onLoop { (loop, finish: @escaping ([Int32]) -> Void) in
                var seen: [Int32] = []
                var watcher: SignalWatcher?
                watcher = try SignalWatcher(loop, signals: [SIGUSR1, SIGHUP]) { signal in
                    seen.append(signal)
                    if seen.count == 1 { kill(getpid(), SIGHUP) }
                    if seen.count == 2 {
                        watcher?.close()
                        finish(seen)
                    }
                }
                kill(getpid(), SIGUSR1)
            }
            #expect(seen == [SIGUSR1, SIGHUP])
        }

        @Test func `a signal that cannot be watched is an error, and leaves nothing behind`() async throws {
            let failed = try await onLoop { (loop, finish: @escaping (Bool) -> Void) in
                finish((try? SignalWatcher(loop, signals: [SIGUSR1, SIGKILL]) { _ in }) == nil)
            }
            #expect(failed)
        }
    }
}

/// How many descriptors this process has, with those that stay open once anything of this module, or a wait, was used.
///
/// What a thread of an earlier test still closes may be among them: at the end there may be fewer, never more.
func descriptorsAtRest() async throws -> Int {
    _ = try Loop()
    try await Task.sleep(for: .milliseconds(1))
    return openDescriptors()
}

/// How many descriptors this process has.
func openDescriptors() -> Int {
    guard let folder = opendir("/proc/self/fd") else { return -1 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    return count
}

extension Bool {
    /// Notes a failure unless it holds.
    func required(_ location: SourceLocation = #_sourceLocation) {
        #expect(self, sourceLocation: location)
    }
}
