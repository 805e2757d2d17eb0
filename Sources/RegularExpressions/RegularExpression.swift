import CRe2

/// A compiled regular expression of RE2's syntax, which matches in linear time whatever the pattern and the text.
///
/// Unchecked, since it holds a C++ object: that is never changed after it was made, RE2 may match with it from any
/// number of threads (its state cache has locks of its own), and it is freed with its last reference.
public final class RegularExpression: @unchecked Sendable {
    private let pattern: OpaquePointer

    /// The names of its groups, in the order of their opening brackets; nil for those without.
    public let groupNames: [String?]

    /// RE2's words about a pattern that it does not take.
    public struct Problem: Error, Equatable {
        /// RE2's words.
        public var words: String

        /// What whoever bounds the memory of several has to say.
        public init(words: String) { self.words = words }
    }

    /// Compiles a pattern; `memory` bounds its automata, in bytes.
    public init(_ text: String, ignoresCase: Bool = false, memory: Int) throws(Problem) {
        var words = [CChar](repeating: 0, count: 256)
        let capacity = words.count
        var text = text
        let compiled = text.withUTF8 { bytes in
            cre2_compile(bytes.baseAddress, bytes.count, ignoresCase, Int64(memory), &words, capacity)
        }
        guard let compiled else {
            let bytes = words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw Problem(words: String(decoding: bytes, as: UTF8.self))
        }
        pattern = compiled
        groupNames = (0..<max(Int(cre2_groups(compiled)), 0))
            .map { index in
                cre2_group_name(compiled, Int32(index + 1)).map { String(cString: $0) }
            }
    }

    deinit { cre2_free(pattern) }

    /// Whether it matches somewhere in a text of UTF-8.
    public func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        cre2_matches(pattern, text.bindMemory(to: UInt8.self).baseAddress, text.count)
    }

    /// Where its groups lie in a text of UTF-8.
    ///
    /// - Parameters:
    ///   - text: what is searched.
    ///   - ranges: two numbers for the whole match and then for each group, its start and its end; -1 for a group that
    ///     is no part of the match. It is made as long as that takes, so that one array serves many texts.
    /// - Returns: false when it does not match; then `ranges` means nothing.
    public func captures(in text: UnsafeRawBufferPointer, _ ranges: inout [Int64]) -> Bool {
        let count = 2 * (groupNames.count + 1)
        if ranges.count != count { ranges = [Int64](repeating: -1, count: count) }
        let start = text.bindMemory(to: UInt8.self).baseAddress
        return cre2_captures(pattern, start, text.count, Int32(groupNames.count), &ranges)
    }
}
