import Foundation
import Synchronization
import Testing

@testable import KomfyrAgent

/// New names and hints on a disk that lets every call wait: all else goes on meanwhile, and no line is lost or doubled.
@Suite(.serialized) struct FileNamesTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Holds up calls for one path until the test lets them go on; they end of themselves after a while, so that a test
    /// that fails leaves no thread hanging.
    private final class SlowDisk: Sendable {
        private let isOpen = Mutex(false)
        private let held = Mutex(0)
        private let path: [UInt8]

        init(_ path: String) { self.path = Array(path.utf8) }

        /// Whether a call waits now, or has waited.
        var hasHeld: Bool { held.withLock { $0 > 0 } }

        func letGo() { isOpen.withLock { $0 = true } }

        func pass(_ path: [UInt8]) {
            guard path == self.path, !isOpen.withLock({ $0 }) else { return }
            held.withLock { $0 += 1 }
            _ = eventually { isOpen.withLock { $0 } }
        }
    }

    private func start(_ change: (inout FileHarness.Options) -> Void) throws -> FileHarness {
        var options = FileHarness.Options()
        change(&options)
        return try FileHarness(folder, options)
    }

    private func expect(_ harness: FileHarness, _ lines: [String], _ location: SourceLocation = #_sourceLocation) {
        let arrived = eventually { harness.lines.count >= lines.count }
        #expect(
            arrived && harness.lines.sorted() == lines.sorted(),
            "\(harness.lines) \(harness.log)",
            sourceLocation: location
        )
    }

    @Test func `while a new file is being opened the others go on, and it comes once`() throws {
        let disk = SlowDisk(folder.path + "/slow.log")
        defer { disk.letGo() }
        try folder.write("other.log", "1\n")
        let harness = try start { options in
            options.calls.open = { path in
                disk.pass(path)
                return OpenDescriptor(path)
            }
        }
        expect(harness, ["1"])
        try folder.write("new", "slow\n")
        try folder.rename("new", "slow.log")
        #expect(eventually { disk.hasHeld })
        // The loop answers, reads, and finds the new file by a scan.
        try folder.append("other.log", "2\n")
        expect(harness, ["1", "2", "slow"])
        #expect(harness.statistics.open == 2)
        disk.letGo()
        try folder.append("slow.log", "and more\n")
        expect(harness, ["1", "2", "slow", "and more"])
        #expect(harness.statistics.open == 2)
    }

    @Test func `a file that was opened late is followed under its name by then, and the newer one too`() throws {
        let disk = SlowDisk(folder.path + "/app.log")
        defer { disk.letGo() }
        try folder.write("marker.log", "marker\n")
        let harness = try start { options in
            options.calls.open = { path in
                let descriptor = OpenDescriptor(path)
                disk.pass(path)
                return descriptor
            }
            // No scan but those that hints ask for.
            options.scanMs = 600_000
            options.hintMs = 600_000
        }
        expect(harness, ["marker"])
        try folder.write("new", "first\n")
        try folder.rename("new", "app.log")
        #expect(eventually { disk.hasHeld })
        // To a name that no glob means, before anyone knows of the file.
        try folder.rename("app.log", "rotated")
        try folder.write("newer", "second\n")
        try folder.rename("newer", "app.log")
        disk.letGo()
        expect(harness, ["marker", "first", "second"])
        harness.reload()
        try folder.append("rotated", "first again\n")
        try folder.append("app.log", "second again\n")
        harness.reload()
        expect(harness, ["marker", "first", "second", "first again", "second again"])
    }

    @Test func `a file that was opened late, and read and gone by then, comes once`() throws {
        let disk = SlowDisk(folder.path + "/app.log")
        defer { disk.letGo() }
        try folder.write("marker.log", "marker\n")
        let harness = try start { options in
            options.calls.open = { path in
                let descriptor = OpenDescriptor(path)
                disk.pass(path)
                return descriptor
            }
        }
        expect(harness, ["marker"])
        try folder.write("new", "first\n")
        try folder.rename("new", "app.log")
        #expect(eventually { disk.hasHeld })
        // A scan has found it.
        expect(harness, ["marker", "first"])
        try folder.remove("app.log")
        #expect(eventually { harness.statistics.open == 1 })
        disk.letGo()
        // Answered in the order in which they were asked.
        try folder.write("new", "second\n")
        try folder.rename("new", "other.log")
        expect(harness, ["marker", "first", "second"])
        try folder.append("other.log", "last\n")
        expect(harness, ["marker", "first", "second", "last"])
    }

    @Test func `while a name is being looked at the others go on, and a rotation is noticed afterwards`() throws {
        let disk = SlowDisk(folder.path + "/app.log")
        defer { disk.letGo() }
        try folder.write("app.log", "1\n")
        try folder.write("other.log", "other 1\n")
        let harness = try start { options in
            options.calls.identity = { path in
                disk.pass(path)
                return FileNames.Calls().identity(path)
            }
            options.scanMs = 600_000
        }
        expect(harness, ["1", "other 1"])
        try folder.append("app.log", "2\n")
        #expect(eventually { disk.hasHeld })
        try folder.append("other.log", "other 2\n")
        try folder.append("app.log", "3\n")
        expect(harness, ["1", "other 1", "2", "other 2", "3"])
        try folder.rename("app.log", "app.log.1")
        try folder.append("app.log.1", "4\n")
        disk.letGo()
        try folder.write("app.log", "5\n")
        expect(harness, ["1", "other 1", "2", "other 2", "3", "4", "5"])
    }

    @Test func `what an input that stops was opening is read once by the next one`() throws {
        let disk = SlowDisk(folder.path + "/slow.log")
        defer { disk.letGo() }
        try folder.write("marker.log", "marker\n")
        let harness = try start { options in
            options.calls.open = { path in
                disk.pass(path)
                return OpenDescriptor(path)
            }
        }
        expect(harness, ["marker"])
        try folder.write("new", "slow\n")
        try folder.rename("new", "slow.log")
        #expect(eventually { disk.hasHeld })
        harness.reload()
        expect(harness, ["marker", "slow"])
        disk.letGo()
        try folder.append("slow.log", "and more\n")
        expect(harness, ["marker", "slow", "and more"])
        #expect(harness.finish())
    }
}
