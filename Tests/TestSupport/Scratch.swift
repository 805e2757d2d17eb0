import Foundation

/// A temporary folder of a test.
///
/// Its path is short, since a unix socket's path has at most 107 bytes.
package final class Scratch: Sendable {
    /// Without a slash at the end.
    package let path: String

    package init() throws {
        var template = Array("/tmp/komfyrvakt-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp failed: errno \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Where a test's set-up fails before anyone could call `remove`.
    deinit { remove() }

    /// Removes the folder with all that is in it.
    package func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of something in the folder.
    package func at(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file, making the folders it lies in.
    package func write(_ text: String, to name: String) throws {
        let folder = (at(name) as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try text.write(toFile: at(name), atomically: false, encoding: .utf8)
    }

    /// Adds a text at the end of a file, as a program that writes a log does.
    package func append(_ text: String, to name: String) throws {
        guard let file = fopen(at(name), "a") else { throw TestFailure("\(at(name)) cannot be opened") }
        defer { fclose(file) }
        fputs(text, file)
    }

    /// A file's text; empty when there is none.
    package func read(_ name: String) -> String {
        (try? String(contentsOfFile: at(name), encoding: .utf8)) ?? ""
    }
}

/// What went wrong in a test's own machinery, or never came about.
package struct TestFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
