import CRe2

/// A compiled regular expression of RE2's syntax, which matches in linear time whatever the pattern and the text.
///
/// Unchecked, since it holds a C++ object: that is never changed after it was made, RE2 may match with it from any
/// number of threads (its state cache has locks of its own), and it is freed with its last reference.
final class RegularExpression: @unchecked Sendable {
    private let pattern: OpaquePointer

    /// RE2's words about a pattern that it does not take.
    struct Problem: Error, Equatable {
        var words: String
    }

    /// Compiles a pattern; `memory` bounds its automata, in bytes.
    init(_ text: String, ignoresCase: Bool, memory: Int) throws(Problem) {
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
    }

    deinit { cre2_free(pattern) }

    /// Whether it matches somewhere in a text of UTF-8.
    func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        cre2_matches(pattern, text.bindMemory(to: UInt8.self).baseAddress, text.count)
    }
}
