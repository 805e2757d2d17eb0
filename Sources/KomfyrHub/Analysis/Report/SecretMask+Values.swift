/// Secrets known by the name before them: `name=value`, `name: value`, JSON's members, XML's elements.
extension SecretMask {
    /// Takes the separator at the current byte, and the value behind it when the name before it means a secret.
    mutating func takeNamed(_ separatorLength: Int) -> Bool {
        let (name, prefix, hadBlank) = nameBefore()
        guard let strength = SecretNames.strength(of: name) else { return false }
        let isEqualsSign = text[index] != UInt8(ascii: ":")
        if strength == .inAddress, prefix != UInt8(ascii: "?"), prefix != UInt8(ascii: "&") { return false }
        var start = index + separatorLength
        while start < text.count, Self.isBlank(text[start]) { start += 1 }
        let isTight = start == index + separatorLength
        copy(to: start)
        guard start < text.count, !Self.isLineEnd(text[start]) else { return true }
        // `password= user=bob`: nothing was set, and the next pair begins.
        if isEqualsSign, !isTight, !hadBlank, beginsPair(start) { return true }
        if let opening = quote(start) {
            takeQuoted(opening, strength)
            return true
        }
        switch strength {
        case .authorization: takeAuthorization()
        case .cookie: takeCookie()
        case .always, .usually, .maybe, .inAddress:
            if SecretNames.isWorkingFolder(SecretNames.normalized(name)), text[start] == UInt8(ascii: "/") {
                return true
            }
            takePlain(strength, isProse: !isEqualsSign && !isTight, isPath: !isEqualsSign && isTight)
        }
        return true
    }

    /// Takes the `>` of `<name>`, and the element's text when the name means a secret.
    mutating func takeElement() -> Bool {
        let (name, prefix, hadBlank) = nameBefore()
        guard prefix == UInt8(ascii: "<"), !hadBlank, let strength = SecretNames.strength(of: name),
            strength != .inAddress
        else { return false }
        var end = index + 1
        while end < text.count, text[end] != UInt8(ascii: "<") { end += 1 }
        // Without an end it is a pattern's placeholder or a text that was cut; what was cut is masked to its blank.
        if end == text.count {
            end = index + 1
            while end < text.count, !Self.isSpace(text[end]) { end += 1 }
        }
        copy(to: index + 1)
        if end > index { writeMask(to: end) }
        return true
    }

    /// Takes a blank, and the secret behind it: `--password value`, `PASSWORD 'value'`.
    mutating func takeAfterBlank() -> Bool {
        guard let last = output.last, Self.isWord(last), let next = at(1) else { return false }
        let (name, _, _) = nameBefore()
        if SecretNames.isPassword(SecretNames.normalized(name)) || isIdentifiedBy(), let opening = quote(index + 1),
            opening.end == index + 2, text[opening.end - 1] != UInt8(ascii: "`")
        {
            copy(to: index + 1)
            takeQuoted(opening, .always)
            return true
        }
        guard next != UInt8(ascii: "-"), !Self.isSpace(next), isOption(),
            let strength = SecretNames.strength(of: name), strength != .inAddress
        else { return false }
        copy(to: index + 1)
        if let opening = quote(index) {
            takeQuoted(opening, strength)
        } else {
            takePlain(strength == .usually || strength == .maybe ? strength : .always, isProse: false, isPath: false)
        }
        return true
    }

    // MARK: Names

    /// The name that was written last, before blanks and a closing quote; the byte before it; whether a blank follows.
    ///
    /// Names that were masked are none any more.
    private func nameBefore() -> (name: ArraySlice<UInt8>, prefix: UInt8?, hadBlank: Bool) {
        var end = output.count
        var hadBlank = false
        while end > 0, output.count - end < 4, Self.isBlank(output[end - 1]) {
            end -= 1
            hadBlank = true
        }
        if end > 0, Self.isQuote(output[end - 1]) {
            end -= 1
            var slashes = 0
            while end > 0, slashes < 8, output[end - 1] == UInt8(ascii: "\\") {
                end -= 1
                slashes += 1
            }
        }
        var start = end
        while start > 0, end - start < HubLimits.secretNameBytes, Self.isNamePart(output[start - 1]) { start -= 1 }
        // Copied: a slice would make the next byte written copy all that was written before.
        return (Array(output[start..<end])[...], start > 0 ? output[start - 1] : nil, hadBlank)
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: ".")
    }

    /// Whether what was written last is `--name`.
    private func isOption() -> Bool {
        var start = output.count
        while start > 0, output.count - start < HubLimits.secretNameBytes, Self.isNamePart(output[start - 1]) {
            start -= 1
        }
        guard start == 0 || Self.isSpace(output[start - 1]) || Self.isQuote(output[start - 1]) else { return false }
        return output[start...].starts(with: "--".utf8)
    }

    /// Whether `identified by` was written last, as SQL sets a password.
    private func isIdentifiedBy() -> Bool {
        output.count >= 13 && output.suffix(13).map { Self.lowered($0) } == Array("identified by".utf8)
    }

    /// Whether `name=` stands at `place`; what was masked may have been such a name.
    func beginsPair(_ place: Int) -> Bool {
        if isMask(place) { return true }
        var end = place
        while end < text.count, end - place < HubLimits.secretNameBytes, Self.isNamePart(text[end]) { end += 1 }
        return end > place && end < text.count && text[end] == UInt8(ascii: "=")
    }

    // MARK: Quoted values

    /// An opening quote: the byte, how many backslashes stand before it, and where the value begins.
    struct Quote {
        var mark: UInt8
        var slashes: Int
        var end: Int
    }

    /// The quote at `place`: `"`, `\"` and its kin within JSON in JSON, `u'`.
    private func quote(_ place: Int) -> Quote? {
        var end = place
        if end + 1 < text.count, Self.isQuote(text[end + 1]) {
            let prefix = text[end] | 0x20
            if prefix == UInt8(ascii: "u") || prefix == UInt8(ascii: "b") || prefix == UInt8(ascii: "r") { end += 1 }
        }
        var slashes = 0
        while end < text.count, slashes < 8, text[end] == UInt8(ascii: "\\") {
            slashes += 1
            end += 1
        }
        guard end < text.count, Self.isQuote(text[end]) else { return nil }
        return Quote(mark: text[end], slashes: slashes, end: end + 1)
    }

    /// Takes a quoted value up to its closing quote, or to the end when it was cut.
    private mutating func takeQuoted(_ quote: Quote, _ strength: SecretNames.Strength) {
        copy(to: quote.end)
        var end = index
        var slashes = 0
        var closing = text.count
        while end < text.count {
            let byte = text[end]
            if byte == UInt8(ascii: "\\") {
                slashes += 1
            } else {
                let closes = quote.slashes == 0 ? slashes.isMultiple(of: 2) : slashes <= quote.slashes
                if byte == quote.mark, closes {
                    closing = quote.slashes == 0 ? end : end - slashes
                    break
                }
                slashes = 0
            }
            end += 1
        }
        let value = text[index..<closing]
        if value.isEmpty || Self.isNothing(value) || isPlaceholder(index, closing) {
            copy(to: closing)
            return
        }
        if strength == .authorization, let scheme = schemeEnd(index, closing) { copy(to: scheme) }
        writeMask(to: closing)
    }

    /// Values that say that there is none.
    static func isNothing(_ value: ArraySlice<UInt8>) -> Bool {
        guard value.count <= 9 else { return false }
        let word = String(decoding: value.map { lowered($0) }, as: UTF8.self)
        return ["null", "nil", "none", "true", "false", "undefined", "yes", "no"].contains(word)
    }

    /// Whether the value is what a pattern puts for any.
    private func isPlaceholder(_ start: Int, _ end: Int) -> Bool {
        let words = ["<*>", "<num>", "<hex>", "<uuid>", "<ip>", "<path>", "<str>"]
        return end - start <= 6 && words.contains(String(decoding: text[start..<end], as: UTF8.self))
    }

    // MARK: Plain values

    /// Takes a value without quotes.
    /// - Parameters:
    ///   - strength: how surely it is a secret.
    ///   - isProse: a colon and a blank stand before it, as in a sentence.
    ///   - isPath: a colon alone stands before it, as between the parts of a group.
    private mutating func takePlain(_ strength: SecretNames.Strength, isProse: Bool, isPath: Bool) {
        if text[index] == UInt8(ascii: "{") { return }
        let isList = text[index] == UInt8(ascii: "[") && !isMask(index)
        let end = plainEnd(isList ? listEnd() : index)
        let value = text[index..<end]
        if value.isEmpty || Self.isNothing(value) || isPlaceholder(index, end) { return copy(to: end) }
        if strength == .always || value.first == UInt8(ascii: "[") { return writeMask(to: end) }
        let digits = value.count(where: { Self.isDigit($0) })
        let letters = value.count(where: { Self.isLetter($0) })
        let points = value.count(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") })
        if digits + points == value.count, digits <= 8 { return copy(to: end) }
        if strength == .maybe {
            return digits > 0 && letters > 0 && value.count >= 8 ? writeMask(to: end) : copy(to: end)
        }
        if strength == .inAddress || isPath {
            return digits > 0 && value.count >= 16 ? writeMask(to: end) : copy(to: end)
        }
        // A word that a sentence goes on behind: `unexpected token: expression of`.
        if isProse, letters == value.count, letters <= 15, goesOn(end) { return copy(to: end) }
        writeMask(to: end)
    }

    private func goesOn(_ end: Int) -> Bool {
        end + 1 < text.count && text[end] == UInt8(ascii: " ") && (Self.isLetter(text[end + 1]) || isMask(end + 1))
    }

    /// Where the value that begins at `start` ends: before a blank, a quote, or what begins the next pair; closing
    /// brackets and full stops behind it are not its own.
    func plainEnd(_ start: Int) -> Int {
        var end = start
        scan: while end < text.count {
            if isMask(end) {
                end += Self.mask.count
                continue
            }
            let byte = text[end]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"), UInt8(ascii: "<"): break scan
            case UInt8(ascii: "\\"): if quote(end) != nil { break scan }
            case UInt8(ascii: "&"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "#"):
                if beginsPair(end + 1) { break scan }
            default: if Self.isSpace(byte) { break scan }
            }
            end += 1
        }
        while end > start, !(end - start >= Self.mask.count && isMask(end - Self.mask.count)),
            ")}],;.>".utf8.contains(text[end - 1])
        {
            end -= 1
        }
        // A placeholder keeps its brackets.
        if end == start, start < text.count, text[start] == UInt8(ascii: "<") {
            while end < text.count, end - start < 6, !Self.isSpace(text[end]) { end += 1 }
            if !isPlaceholder(start, end) { end = start }
        }
        return end
    }

    /// Where the list that begins here ends: at its bracket, or at the line's end.
    private func listEnd() -> Int {
        var end = index + 1
        var open: UInt8?
        while end < text.count, !Self.isLineEnd(text[end]) {
            let byte = text[end]
            if byte == UInt8(ascii: "\\") {
                end = min(end + 2, text.count)
                continue
            }
            if isMask(end) {
                end += Self.mask.count
                continue
            }
            if let mark = open {
                if byte == mark { open = nil }
            } else if Self.isQuote(byte) {
                open = byte
            } else if byte == UInt8(ascii: "]") {
                return end + 1
            }
            end += 1
        }
        return end
    }
}
