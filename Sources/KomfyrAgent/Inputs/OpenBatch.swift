import Protocol

/// The batch that is being filled.
struct OpenBatch {
    private var body: [UInt8] = []
    private var records = 0
    private var positions: [FilePosition] = []
    /// Where in `positions` a file's stands.
    ///
    /// The fingerprint is no part of the key: it grows with a short file.
    private var positionIndex: [FileKey: Int] = [:]
    private var isFromDatagramsOnly = true
    /// Where in `body` the newest record begins.
    private var newestStart = 0
    /// The size of the batch before: what the next one is likely to need.
    private var expectedBytes = 4_096
    private let pool = BodyPool()

    /// What became of a record.
    enum Outcome {
        /// There was none.
        case none
        /// It is in the batch, which was empty before.
        case first
        /// It is in the batch, as others are.
        case another
        /// It is in the batch, which has reached a limit: see `takeIfFull`.
        case filling
    }

    private struct FileKey: Hashable {
        var input: String
        var device: UInt64
        var inode: UInt64
    }

    /// Whether it holds neither a record nor a position.
    var isEmpty: Bool { records == 0 && positions.isEmpty }

    /// Lets `write` append one line, if it does: it says whether there is one record more.
    ///
    /// Says all that its caller has to know, so that a record costs one access to the batch.
    mutating func append(fromDatagrams: Bool, _ write: (inout [UInt8]) -> Bool) -> Outcome {
        let start = body.count
        if start == 0 { makeRoom() }
        guard write(&body) else {
            assert(body.count == start, "a writer that wrote no record left bytes")
            return .none
        }
        assert(body.last == UInt8(ascii: "\n"), "a record without its LF")
        let wasEmpty = isEmpty
        newestStart = start
        records += 1
        if !fromDatagrams { isFromDatagramsOnly = false }
        if body.count >= ProtocolLimits.batchBytes || records >= ProtocolLimits.batchRecords { return .filling }
        return wasEmpty ? .first : .another
    }

    /// Room for what is likely to come, once for a batch: growing record by record would copy it again and again.
    private mutating func makeRoom() {
        if expectedBytes < AgentLimits.pooledBodyBytes.lowerBound {
            pool.empty()
        } else if let used = pool.take() {
            body = used
        }
        body.reserveCapacity(expectedBytes)
    }

    /// Lets `write` append many lines of a file and notes the position behind them.
    /// - Returns: whether the batch is full; it is not closed here.
    mutating func fill(
        _ write: (_ body: inout [UInt8], _ maximumRecords: Int) -> (records: Int, isFull: Bool),
        position: () -> FilePosition
    ) -> Bool {
        let start = body.count
        if start == 0 { makeRoom() }
        let written = write(&body, max(ProtocolLimits.batchRecords - records, 0))
        assert(written.records == 0 || body.last == UInt8(ascii: "\n"), "a record without its LF")
        assert(written.records > 0 || body.count == start, "a writer that wrote no record left bytes")
        newestStart = start
        records += written.records
        advance(position())
        return written.isFull || records >= ProtocolLimits.batchRecords || body.count >= ProtocolLimits.batchBytes
    }

    /// Notes a file's position; the latest of each file is kept.
    mutating func advance(_ position: FilePosition) {
        isFromDatagramsOnly = false
        let key = FileKey(input: position.input, device: position.device, inode: position.inode)
        if let index = positionIndex[key] {
            positions[index] = position
        } else {
            positionIndex[key] = positions.count
            positions.append(position)
        }
    }

    /// Takes a batch out when a limit is reached.
    ///
    /// The record that went beyond the byte limit becomes the first of the next batch, so that only a batch of one
    /// record is ever larger; call again until it gives nil.
    mutating func takeIfFull() -> Batch? {
        guard body.count >= ProtocolLimits.batchBytes || records >= ProtocolLimits.batchRecords else { return nil }
        guard body.count > ProtocolLimits.batchBytes, records > 1 else { return take() }
        // The kind of the record that stays behind is not known any more: the cautious answer is the batch's own.
        let wasFromDatagramsOnly = isFromDatagramsOnly
        let newest = Array(body[newestStart...])
        body.removeSubrange(newestStart...)
        records -= 1
        let batch = take()
        makeRoom()
        body.append(contentsOf: newest)
        newestStart = 0
        records = 1
        isFromDatagramsOnly = wasFromDatagramsOnly
        return batch
    }

    /// Takes out what there is, if anything.
    mutating func take() -> Batch? {
        guard !isEmpty else { return nil }
        let batch = Batch(
            body: body,
            records: records,
            positions: positions,
            isFromDatagramsOnly: isFromDatagramsOnly,
            pool: pool
        )
        expectedBytes = max(4_096, body.count + body.count / 8)
        body = []
        records = 0
        positions = []
        positionIndex = [:]
        isFromDatagramsOnly = true
        newestStart = 0
        return batch
    }
}
