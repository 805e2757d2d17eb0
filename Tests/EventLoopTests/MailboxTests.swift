@testable import EventLoop
import Glibc
import Synchronization
import Testing

extension EventLoopSuite {
    struct MailboxTests {
        @Test func `jobs of many threads all run, each thread's in its order`() async throws {
            let threads = 8
            let jobs = 5_000
            let ran = Mutex([[Int]](repeating: [], count: threads))
            let loopThread = try LoopThread(name: "mailbox") { _ in }
            for thread in 0..<threads {
                onThread {
                    for job in 0..<jobs {
                        // A full mailbox refuses: the loop catches up.
                        while !loopThread.mailbox.post({ _ in ran.withLock { $0[thread].append(job) } }) {
                            sched_yield()
                        }
                    }
                }
            }
            #expect(try await eventually(seconds: 30) { ran.withLock { $0.allSatisfy { $0.count == jobs } } })
            loopThread.stop()
            for list in ran.withLock({ $0 }) { #expect(list == Array(0..<jobs)) }
        }

        @Test func `beyond its capacity it refuses, and takes more once it was emptied`() async throws {
            let (taken, after) = try await onLoop { (loop, finish: @escaping ((Int, Bool)) -> Void) in
                let small = try Loop(mailboxCapacity: 10)
                let taken = (0..<25).count { _ in small.mailbox.post { _ in } }
                _ = small.mailbox.post { _ in }
                small.mailbox.askToStop()
                small.run()
                // A loop that turns takes them out in one go.
                var again = 0
                for _ in 0..<3 { again += loop.mailbox.post { _ in } ? 1 : 0 }
                finish((taken, again == 3))
            }
            #expect(taken == 10)
            #expect(after)
        }

        @Test func `after the loop's end a post is refused`() throws {
            let ran = Tally()
            let thread = try LoopThread(name: "ends") { _ in }
            thread.stop()
            #expect(!thread.mailbox.post { _ in ran.add() })
            thread.stop()
            #expect(ran.count == 0)
        }

        @Test func `a job that was taken runs, even when the loop stops at the same time`() async throws {
            for _ in 0..<40 {
                let taken = Tally()
                let ran = Tally()
                let finished = Tally()
                let thread = try LoopThread(name: "race") { _ in }
                for _ in 0..<3 {
                    let mailbox = thread.mailbox
                    onThread {
                        while mailbox.post({ _ in ran.add() }) { taken.add() }
                        finished.add()
                    }
                }
                _ = try await eventually { ran.count > 0 }
                thread.stop()
                #expect(try await eventually { finished.count == 3 })
                // Refused for being full ends a poster too: what counts is that none that was taken is missing.
                #expect(taken.count == ran.count)
            }
        }

        @Test func `a post from a job of the same loop runs in a later turn`() async throws {
            let order = try await onLoop { (loop, finish: @escaping ([Int]) -> Void) in
                let seen = Mutex<[Int]>([])
                loop.mailbox.post { loop in
                    seen.withLock { $0.append(1) }
                    loop.mailbox.post { _ in seen.withLock { $0.append(3) } }
                    seen.withLock { $0.append(2) }
                }
                let timer = try Timer(loop) { if seen.withLock({ $0.count }) == 3 { finish(seen.withLock { $0 }) } }
                timer.start(afterMs: 1, repeatMs: 1)
            }
            #expect(order == [1, 2, 3])
        }

        @Test func `a full mailbox does not keep its loop from being stopped`() throws {
            let thread = try LoopThread(name: "full") { loop in
                while loop.mailbox.post({ _ in }) {}
            }
            thread.stop()
            #expect(!thread.mailbox.post { _ in })
        }
    }
}
