import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// Runs a connection's task on the event loop that reads and writes its socket.
///
/// Otherwise each part of a request (head, body, end, answer) wakes a thread of the cooperative pool, and each answer
/// wakes the loop: for small requests that is most of what they cost. What takes long does not belong here: routes say
/// so (`Route.runsOnLoop`), and all others run in the pool as ever.
final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

extension HTTPServerBuilder {
    /// A server whose connections' tasks run on their event loops, where small POSTs take a shorter way.
    /// - Parameters:
    ///   - router: answers small POSTs.
    ///   - build: what makes the channel of a connection, for everything else.
    /// - Returns: what an `Application` serves with.
    static func onEventLoops<Base: ServerChildChannel>(
        router: HubRouter,
        _ build: @escaping @Sendable (@escaping HTTPChannelHandler.Responder) throws -> Base
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in EventLoopChannel(base: try build(responder), router: router) }
    }
}

/// A connection that is handled on its own event loop.
private struct EventLoopChannel<Base: ServerChildChannel>: ServerChildChannel {
    let base: Base
    let router: HubRouter

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
        base.setup(channel: channel, logger: logger)
            .flatMapThrowing { value in
                let pipeline = channel.pipeline.syncOperations
                // Behind the handler that closes idle connections, which must see all requests.
                let state = try pipeline.handler(type: HTTPConnectionStateHandler.self)
                let small = SmallPosts(router: router, executor: EventLoopExecutor(channel.eventLoop))
                try pipeline.addHandler(small, position: .after(state))
                return value
            }
    }

    func handle(value: Base.Value, logger: Logger) async {
        await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
            await base.handle(value: value, logger: logger)
        }
    }
}

/// Runs what may take long in the cooperative pool, whatever thread its connection is on.
func inPool<Value, Problem: Error>(_ work: () async throws(Problem) -> Value) async throws(Problem) -> Value {
    try await withTaskExecutorPreference(globalConcurrentExecutor, operation: work)
}

extension ResponseBody {
    /// The same, written by the pool: a body that is made while it is sent may take long.
    var writtenInPool: ResponseBody {
        ResponseBody(contentLength: contentLength) { writer in
            let target = writer
            try await inPool { try await self.write(target) }
        }
    }
}

/// Writes to another handler, and keeps nothing that is set for one request.
///
/// Hummingbird names each request in the logger's metadata, which swift-log's own handler then writes out as text each
/// time; nothing of the hub uses it.
struct ServerLogHandler: LogHandler {
    var base: any LogHandler
    var logLevel: Logger.Level {
        get { base.logLevel }
        set { base.logLevel = newValue }
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) { base.log(event: event) }
}
