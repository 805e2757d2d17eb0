/// Writes logs of a buffer or of dead letters to a sink, and says what could not be read.
final class LogExport {
    private let sink: LogSink
    private let tell: (String) -> Void
    /// Logs written.
    private(set) var records = 0
    /// Whether something could not be read.
    private(set) var isIncomplete = false

    init(_ sink: LogSink, tell: @escaping (String) -> Void) {
        self.sink = sink
        self.tell = tell
    }

    /// The logs of a buffer in the order of its frames.
    func logs(_ buffer: BufferFolder, waitingAlone: Bool) throws(FileError) {
        for notice in buffer.notices { miss(notice) }
        var failure: FileError?
        for segment in buffer.segments where failure == nil && !sink.isClosed {
            buffer.walk(segment) { item, reader in
                do throws(FileError) {
                    try take(item, reader, segment.path, waitingAlone)
                } catch {
                    failure = error
                }
                return failure == nil && !sink.isClosed
            }
        }
        if let failure { throw failure }
    }

    /// The logs of dead letters, oldest first.
    func letters(_ refused: DeadLetterFolder) throws(FileError) {
        for folder in [refused, refused.line] {
            for entry in try folder.entries() where !sink.isClosed {
                let logs: [UInt8]
                do {
                    logs = try folder.logs(entry.name)
                } catch {
                    miss("\(error)")
                    continue
                }
                try sink.write(logs)
                records += entry.records
            }
        }
    }

    private func take(
        _ item: BufferFolder.Item,
        _ reader: SegmentReader?,
        _ path: String,
        _ waitingAlone: Bool
    ) throws(FileError) {
        switch item {
        case .damaged(let damage):
            miss("\(damage.path): bytes \(damage.range.lowerBound) to \(damage.range.upperBound): \(damage.words)")
        case .frame(let header, let place, let isWaiting):
            guard header.records > 0, isWaiting || !waitingAlone, let reader else { return }
            let what = "\(path): \(header.records) logs at byte \(place.offset)"
            var body: [UInt8]?
            do throws(FileError) {
                body = try reader.body(of: header, at: place.offset)
            } catch {
                return miss("\(what): \(error)")
            }
            guard let body, let logs = try? BodyCompressor.decompress(body, limit: AgentLimits.frameBodyBytes) else {
                return miss("\(what) are damaged")
            }
            try sink.write(logs)
            records += header.records
        }
    }

    private func miss(_ words: String) {
        isIncomplete = true
        tell("not exported: " + words)
    }
}
