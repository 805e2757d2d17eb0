import NIOCore
import NIOHTTP1

/// Marks the request that a connection ends with, in the one way that Hummingbird understands: `Connection: close`.
///
/// The version is not known behind the codec, and a client of HTTP/1.0 that waits for the end of the connection would
/// wait until it has been idle for long enough; others write `Close`, or name more than that.
final class LastRequest: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data), !head.isKeepAlive else {
            return context.fireChannelRead(data)
        }
        head.headers.replaceOrAdd(name: "connection", value: "close")
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }
}

@available(*, unavailable)
extension LastRequest: Sendable {}
