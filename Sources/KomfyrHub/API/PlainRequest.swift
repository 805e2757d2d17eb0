import HTTPTypes
import NIOCore

/// Tells a client that sends HTTP without TLS to a port with TLS what to do, in HTTP; otherwise it would see nothing
/// but the end of the connection.
///
/// It stands before the TLS handler and looks at the first byte: a handshake begins with 22 (RFC 8446 §5.1), a request
/// with a capital letter. Then it is gone, or answers and lets nothing more through. Nothing that came is looked into.
final class PlainRequest: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var isAnswered = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isAnswered { return }
        guard let first = unwrapInboundIn(data).readableBytesView.first,
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first)
        else {
            context.fireChannelRead(data)
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
            return
        }
        isAnswered = true
        let body = APIError(.badRequest, "This port speaks TLS: the address begins with https://.").body
        var answer = ByteBuffer(
            string: "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n"
                + "Connection: close\r\n\r\n"
        )
        answer.writeBytes(body)
        context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
        context.close(mode: .output, promise: nil)
        // At once, the system's reset could overtake the answer.
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .seconds(HubLimits.lingerSeconds)) { bound.value.close(promise: nil) }
    }
}

@available(*, unavailable)
extension PlainRequest: Sendable {}
