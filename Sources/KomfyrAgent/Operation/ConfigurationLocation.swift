import ArgumentParser
import Glibc

/// Finds the configuration file, and teaches who has none yet.
enum ConfigurationLocation {
    /// Where a file is looked for without `--config`, in this order.
    static let usual = ["agent.toml", "config/agent.toml", "/etc/komfyr-agent/agent.toml"]

    /// The smallest configuration that does something.
    static let example = """
        [agent]
        data_dir = "/var/lib/komfyr-agent"

        [hub]
        url = "http://127.0.0.1:8080"
        api_key_file = "/etc/komfyr-agent/key"

        [[input]]
        type = "syslog"
        listen = "udp://127.0.0.1:5514"
        """

    static var indentedExample: String {
        example.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : "  " + $0 }.joined(separator: "\n")
    }

    /// The file that was asked for, or the first of the usual ones that exists.
    /// - Throws: a text that says where it looked and what to write.
    static func find(_ asked: String?) throws -> String {
        if let asked { return asked }
        if let found = usual.first(where: { access($0, F_OK) == 0 }) { return found }
        throw ValidationError(
            """
            There is no configuration. Looked for: \(usual.joined(separator: ", ")).
            Name one with --config FILE. A minimal one is:

            \(indentedExample)
            """
        )
    }

    /// Reads the configuration, and says on standard error what is wrong with it.
    /// - Throws: the exit code 1 after the errors were printed.
    static func read(_ path: String) throws -> ConfigurationReader.Result {
        let reader = ConfigurationReader(environment: Environment.all, workingDirectory: Environment.workingDirectory)
        do throws(ConfigurationErrors) {
            return try reader.read(path: path)
        } catch {
            for problem in error.problems { Output.printError(problem.text) }
            let count = error.problems.count
            Output.printError("\(path): \(count) error\(count == 1 ? "" : "s"), nothing was started")
            throw ExitCode(1)
        }
    }
}

/// What the process was started with.
enum Environment {
    /// All environment variables.
    static var all: [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            next += 1
        }
        return variables
    }

    /// The folder where the process was started.
    static var workingDirectory: String {
        guard let path = getcwd(nil, 0) else { return "" }
        defer { free(path) }
        return String(cString: path)
    }
}

/// The two streams that a person reads.
enum Output {
    /// Writes a line to standard output.
    static func print(_ line: String, terminator: String = "\n") { write(line + terminator, to: STDOUT_FILENO) }

    /// Writes a line to standard error.
    static func printError(_ line: String) { write(line + "\n", to: STDERR_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            // Nobody reads any more: there is no one left to tell.
            if count <= 0 { return }
            written += count
        }
    }
}
