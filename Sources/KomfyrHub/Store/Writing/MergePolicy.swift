/// Which chunks of a group are merged: a quiet group is sealed every five minutes, so a span of six hours could end as
/// 72 chunks of a few logs, each of which costs Redis and readers what a full one does.
///
/// Chunks of a span are merged when eight of the same size class are there (1 to 7 logs, 8 to 63, up to 511, up to
/// 4,095), so that a log is written again three or four times at most; and what is left when the span has been over for
/// a while, once.
enum MergePolicy {
    /// The chunks to merge next; nil: none.
    static func sources(
        of chunks: [ChunkEntry],
        span: Int64,
        now: Int64,
        retention: Int64,
        isWanted: (ChunkEntry) -> Bool
    ) -> [ChunkEntry]? {
        guard chunks.count > 1 else { return nil }
        var spans: [Int64: [ChunkEntry]] = [:]
        for chunk in chunks
        where chunk.count < HubLimits.sealRecords && chunk.bytes < HubLimits.mergeSourceBytes && isWanted(chunk) {
            // What expires soon is left to do so.
            guard chunk.newest > now - retention + span / 8 else { continue }
            spans[LogID.floorDivide(chunk.newest, span), default: []].append(chunk)
        }
        for (number, small) in spans where small.count > 1 {
            for size in 0..<4 {
                let same = small.filter { sizeClass($0.count) == size }
                if same.count >= HubLimits.mergeSources { return fitting(same) }
            }
            let (end, isOutside) = (number + 1).multipliedReportingOverflow(by: span)
            guard !isOutside, now - end > span / 24 else { continue }
            // A large one is not written again for the sake of a few logs that came late.
            var rest = small.sorted { $0.count < $1.count }
            while rest.count > 1, let largest = rest.last,
                largest.count > 4 * rest.dropLast().reduce(0, { $0 + $1.count })
            {
                rest.removeLast()
            }
            if let sources = fitting(rest) { return sources }
        }
        return nil
    }

    private static func sizeClass(_ count: Int) -> Int { (Int.bitWidth - 1 - count.leadingZeroBitCount) / 3 }

    /// As many as a chunk may become.
    private static func fitting(_ chunks: [ChunkEntry]) -> [ChunkEntry]? {
        var sources: [ChunkEntry] = []
        var records = 0
        var bytes = 0
        for chunk in chunks.sorted(by: { $0.count < $1.count }).prefix(HubLimits.mergeSourcesMost) {
            records += chunk.count
            bytes += chunk.bytes
            if records > HubLimits.mergedRecords || bytes > HubLimits.mergedBytes { break }
            sources.append(chunk)
        }
        return sources.count > 1 ? sources : nil
    }
}
