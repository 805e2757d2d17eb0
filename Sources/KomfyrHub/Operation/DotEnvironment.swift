import Glibc

/// The `.env` file of the working folder: variables for those who set none in the environment.
///
/// ```
/// # a comment
/// NAME=value            until the end of the line, or to a blank and #
/// NAME="a value # too"  or '…': everything between the quotes, nothing is expanded
/// export NAME=value     as shells have it
/// ```
///
/// Holds the API key, so it is written with mode 600, whole or not at all. Read at start, written by the first run.
enum DotEnvironment {
    /// What is wrong with the file, for the operator.
    struct Problem: Error, CustomStringConvertible {
        var description: String
    }

    /// Reads a file; there are no variables when there is no file.
    static func read(_ path: String) throws(Problem) -> [String: String] {
        guard let text = try contents(path) else { return [:] }
        return try parse(text, path: path)
    }

    /// Reads a file's text.
    static func parse(_ text: String, path: String) throws(Problem) -> [String: String] {
        var variables: [String: String] = [:]
        var number = 0
        // A carriage return and a line feed are one character to Swift, and a newline like each of them.
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            number += 1
            var rest = trimmed(line)
            if rest.isEmpty || rest.first == "#" { continue }
            if rest.hasPrefix("export ") { rest = trimmed(rest.dropFirst(7)) }
            guard let equals = rest.firstIndex(of: "=") else {
                throw Problem(
                    description: "\(path), line \(number): write it as NAME=value, or begin it with # as a comment"
                )
            }
            let name = trimmed(rest[..<equals])
            guard !name.isEmpty, name.utf8.allSatisfy(isNameByte) else {
                throw Problem(description: "\(path), line \(number): \"\(name)\" is no variable's name")
            }
            variables[String(name)] = try value(trimmed(rest[rest.index(after: equals)...]), path: path, line: number)
        }
        return variables
    }

    /// Adds a variable at the end, and keeps what is there.
    static func append(_ name: String, _ value: String, comment: String, to path: String) throws(Problem) {
        var text = try contents(path) ?? ""
        if !text.isEmpty && !text.hasSuffix("\n") { text += "\n" }
        text += "# \(comment)\n\(name)=\(value)\n"
        try PrivateFile.write(text, to: path)
    }

    private static func value(_ text: Substring, path: String, line: Int) throws(Problem) -> String {
        if let quote = text.first, quote == "\"" || quote == "'" {
            let inner = text.dropFirst()
            guard let end = inner.firstIndex(of: quote) else {
                throw Problem(description: "\(path), line \(line): the quote \(quote) is not closed")
            }
            return String(inner[..<end])
        }
        if text.first == "#" { return "" }
        var previous: Character = "="
        for index in text.indices {
            if text[index] == "#" && previous == " " { return String(trimmed(text[..<index])) }
            previous = text[index]
        }
        return String(text)
    }

    /// A file's text; nil when there is no file.
    static func contents(_ path: String) throws(Problem) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Problem(description: "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        // One more than the bound, to tell that it is exceeded.
        var bytes = [UInt8](repeating: 0, count: HubLimits.dotEnvironmentBytes + 1)
        var count = 0
        while count < bytes.count {
            let part = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress! + count, $0.count - count)
            }
            if part < 0 && errno == EINTR { continue }
            guard part >= 0 else {
                throw Problem(description: "\(path) cannot be read: \(String(cString: strerror(errno)))")
            }
            if part == 0 { break }
            count += part
        }
        guard count < bytes.count else {
            throw Problem(description: "\(path) has more than \(HubLimits.dotEnvironmentBytes) bytes")
        }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var rest = text
        while let first = rest.first, first == " " || first == "\t" || first == "\r" { rest.removeFirst() }
        while let last = rest.last, last == " " || last == "\t" || last == "\r" { rest.removeLast() }
        return rest
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
