import struct TestSupport.SeededRandom
import Protocol

@testable import EventLoop
@testable import KomfyrAgent

/// Delivery's edge in a world with a clock of its own, where everything takes the time that a seed gives it.
final class SimulatedEdge: DeliveryEdge {
    /// What becomes of a post.
    enum PostFate {
        case answered
        /// It arrived, the answer did not.
        case answerLost
        case neverArrived
        case answeredWith(HTTPAnswer)
        /// It arrived, and something else than the hub's words came back.
        case takenAndAnsweredWith(HTTPAnswer)
        /// The hub refuses it for good, unless it has it already.
        case refused
    }

    unowned let world: World
    var delivery: Delivery?
    private var isAlive = true
    private var canceled = false
    private var wakeNumber = 0
    private(set) var reports: [String] = []
    private(set) var untaken = 0
    private(set) var state = BufferState.open
    private(set) var underWay: [UInt64: BatchIdentity] = [:]
    private(set) var hasStopped = false
    /// Where posts go, and where they went.
    private(set) var address = 0
    private(set) var addressesUsed: [Int] = []
    private(set) var questions: [(atMs: UInt64, address: Int)] = []

    /// The clock, the hub, and what is to happen.
    final class World {
        var nowMs: UInt64 = 1_000_000
        var random: SeededRandom
        var hub = ModelHub()
        var fate: (inout SeededRandom) -> PostFate = { _ in .answered }
        var letters: DeadLetterStore?
        /// How far the wall clock is off, in nanoseconds.
        var clockIsOffNs: Int64 = 0
        /// The longest that a job of the disk takes, in milliseconds.
        var slowestJobMs = 30
        /// What becomes of posts and questions at an address, before `fate`; nil: it is well.
        var addressFate: (Int) -> PostFate? = { _ in nil }
        private var events: [(atMs: UInt64, order: Int, run: () -> Void)] = []
        private var order = 0
        private var stepsAtOnce = 0

        init(seed: UInt64) { random = SeededRandom(seed: seed) }

        func after(_ ms: UInt64, _ run: @escaping () -> Void) {
            order += 1
            events.append((nowMs + ms, order, run))
        }

        /// Runs the next event, unless it lies behind `untilMs`.
        func step(untilMs: UInt64) -> Bool {
            guard
                let index = events.indices.min(by: {
                    (events[$0].atMs, events[$0].order) < (events[$1].atMs, events[$1].order)
                }),
                events[index].atMs <= untilMs
            else {
                nowMs = max(nowMs, untilMs)
                return false
            }
            let event = events.remove(at: index)
            stepsAtOnce = event.atMs > nowMs ? 0 : stepsAtOnce + 1
            precondition(stepsAtOnce < 10_000, "delivery turns on the spot")
            nowMs = max(nowMs, event.atMs)
            event.run()
            return true
        }

        func run(ms: UInt64) {
            let end = nowMs + ms
            while step(untilMs: end) {}
        }
    }

    init(_ world: World) { self.world = world }

    /// The process dies: nothing that was under way comes back.
    func kill() {
        isAlive = false
        delivery = nil
    }

    func submit(_ batch: Batch) {
        untaken += 1
        delivery?.take(batch)
    }

    var nowMs: UInt64 { world.nowMs }
    var nowNs: Int64 { Int64(world.nowMs) * 1_000_000 &+ world.clockIsOffNs }
    func random() -> UInt64 { world.random.next() }

    func post(_ ticket: UInt64, identity: BatchIdentity, body: [UInt8]) {
        underWay[ticket] = identity
        addressesUsed.append(address)
        let fate = world.addressFate(address) ?? world.fate(&world.random)
        let way = UInt64(1 + world.random.below(20))
        world.after(way) { [self] in
            // What has left the agent arrives even if it dies meanwhile.
            let answer: Result<HTTPAnswer, HTTPFailure>
            switch fate {
            case .answered: answer = .success(world.hub.take(identity, body))
            case .answerLost:
                _ = world.hub.take(identity, body)
                answer = .failure(HTTPFailure(code: 56, description: "the connection broke", mayHaveArrived: true))
            case .neverArrived:
                answer = .failure(HTTPFailure(code: 7, description: "connection refused", mayHaveArrived: false))
            case .answeredWith(let given): answer = .success(given)
            case .takenAndAnsweredWith(let given):
                _ = world.hub.take(identity, body)
                answer = .success(given)
            case .refused: answer = .success(world.hub.take(identity, body, refusing: true))
            }
            world.after(UInt64(1 + world.random.below(20))) { [self] in
                guard isAlive, !canceled else { return }
                underWay[ticket] = nil
                delivery?.answered(ticket, answer)
            }
        }
    }

    func choose(_ address: Int) { self.address = address }

    func probe(_ address: Int) {
        questions.append((world.nowMs, address))
        world.after(UInt64(1 + world.random.below(50))) { [self] in
            guard isAlive else { return }
            delivery?.probed(address, isUp: world.addressFate(address) == nil)
        }
    }

    func cancelPosts() { canceled = true }

    func run(_ job: DiskJob) {
        world.after(UInt64(world.random.below(world.slowestJobMs))) { [self] in
            guard isAlive else { return }
            let outcome = job.run()
            world.after(UInt64(world.random.below(5))) { [self] in
                if isAlive { delivery?.diskJobDone(outcome) }
            }
        }
    }

    func write(_ letter: DeadLetter, ticket: UInt64) {
        world.after(UInt64(1 + world.random.below(10))) { [self] in
            guard isAlive else { return }
            let outcome = world.letters?.write(letter) ?? DeadLetterStore.Outcome(failure: "no store")
            delivery?.deadLetterDone(ticket, outcome)
        }
    }

    func wake(atMs: UInt64?) {
        wakeNumber += 1
        let number = wakeNumber
        guard let atMs else { return }
        world.after(atMs - min(atMs, nowMs)) { [self] in
            if isAlive, number == wakeNumber { delivery?.wake() }
        }
    }

    func taken(_ batches: Int, _ state: BufferState) {
        untaken -= batches
        self.state = state
    }

    func report(_ level: DeliveryReport.Level, _ words: String) { reports.append("\(world.nowMs) \(level): \(words)") }
    func publish(_ statistics: DeliveryStatistics) {}
    func stopped() { hasStopped = true }
}
