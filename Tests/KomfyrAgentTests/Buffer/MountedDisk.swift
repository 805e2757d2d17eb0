import Foundation
import Synchronization

/// A small disk of its own: a tmpfs in a mount namespace that a child keeps, and that goes with it.
///
/// Needs no root where the system lets users have namespaces; the files are reached through the child's `/proc`.
final class MountedDisk: Sendable {
    /// The disk's folder, as this process reaches it.
    let path: String
    private let child: SendableChild
    private let mountPoint: TemporaryFolder

    /// Used by one test alone.
    private struct SendableChild: @unchecked Sendable {
        let process: Process
        let input: FileHandle
        let output: FileHandle
    }

    /// Whether this machine lets us have one.
    static let isPossible: Bool = (try? MountedDisk(bytes: 1 << 20)) != nil

    init(bytes: Int) throws {
        mountPoint = try TemporaryFolder()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        // The shell ends with its standard input: nothing is left when the test dies.
        process.arguments = ["--user", "--map-root-user", "--mount", "/bin/sh"]
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        child = SendableChild(
            process: process,
            input: input.fileHandleForWriting,
            output: output.fileHandleForReading
        )
        path = "/proc/\(process.processIdentifier)/root\(mountPoint.path)"
        try run("mount -t tmpfs -o size=\(bytes),mode=700 none \(mountPoint.path)")
    }

    deinit {
        try? child.input.close()
        child.process.waitUntilExit()
    }

    /// Lets nothing be changed any more, or again.
    func setReadOnly(_ isReadOnly: Bool) throws {
        try run("mount -o remount,\(isReadOnly ? "ro" : "rw") \(mountPoint.path)")
    }

    /// Takes all the room that is left, and gives it back.
    func fill() throws { try run("dd if=/dev/zero of=\(mountPoint.path)/filler bs=4096 2>/dev/null || true") }
    func free() throws { try run("rm -f \(mountPoint.path)/filler") }

    private func run(_ command: String) throws {
        try child.input.write(contentsOf: Data("if \(command); then echo done; else echo failed; fi\n".utf8))
        let answer = String(decoding: child.output.availableData, as: UTF8.self)
        guard answer == "done\n" else { throw SimulationProblem(text: "\(command): \(answer)") }
    }
}
