import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import NIOHTTPTypes
import Synchronization

/// Answers small POSTs of logs without the streams that Hummingbird hands each request on by.
///
/// A log of 257 bytes comes in one read with its head. Through Hummingbird it is handed over in three parts, each of
/// which can suspend and resume a task, and so is its answer; that costs more than decoding and storing it. Here the
/// parts are collected, one task answers, and the answer goes out in one write. All else goes on to Hummingbird.
///
/// ```
/// socket ─► codec ─► ConnectionGuard ─► HTTPConnectionStateHandler ─► SmallPosts ─► Hummingbird's stream of parts
///                                                                        └► HubRouter
/// ```
///
/// One answer at a time: what a client sends before its answer has come, or while it does not take the answers before,
/// waits in `held`, and then nothing more is read. A small POST behind a request that Hummingbird has not answered yet
/// goes to Hummingbird too, so that answers keep their order; so does, behind the answer, what ends the connection. One
/// for each connection, used on its event loop alone.
final class SmallPosts: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let router: HubRouter
    private let executor: EventLoopExecutor
    /// The head of the request that is being collected.
    private var head: HTTPRequest?
    private var body = ByteBuffer()
    private var isAnswering = false
    /// The client does not take its answers as fast as it asks.
    private var isFull = false
    private var isHolding: Bool { isAnswering || isFull }
    /// What came meanwhile, and what went wrong behind it.
    private var held = CircularBuffer<HTTPRequestPart>()
    private var heldProblem: (any Error)?
    private var holdsEnd = false
    private var wantsRead = false
    /// Requests that Hummingbird has and has not answered whole.
    private var passedOn = 0

    init(router: HubRouter, executor: EventLoopExecutor) {
        self.router = router
        self.executor = executor
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if isHolding { held.append(part) } else { take(part, context) }
    }

    func read(context: ChannelHandlerContext) {
        // Reading on costs nothing as long as the client waits for its answer, which most do; to stop and go on would
        // cost two system calls for each request.
        if held.isEmpty, !isFull { context.read() } else { wantsRead = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Hummingbird answers what is no HTTP at once, which would take the place of the answer under way.
        if isHolding { heldProblem = error } else { context.fireErrorCaught(error) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Hummingbird closes the connection when nothing more can come: not before the answer is written.
        if isHolding, let event = event as? ChannelEvent, event == .inputClosed {
            holdsEnd = true
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        head = nil
        isFull = false
        held.removeAll()
        heldProblem = nil
        context.fireChannelInactive()
    }

    private func take(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let head):
            if passedOn == 0, Self.isSmallPost(head) {
                self.head = head
                body.clear()
            } else {
                passedOn += 1
                context.fireChannelRead(wrapInboundOut(part))
            }
        case .body(var bytes):
            if head == nil {
                context.fireChannelRead(wrapInboundOut(part))
            } else if body.readableBytes == 0 {
                body = bytes
            } else {
                body.writeBuffer(&bytes)
            }
        case .end:
            guard let head else { return context.fireChannelRead(wrapInboundOut(part)) }
            self.head = nil
            answer(Request(head: head, body: RequestBody(buffer: body)), context)
            body = ByteBuffer()
        }
    }

    private static func isSmallPost(_ head: HTTPRequest) -> Bool {
        guard head.method == .post, head.path?.utf8.starts(with: "/api/logs".utf8) ?? false,
            let length = head.headerFields[.contentLength].flatMap({ Int($0) }), length < HubLimits.loopBodyBytes,
            head.headerFields[.connection]?.lowercased() ?? "keep-alive" == "keep-alive"
        else { return false }
        return head.headerFields[.expect] == nil
    }

    // MARK: Answering

    private func answer(_ request: Request, _ context: ChannelHandlerContext) {
        isAnswering = true
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        let (router, channel, loop) = (router, context.channel, context.eventLoop)
        Task(executorPreference: executor) {
            let peer = APIContext(peer: channel.remoteAddress)
            // It answers every fault itself.
            let response =
                (try? await router.respond(to: request, context: peer)) ?? Response(status: .internalServerError)
            let buffer = BufferedBody()
            try? await response.body.write(buffer)
            let bytes = buffer.bytes
            if loop.inEventLoop {
                bound.value.handler.write(response.head, bytes, bound.value.context)
            } else {
                loop.execute { bound.value.handler.write(response.head, bytes, bound.value.context) }
            }
        }
    }

    private func write(_ head: HTTPResponse, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        var head = head
        head.headerFields[.date] = HTTPDate.now
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if body.readableBytes > 0 { context.write(wrapOutboundOut(.body(body)), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        isAnswering = false
        // What the client does not take waits in memory: then its next request waits too.
        isFull = context.channel.isActive && !context.channel.isWritable
        goOn(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if isFull, context.channel.isWritable {
            isFull = false
            goOn(context)
        }
        context.fireChannelWritabilityChanged()
    }

    /// Takes what came meanwhile.
    private func goOn(_ context: ChannelHandlerContext) {
        let hasHeld = !held.isEmpty
        while !isHolding, let part = held.popFirst() { take(part, context) }
        if hasHeld { context.fireChannelReadComplete() }
        if isHolding { return }
        if let problem = heldProblem {
            heldProblem = nil
            context.fireErrorCaught(problem)
        }
        if holdsEnd {
            holdsEnd = false
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
        if wantsRead {
            wantsRead = false
            context.read()
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { passedOn -= 1 }
        context.write(data, promise: promise)
    }
}

@available(*, unavailable)
extension SmallPosts: Sendable {}

/// Takes a body that is there as a whole.
private final class BufferedBody: ResponseBodyWriter {
    private let buffer = Mutex(ByteBuffer())
    var bytes: ByteBuffer { buffer.withLock { $0 } }

    func write(_ bytes: ByteBuffer) async throws {
        buffer.withLock { buffer in
            var bytes = bytes
            if buffer.readableBytes == 0 { buffer = bytes } else { buffer.writeBuffer(&bytes) }
        }
    }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
