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
        var agents: AgentRegistry
        var analysis: AnalysisService
        var dashboard: DashboardFiles
        var metrics = HubMetrics()
        var retentionHours: Int
        /// In bytes.
        var memoryLimit: Int
        var swagger = SwaggerFiles(folder: nil)
    }

    init(_ parts: Parts) {
        let bodies = RequestBodyReader()
        let retention = Int64(parts.retentionHours) * 3_600_000_000_000
        let described =
            ServiceRoutes(store: parts.store).routes
            + IngestRoutes(
                store: parts.store,
                bodies: bodies,
                metrics: parts.metrics,
                retention: retention
            )
            .routes
            + QueryRoutes(store: parts.store).routes
            + ExportRoute(store: parts.store).routes
            + CountRoutes(store: parts.store, retention: retention).routes
            + PatternRoutes(store: parts.store).routes
            + SeriesRoute(store: parts.store, retention: retention, trends: .hub).routes
            + StoreRoutes(
                store: parts.store,
                rates: parts.rates,
                agents: parts.agents,
                analysis: parts.analysis,
                retentionHours: parts.retentionHours,
                memoryLimit: parts.memoryLimit
            )
            .routes
            + AnalyzeRoute(
                analysis: parts.analysis,
                bodies: bodies,
                retentionHours: parts.retentionHours
            )
            .routes
            + StreamRoute(
                store: parts.store,
                feed: parts.feed,
                authenticator: parts.authenticator,
                metrics: parts.metrics
            )
            .routes
            + SessionRoutes(authenticator: parts.authenticator, bodies: bodies).routes
            + KeyRoutes(authenticator: parts.authenticator, bodies: bodies).routes
            + AgentRoutes(registry: parts.agents, bodies: bodies).routes
            + MetricsRoute(
                store: parts.store,
                feed: parts.feed,
                agents: parts.agents,
                metrics: parts.metrics,
                analysis: parts.analysis,
                memoryLimit: parts.memoryLimit
            )
            .routes
        routes = described + DocumentationRoutes(describing: described, swagger: parts.swagger).routes
        router = HubRouter(
            routes: routes,
            authenticator: parts.authenticator,
            dashboard: parts.dashboard,
            metrics: parts.metrics
        )
    }

    /// The server.
    /// - Parameters:
    ///   - host: the address or name to listen on.
    ///   - port: 0: the system chooses.
    ///   - certificate: for TLS; nil: without.
    ///   - limits: what bounds each connection.
    ///   - logger: told what goes wrong with connections.
    ///   - onRunning: called once it listens.
    /// - Returns: what runs until it is stopped.
    func application(
        host: String,
        port: Int,
        certificate: TLSCertificate? = nil,
        limits: ConnectionLimits = ConnectionLimits(),
        logger: Logger,
        onRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }
    ) -> Application<HubRouter> {
        Application(
            responder: router,
            server: .onEventLoops(router: router) { responder in
                HubChannel(responder: responder, certificate: certificate, limits: limits)
            },
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                backlog: HubLimits.connectionBacklog,
                availableConnectionsDelegate: .maximum(limits.connections, logger: logger)
            ),
            onServerRunning: onRunning,
            logger: logger
        )
    }
}
