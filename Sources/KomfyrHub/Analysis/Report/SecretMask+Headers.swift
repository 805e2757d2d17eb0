/// Secrets in headers: authorization with its schemes, and cookies with their pairs.
extension SecretMask {
    /// Takes the value of an authorization header: its scheme stays, what follows goes.
    mutating func takeAuthorization() {
        if isMask(index) { return copy(to: index + Self.mask.count) }
        var end = lineEnd(index)
        if let scheme = schemeEnd(index, end) {
            copy(to: scheme)
            if isMask(index) { return copy(to: index + Self.mask.count) }
            // These have one word; others have a list of pairs.
            if !isListScheme() { end = min(end, plainEnd(index)) }
            if end > index { writeMask(to: end) }
            return
        }
        // A scheme that is not known, and what it brings; or a word alone.
        let first = plainEnd(index)
        var second = first
        while second < end, Self.isBlank(text[second]) { second += 1 }
        if second > first, second < end { second = max(second, plainEnd(second)) } else { second = first }
        if second > index { writeMask(to: second) }
    }

    /// Whether the scheme that was written last brings a list of pairs.
    private func isListScheme() -> Bool {
        let words = String(decoding: output.suffix(24).map { Self.lowered($0) }, as: UTF8.self)
        return words.hasSuffix("digest ") || words.hasSuffix("aws4-hmac-sha256 ")
    }

    /// Takes the value of a cookie header: all its pairs.
    mutating func takeCookie() {
        var end = index
        while end < text.count, !Self.isSpace(text[end]), !Self.isQuote(text[end]) {
            while end < text.count, !Self.isSpace(text[end]), !Self.isQuote(text[end]) { end += 1 }
            guard text[end - 1] == UInt8(ascii: ";"), end < text.count, Self.isBlank(text[end]) else { break }
            let semicolon = end
            while end < text.count, Self.isBlank(text[end]) { end += 1 }
            if end == text.count || Self.isLineEnd(text[end]) || Self.isQuote(text[end]) {
                end = semicolon
                break
            }
        }
        let value = text[index..<end]
        let digits = value.count(where: { Self.isDigit($0) })
        if value.isEmpty || Self.isNothing(value) || digits == value.count { return copy(to: end) }
        writeMask(to: end)
    }

    /// Where the line that `place` lies in ends: at a line's end, or at a quote.
    private func lineEnd(_ place: Int) -> Int {
        var end = place
        while end < text.count, !Self.isLineEnd(text[end]) {
            if Self.isQuote(text[end]), !isInList(end) { break }
            end += 1
        }
        return end
    }

    /// Whether the quote at `place` belongs to a pair of a list (`response="…"`), and does not end the header.
    private func isInList(_ place: Int) -> Bool {
        var before = place
        while before > 0, text[before - 1] == UInt8(ascii: "\\") { before -= 1 }
        if before > 0, text[before - 1] == UInt8(ascii: "=") { return true }
        guard place + 1 < text.count else { return false }
        return text[place + 1] == UInt8(ascii: ",") && place + 2 < text.count && text[place + 2] == UInt8(ascii: " ")
            && beginsPair(place + 3)
    }

    /// Where what follows the scheme's name at `start` begins; nil: there is no scheme that is known.
    func schemeEnd(_ start: Int, _ end: Int) -> Int? {
        let schemes: [StaticString] = [
            "bearer ", "basic ", "digest ", "token ", "negotiate ", "ntlm ", "apikey ", "aws4-hmac-sha256 ",
        ]
        for scheme in schemes where hasAnyCase(scheme, start) {
            var place = start + scheme.utf8CodeUnitCount
            while place < end, Self.isBlank(text[place]) { place += 1 }
            return place < end ? place : nil
        }
        return nil
    }
}
