import ArgumentParser

/// The command `komfyr-hub login`.
struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Prints a link that signs a browser in to the dashboard of the running hub.",
        discussion: """
            The link counts once and for 10 minutes; the session that it opens ends a week after its last use. Run it \
            in the folder that the hub runs in, with the same settings. Where the output is no terminal, the link goes \
            to the file login-link in the data folder, which only its owner can read.
            """
    )

    mutating func run() async throws {
        let settings = try Settings.load(makesKey: false)
        let configuration = settings.configuration
        let code = try await RedisAccess.with(configuration, startsRedis: false) { redis in
            try await SessionStore(redis: redis).newCode(for: SecretDigest(of: settings.apiKey))
        }
        try LoginLink.show(
            "Dashboard (10 minutes, one use)",
            LoginLink.link(address: configuration.address(port: configuration.port), code: code),
            file: configuration.dataFolder + "/login-link"
        )
    }
}
