/// Where a text may be cut: between two characters of UTF-8.
enum CharacterCut {
    /// How many bytes at the end begin a character that goes on behind it; 0 where none does, or nothing else is there.
    ///
    /// What is no UTF-8 is cut anywhere: of that, up to three bytes may be taken for a beginning.
    static func unfinishedBytes(of text: UnsafeRawBufferPointer) -> Int {
        for back in 1...3 where back < text.count {
            let byte = text[text.count - back]
            if byte & 0xC0 == 0x80 { continue }
            let length =
                switch byte {
                case 0xC2...0xDF: 2
                case 0xE0...0xEF: 3
                case 0xF0...0xF4: 4
                default: 1
                }
            return length > back ? back : 0
        }
        return 0
    }
}
