import Logging
import Synchronization

/// Keeps what is logged, for a test to look at.
final class RecordingLog: Sendable {
    private let lines = Mutex<[String]>([])
    private let counter = Mutex(0)

    /// A logger that writes here.
    var logger: Logger { Logger(label: "test") { [self] _ in Handler(log: self) } }

    /// For the test's own use.
    var runs: Int {
        get { counter.withLock { $0 } }
        set { counter.withLock { $0 = newValue } }
    }

    /// How many messages are such.
    func count(where isSuch: (String) -> Bool) -> Int { lines.withLock { $0.count(where: isSuch) } }

    private func add(_ line: String) { lines.withLock { $0.append(line) } }

    private struct Handler: LogHandler {
        let log: RecordingLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { log.add("\(event.level) \(event.message) \(event.metadata ?? [:])") }
    }
}
