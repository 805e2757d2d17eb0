import ServiceLifecycle

/// A part of the hub as a service: works until the hub stops, then puts its things in order.
///
/// The service group stops its services one after the other, the last one first.
struct HubPart: Service {
    /// Works until it is cancelled.
    var work: @Sendable () async throws -> Void
    /// Called when the hub stops, before `work` is cancelled.
    var stop: @Sendable () async -> Void = {}

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try? await gracefulShutdown()
                await stop()
            }
            _ = try await group.next()
            group.cancelAll()
        }
    }
}
