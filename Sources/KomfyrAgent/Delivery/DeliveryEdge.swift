import EventLoop
import Protocol

/// Everything that delivery reaches outside of itself: clocks, the network, threads for the disk, and those who listen.
///
/// The real one is `LoopEdge`; a test has one with a clock of its own. Every call comes from the delivery loop, and
/// what it leads to (`Delivery.answered`, `probed`, `diskJobDone`, `deadLetterDone`, `wake`) comes back there, never
/// from within the call.
protocol DeliveryEdge: AnyObject {
    /// Milliseconds of a clock that never goes back.
    var nowMs: UInt64 { get }
    /// Nanoseconds since 1970.
    var nowNs: Int64 { get }
    /// Any number.
    func random() -> UInt64
    /// Posts a batch to the address in use; answered with `Delivery.answered`.
    func post(_ ticket: UInt64, identity: BatchIdentity, body: [UInt8])
    /// From now on posts go to this one of the hub's addresses.
    func choose(_ address: Int)
    /// Asks an address whether the hub answers there; ends in `Delivery.probed`.
    func probe(_ address: Int)
    /// Forgets all posts under way: none is answered any more.
    func cancelPosts()
    /// Runs a job of the buffer elsewhere; ends in `Delivery.diskJobDone`.
    func run(_ job: DiskJob)
    /// Writes a dead letter elsewhere; ends in `Delivery.deadLetterDone`.
    func write(_ letter: DeadLetter, ticket: UInt64)
    /// Calls `Delivery.wake` at this time, and not at the one asked for before; nil: not at all.
    func wake(atMs: UInt64?)
    /// Tells intake.
    func taken(_ batches: Int, _ state: BufferState)
    /// Tells the operator.
    func report(_ level: DeliveryReport.Level, _ words: String)
    /// Lets others see the counters.
    func publish(_ statistics: DeliveryStatistics)
    /// Delivery has stopped; nothing follows.
    func stopped()
}

/// For an edge whose hub has one address.
extension DeliveryEdge {
    func choose(_ address: Int) {}
    func probe(_ address: Int) {}
}
