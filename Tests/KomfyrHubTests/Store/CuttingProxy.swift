import EventLoop
import Synchronization

@testable import KomfyrHub

/// Stands between a client and Redis: cuts the connection at the next command that holds a marker, or brings answers
/// late.
final class CuttingProxy: Sendable {
    /// When it cuts.
    enum Cut: Sendable {
        /// Redis gets the command, the client not the answer.
        case afterCommand
        /// Redis never gets the command.
        case beforeCommand
    }

    private let plan = Mutex<(marker: [UInt8], cut: Cut)?>(nil)
    private let cuts = Atomic<Int>(0)
    private let delayMs = Atomic<Int>(0)
    private let thread = Mutex<LoopThread?>(nil)
    let path: String

    init(to target: String, at path: String) throws {
        self.path = path
        let thread = try LoopThread(name: "proxy") { loop in
            do throws(LoopError) {
                _ = try StreamListener(loop, bind: .unix(path)) { near in
                    StreamConnection.connect(loop, to: .unix(target), timeoutMs: 5_000) { result in
                        guard case .success(let far) = result else { return near.close() }
                        let pair = Pair(loop, near, far, self)
                        far.start(Side(pair, isNear: false))
                        near.start(Side(pair, isNear: true))
                    }
                }
            } catch {
                fatalError("\(error)")
            }
        }
        self.thread.withLock { $0 = thread }
    }

    /// How often it has cut.
    var count: Int { cuts.load(ordering: .relaxed) }

    /// Cuts at the next command that holds the marker.
    func cut(_ cut: Cut, at marker: [UInt8]) { plan.withLock { $0 = (marker, cut) } }

    /// Answers come so many milliseconds late from now on, in their order.
    func delay(ms: Int) { delayMs.store(ms, ordering: .relaxed) }

    fileprivate var lateness: UInt64 { UInt64(delayMs.load(ordering: .relaxed)) }

    func stop() { thread.withLock { $0 }?.stop() }

    /// Whether, and how, the bytes of a command make it cut; once.
    fileprivate func takeCut(for bytes: UnsafeRawBufferPointer) -> Cut? {
        plan.withLock { plan in
            guard let found = plan, bytes.count >= found.marker.count else { return nil }
            for start in 0...bytes.count - found.marker.count
            where bytes[start] == found.marker[0]
                && bytes[start..<start + found.marker.count].elementsEqual(found.marker)
            {
                plan = nil
                cuts.add(1, ordering: .relaxed)
                return found.cut
            }
            return nil
        }
    }
}

/// The two connections of a client.
private final class Pair {
    private let loop: Loop
    private var late: [[UInt8]] = []
    let near: StreamConnection
    let far: StreamConnection
    let proxy: CuttingProxy
    var dropsAnswers = false

    init(_ loop: Loop, _ near: StreamConnection, _ far: StreamConnection, _ proxy: CuttingProxy) {
        self.loop = loop
        self.near = near
        self.far = far
        self.proxy = proxy
    }

    /// Hands an answer on, now or late.
    func answer(_ bytes: [UInt8]) {
        let lateness = proxy.lateness
        if lateness == 0, late.isEmpty { return near.write(bytes) }
        late.append(bytes)
        var kept: Timer?
        let timer = try? Timer(loop) { [self] in
            kept?.close()
            kept = nil
            if !late.isEmpty { near.write(late.removeFirst()) }
        }
        guard let timer else { return close() }
        kept = timer
        timer.start(afterMs: lateness)
    }

    func close() {
        near.close()
        far.close()
    }
}

private final class Side: StreamHandler {
    private let pair: Pair
    private let isNear: Bool

    init(_ pair: Pair, isNear: Bool) {
        self.pair = pair
        self.isNear = isNear
    }

    func received(_ bytes: UnsafeRawBufferPointer) {
        guard isNear else {
            // The answer shows that Redis has run what it got.
            if pair.dropsAnswers { return pair.close() }
            return pair.answer(Array(bytes))
        }
        switch pair.proxy.takeCut(for: bytes) {
        case .beforeCommand: pair.close()
        case .afterCommand:
            pair.dropsAnswers = true
            pair.far.write(Array(bytes))
        case nil: pair.far.write(Array(bytes))
        }
    }

    func ended(_ error: LoopError?) { isNear ? pair.far.close() : pair.near.close() }
}
