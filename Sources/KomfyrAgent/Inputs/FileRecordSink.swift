/// Where a file input's records go: the `Batcher`, or what a test puts in its place.
protocol FileRecordSink: AnyObject {
    /// Whether files shall wait.
    var isHeldBack: Bool { get }
    /// Appends many records of a file together with the position behind the last of them; see `Batcher.fill`.
    func fill(
        _ write: (_ body: inout [UInt8], _ maximumRecords: Int) -> (records: Int, isFull: Bool),
        position: () -> FilePosition
    )
    /// Notes how far a file was read, without records.
    func advance(_ position: FilePosition)
    /// Calls `change` whenever inputs have to wait (true) or may go on (false).
    ///
    /// As long as `owner` lives, which is not kept.
    func onHold(for owner: AnyObject, _ change: @escaping (_ held: Bool) -> Void)
}

extension Batcher: FileRecordSink {}
