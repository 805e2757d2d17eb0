import Glibc
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// The hub as a whole: starts its parts in order and stops them in reverse.
///
/// ```
/// private Redis (or an external one) → connection → store with its lease → HTTP server → live streams
/// ```
///
/// On SIGTERM or SIGINT the streams end, the server accepts no more and finishes the requests under way, the store
/// finishes its commits, the lease is given up, and the private Redis is stopped last.
struct Hub {
    private let settings: Settings
    private var configuration: HubConfiguration { settings.configuration }
    private let logger = Logger(label: "hub")

    init(_ settings: Settings) { self.settings = settings }

    /// Runs until a signal stops it.
    /// - Throws: what kept it from starting, in words for the operator.
    func run() async throws {
        for warning in configuration.warnings + [Settings.fileWarning].compactMap({ $0 }) {
            logger.warning("\(warning)")
        }
        // Before Redis is started: a wrong file is the operator's to mend, and soon told.
        let certificate = try certificate()
        FileDescriptors.raiseLimit(to: HubLimits.connections + 512)
        let redis = try await RedisPart.start(configuration, logger: logger)
        do {
            try await run(on: redis.client, folder: redis.folder, certificate)
        } catch {
            await redis.stop()
            throw error
        }
        await redis.stop()
    }

    private func certificate() throws(HubConfiguration.Problem) -> TLSCertificate? {
        guard let files = configuration.tls else { return nil }
        let certificate = try TLSCertificate(certificateFile: files.certificate, keyFile: files.key)
        for warning in certificate.warnings { logger.warning("\(warning)") }
        return certificate
    }

    private func run(on client: RedisClient, folder: DataFolder, _ certificate: TLSCertificate?) async throws {
        let lease = try Lease(redis: client, folder: folder, logger: logger)
        var storeConfiguration = StoreConfiguration()
        storeConfiguration.retention = Int64(configuration.retentionHours) * 3_600_000_000_000
        storeConfiguration.limitMemory(to: configuration.memoryLimit)
        storeConfiguration.whenFull = configuration.whenFull
        if configuration.redis == nil {
            // Its own Redis lies in the data folder; another's disk cannot be seen from here.
            let path = folder.path
            storeConfiguration.freeDiskBytes = { DiskSpace.free(at: path) }
        }
        let store = LogStore(redis: client, lease: lease, configuration: storeConfiguration, logger: logger)
        try await store.start()
        let feed = LiveFeed(hub: store.hub, newest: store.newestSequence)
        let rates = GroupRates()
        store.follow { request, receipt in
            feed.publish(request, receipt)
            rates.note(request.decoded, receipt)
        }
        let authenticator = Authenticator(environmentKey: settings.apiKey, redis: client)
        let agents = AgentRegistry(redis: client, retentionHours: configuration.retentionHours)
        await agents.load()
        let models = ModelClient()
        let analysis = AnalysisService(
            AnalysisService.Parts(
                store: store,
                redis: client,
                model: configuration.analysis.analyst.dialect.map { ModelCaller(dialect: $0, sender: models) },
                dailyTokens: configuration.analysis.dailyTokens,
                retention: storeConfiguration.retention,
                logger: logger
            )
        )
        await analysis.begin()
        let api = HubAPI(
            HubAPI.Parts(
                store: store,
                feed: feed,
                rates: rates,
                authenticator: authenticator,
                agents: agents,
                analysis: analysis,
                dashboard: dashboard,
                retentionHours: configuration.retentionHours,
                memoryLimit: configuration.memoryLimit,
                swagger: SwaggerFiles(
                    folder: SwaggerFiles.folder(executable: Executable.path, workingFolder: ".")
                )
            )
        )
        let server = HTTPPart(
            api: api,
            host: configuration.host,
            port: configuration.port,
            certificate: certificate
        ) {
            await announce(authenticator, address: configuration.address(port: $0))
        }
        var parts: [any Service] = [
            HubPart(work: { await store.run() }, stop: { await store.drain() }),
            server,
            HubPart(work: { await feed.run() }, stop: { feed.stop() }),
        ]
        // Before the server waits for what is under way: a model may take minutes.
        parts.append(
            HubPart(
                work: { while (try? await Task.sleep(for: .seconds(3_600))) != nil {} },
                stop: {
                    await analysis.stop()
                    await models.stop()
                }
            )
        )
        let logger = logger
        let keeper = AccessKeeper(redis: client, logger: logger)
        parts.append(HubPart(work: { await keeper.run() }))
        if let certificate { parts.append(HubPart(work: { await certificate.watch(logger) })) }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: parts.map {
                    .init(
                        service: $0,
                        successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup
                    )
                },
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: Logger(label: "services") { _ in SwiftLogNoOpLogHandler() }
            )
        )
        do {
            try await group.run()
        } catch {
            await lease.release()
            throw error
        }
        // Nothing writes any more, and the next hub need not wait for the lease's end.
        await lease.release()
        logger.info("stopped; what was answered is in Redis")
    }

    private var dashboard: DashboardFiles {
        let folder = DashboardFiles.folder(executable: Executable.path, workingFolder: ".")
        let files = DashboardFiles(folder: folder, frameAncestors: configuration.frameAncestors)
        if files.isEmpty {
            logger.warning("there is no dashboard (.build/dashboard): the API works without it; make builds it")
        }
        return files
    }

    /// Says where the hub is and how to get in.
    private func announce(_ authenticator: Authenticator, address: String) async {
        print("Komfyrvakt \(HubVersion.text) at \(address)")
        if settings.isNewKey {
            if isatty(STDOUT_FILENO) == 1 {
                print("API key (shown once, kept in \(Settings.file)): \(settings.apiKey)")
            } else {
                print("API key: see the file \(Settings.file)")
            }
        }
        do {
            let code = try await authenticator.sessions.newCode(for: authenticator.environmentKey)
            try LoginLink.show(
                "Dashboard (10 minutes, one use)",
                LoginLink.link(address: address, code: code),
                file: configuration.dataFolder + "/login-link"
            )
        } catch {
            logger.error(
                "the login link could not be made; make one with komfyr-hub login",
                metadata: ["error": "\(error)"]
            )
        }
    }
}
