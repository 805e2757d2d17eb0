/// Masks secrets in text: whatever leaves the hub for a model goes through here.
///
/// One pass over the bytes, linear in their number: what is found is written as `[masked]`, and everything that looks
/// back looks at what was written, so that a masked text masks to itself. What may be a secret is found in three ways:
/// by its own form (`SecretForms`, card numbers, e-mails, private keys), by the name before it (`SecretNames`), and by
/// its place in an address or a header.
///
/// It errs towards masking where a name says password, and towards showing where a word is a word: a report without
/// messages is worth as little as one with a key in it.
struct SecretMask {
    /// What stands for a secret.
    static let mask: [UInt8] = Array("[masked]".utf8)

    let text: [UInt8]
    var index = 0
    var output: [UInt8] = []
    /// Where the next `@` and the next blank or quote are, as far as they were looked for: each byte is passed once.
    private var nextAt = -1
    private var nextGap = -1

    private init(_ text: [UInt8]) {
        self.text = text
        output.reserveCapacity(text.count)
    }

    /// The text with its secrets masked.
    ///
    /// Some write a slash in JSON as `\/`, within JSON in JSON with more of them before it: a text in which a secret
    /// shows without these is given without them.
    static func masked(_ text: [UInt8]) -> [UInt8] {
        let plain = withPlainSlashes(text)
        var mask = SecretMask(plain ?? text)
        mask.run()
        return plain == mask.output ? text : mask.output
    }

    /// The text without the backslashes before slashes; nil: there are none.
    private static func withPlainSlashes(_ text: [UInt8]) -> [UInt8]? {
        var plain: [UInt8] = []
        var hasAny = false
        for byte in text {
            if byte == UInt8(ascii: "/") {
                while plain.last == UInt8(ascii: "\\") {
                    plain.removeLast()
                    hasAny = true
                }
            }
            plain.append(byte)
        }
        return hasAny ? plain : nil
    }

    /// The text with its secrets masked.
    static func masked(_ text: String) -> String {
        String(decoding: masked(Array(text.utf8)), as: UTF8.self)
    }

    /// Whether a member of this name holds a secret, so that not even its numbers are shown.
    static func isSecretName(_ path: String) -> Bool {
        SecretNames.strength(of: Array(path.utf8)[...]) == .always
    }

    /// As `isSecretName`, for a member with these numbers: a long one behind a name like `token` is one.
    static func isSecretName(_ path: String, numbers: Double...) -> Bool {
        switch SecretNames.strength(of: Array(path.utf8)[...]) {
        case .always: true
        case nil: false
        default: numbers.contains { abs($0) >= 1e7 }
        }
    }

    private mutating func run() {
        while index < text.count {
            let byte = text[index]
            if Self.isWord(byte) {
                if isWordStart, takeWordSecret() { continue }
                copyWord()
                continue
            }
            if takeSigned(byte) { continue }
            output.append(byte)
            index += 1
        }
    }

    /// Takes a secret that begins at a word's start.
    private mutating func takeWordSecret() -> Bool {
        if Self.isDigit(text[index]), copyUUID() { return true }
        if let end = SecretForms.end(text, index) ?? SecretNumbers.end(text, index) {
            writeMask(to: end)
            return true
        }
        return takeScheme()
    }

    /// Takes what a byte that is no letter and no digit begins or ends.
    private mutating func takeSigned(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "@"): return takeEmail(at: 1)
        case UInt8(ascii: "%"):
            if has("%40", index) { return takeEmail(at: 3) }
            return has("%3D", index) || has("%3d", index) ? takeNamed(3) : false
        case UInt8(ascii: "-"): return takePrivateKey()
        case UInt8(ascii: "="):
            // `=`, `=>`, `==`, `===`.
            var length = 1
            while length < 3, let next = at(length), next == byte { length += 1 }
            return takeNamed(length == 1 && at(1) == UInt8(ascii: ">") ? 2 : length)
        case UInt8(ascii: ":"):
            if has("://", index) { return takeAddress() }
            return takeNamed(at(1) == UInt8(ascii: "=") ? 2 : 1)
        case UInt8(ascii: ">"): return takeElement()
        case UInt8(ascii: " "): return takeAfterBlank()
        default: return false
        }
    }

    // MARK: Writing

    /// Writes the mask for what reaches to `end`.
    mutating func writeMask(to end: Int) {
        output.append(contentsOf: Self.mask)
        index = end
    }

    /// Copies up to `end` as it is.
    mutating func copy(to end: Int) {
        output.append(contentsOf: text[index..<end])
        index = end
    }

    private mutating func copyWord() {
        var end = index + 1
        while end < text.count, Self.isWord(text[end]) { end += 1 }
        copy(to: end)
    }

    /// Copies a UUID whole: its groups of digits are none of a card's.
    private mutating func copyUUID() -> Bool {
        guard index + 36 <= text.count else { return false }
        for offset in 0..<36 {
            let byte = text[index + offset]
            let isDash = offset == 8 || offset == 13 || offset == 18 || offset == 23
            guard isDash ? byte == UInt8(ascii: "-") : Self.isHex(byte) else { return false }
        }
        if let next = at(36), Self.isWord(next) { return false }
        copy(to: index + 36)
        return true
    }

    // MARK: Looking

    /// The byte so far behind the current one.
    func at(_ offset: Int) -> UInt8? {
        let place = index + offset
        return place >= 0 && place < text.count ? text[place] : nil
    }

    /// Whether the text goes on so at `place`, in this case of letters.
    func has(_ word: StaticString, _ place: Int) -> Bool {
        let length = word.utf8CodeUnitCount
        guard place >= 0, place + length <= text.count else { return false }
        return word.withUTF8Buffer { word in
            for offset in 0..<length where text[place + offset] != word[offset] { return false }
            return true
        }
    }

    /// As `has`, in any case; `word` in lower case.
    func hasAnyCase(_ word: StaticString, _ place: Int) -> Bool {
        let length = word.utf8CodeUnitCount
        guard place >= 0, place + length <= text.count else { return false }
        return word.withUTF8Buffer { word in
            for offset in 0..<length where Self.lowered(text[place + offset]) != word[offset] { return false }
            return true
        }
    }

    /// Whether the mask itself stands at `place`.
    func isMask(_ place: Int) -> Bool { has("[masked]", place) }

    var isWordStart: Bool {
        guard let last = output.last else { return true }
        return !Self.isWord(last)
    }

    /// Where the next `@` is, or the end.
    mutating func atSign(from place: Int) -> Int {
        if nextAt < place {
            nextAt = place
            while nextAt < text.count, text[nextAt] != UInt8(ascii: "@") { nextAt += 1 }
        }
        return nextAt
    }

    /// Where the next blank, quote or bracket that ends an address is, or the end.
    mutating func gap(from place: Int) -> Int {
        if nextGap < place {
            nextGap = place
            while nextGap < text.count, !Self.endsAddress(text[nextGap]) { nextGap += 1 }
        }
        return nextGap
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    static func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
    static func isSpace(_ byte: UInt8) -> Bool { isBlank(byte) || isLineEnd(byte) }
    static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }
    static func isUpper(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "A") < 26 }
    /// Letters, digits, and what is no ASCII.
    static func isWord(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) || byte >= 0x80 }
    static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 6 }
    static func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`")
    }
    static func lowered(_ byte: UInt8) -> UInt8 { isUpper(byte) ? byte | 0x20 : byte }
    /// The letters of base64 and its form for addresses.
    static func isBase64(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte)
            || [UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "-"), UInt8(ascii: "_")]
                .contains(byte)
    }

    private static func endsAddress(_ byte: UInt8) -> Bool {
        isSpace(byte) || isQuote(byte) || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">")
    }
}
