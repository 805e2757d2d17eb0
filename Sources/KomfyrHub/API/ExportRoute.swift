import EventLoop
import HTTPTypes
import Hummingbird
import NIOCore
import Protocol
import Synchronization

/// `GET /api/logs/export`: all logs of a query as a file, read and sent part by part.
///
/// A part is read when the one before has left for the reader, so an export takes the memory of a part, however many
/// logs there are. An export that cannot be read to its end breaks the connection off: a file that ends properly is
/// whole.
struct ExportRoute: Sendable {
    let store: any LogStoring
    private let slots = ExportSlots()

    init(store: any LogStoring) { self.store = store }

    var routes: [Route] {
        [
            Route(
                method: .get,
                path: "/api/logs/export",
                access: .scope(.read),
                parameters: LogFilterParameters.spanNames + ["order", "format"],
                documentation: Self.documentation
            ) { call throws(APIError) in try await open(call) }
        ]
    }

    private func open(_ call: APICall) async throws(APIError) -> Response {
        let now = WallClock.now()
        var query = try LogFilterParameters.span(call.query, bound: call.bound, now: now)
        query.order = try LogFilterParameters.order(call.query)
        let format = try call.query.word("format", ExportFormat.words) ?? .ndjson
        let headers: HTTPFields = [
            .contentType: format.mediaType,
            .contentDisposition:
                "attachment; filename=\"\(Self.fileName(query.groups, now: now)).\(format.ending)\"",
            .cacheControl: "no-store",
            .xContentTypeOptions: "nosniff",
            .accelBuffering: "no",
        ]
        if call.request.method == .head { return Response(status: .ok, headers: headers) }
        guard let slot = slots.take() else {
            throw .passing(
                "As many exports as there may be (\(HubLimits.exports)) are under way; please try again.",
                retryAfter: 10
            )
        }
        let export = store.export(query)
        // What cannot be read at all is told by a status, while there still is one.
        let first: [StoredLog]?
        do throws(StoreError) {
            first = try await export.next()
        } catch {
            throw APIError(error)
        }
        let hangUp = call.hangUp
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody { writer in
                try await slot.whileMoving(orElse: hangUp) { progress in
                    try await Self.send(first, export, format, progress, to: &writer)
                }
            }
        )
    }

    private static func send(
        _ first: [StoredLog]?,
        _ export: any LogExporting,
        _ format: ExportFormat,
        _ progress: ExportProgress,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(HubLimits.exportPieceBytes * 2)
        format.appendStart(to: &bytes)
        var isFirst = true
        var part = first
        while let logs = part {
            for log in logs {
                format.append(log, isFirst: isFirst, to: &bytes)
                isFirst = false
                if bytes.count >= HubLimits.exportPieceBytes {
                    try await writer.write(ByteBuffer(bytes: bytes))
                    progress.note()
                    bytes.removeAll(keepingCapacity: true)
                }
            }
            part = try await export.next()
            progress.note()
        }
        format.appendEnd(to: &bytes)
        if !bytes.isEmpty { try await writer.write(ByteBuffer(bytes: bytes)) }
        try await writer.finish(nil)
    }

    /// `komfyrvakt-GROUP-TIME`, of letters, digits, `-` and `.` alone.
    static func fileName(_ groups: [GroupPattern], now: Int64) -> String {
        let group: String
        switch (groups.first, groups.count) {
        case (.exact(let name), 1), (.tree(let name), 1): group = safe(name)
        case (nil, _), (.all, 1): group = "all"
        default: group = "groups"
        }
        // 2026-11-23T05:00:00.123Z → 20261123T050000Z
        let time = Timestamp.text(now).prefix { $0 != "." && $0 != "Z" }.filter { $0 != "-" && $0 != ":" }
        return "komfyrvakt-\(group.isEmpty ? "group" : group)-\(time)Z"
    }

    private static func safe(_ name: String) -> String {
        var bytes: [UInt8] = []
        for byte in name.utf8.prefix(HubLimits.exportNameBytes) {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                bytes.append(byte)
            default: if let last = bytes.last, last != UInt8(ascii: "-") { bytes.append(UInt8(ascii: "-")) }
            }
        }
        while bytes.last == UInt8(ascii: "-") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The exports under way, so many at most.
private final class ExportSlots: Sendable {
    private let taken = Atomic<Int>(0)

    /// A place for one more; nil: there is none.
    func take() -> ExportSlot? {
        guard taken.add(1, ordering: .relaxed).newValue <= HubLimits.exports else {
            give()
            return nil
        }
        return ExportSlot(self)
    }

    func give() { taken.subtract(1, ordering: .relaxed) }
}

/// The place of an export, given back when nobody holds it any more: also when its answer was never begun.
private final class ExportSlot: Sendable {
    private let slots: ExportSlots

    init(_ slots: ExportSlots) { self.slots = slots }

    deinit { slots.give() }

    /// Runs an export, and hangs up on a reader that takes nothing for too long.
    ///
    /// A write waits for its reader without end, and cannot be told to stop; the connection can.
    func whileMoving(
        orElse hangUp: @escaping @Sendable () -> Void,
        _ work: (ExportProgress) async throws -> Void
    ) async throws {
        let progress = ExportProgress()
        let watch = Task {
            while await progress.movesWithin(.seconds(HubLimits.exportStallSeconds)) {}
            if !Task.isCancelled { hangUp() }
        }
        defer { watch.cancel() }
        try await work(progress)
    }
}

/// How far an export has come.
private final class ExportProgress: Sendable {
    private let steps = Atomic<Int>(0)

    func note() { steps.add(1, ordering: .relaxed) }

    /// Whether something moves within a time; false also when the waiting is cancelled.
    func movesWithin(_ duration: Duration) async -> Bool {
        let before = steps.load(ordering: .relaxed)
        do { try await Task.sleep(for: duration) } catch { return false }
        return steps.load(ordering: .relaxed) != before
    }
}
