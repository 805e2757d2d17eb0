import EventLoop
import Glibc
import Testing

struct ProcessMemoryTests {
    @Test func `code that was given back comes again when it is run`() throws {
        let first = try Loop()
        first.stop()
        first.run()
        #expect(ProcessMemory.releaseCode() > 1 << 20)
        let second = try Loop()
        var fired = 0
        let timer = try Timer(second) {
            fired += 1
            if fired == 3 { second.stop() }
        }
        timer.start(afterMs: 1, repeatMs: 1)
        second.run()
        #expect(fired == 3)
    }

    @Test func `what was written is kept`() throws {
        // Relocated tables and variables lie in the same files as the code.
        let before = environ[0].map { String(cString: $0) }
        ProcessMemory.releaseCode()
        #expect(environ[0].map { String(cString: $0) } == before)
        #expect([3, 1, 2].sorted() == [1, 2, 3])
    }
}
