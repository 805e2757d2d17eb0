import Foundation

/// Where the things under test are: the programs beside the tests' own binary, everything else in the repository.
package enum Built {
    /// The program `komfyr-hub`.
    package static let hub = folder + "/komfyr-hub"
    /// The program `komfyr-agent`.
    package static let agent = folder + "/komfyr-agent"

    /// The folder of the running test binary.
    package static let folder: String = {
        let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (executable as NSString).deletingLastPathComponent
    }()

    /// The repository.
    package static let repository: String = {
        var path = #filePath
        for _ in 0..<3 { path = (path as NSString).deletingLastPathComponent }
        return path
    }()

    /// Where the browser tests leave their pictures.
    package static let screenshots = repository + "/.build/screenshots"
}
