import EventLoop
import Protocol

/// Collects records into batches and hands them to delivery; knows when inputs have to wait.
///
/// ```
///              append, advance                 close: size, count, age          a slot is free
///  any input ─────────────────► open batch ──────────────────────────► waiting ───────────────► delivery (submit)
///  datagrams, held back ──────► datagram batch ───────────────────────►   │                        │
///                                                                          ◄── taken(count:state:) ─┘
/// ```
///
/// At most `AgentLimits.batchesToDelivery` batches are handed over and not taken yet. From then on, or when delivery
/// says that its buffer is full or broken, the batcher is *held back*: what registered with `onHold` pauses.
/// Datagrams cannot be held back: they go on in batches of their own, which may bypass a broken disk, and are
/// refused when `AgentLimits.datagramBatchesWaiting` of them wait already.
///
/// Owned by the intake loop.
final class Batcher {
    /// Whether inputs that can wait shall wait.
    private(set) var isHeldBack = false
    /// Whether a datagram's record would be taken now.
    ///
    /// False only while held back.
    private(set) var hasRoomForDatagrams = true

    private var open = OpenBatch()
    private var openDatagrams = OpenBatch()
    private var isTimerArmed = false
    private var waiting: [Batch] = []
    private var waitingDatagramBatches = 0
    private var handedOver = 0
    private var state = BufferState.open
    private var holdObservers: [HoldObserver] = []
    private var setTimer: (_ afterMs: UInt64?) -> Void
    private let submit: (consuming Batch) -> Void

    private struct HoldObserver {
        weak var owner: AnyObject?
        var change: (Bool) -> Void
    }

    /// A batcher whose timer is given: `setTimer` arms it once, or disarms it with nil; when it fires, `flush` is due.
    init(setTimer: @escaping (_ afterMs: UInt64?) -> Void, submit: @escaping (consuming Batch) -> Void) {
        self.setTimer = setTimer
        self.submit = submit
    }

    /// A batcher with a timer of the loop's.
    convenience init(_ loop: Loop, submit: @escaping (consuming Batch) -> Void) throws(LoopError) {
        self.init(setTimer: { _ in }, submit: submit)
        let timer = try Timer(loop) { [weak self] in self?.flush() }
        setTimer = { afterMs in
            if let afterMs { timer.start(afterMs: afterMs) } else { timer.stop() }
        }
    }

    /// Appends a record.
    ///
    /// `write` gets the open buffer and appends one NDJSON line with its LF and says true, or leaves the buffer as it
    /// was and says false.
    /// - Returns: false when there was no room for a datagram's record; `write` was not called then.
    @discardableResult
    func append(fromDatagrams: Bool, _ write: (inout [UInt8]) -> Bool) -> Bool {
        if fromDatagrams && isHeldBack {
            guard hasRoomForDatagrams else { return false }
            switch openDatagrams.append(fromDatagrams: true, write) {
            case .none, .another: break
            case .first: armTimer()
            case .filling:
                armTimer()
                while let batch = openDatagrams.takeIfFull() { close(batch) }
            }
            return true
        }
        switch open.append(fromDatagrams: fromDatagrams, write) {
        case .none, .another: break
        case .first: armTimer()
        case .filling:
            armTimer()
            while let batch = open.takeIfFull() { close(batch) }
        }
        return true
    }

    /// Appends many records of a file together with the position behind the last of them.
    ///
    /// A batch never holds a file's record without its position, or the other way round: else a kill between two
    /// batches would send records twice. So the batch is closed only after both are in it.
    /// - Parameters:
    ///   - write: gets the open buffer and appends at most `maximumRecords` lines, stopping before one that would
    ///     bring the buffer beyond `ProtocolLimits.batchBytes` unless the buffer is empty; says how many lines it
    ///     appended, and whether it stopped because the batch is full.
    ///   - position: how far the file was read with these lines.
    func fill(
        _ write: (_ body: inout [UInt8], _ maximumRecords: Int) -> (records: Int, isFull: Bool),
        position: () -> FilePosition
    ) {
        let wasEmpty = open.isEmpty
        let isFull = open.fill(write, position: position)
        if isFull, let batch = open.take() {
            close(batch)
        } else if wasEmpty {
            armTimer()
        }
    }

    /// Notes how far a file was read; goes with the batch that is open now, or alone.
    ///
    /// The latest of a file counts.
    func advance(_ position: FilePosition) {
        let isFirst = open.isEmpty
        open.advance(position)
        if isFirst { armTimer() }
    }

    /// Closes what is open, however little it is, and hands it over as far as delivery takes it.
    func flush() {
        closeOpenBatches()
        handOver()
    }

    /// Closes what is open and hands over everything, beyond the usual bound: the last act of a stopping intake.
    func drain() {
        closeOpenBatches()
        let all = waiting
        waiting = []
        waitingDatagramBatches = 0
        handedOver += all.count
        for batch in all { submit(batch) }
    }

    /// Calls `change` whenever inputs have to wait (true) or may go on (false); at once if they have to wait now.
    ///
    /// As long as `owner` lives, which is not kept: inputs come and go with every reload of the configuration.
    func onHold(for owner: AnyObject, _ change: @escaping (_ held: Bool) -> Void) {
        holdObservers.removeAll { $0.owner == nil }
        holdObservers.append(HoldObserver(owner: owner, change: change))
        if isHeldBack { change(true) }
    }

    /// Delivery took `count` of the batches handed to it, and its buffer is in this state now.
    func taken(count: Int, state: BufferState) {
        handedOver -= min(max(count, 0), handedOver)
        self.state = state
        handOver()
    }

    private func armTimer() {
        guard !isTimerArmed else { return }
        isTimerArmed = true
        setTimer(AgentLimits.batchAgeMs)
    }

    private func closeOpenBatches() {
        if let batch = open.take() { enqueue(batch) }
        if let batch = openDatagrams.take() { enqueue(batch) }
        if isTimerArmed {
            isTimerArmed = false
            setTimer(nil)
        }
    }

    /// A batch is full: the timer starts anew for what comes after it.
    private func close(_ batch: Batch) {
        enqueue(batch)
        if isTimerArmed && open.isEmpty && openDatagrams.isEmpty {
            isTimerArmed = false
            setTimer(nil)
        }
        handOver()
    }

    private func enqueue(_ batch: Batch) {
        if batch.isFromDatagramsOnly { waitingDatagramBatches += 1 }
        waiting.append(batch)
    }

    /// Hands over what waits, oldest first.
    ///
    /// While the buffer is full or the disk broken only batches of datagrams go: the others would take all the slots
    /// and keep the datagrams from theirs.
    private func handOver() {
        var index = 0
        while handedOver < AgentLimits.batchesToDelivery, index < waiting.count {
            guard state == .open || waiting[index].isFromDatagramsOnly else {
                index += 1
                continue
            }
            let batch = waiting.remove(at: index)
            if batch.isFromDatagramsOnly { waitingDatagramBatches -= 1 }
            handedOver += 1
            submit(batch)
        }
        updateHold()
    }

    private func updateHold() {
        let held: Bool
        if isHeldBack {
            held = state != .open || handedOver > AgentLimits.batchesToDeliveryToResume || !waiting.isEmpty
        } else {
            held = state != .open || handedOver >= AgentLimits.batchesToDelivery
        }
        hasRoomForDatagrams = !held || waitingDatagramBatches < AgentLimits.datagramBatchesWaiting
        guard held != isHeldBack else { return }
        isHeldBack = held
        if !held, let batch = openDatagrams.take() {
            enqueue(batch)
            handOver()
            // Handing that batch over may have used the last slot; observers then hear nothing of either change.
            guard !isHeldBack else { return }
        }
        for observer in holdObservers where observer.owner != nil { observer.change(held) }
    }
}

@available(*, unavailable)
extension Batcher: Sendable {}
