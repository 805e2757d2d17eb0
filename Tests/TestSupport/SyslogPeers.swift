import Foundation

/// rsyslog and syslog-ng of Debian's packages, which scripts/unpack-peers has put beside the system.
package enum SyslogPeers {
    /// The path of a daemon, or of a program of its.
    /// - Throws: what to do when it is not there.
    package static func program(_ name: String) throws -> String {
        let path = "\(root)/usr/sbin/\(name)"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw TestFailure("\(path) is missing: run scripts/set-up test")
        }
        return path
    }

    /// Where they find the libraries that were unpacked with them.
    package static func environment() throws -> [String: String] {
        let libraries = try paths { ($0 as NSString).lastPathComponent.contains(".so") }
            .map { ($0 as NSString).deletingLastPathComponent }
        return ["LD_LIBRARY_PATH": Set(libraries).sorted().joined(separator: ":")]
    }

    /// The folder that holds a module.
    package static func folder(of module: String) throws -> String {
        guard let path = try paths(where: { $0.hasSuffix("/" + module) }).first else {
            throw TestFailure("\(root) has no \(module): run scripts/set-up test")
        }
        return (path as NSString).deletingLastPathComponent
    }

    private static let root = Built.repository + "/.build/peers"

    private static func paths(where isWanted: (String) -> Bool) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: root).filter(isWanted).map { "\(root)/\($0)" }
    }
}
