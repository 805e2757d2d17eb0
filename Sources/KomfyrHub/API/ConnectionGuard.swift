import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Stands between a connection's HTTP codec and Hummingbird, and sees to what only the connection knows.
///
/// - A request that is no HTTP is answered in the API's error shape; Hummingbird answers with an empty 400.
/// - A body that trickles in is cut off, so that a slow sender cannot hold a connection for ever; a header that does
///   is covered by Hummingbird's idle time.
/// - `Expect: 100-continue` is answered, unless the announced body is too large anyway (RFC 9110 §10.1.1).
/// - When a request is answered before its body has come, the connection is closed instead of reading a large rest.
///
/// One for each connection, used on its event loop alone.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// The body of a request is still coming.
    private var isReading = false
    /// What is left of it by its Content-Length; nil when the end is not known.
    private var bytesLeft: Int?
    private var bytesSinceCheck = 0
    private var progressCheck: Scheduled<Void>?
    /// What the parser found wrong.
    private var problem: APIError?
    /// The answer being written is Hummingbird's own to a broken request, and is replaced.
    private var isReplacing = false
    /// Nothing more is read: the last answer is on its way.
    private var isLingering = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isLingering { return }
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let bytes):
            bytesSinceCheck += bytes.readableBytes
            bytesLeft? -= bytes.readableBytes
        case .end: endReading()
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Most bodies come whole with their head, and need no timer.
        if isReading && progressCheck == nil { scheduleCheck(context) }
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.headerOverflow:
            problem = APIError(
                .requestHeaderFieldsTooLarge,
                "A request may have \(HubLimits.headerFields) header fields of \(HubLimits.headerFieldBytes) bytes, "
                    + "\(HubLimits.headerBytes) in all; its address may have \(HubLimits.addressBytes)."
            )
        case is HTTPParserError: problem = APIError(.badRequest, "This is not an HTTP request.")
        default: break
        }
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head) where problem != nil && head.headerFields[.connection] == "close":
            isReplacing = true
            promise?.succeed()
        case .end where isReplacing:
            isReplacing = false
            writeProblem(context, promise)
        case .head(var head):
            if !isInformational(head), leavesLargeRest { head.headerFields[.connection] = "close" }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            context.write(data, promise: promise)
            if leavesLargeRest { linger(context) }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { progressCheck?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        endReading()
        context.fireChannelInactive()
    }

    // MARK: Reading

    private func begin(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
        isReading = true
        bytesSinceCheck = 0
        bytesLeft =
            head.headerFields[.contentLength].map { Int($0) ?? 0 }
            ?? (head.headerFields[.transferEncoding] == nil ? 0 : nil)
        if head.headerFields[.expect]?.lowercased() == "100-continue", (bytesLeft ?? 0) <= HubLimits.requestBodyBytes {
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
        }
    }

    private func endReading() {
        isReading = false
        progressCheck?.cancel()
        progressCheck = nil
    }

    private func scheduleCheck(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        progressCheck = context.eventLoop.scheduleTask(in: .seconds(HubLimits.bodyProgressSeconds)) {
            let (handler, context) = bound.value
            handler.progressCheck = nil
            guard handler.isReading else { return }
            if handler.bytesSinceCheck < HubLimits.bodyProgressBytes {
                context.close(promise: nil)
                return
            }
            handler.bytesSinceCheck = 0
            handler.scheduleCheck(context)
        }
    }

    // MARK: Answering

    private func isInformational(_ head: HTTPResponse) -> Bool { head.status.kind == .informational }

    /// Whether an answer given now leaves a body behind that is not worth reading.
    private var leavesLargeRest: Bool { isReading && (bytesLeft ?? Int.max) > HubLimits.refusedBodyBytes }

    /// Ends the connection after the answer.
    ///
    /// What still comes is dropped for a moment before the connection closes: if it closed at once, the system's reset
    /// would overtake the answer.
    private func linger(_ context: ChannelHandlerContext) {
        endReading()
        isLingering = true
        context.flush()
        context.close(mode: .output, promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .seconds(HubLimits.lingerSeconds)) { bound.value.close(promise: nil) }
    }

    private func writeProblem(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        guard let problem else { return }
        var head = problem.response.head
        head.headerFields[.connection] = "close"
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(bytes: problem.body))), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }
}

@available(*, unavailable)
extension ConnectionGuard: Sendable {}
