import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// The hub's HTTP side: all routes over a store, and the server that they are reached by.
struct HubAPI: Sendable {
    let routes: [Route]
    let router: HubRouter

    /// What the API is made of.
    struct Parts: Sendable {
        var store: any LogStoring
        var feed: LiveFeed
        var rates: GroupRates
        var authenticator: Authenticator
        var dashboard: DashboardFiles
        var retentionHours: Int
        /// In bytes.
        var memoryLimit: Int
    }

    init(_ parts: Parts) {
        let bodies = RequestBodyReader()
        routes =
            ServiceRoutes(store: parts.store).routes
            + IngestRoutes(
                store: parts.store,
                bodies: bodies,
                retention: Int64(parts.retentionHours) * 3_600_000_000_000
            )
            .routes
            + QueryRoutes(
                store: parts.store,
                rates: parts.rates,
                retentionHours: parts.retentionHours,
                memoryLimit: parts.memoryLimit
            )
            .routes
            + StreamRoute(store: parts.store, feed: parts.feed, authenticator: parts.authenticator).routes
            + SessionRoutes(authenticator: parts.authenticator, bodies: bodies).routes
        router = HubRouter(routes: routes, authenticator: parts.authenticator, dashboard: parts.dashboard)
    }

    /// The server.
    /// - Parameters:
    ///   - host: the address or name to listen on.
    ///   - port: 0: the system chooses.
    ///   - logger: told what goes wrong with connections.
    ///   - onRunning: called once it listens.
    /// - Returns: what runs until it is stopped.
    func application(
        host: String,
        port: Int,
        logger: Logger,
        onRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }
    ) -> Application<HubRouter> {
        Application(
            responder: router,
            server: .onEventLoops(router: router) { responder in
                HTTP1Channel(responder: responder, configuration: Self.channelConfiguration)
            },
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                backlog: HubLimits.connectionBacklog,
                availableConnectionsDelegate: .maximum(HubLimits.connections, logger: logger)
            ),
            onServerRunning: onRunning,
            logger: logger
        )
    }

    private static var channelConfiguration: HTTP1Channel.Configuration {
        var configuration = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionGuard()],
            idleTimeout: .seconds(HubLimits.idleSeconds)
        )
        configuration.httpDecoder = .init(
            maxHeaderFieldSize: HubLimits.headerFieldBytes,
            maxHeaderListSize: HubLimits.headerBytes,
            maxHeaderFieldCount: HubLimits.headerFields
        )
        return configuration
    }
}
