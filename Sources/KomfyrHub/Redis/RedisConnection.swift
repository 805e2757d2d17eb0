import EventLoop

/// One standing connection: writes commands, and ties the answers to them by their order.
///
/// Belongs to its loop. Its driver hears of answers and of the end.
final class RedisConnection: StreamHandler {
    /// Whom the answers of a group of commands are for.
    enum Recipient {
        case task(RedisQueue.Continuation)
        /// The connection's own set-up.
        case driver
        /// Who asked has given up; the answer still has its place in the order.
        case nobody
    }

    private struct Waiting {
        var recipient: Recipient
        var commands: Int
        var bytes: Int
        var deadline: UInt64
        /// For how long Redis may be silent before it is given up, in milliseconds.
        var patience: UInt64
        var begunMs: UInt64
        var answers: [RedisValue]
    }

    private let stream: StreamConnection
    private let reader: RedisReplyReader
    private weak var driver: RedisDriver?
    /// In the order of sending; those before `first` are answered.
    private var waiting: [Waiting] = []
    private var first = 0
    private var writer = RedisCommandWriter()
    private var isEnded = false
    /// When Redis last sent anything.
    private var heardMs: UInt64 = 0
    /// An error that answers no task's command, such as "max number of clients reached".
    private var lastWords: String?
    private var answered: [Waiting] = []

    init(_ stream: StreamConnection, driver: RedisDriver) throws(RedisProtocolFault) {
        self.stream = stream
        self.driver = driver
        reader = try RedisReplyReader()
    }

    /// Begins to read.
    func start() { stream.start(self) }

    /// Whether any command has no answer yet.
    var isWaiting: Bool { first < waiting.count }

    /// Puts commands into this turn's write.
    func add(
        _ commands: [RedisCommand],
        for recipient: Recipient,
        bytes: Int,
        deadline: UInt64,
        patience: UInt64 = .max
    ) {
        for command in commands { writer.append(command) }
        var entry = Waiting(
            recipient: recipient,
            commands: commands.count,
            bytes: bytes,
            deadline: deadline,
            patience: patience,
            begunMs: stream.nowMs,
            answers: []
        )
        entry.answers.reserveCapacity(commands.count)
        waiting.append(entry)
    }

    /// Makes room for what `add` is going to bring.
    func reserve(_ bytes: Int) { writer.reserve(bytes) }

    /// Writes what was added.
    func flush() {
        for piece in writer.take() {
            if isEnded { return }
            stream.write(piece)
        }
    }

    /// Whether an answer is overdue.
    func isOverdue(at nowMs: UInt64) -> Bool {
        waiting[first...].contains { $0.deadline <= nowMs }
    }

    /// Answers those who do not wait for a Redis that says nothing; the connection stays, and so does the order.
    func giveUp(at nowMs: UInt64) {
        guard first < waiting.count else { return }
        let silence = nowMs - min(nowMs, max(heardMs, waiting[first].begunMs))
        for index in first..<waiting.count where waiting[index].patience <= silence {
            guard case .task(let continuation) = waiting[index].recipient else { continue }
            waiting[index].recipient = .nobody
            continuation.resume(returning: .failure(.inDoubt("Redis is connected but does not answer")))
        }
    }

    /// Closes; what was sent is in doubt.
    func close(_ reason: String) {
        guard !isEnded else { return }
        isEnded = true
        stream.close()
        failAll(reason)
    }

    // MARK: StreamHandler

    func received(_ bytes: UnsafeRawBufferPointer) {
        guard !isEnded else { return }
        heardMs = stream.nowMs
        do throws(RedisProtocolFault) {
            try reader.read(bytes) { take($0) }
            deliver()
        } catch {
            deliver()
            end("Redis sent what is not its protocol (\(error.what))")
        }
    }

    func ended(_ error: LoopError?) {
        guard !isEnded else { return }
        isEnded = true
        var reason = error.map { "the connection to Redis broke (\($0))" } ?? "Redis closed the connection"
        if let lastWords { reason += ": \(lastWords)" }
        failAll(reason)
        driver?.lost(self, reason)
    }

    // MARK: Answers

    private func take(_ value: RedisValue) {
        guard first < waiting.count else {
            // Nobody asked: Redis says why it is going to close.
            if case .error(let text) = value { lastWords = text }
            return
        }
        if case .driver = waiting[first].recipient {
            // An answer that is no error takes back what was wrong before it, as while Redis was loading.
            if case .error(let text) = value { lastWords = text } else { lastWords = nil }
        }
        waiting[first].answers.append(value)
        guard waiting[first].answers.count == waiting[first].commands else { return }
        answered.append(waiting[first])
        // The entry stays until it is worth moving the others; its answers may be large.
        waiting[first].answers = []
        first += 1
    }

    /// Hands out complete answers, once for all that arrived together.
    private func deliver() {
        guard !answered.isEmpty else { return }
        if first == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            first = 0
        } else if first > 1_024 && first * 2 > waiting.count {
            waiting.removeFirst(first)
            first = 0
        }
        var complete: [Waiting] = []
        swap(&complete, &answered)
        let forTasks = complete.filter { if case .driver = $0.recipient { false } else { true } }
        driver?
            .settled(
                commands: forTasks.reduce(0) { $0 + $1.commands },
                bytes: forTasks.reduce(0) { $0 + $1.bytes }
            )
        for entry in complete {
            switch entry.recipient {
            case .task(let continuation): continuation.resume(returning: .success(entry.answers))
            case .driver: driver?.answered(entry.answers, by: self)
            case .nobody: break
            }
        }
    }

    private func end(_ reason: String) {
        close(reason)
        driver?.lost(self, reason)
    }

    private func failAll(_ reason: String) {
        let open = waiting[first...].filter { if case .driver = $0.recipient { false } else { true } }
        waiting = []
        first = 0
        // First the numbers and the state, then the tasks: whoever is told sees the connection as lost.
        driver?.settled(commands: open.reduce(0) { $0 + $1.commands }, bytes: open.reduce(0) { $0 + $1.bytes })
        driver?.failing(reason)
        for entry in open {
            if case .task(let continuation) = entry.recipient {
                continuation.resume(returning: .failure(.inDoubt(reason)))
            }
        }
    }
}

@available(*, unavailable)
extension RedisConnection: Sendable {}
