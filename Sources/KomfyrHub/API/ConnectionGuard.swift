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
/// - A reader that does not take its answer is cut off, so that it cannot hold the memory that the answer waits in.
/// - An answer with status 101 makes the connection a WebSocket. After any other one to a request with `Upgrade` it is
///   closed, since the parser reads no further behind such a request (Java's client sends one for HTTP/2).
///
/// One for each connection, used on its event loop alone.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limits: ConnectionLimits
    /// Puts a WebSocket's handlers in the place of the HTTP codec.
    private let becomeWebSocket: (ChannelHandlerContext) throws -> Void
    /// The request asks for another protocol.
    private var isUpgradeAsked = false
    /// The connection is a WebSocket.
    private var isWebSocket = false
    /// Bytes of answers that were written to the connection, and whether its reader takes them.
    private var bytesWritten = 0
    private var writeCheck: Scheduled<Void>?

    /// Requests whose head has come and whose answer is not written: more than one when a client does not wait.
    private var unanswered = 0
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

    init(limits: ConnectionLimits, becomeWebSocket: @escaping (ChannelHandlerContext) throws -> Void) {
        self.limits = limits
        self.becomeWebSocket = becomeWebSocket
    }

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
        case .head(let head) where head.status == .switchingProtocols:
            context.writeAndFlush(data, promise: promise)
            isWebSocket = true
            do { try becomeWebSocket(context) } catch { context.close(promise: nil) }
        case .head(var head):
            if !isInformational(head), isLastAnswer { head.headerFields[.connection] = "close" }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body(let bytes):
            bytesWritten &+= bytes.readableBytes
            context.write(data, promise: promise)
        case .end:
            context.write(data, promise: promise)
            let isLast = isLastAnswer
            unanswered = max(0, unanswered - 1)
            if isLast { linger(context) }
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if !context.channel.isWritable && writeCheck == nil { scheduleWriteCheck(context) }
        context.fireChannelWritabilityChanged()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        progressCheck?.cancel()
        writeCheck?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        endReading()
        writeCheck?.cancel()
        context.fireChannelInactive()
    }

    // MARK: Reading

    private func begin(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
        isReading = true
        unanswered += 1
        bytesSinceCheck = 0
        isUpgradeAsked = head.headerFields[.upgrade] != nil
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

    /// Looks, for as long as an answer waits for its reader, whether some of it is taken.
    private func scheduleWriteCheck(_ context: ChannelHandlerContext) {
        let before = bytesTaken(context)
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        writeCheck = context.eventLoop.scheduleTask(in: limits.writeProgress) {
            let (handler, context) = bound.value
            handler.writeCheck = nil
            guard context.channel.isActive, !context.channel.isWritable else { return }
            if handler.bytesTaken(context) &- before < handler.limits.writeProgressBytes {
                context.close(promise: nil)
                return
            }
            handler.scheduleWriteCheck(context)
        }
    }

    /// Bytes of answers that the system has taken; framing and TLS make it a little less than it is.
    private func bytesTaken(_ context: ChannelHandlerContext) -> Int {
        let waiting = try? context.channel.syncOptions?.getOption(ChannelOptions.bufferedWritableBytes)
        return bytesWritten &- Int(waiting ?? 0)
    }

    private func isInformational(_ head: HTTPResponse) -> Bool { head.status.kind == .informational }

    /// Whether an answer given now leaves a body behind that is not worth reading.
    private var leavesLargeRest: Bool { isReading && (bytesLeft ?? Int.max) > HubLimits.refusedBodyBytes }

    /// Whether the connection ends with this answer: it is that of the request that was read last, not of one before.
    private var isLastAnswer: Bool { !isWebSocket && unanswered <= 1 && (leavesLargeRest || isUpgradeAsked) }

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
