/// Where the agent's configuration is: read at the start, and again with every reload.
struct ConfigurationSource: Sendable {
    /// Absolute: the working folder may be another one later.
    var path: String
    var reader: ConfigurationReader

    /// A file, and the environment and working folder of this process.
    init(path: String) {
        reader = ConfigurationReader(environment: Environment.all, workingDirectory: Environment.workingDirectory)
        self.path = path.hasPrefix("/") ? path : reader.workingDirectory + "/" + path
    }

    /// Reads it; may block on the disk.
    func read() -> Result<ConfigurationReader.Result, ConfigurationErrors> {
        do throws(ConfigurationErrors) {
            return .success(try reader.read(path: path))
        } catch {
            return .failure(error)
        }
    }
}
