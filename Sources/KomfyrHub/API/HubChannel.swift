import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOSSL
import NIOWebSocket

/// A connection's pipeline: Hummingbird's for HTTP/1.1, with TLS before it, and able to become a WebSocket.
///
/// ```
/// socket ─ [PlainRequest ─ TLS] ─ HTTP decoder, encoder ─ LastRequest ─ codec ─ ConnectionGuard ─ idle time ─┐
///                                 │                                             Hummingbird ─ SmallPosts ─┘
///                                 └─ after an answer 101: frame decoder, encoder, WebSocketHandler in their place
/// ```
struct HubChannel: HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let responder: HTTPChannelHandler.Responder
    /// Nil: without TLS.
    let certificate: TLSCertificate?
    let limits: ConnectionLimits

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            if let certificate {
                try pipeline.addHandlers(PlainRequest(), NIOSSLServerHandler(context: certificate.context))
            }
            var header = NIOHTTPDecoderLimitConfiguration()
            header.maxHeaderFieldSize = HubLimits.headerFieldBytes
            header.maxHeaderListSize = HubLimits.headerBytes
            header.maxHeaderFieldCount = HubLimits.headerFields
            let encoder = HTTPResponseEncoder()
            // What a hasty reader sends behind its request belongs to the WebSocket.
            let decoder = ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: header)
            )
            let last = LastRequest()
            let codec = HTTP1ToHTTPServerCodec(secure: certificate != nil)
            let limits = limits
            let guardian = ConnectionGuard(limits: limits) { context in
                let pipeline = context.pipeline.syncOperations
                try pipeline.addHandlers(
                    WebSocketFrameEncoder(),
                    ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: HubLimits.webSocketFrameBytes)),
                    WebSocketHandler(limits: limits),
                    position: .after(codec)
                )
                _ = pipeline.removeHandler(codec)
                _ = pipeline.removeHandler(last)
                _ = pipeline.removeHandler(encoder)
                _ = pipeline.removeHandler(decoder)
            }
            try pipeline.addHandlers(
                encoder,
                decoder,
                last,
                codec,
                guardian,
                HTTPConnectionStateHandler(idleTimeout: Duration(limits.idle), logger: logger)
            )
            return try NIOAsyncChannel(
                wrappingChannelSynchronously: channel,
                configuration: .init(isOutboundHalfClosureEnabled: true)
            )
        }
    }

    func handle(value: Value, logger: Logger) async { await handleHTTP(asyncChannel: value, logger: logger) }
}
