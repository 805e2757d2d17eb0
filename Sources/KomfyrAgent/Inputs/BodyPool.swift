import Synchronization

/// Memory of full batches' bodies that delivery has packed, for the intake's next ones.
///
/// What is as large as a body comes from the system page by page and goes back to it when freed; at some thousand
/// bodies a second those page faults would cost as much as parsing. Shared by the two loops; only a few bodies are
/// kept, and none while batches are small.
final class BodyPool: Sendable {
    private let free = Mutex<[[UInt8]]>([])

    /// Takes one out, empty; nil when there is none.
    func take() -> [UInt8]? {
        guard var body = free.withLock({ $0.popLast() }) else { return nil }
        // Has storage of its own again where whoever gave it still holds it too.
        body.removeAll(keepingCapacity: true)
        return body
    }

    /// Keeps a body's memory, unless it is small or there is enough.
    func give(_ body: [UInt8]) {
        guard AgentLimits.pooledBodyBytes.contains(body.capacity) else { return }
        free.withLock { free in
            if free.count < AgentLimits.pooledBodies { free.append(body) }
        }
    }

    /// Lets go of all.
    func empty() { free.withLock { $0 = [] } }
}
