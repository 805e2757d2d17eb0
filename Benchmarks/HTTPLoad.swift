import EventLoop
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Sends bodies over some keep-alive connections, each its next as soon as the last was answered.
///
/// One thread with a loop. What a connection sends is made before, so that the sender costs little.
final class HTTPLoad: Sendable {
    /// What came of it.
    struct Outcome: Sendable {
        var answered = 0
        var refused = 0
        var firstRefusal = ""
    }

    private let state = Mutex(State())
    private struct State {
        var outcome = Outcome()
        var open = 0
        var failure: String?
    }

    /// Sends all requests and waits for the last answer.
    /// - Parameters:
    ///   - port: of the hub, on loopback.
    ///   - connections: how many are used, each with one request under way.
    ///   - requests: whole HTTP requests, shared out in turn.
    ///   - repeats: how often the list is sent.
    /// - Returns: how many were answered with 200.
    /// - Throws: when a connection breaks.
    static func run(port: UInt16, connections: Int, requests: [[UInt8]], repeats: Int) throws -> Outcome {
        let load = HTTPLoad()
        load.state.withLock { $0.open = connections }
        let thread = try LoopThread(name: "load") { loop in
            let queue = RequestQueue(requests: requests, repeats: repeats)
            for _ in 0..<connections {
                StreamConnection.connect(loop, to: .ip("127.0.0.1", port: port), timeoutMs: 5_000) { result in
                    switch result {
                    case .failure(let error): load.finish(failure: error.description)
                    case .success(let connection):
                        let client = Client(connection, queue, load)
                        connection.start(client)
                        client.sendNext()
                    }
                }
            }
        }
        while load.state.withLock({ $0.open }) > 0 { pause(ms: 1) }
        thread.stop()
        if let failure = load.state.withLock({ $0.failure }) { throw BenchmarkError(failure) }
        return load.state.withLock { $0.outcome }
    }

    fileprivate func count(status: Int, _ answer: UnsafeRawBufferPointer) {
        state.withLock { state in
            if status == 200 {
                state.outcome.answered += 1
            } else {
                state.outcome.refused += 1
                if state.outcome.firstRefusal.isEmpty {
                    state.outcome.firstRefusal = String(decoding: answer.prefix(400), as: UTF8.self)
                }
            }
        }
    }

    fileprivate func finish(failure: String?) {
        state.withLock { state in
            state.open -= 1
            if let failure, state.failure == nil { state.failure = failure }
        }
    }
}

/// Sends batches on a thread of its own until it is stopped.
final class LoadThread: Sendable {
    private struct State {
        var isStopped = false
        var batches = 0
        var started = seconds()
        var failure: String?
    }

    private let state = Mutex(State())
    private let batchLogs: Double
    private let done = Mutex(false)

    /// Begins, over 4 connections.
    /// - Parameters:
    ///   - port: the hub's.
    ///   - requests: sent in turn, again and again.
    ///   - batchLogs: logs of each.
    /// - Throws: when there is no thread.
    init(port: UInt16, requests: [[UInt8]], batchLogs: Int = 1_000) throws {
        self.batchLogs = Double(batchLogs)
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(owner: self, port: port, requests: requests))
        let code = pthread_create(
            &thread,
            nil,
            { work in
                guard let work else { return nil }
                Unmanaged<Work>.fromOpaque(work).takeRetainedValue().run()
                return nil
            },
            work.toOpaque()
        )
        guard code == 0 else {
            work.release()
            throw BenchmarkError("no thread for the load")
        }
        pthread_detach(thread)
    }

    /// Ends it.
    /// - Returns: logs a second.
    func stop() throws -> Double {
        let (batches, elapsed) = state.withLock { state in
            state.isStopped = true
            return (state.batches, seconds() - state.started)
        }
        while !done.withLock({ $0 }) { pause(ms: 1) }
        if let failure = state.withLock({ $0.failure }) { throw BenchmarkError(failure) }
        return Double(batches) * batchLogs / elapsed
    }

    /// What the thread does.
    private final class Work {
        let owner: LoadThread
        let port: UInt16
        let requests: [[UInt8]]

        init(owner: LoadThread, port: UInt16, requests: [[UInt8]]) {
            self.owner = owner
            self.port = port
            self.requests = requests
        }

        func run() {
            var place = 0
            while !owner.state.withLock({ $0.isStopped }) {
                // A few at a time, so that it ends soon when it is to.
                let end = min(place + 64, requests.count)
                do {
                    let some = Array(requests[place..<end])
                    let outcome = try HTTPLoad.run(port: port, connections: 4, requests: some, repeats: 1)
                    owner.state.withLock { state in
                        state.batches += outcome.answered
                        if outcome.refused > 0 { state.failure = outcome.firstRefusal }
                    }
                } catch {
                    owner.state.withLock { state in
                        state.failure = "\(error)"
                        state.isStopped = true
                    }
                }
                place = end == requests.count ? 0 : end
            }
            owner.done.withLock { $0 = true }
        }
    }
}

/// What is still to be sent, shared by the connections of one loop.
private final class RequestQueue {
    private let requests: [[UInt8]]
    private var left: Int
    private var index = 0

    init(requests: [[UInt8]], repeats: Int) {
        self.requests = requests
        left = requests.count * repeats
    }

    func next() -> [UInt8]? {
        guard left > 0 else { return nil }
        left -= 1
        index = index + 1 == requests.count ? 0 : index + 1
        return requests[index]
    }
}

/// One connection: one request under way.
private final class Client: StreamHandler {
    private let connection: StreamConnection
    private let queue: RequestQueue
    private let load: HTTPLoad
    private var answer: [UInt8] = []

    init(_ connection: StreamConnection, _ queue: RequestQueue, _ load: HTTPLoad) {
        self.connection = connection
        self.queue = queue
        self.load = load
    }

    func sendNext() {
        guard let request = queue.next() else {
            connection.close()
            load.finish(failure: nil)
            return
        }
        connection.write(request)
    }

    func received(_ bytes: UnsafeRawBufferPointer) {
        answer.append(contentsOf: bytes)
        let isWhole = answer.withUnsafeBytes { answer in
            guard let head = HTTPHead(answer), answer.count >= head.headBytes + head.contentLength else { return false }
            load.count(status: head.status, answer)
            return true
        }
        if isWhole {
            answer.removeAll(keepingCapacity: true)
            sendNext()
        }
    }

    func ended(_ error: LoopError?) {
        load.finish(failure: "a connection ended: \(error?.description ?? "closed by the server")")
    }
}

/// The little of an HTTP head that load and sink need: the status of an answer, where the body begins and how long
/// it is.
struct HTTPHead {
    var status: Int
    var headBytes: Int
    var contentLength = 0

    /// - Returns: nil while the head is not complete.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var end: Int?
        var index = 3
        while index < bytes.count {
            if bytes[index] == 0x0A, bytes[index - 1] == 0x0D, bytes[index - 2] == 0x0A {
                end = index + 1
                break
            }
            index += 1
        }
        guard let end else { return nil }
        headBytes = end
        status = 0
        for byte in bytes[9..<12] { status = status * 10 + Int(byte &- UInt8(ascii: "0")) }
        let name = Array("content-length:".utf8)
        var line = 0
        while line + name.count < end {
            if (0..<name.count).allSatisfy({ bytes[line + $0] | 0x20 == name[$0] | 0x20 }) {
                for byte in bytes[(line + name.count)..<end] {
                    if byte == 0x0D { break }
                    if byte == 0x20 { continue }
                    contentLength = contentLength * 10 + Int(byte &- UInt8(ascii: "0"))
                }
                return
            }
            while line < end, bytes[line] != 0x0A { line += 1 }
            line += 1
        }
    }

    /// The value of a field of a head; `name` in small letters.
    static func field(_ name: StaticString, in head: UnsafeRawBufferPointer) -> [UInt8]? {
        let wanted = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        for line in head.split(separator: 0x0A) {
            let line = UnsafeRawBufferPointer(rebasing: line)
            guard line.count > wanted.count, line[wanted.count] == UInt8(ascii: ":"),
                zip(line, wanted).allSatisfy({ $0 | 0x20 == $1 | 0x20 })
            else { continue }
            return Array(line[(wanted.count + 1)...].drop { $0 == 0x20 }.prefix { $0 != 0x0D })
        }
        return nil
    }
}
