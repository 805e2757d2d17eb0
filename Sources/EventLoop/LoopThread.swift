import CLibuv
import Glibc
import Synchronization

/// A thread with a loop of its own.
///
/// It ends with `stop()`, or when the last reference to it goes (then not waited for).
public final class LoopThread: Sendable {
    /// The loop's door.
    public let mailbox: Mailbox

    private let thread: pthread_t
    private let isJoined = Mutex(false)
    private let end = End()
    /// Ample for a loop whose work is flat, an eighth of the system's default.
    private static let stackBytes = 1 << 20

    /// What the new thread gets, handed over once.
    private final class Start {
        let name: String
        let loop: Loop
        let setUp: @Sendable (Loop) -> Void
        let end: End

        init(name: String, loop: Loop, end: End, setUp: @escaping @Sendable (Loop) -> Void) {
            self.name = name
            self.end = end
            self.loop = loop
            self.setUp = setUp
        }

        func run() {
            clibuv_pthread_setname(pthread_self(), name)
            loop.claim()
            setUp(loop)
            loop.run()
            end.come()
        }
    }

    /// The loop's end, which tasks can wait for without holding up a thread.
    private final class End: Sendable {
        private let state = Mutex<(hasCome: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

        func come() {
            let waiting = state.withLock { state in
                state.hasCome = true
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }

        func wait() async {
            await withCheckedContinuation { continuation in
                let hasCome = state.withLock { state in
                    if !state.hasCome { state.waiting.append(continuation) }
                    return state.hasCome
                }
                if hasCome { continuation.resume() }
            }
        }
    }

    /// Starts the thread; `setUp` runs on it before the loop does.
    ///
    /// - Parameters:
    ///   - name: shown by `top -H`; 15 bytes at most.
    ///   - setUp: makes what the loop is to drive.
    /// - Throws: when the system gives no more descriptors or threads.
    public init(name: String, setUp: @escaping @Sendable (Loop) -> Void) throws(LoopError) {
        let loop = try Loop()
        mailbox = loop.mailbox
        let start = Unmanaged.passRetained(
            Start(name: String(name.utf8.prefix(15)) ?? "", loop: loop, end: end, setUp: setUp)
        )
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, LoopThread.stackBytes)
        var thread = pthread_t()
        let code = pthread_create(
            &thread,
            &attributes,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            start.toOpaque()
        )
        guard code == 0 else {
            start.release()
            throw LoopError(code: uv_translate_sys_error(code), attempt: "start the thread \(name)")
        }
        self.thread = thread
    }

    deinit {
        mailbox.askToStop()
        isJoined.withLock { if !$0 { _ = pthread_detach(thread) } }
    }

    /// Stops the loop and waits for its end as a task does: no thread of the cooperative pool is held up.
    public func stopAndWait() async {
        mailbox.askToStop()
        await end.wait()
        // What is left of the thread is its return.
        stop()
    }

    /// Stops the loop and waits for the thread's end; from within the thread itself it cannot wait, and only stops.
    public func stop() {
        mailbox.askToStop()
        // Before the lock, which another thread may hold while it waits for this one's end.
        guard pthread_equal(thread, pthread_self()) == 0 else { return }
        // Whoever else calls this waits at the lock for the same end.
        isJoined.withLock { isJoined in
            if !isJoined { pthread_join(thread, nil) }
            isJoined = true
        }
    }
}
