import HTTPTypes
import NIOCore
import NIOHTTPTypes
import NIOWebSocket

/// Makes a WebSocket of an answer with status 101: each part of its body becomes a text frame, its end the close frame.
///
/// ```
/// route's body ── parts ──▶ WebSocketHandler ── frames ──▶ WebSocketFrameEncoder ──▶ socket
///                             ▲ ping, close, what is too large ── WebSocketFrameDecoder ◀── socket
/// ```
///
/// So the stream's route serves both kinds of readers, and a connection that ends does it for both in the same way.
/// What the reader sends is answered here and goes no further: pings, the close, and texts, which nobody needs. A
/// reader that gives no sign of life is asked for one, and cut off when it stays silent.
///
/// One for each connection, used on its event loop alone.
final class WebSocketHandler: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = WebSocketFrame

    private let limits: ConnectionLimits
    /// A close frame was sent: nothing follows it.
    private var isClosing = false
    private var heard = NIODeadline.now()
    private var pings: Scheduled<Void>?
    private var cutOff: Scheduled<Void>?

    init(limits: ConnectionLimits) { self.limits = limits }

    func handlerAdded(context: ChannelHandlerContext) { schedulePing(context) }

    func handlerRemoved(context: ChannelHandlerContext) {
        pings?.cancel()
        cutOff?.cancel()
    }

    // MARK: From the reader

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        heard = .now()
        // RFC 6455 §5.1 and §5.2: a client masks what it sends, and uses no bits that nobody has agreed on.
        guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            return beginClose(.protocolError, context)
        }
        switch frame.opcode {
        case .ping:
            // A reader that asks and does not listen must not fill the memory with answers.
            if !isClosing, context.channel.isWritable {
                send(.pong, frame.unmaskedData, context)
                context.flush()
            }
        case .pong, .text, .continuation: break
        case .connectionClose:
            if !isClosing { beginClose(.normalClosure, context) }
            context.close(promise: nil)
        case .binary: beginClose(.unacceptableData, context)
        default: beginClose(.protocolError, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let problem = error as? NIOWebSocketError else { return context.fireErrorCaught(error) }
        switch problem {
        case .invalidFrameLength: beginClose(.messageTooLarge, context)
        case .fragmentedControlFrame, .multiByteControlFrameLength: beginClose(.protocolError, context)
        }
    }

    // MARK: To the reader

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .body(let text) where !isClosing:
            context.write(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .text, data: text)), promise: promise)
        case .head, .body: promise?.succeed()
        case .end(let trailers):
            let code = trailers?[.webSocketClose].flatMap { Int($0) }
            beginClose(code.map { WebSocketErrorCode(codeNumber: $0) } ?? .normalClosure, context)
            promise?.succeed()
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        // Between the two close frames the connection stays, or the reader would miss why it ends.
        guard isClosing, mode != .input else { return context.close(mode: mode, promise: promise) }
        promise?.succeed()
    }

    /// Says why it ends, and gives the reader a moment to say the same.
    private func beginClose(_ code: WebSocketErrorCode, _ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        isClosing = true
        pings?.cancel()
        var reason = context.channel.allocator.buffer(capacity: 2)
        reason.write(webSocketErrorCode: code)
        send(.connectionClose, reason, context)
        context.flush()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        cutOff = context.eventLoop.scheduleTask(in: limits.webSocketClose) { bound.value.close(promise: nil) }
    }

    private func send(_ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(WebSocketFrame(fin: true, opcode: opcode, data: data)), promise: nil)
    }

    private func schedulePing(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        pings = context.eventLoop.scheduleTask(in: limits.webSocketPing) {
            let (handler, context) = bound.value
            guard !handler.isClosing else { return }
            if NIODeadline.now() - handler.heard > handler.limits.webSocketSilence {
                context.close(promise: nil)
                return
            }
            // Where the reader takes nothing, the connection's guard counts.
            if context.channel.isWritable {
                handler.send(.ping, context.channel.allocator.buffer(capacity: 0), context)
                context.flush()
            }
            handler.schedulePing(context)
        }
    }
}

@available(*, unavailable)
extension WebSocketHandler: Sendable {}
