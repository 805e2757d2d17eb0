import CLibuv

/// One job on libuv's thread pool.
///
/// Lives from `submit` until its answer has been given on the loop.
final class WorkRequest {
    // Closures without the result's type: a C callback cannot be formed where a generic parameter is in scope.
    private let perform: () -> Void
    private let finish: () -> Void
    private let request = UnsafeMutablePointer<uv_work_t>.allocate(capacity: 1)

    private final class Slot<Value> {
        var value: Value?
    }

    init<Value>(_ job: @escaping @Sendable () -> Value, done: @escaping (Value) -> Void) {
        // Written on the pool's thread, read on the loop's after libuv has handed the request back: never at once.
        let slot = Slot<Value>()
        perform = { slot.value = job() }
        finish = { if let value = slot.value { done(value) } }
    }

    deinit { request.deallocate() }

    func submit(to loop: UnsafeMutablePointer<uv_loop_t>) {
        request.pointee.data = Unmanaged.passRetained(self).toOpaque()
        let code = uv_queue_work(
            loop,
            request,
            { WorkRequest.of($0)?.takeUnretainedValue().perform() },
            { request, _ in WorkRequest.of(request)?.takeRetainedValue().finish() }
        )
        // Fails only without a callback (EINVAL), which cannot be.
        precondition(code == 0, "uv_queue_work")
    }

    private static func of(_ request: UnsafeMutablePointer<uv_work_t>?) -> Unmanaged<WorkRequest>? {
        request.flatMap { $0.pointee.data }.map { Unmanaged<WorkRequest>.fromOpaque($0) }
    }
}
