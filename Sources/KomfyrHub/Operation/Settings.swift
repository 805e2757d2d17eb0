import FoundationEssentials
import Glibc

/// Finds the settings, and makes the API key when there is none.
struct Settings {
    /// In the working folder.
    static let file = ".env"

    var configuration: HubConfiguration
    /// The key that may everything.
    var apiKey: String
    /// It was made just now, and is to be shown once.
    var isNewKey = false

    /// The settings without the key.
    static func configuration() throws -> HubConfiguration {
        var variables = try DotEnvironment.read(file)
        for (name, value) in ProcessInfo.processInfo.environment where !value.isEmpty { variables[name] = value }
        return try HubConfiguration(variables)
    }

    /// Reads the environment and `.env`.
    /// - Parameter makesKey: whether a missing key is made and written to `.env`: `serve` does, other commands do not.
    /// - Returns: settings and key.
    /// - Throws: what is wrong with them, in words for the operator.
    static func load(makesKey: Bool) throws -> Settings {
        let configuration = try configuration()
        if let key = configuration.apiKey { return Settings(configuration: configuration, apiKey: key) }
        guard makesKey else {
            throw HubConfiguration.Problem(
                description:
                    "there is no API key yet: the first komfyr-hub serve makes one and writes it to \(file) in "
                    + "its working folder; run this there, or set KOMFYRVAKT_API_KEY"
            )
        }
        let key = RandomSecret.newKey()
        try DotEnvironment.append(
            "KOMFYRVAKT_API_KEY",
            key,
            comment: "May everything; made by the first start. Others: komfyr-hub keys create",
            to: file
        )
        return Settings(configuration: configuration, apiKey: key, isNewKey: true)
    }

    /// Warns when others may read the file with the key.
    static var fileWarning: String? {
        var state = stat()
        guard stat(file, &state) == 0, state.st_mode & 0o077 != 0 else { return nil }
        return "others may read \(file), which holds the API key: chmod 600 \(file)"
    }
}
