/// Something that belongs to one loop, in a box that any thread may hold and only jobs on that loop open.
public final class LoopBound<Value>: @unchecked Sendable {
    // Sendable although what it holds is not: the value is touched in `open`, `fill` and `empty` alone, which take the
    // loop that a job runs on. A loop is not Sendable, so whoever has one is on its thread, and the first to open the
    // box binds it to theirs.
    private var value: Value?
    private var owner: ObjectIdentifier?

    /// An empty box, which the loop's thread fills.
    public init() {}

    /// A box that holds what has not been used yet.
    public init(_ value: sending Value) {
        self.value = value
    }

    /// Calls `body` with what is in the box, if anything is.
    @discardableResult
    public func open<Result>(on loop: Loop, _ body: (Value) -> Result) -> Result? {
        check(loop)
        return value.map(body)
    }

    /// Puts something into the box, on the loop that it belongs to.
    public func fill(_ value: Value, on loop: Loop) {
        check(loop)
        self.value = value
    }

    /// Lets go of what is in the box, on the loop that it belongs to.
    public func empty(on loop: Loop) {
        check(loop)
        value = nil
    }

    private func check(_ loop: Loop) {
        loop.assertOnLoop()
        let id = ObjectIdentifier(loop)
        precondition(owner == nil || owner == id, "this belongs to another loop")
        owner = id
    }
}
