import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle
import Testing

@testable import KomfyrHub

extension APITestBed {
    /// Runs the server on a port of the system's choosing.
    func serve(
        certificate: TLSCertificate? = nil,
        limits: ConnectionLimits = ConnectionLimits(),
        _ test: (Int) async throws -> Void
    ) async throws {
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = api.application(
            host: "127.0.0.1",
            port: 0,
            certificate: certificate,
            limits: limits,
            logger: .silent
        ) { channel in
            port.yield(channel.localAddress?.port ?? 0)
        }
        let feed = feed
        let services: [any Service] = [application, HubPart(work: { await feed.run() }, stop: { feed.stop() })]
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map {
                    ServiceGroupConfiguration.ServiceConfiguration(
                        service: $0,
                        successTerminationBehavior: .gracefullyShutdownGroup
                    )
                },
                logger: .silent
            )
        )
        let running = Task { try await group.run() }
        var iterator = ports.makeAsyncIterator()
        let number = try #require(await iterator.next())
        do {
            try await test(number)
        } catch {
            await group.triggerGracefulShutdown()
            try await running.value
            throw error
        }
        await group.triggerGracefulShutdown()
        try await running.value
    }

    static let keyField = "Authorization: Bearer \(adminKey)\r\n"

    /// A request as bytes on the wire.
    static func post(_ path: String, _ body: String, _ headers: String = keyField) -> String {
        "POST \(path) HTTP/1.1\r\nHost: localhost\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// A request as bytes on the wire.
    static func get(_ path: String, _ headers: String = keyField) -> String {
        "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n"
    }
}
