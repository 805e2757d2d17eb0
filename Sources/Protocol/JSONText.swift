/// Writes text as JSON strings, and repairs what is not UTF-8.
public enum JSONText {
    /// Appends `bytes` as a JSON string with its quotes. Control characters, `"` and `\` are escaped; what is not
    /// UTF-8 becomes U+FFFD, one for each maximal ill-formed part (Unicode 15 §3.9, W3C practice).
    /// - Returns: how many replacements were made.
    @discardableResult
    public static func appendString(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) -> Int { 0 }

    /// Appends a text as a JSON string.
    public static func appendString(_ text: String, to output: inout [UInt8]) {
        var text = text
        text.withUTF8 { _ = appendString(UnsafeRawBufferPointer($0), to: &output) }
    }

    /// Appends `bytes` as UTF-8, replacing what is not.
    @discardableResult
    public static func appendRepaired(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) -> Int { 0 }

    /// Whether all of it is UTF-8.
    public static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool { true }

    /// Appends the text that a JSON string (without its quotes, already checked) stands for: escapes resolved, lone
    /// surrogates as U+FFFD.
    public static func appendUnescaped(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {}
}
