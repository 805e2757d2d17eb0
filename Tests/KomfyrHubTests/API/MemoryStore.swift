import Protocol
import Synchronization

@testable import KomfyrHub

/// A store for the API's tests: the rules of LogStore, kept simple, in memory.
final class MemoryStore: LogStoring {
    private let state = Mutex(State())
    let hub: UInt8 = 1

    private struct State {
        var logs: [StoredLog] = []
        var next: UInt64 = 1
        var groupNumbers: [String: UInt32] = [:]
        var seen: [BatchIdentity: IngestReceipt] = [:]
        var observers: [@Sendable (IngestRequest, IngestReceipt) -> Void] = []
        var failure: StoreError?
        var isPartial = false
        var refusedGroup: String?
        var appends = 0
        var isHeld = false
        var waiting = 0
        var exporting: (any LogExporting)?
        var purges: UInt64 = 0
        var answers: [String: [UInt8]] = [:]
        var series = 0
    }

    /// What everything fails with from now on.
    var failure: StoreError? {
        get { state.withLock { $0.failure } }
        set { state.withLock { $0.failure = newValue } }
    }

    /// Whether pages say that they are incomplete.
    var isPartial: Bool {
        get { state.withLock { $0.isPartial } }
        set { state.withLock { $0.isPartial = newValue } }
    }

    /// The group that there is no number for.
    var refusedGroup: String? {
        get { state.withLock { $0.refusedGroup } }
        set { state.withLock { $0.refusedGroup = newValue } }
    }

    /// What every export gives, in the place of the logs that there are.
    var exporting: (any LogExporting)? {
        get { state.withLock { $0.exporting } }
        set { state.withLock { $0.exporting = newValue } }
    }

    /// Whether what comes waits to be stored.
    var isHeld: Bool {
        get { state.withLock { $0.isHeld } }
        set { state.withLock { $0.isHeld = newValue } }
    }

    /// Requests that wait for that.
    var waiting: Int { state.withLock { $0.waiting } }

    /// Requests that were stored.
    var appends: Int { state.withLock { $0.appends } }
    var logs: [StoredLog] { state.withLock { $0.logs } }

    func append(_ request: IngestRequest) async throws(StoreError) -> IngestReceipt {
        state.withLock { $0.waiting += 1 }
        while isHeld { try? await Task.sleep(for: .milliseconds(2)) }
        state.withLock { $0.waiting -= 1 }
        let result = state.withLock {
            state -> Result<(IngestReceipt, [@Sendable (IngestRequest, IngestReceipt) -> Void]), StoreError> in
            if let failure = state.failure { return .failure(failure) }
            if let identity = request.identity, var first = state.seen[identity] {
                first.isDuplicate = true
                return .success((first, []))
            }
            let decoded = request.decoded
            let numbers = decoded.groupNames.map { name -> UInt32 in
                guard let name else { return 0 }
                if name == state.refusedGroup { return .max }
                let number = state.groupNumbers[name] ?? UInt32(state.groupNumbers.count + 1)
                state.groupNumbers[name] = number
                return number
            }
            let isRefused = decoded.groups.map { numbers[Int($0)] == .max }
            var refusals: [Refusal] = []
            for (row, position) in decoded.positions.enumerated() where isRefused[row] {
                refusals.append(
                    Refusal(index: position, type: "too_many_groups", location: ["group"], message: "too many")
                )
            }
            let receipt = IngestReceipt(
                firstSequence: state.next,
                groupNumbers: numbers,
                arrival: request.arrival,
                isDuplicate: false,
                refusedPositions: (decoded.refusals + refusals).map(\.index).sorted(),
                ingested: decoded.columns.count - refusals.count,
                storeRefusals: refusals
            )
            state.next += UInt64(decoded.positionCount)
            state.appends += 1
            for index in 0..<decoded.columns.count where !isRefused[index] {
                state.logs.append(StoredLog(decoded, index, receipt, hub: 1))
            }
            if let identity = request.identity { state.seen[identity] = receipt }
            return .success((receipt, state.observers))
        }
        let (receipt, observers) = try result.get()
        for observer in observers { observer(request, receipt) }
        return receipt
    }

    func page(_ query: LogQuery) async throws(StoreError) -> LogPage {
        if let failure { throw failure }
        let filter = LiveFilter(query)
        let newest = state.withLock { $0.next - 1 }
        var logs = logs.filter { log in
            let columns = Self.columns(log)
            return filter.wants(group: log.group) && filter.wants(columns, 0, group: log.group)
                && (query.bound?.matches(log.group) ?? true)
                && log.timestamp >= query.since ?? .min && log.timestamp <= query.until ?? .max
        }
        let isDescending = query.order == .newestFirst
        logs.sort { left, right in
            let isBefore = (left.timestamp, left.sequence) < (right.timestamp, right.sequence)
            return isDescending != isBefore
        }
        if let cursor = query.cursor {
            logs = logs.filter { log in
                let place = (log.timestamp, log.sequence)
                let end = (cursor.timestamp, cursor.sequence)
                return log.sequence <= cursor.snapshot && (isDescending ? place < end : place > end)
            }
        }
        let page = Array(logs.prefix(query.limit))
        let next = logs.count > page.count ? page.last : nil
        return LogPage(
            logs: page,
            next: next.map {
                LogQuery.Cursor(
                    timestamp: $0.timestamp,
                    sequence: $0.sequence,
                    snapshot: query.cursor?.snapshot ?? newest
                )
            },
            isPartial: isPartial
        )
    }

    func log(_ id: LogID) async throws(StoreError) -> StoredLog? {
        if let failure { throw failure }
        return logs.first { $0.id == id }
    }

    func groups(bound: GroupPattern?) -> [GroupSummary] {
        var groups: [String: GroupSummary] = [:]
        for log in logs where bound?.matches(log.group) ?? true {
            guard let name = log.group else { continue }
            var group =
                groups[name]
                ?? GroupSummary(name: name, number: log.id.group, count: 0, levels: [0, 0, 0, 0, 0], newest: .min)
            group.count += 1
            group.levels[Int(log.level.rawValue)] += 1
            group.newest = max(group.newest, log.timestamp)
            groups[name] = group
        }
        return Array(groups.values)
    }

    func stats(bound: GroupPattern?) -> StoreStats {
        let logs = logs.filter { bound?.matches($0.group) ?? true }
        return StoreStats(
            totalLogs: logs.count,
            groups: groups(bound: bound).count,
            bytesStored: logs.count * 30,
            oldest: logs.map(\.timestamp).min(),
            newest: logs.map(\.timestamp).max(),
            levels: Level.allCases.map { level in logs.count { $0.level == level } },
            ingestRate: 0,
            rejected: 0,
            dropped: 0
        )
    }

    var gauges: StoreGauges { StoreGauges(walEntries: appends, groups: state.withLock { $0.groupNumbers.count }) }

    var health: StoreHealth {
        failure == nil
            ? StoreHealth(canStore: true, isRedisUp: true, reason: nil)
            : StoreHealth(canStore: false, isRedisUp: false, reason: "connect to /data/redis.sock: refused")
    }

    /// Removes logs; returns how many.
    func remove(_ isUnwanted: (StoredLog) -> Bool) -> Int {
        state.withLock { state in
            let before = state.logs.count
            state.logs.removeAll(where: isUnwanted)
            state.purges += 1
            return before - state.logs.count
        }
    }

    /// Series that were computed.
    var seriesComputed: Int { state.withLock { $0.series } }

    func noteSeries() { state.withLock { $0.series += 1 } }

    /// The newest log of the groups that are meant stands for all of them.
    func stamp(_ query: LogQuery) -> LogStamp {
        state.withLock { state in
            let newest = state.logs.last { log in
                (query.groups.isEmpty || query.groups.contains { $0.matches(log.group) })
                    && query.bound?.matches(log.group) ?? true
            }
            return LogStamp(memory: 1, stored: newest?.sequence ?? 0, purged: state.purges, dropped: 0)
        }
    }

    /// Names of answers that are kept.
    var kept: [String] { state.withLock { Array($0.answers.keys) } }

    func recall(_ name: String) async -> [UInt8]? { state.withLock { $0.answers[name] } }

    func remember(_ name: String, _ value: [UInt8], seconds: Int) async {
        state.withLock { $0.answers[name] = value }
    }

    func follow(_ observer: @escaping @Sendable (IngestRequest, IngestReceipt) -> Void) {
        state.withLock { $0.observers.append(observer) }
    }

    /// A log as columns, so that it can be asked the same as those that arrive.
    private static func columns(_ log: StoredLog) -> LogColumns {
        var columns = LogColumns()
        func add(_ bytes: [UInt8]) -> TextRange {
            defer { columns.text += bytes }
            return bytes.isEmpty ? .none : TextRange(offset: UInt32(columns.text.count), length: UInt32(bytes.count))
        }
        columns.timestamps = [log.timestamp]
        columns.levels = [log.level.rawValue]
        columns.messages = [add(log.message)]
        columns.tags = [add(log.tags)]
        columns.data = [add(log.data)]
        columns.sources = [add(log.source)]
        return columns
    }
}
