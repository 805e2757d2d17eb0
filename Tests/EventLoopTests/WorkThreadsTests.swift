import CLibuv
import EventLoop
import Glibc
import Synchronization
import Testing

extension EventLoopSuite {
    struct WorkThreadsTests {
        @Test func `work runs on threads of its own that yield to others, and what follows it does not`() async throws {
            // proc(5): the name stands in brackets, the niceness is the 16th number behind the state.
            func thread() -> (name: String, nice: String) {
                var bytes = [UInt8](repeating: 0, count: 1_024)
                let file = open("/proc/thread-self/stat", O_RDONLY)
                let count = read(file, &bytes, bytes.count)
                close(file)
                let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
                let name = text.split(separator: "(").last?.split(separator: ")").first ?? ""
                let rest = text.split(separator: ")").last?.split(separator: " ") ?? []
                return (String(name), rest.count > 16 ? String(rest[16]) : "")
            }
            func inside() async -> (name: String, nice: String) {
                await Task.yield()
                return thread()
            }
            let found = await onWorkThreads { await inside() }
            #expect(found == ("work", "5"))
            #expect(await inside().name != "work")
        }

        @Test func `all work of many tasks is done, each once`() async {
            let tasks = 64
            let steps = 500
            let record = Record(tasks)
            await withTaskGroup(of: Void.self) { group in
                for task in 0..<tasks {
                    group.addTask {
                        await onWorkThreads {
                            for step in 0..<steps {
                                record.ran.withLock { $0[task].append(step) }
                                await Task.yield()
                            }
                        }
                    }
                }
            }
            for list in record.ran.withLock({ $0 }) { #expect(list == Array(0..<steps)) }
        }

        @Test func `while all of its threads are busy, what is asked elsewhere is answered`() async throws {
            let gate = Gate()
            let threads = Int(uv_available_parallelism())
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<threads {
                    group.addTask {
                        await onWorkThreads {
                            gate.busy.add(1, ordering: .sequentiallyConsistent)
                            while !gate.isReleased.load(ordering: .sequentiallyConsistent) { sched_yield() }
                        }
                    }
                }
                // Asked in Swift's own pool, which none of this holds up.
                #expect(
                    try await eventually(seconds: 30) { gate.busy.load(ordering: .sequentiallyConsistent) == threads }
                )
                gate.isReleased.store(true, ordering: .sequentiallyConsistent)
                try await group.waitForAll()
            }
        }

        @Test func `an error comes back as it was thrown`() async {
            struct Refused: Error, Equatable { var number: Int }
            func refuse() async throws(Refused) -> Int { throw Refused(number: 7) }
            do throws(Refused) {
                _ = try await onWorkThreads { () async throws(Refused) -> Int in try await refuse() }
                Issue.record("nothing was thrown")
            } catch {
                #expect(error == Refused(number: 7))
            }
        }

        private final class Record: Sendable {
            let ran: Mutex<[[Int]]>

            init(_ tasks: Int) { ran = Mutex([[Int]](repeating: [], count: tasks)) }
        }

        private final class Gate: Sendable {
            let isReleased = Atomic(false)
            let busy = Atomic(0)
        }
    }
}
