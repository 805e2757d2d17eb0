import CZstd
import Protocol

#if canImport(Glibc)
import Glibc
#endif

/// The least that the hub's intake and sealing can cost.
///
/// Each log is scanned once, its members are put into columns of its group, and each group's columns are compressed
/// when it has 4,096 logs. No HTTP, no checks, no Redis, no index.
final class Floor {
    private var columns: [[[UInt8]]]
    private var counts: [Int]
    private var compressed = 0
    private var logs = 0
    private var scanner = JSONScanner()
    private let compressor = ZSTD_createCCtx()
    private var frame: [UInt8] = []
    private var groups: [String: Int] = [:]

    init() {
        columns = Workload.groups.map { _ in [[UInt8]](repeating: [], count: 5) }
        counts = Workload.groups.map { _ in 0 }
        for (index, group) in Workload.groups.enumerated() { groups[group.name] = index }
        ZSTD_CCtx_setParameter(compressor, ZSTD_c_compressionLevel, 1)
    }

    deinit { ZSTD_freeCCtx(compressor) }

    /// Processor seconds for a million logs, and bytes of columns and of JSON for a log.
    static func run(logs: Int) throws -> (processor: Double, bytes: Double, json: Double) {
        var workload = Workload(seed: 1, count: logs, endingAt: wallClock() / 1_000_000, hours: 48)
        let bodies = (0..<logs / 1_000)
            .map { _ in workload.batch(of: 1_000) + [UInt8](repeating: 0x20, count: JSONScanner.padding) }
        let floor = Floor()
        let start = processorSeconds()
        for body in bodies { try floor.take(body) }
        for group in floor.columns.indices { floor.compress(group) }
        let used = processorSeconds() - start
        guard floor.logs == logs else { throw BenchmarkError("the floor saw \(floor.logs) of \(logs) logs") }
        let json = bodies.reduce(0) { $0 + $1.count - JSONScanner.padding }
        return (used / Double(logs) * 1e6, Double(floor.compressed) / Double(logs), Double(json) / Double(logs))
    }

    private func take(_ body: [UInt8]) throws {
        do {
            try body.withUnsafeBytes { bytes in
                var cursor = try scanner.index(
                    UnsafeRawBufferPointer(rebasing: bytes.dropLast(JSONScanner.padding))
                )
                try cursor.enter(UInt8(ascii: "{"))
                var isFirst = true
                while try cursor.nextKey(isFirst: &isFirst) != nil {
                    try cursor.enter(UInt8(ascii: "["))
                    var isFirstLog = true
                    while try cursor.nextElement(isFirst: &isFirstLog) { try takeLog(&cursor) }
                }
            }
        } catch {
            throw BenchmarkError("the floor cannot read its own logs: \(error)")
        }
    }

    private func takeLog(_ cursor: inout JSONCursor) throws(JSONProblem) {
        // In the order that the workload writes them.
        var values: InlineArray<6, JSONValue?> = .init(repeating: nil)
        try cursor.enter(UInt8(ascii: "{"))
        var isFirst = true
        var count = 0
        while try cursor.nextKey(isFirst: &isFirst) != nil {
            let value = try cursor.readValue()
            if count < 6 { values[count] = value }
            count += 1
        }
        logs += 1
        guard let message = values[0], let level = values[1], let name = values[2], let tags = values[3],
            let data = values[4], let time = values[5]
        else { return }
        let group = groups[String(decoding: cursor.bytes(name), as: UTF8.self)] ?? 0
        columns[group][0].append(contentsOf: cursor.bytes(message))
        columns[group][0].append(0x0A)
        columns[group][1].append(cursor.bytes(level).first ?? 0)
        columns[group][2].append(contentsOf: cursor.bytes(tags))
        columns[group][3].append(contentsOf: cursor.bytes(data))
        withUnsafeBytes(of: Timestamp.parse(cursor.bytes(time)) ?? 0) { columns[group][4].append(contentsOf: $0) }
        counts[group] += 1
        if counts[group] == 4_096 { compress(group) }
    }

    /// The times are not compressed: zstd is not how one would.
    private func compress(_ group: Int) {
        for column in 0..<4 {
            let plain = columns[group][column]
            let room = ZSTD_compressBound(plain.count)
            if frame.count < room { frame = [UInt8](repeating: 0, count: room) }
            let written = ZSTD_compress2(compressor, &frame, frame.count, plain, plain.count)
            if ZSTD_isError(written) == 0 { compressed += written }
        }
        counts[group] = 0
        for column in 0..<5 { columns[group][column].removeAll(keepingCapacity: true) }
    }
}

/// Seconds of processor time of this process.
func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
