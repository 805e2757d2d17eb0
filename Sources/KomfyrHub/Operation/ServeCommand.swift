import ArgumentParser
import Logging

/// The command `komfyr-hub serve`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Runs the hub until SIGTERM or ctrl-C.",
        discussion: """
            Stores logs that are posted to it, answers queries, and serves the dashboard. Every start prints a link \
            that signs a browser in; it counts once and for 10 minutes, `komfyr-hub login` prints another. Stopping \
            finishes the requests under way and then stops the hub's own Redis.
            """
    )

    mutating func run() async throws {
        let settings = try Settings.load(makesKey: true)
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = settings.configuration.logLevel
            return handler
        }
        try await Hub(settings).run()
    }
}
