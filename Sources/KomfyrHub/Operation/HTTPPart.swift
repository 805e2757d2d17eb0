import Glibc
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// The HTTP server as a part of the hub.
struct HTTPPart: Service {
    let api: HubAPI
    let host: String
    let port: Int
    /// Nil: without TLS.
    let certificate: TLSCertificate?
    /// Called once it listens, with its port.
    let onRunning: @Sendable (Int) async -> Void

    func run() async throws {
        var logger = Logger(label: "http") { ServerLogHandler(base: Logger(label: $0).handler) }
        // Hummingbird tells at `info` what the hub says itself.
        logger.logLevel = max(logger.logLevel, .notice)
        let application = api.application(host: host, port: port, certificate: certificate, logger: logger) {
            channel in
            await onRunning(channel.localAddress?.port ?? port)
        }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await application.run() }
                group.addTask {
                    try? await gracefulShutdown()
                    // A client that does not take its answer must not keep the hub from stopping.
                    try? await Task.sleep(for: .seconds(HubLimits.stopSeconds))
                }
                try await group.next()
                group.cancelAll()
            }
        } catch let error as IOError {
            throw HubConfiguration.Problem(description: Self.words(error, host: host, port: port))
        }
    }

    private static func words(_ error: IOError, host: String, port: Int) -> String {
        switch error.errnoCode {
        case EADDRINUSE:
            "port \(port) on \(host) is in use: stop the program that has it (ss -ltnp shows it), or set PORT to another"
        case EACCES: "port \(port) may not be opened by this user: set PORT to one from 1024 on"
        case EADDRNOTAVAIL: "\(host) is no address of this machine: set HOST to one, or to 127.0.0.1"
        default: "the hub cannot listen on \(host), port \(port) (HOST, PORT): \(error)"
        }
    }
}
