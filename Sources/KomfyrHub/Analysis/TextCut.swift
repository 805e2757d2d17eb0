/// Cuts UTF-8 to a number of bytes.
enum TextCut {
    /// The begin of a text, of at most so many bytes, not cut within a character.
    static func begin<Text: BidirectionalCollection>(_ text: Text, bytes limit: Int) -> Text.SubSequence
    where Text.Element == UInt8 {
        guard var end = text.index(text.startIndex, offsetBy: max(0, limit), limitedBy: text.endIndex),
            end != text.endIndex
        else { return text[...] }
        while end > text.startIndex, text[end] & 0xC0 == 0x80 { text.formIndex(before: &end) }
        return text[..<end]
    }
}
