/// Secrets known by their place: in addresses, behind a scheme's name, before an `@`, between the lines of a key.
extension SecretMask {
    // MARK: E-mails

    /// Takes the `@` at the current byte, the name written before it and the host behind it.
    mutating func takeEmail(at length: Int) -> Bool {
        guard let last = output.last, Self.isLocal(last) else { return false }
        let host = index + length
        var hostEnd = host
        while hostEnd < text.count, Self.isWord(text[hostEnd]) || isHostSign(hostEnd, after: host) { hostEnd += 1 }
        guard let end = domainEnd(host, hostEnd) else { return false }
        while let last = output.last, Self.isLocal(last) { output.removeLast() }
        writeMask(to: end)
        return true
    }

    /// Whether the byte joins parts of a host's name: a dash, or a point behind a part.
    private func isHostSign(_ place: Int, after start: Int) -> Bool {
        if text[place] == UInt8(ascii: "-") { return true }
        return text[place] == UInt8(ascii: ".") && place > start && text[place - 1] != UInt8(ascii: ".")
    }

    /// Where the host ends: behind its last part of two letters or more that follows a point; nil: it has none.
    ///
    /// What follows that part belongs to something else: a sentence's stop, a dash, a number.
    private func domainEnd(_ start: Int, _ end: Int) -> Int? {
        var part = end
        while part > start {
            let end = part
            while part > start, text[part - 1] != UInt8(ascii: ".") { part -= 1 }
            guard part > start else { return nil }
            let letters = text[part..<end].prefix { $0 != UInt8(ascii: "-") }
            if letters.count >= 2, !letters.contains(where: { Self.isDigit($0) }) { return letters.endIndex }
            part -= 1
        }
        return nil
    }

    /// What may stand in the part before the `@`.
    private static func isLocal(_ byte: UInt8) -> Bool {
        isWord(byte) || [0x2E, 0x5F, 0x25, 0x2B, 0x2D].contains(byte)
    }

    // MARK: Private keys

    /// Takes the dashes of `-----BEGIN … PRIVATE KEY-----`, and all up to the same of END, or to the text's end.
    mutating func takePrivateKey() -> Bool {
        if has("-----BEGIN ", index) {
            guard let body = keyBannerEnd(index + 11) else { return false }
            var end = body
            while end < text.count, !has("-----END ", end) { end += 1 }
            if end < text.count { end = bannerLineEnd(keyBannerEnd(end + 9) ?? min(end + 9, text.count)) }
            writeMask(to: end)
            return true
        }
        guard has("-----END ", index), let end = keyBannerEnd(index + 9).map({ bannerLineEnd($0) }) else {
            return false
        }
        // The key's beginning was in another log: its last lines go too.
        dropKeyLines()
        writeMask(to: end)
        return true
    }

    /// Where the banner ends whose kind of key begins at `start`; nil: the key is no private one.
    private func keyBannerEnd(_ start: Int) -> Int? {
        var place = start
        while place < text.count, place - start < 40 {
            if has("PRIVATE KEY", place) {
                place += 11
                while place < text.count, text[place] == UInt8(ascii: "-") { place += 1 }
                if has(" BLOCK-----", place) { place += 11 }
                return place
            }
            guard Self.isUpper(text[place]) || Self.isDigit(text[place]) || text[place] == UInt8(ascii: " ") else {
                return nil
            }
            place += 1
        }
        return nil
    }

    /// Where the line of a banner that ends at `place` ends: nothing that is joined to it is left.
    private func bannerLineEnd(_ place: Int) -> Int {
        var end = place
        while end < text.count, !Self.isSpace(text[end]), !Self.isQuote(text[end]), text[end] != UInt8(ascii: "\\") {
            end += 1
        }
        return end
    }

    /// Drops from what was written the lines of base64 at its end: a last one of any length, and full ones before it.
    private mutating func dropKeyLines() {
        var end = output.count
        var isLast = true
        while true {
            var start = end
            while start > 0 {
                let byte = output[start - 1]
                if Self.isSpace(byte) || byte == UInt8(ascii: "\\") {
                    start -= 1
                } else if start > 1, output[start - 2] == UInt8(ascii: "\\"),
                    byte == UInt8(ascii: "n") || byte == UInt8(ascii: "r")
                {
                    // A line's end as JSON writes it.
                    start -= 2
                } else {
                    break
                }
            }
            let lineEnd = start
            while start > 0, Self.isBase64(output[start - 1]) { start -= 1 }
            guard lineEnd > start, isLast || lineEnd - start >= 32 else { break }
            end = start
            isLast = false
        }
        output.removeLast(output.count - end)
    }

    // MARK: Addresses

    /// Takes `://`, and the password before the host.
    mutating func takeAddress() -> Bool {
        copy(to: index + 3)
        let start = index
        guard start < text.count, text[start] != UInt8(ascii: "["), text[start] != UInt8(ascii: "@") else {
            return true
        }
        let gap = self.gap(from: start)
        guard atSign(from: start) < gap else { return true }
        var slash = start
        var colon: Int?
        while slash < gap, !"/?#".utf8.contains(text[slash]) {
            if colon == nil, text[slash] == UInt8(ascii: ":") { colon = slash }
            slash += 1
        }
        // The last `@` before the path; or, where none is there and what follows the colon is no port, the first one
        // behind it: passwords have slashes.
        var at = slash
        while at > start, text[at - 1] != UInt8(ascii: "@") { at -= 1 }
        if at > start {
            at -= 1
        } else {
            guard let colon, colon + 1 < slash, !text[(colon + 1)..<slash].allSatisfy({ Self.isDigit($0) }) else {
                return true
            }
            at = atSign(from: slash)
            guard at < gap else { return true }
        }
        if let colon, colon < at {
            copy(to: colon + 1)
            if at > index { writeMask(to: at) }
            copy(to: at + 1)
        } else if at - start >= 16 {
            // A token in the place of the user's name.
            writeMask(to: at)
            copy(to: at + 1)
        } else {
            copy(to: at + 1)
        }
        return true
    }

    // MARK: Schemes

    /// Takes `bearer` or `basic` and the credentials behind it.
    mutating func takeScheme() -> Bool {
        let isBearer = hasAnyCase("bearer", index)
        guard isBearer || hasAnyCase("basic", index) else { return false }
        var start = index + (isBearer ? 6 : 5)
        let word = start
        while start < text.count, start - word < 8, Self.isBlank(text[start]) { start += 1 }
        guard start > word else { return false }
        var end = start
        var digits = 0
        var uppers = 0
        while end < text.count, Self.isBase64(text[end]) || text[end] == UInt8(ascii: ".") {
            if Self.isDigit(text[end]) { digits += 1 }
            if end > start, Self.isUpper(text[end]) { uppers += 1 }
            end += 1
        }
        guard end - start >= 8 else { return false }
        if isBearer {
            guard digits > 0 || uppers > 0 || end - start >= 24 else { return false }
        } else {
            guard isUserAndPassword(text[start..<end]) else { return false }
        }
        copy(to: start)
        writeMask(to: end)
        return true
    }

    /// Whether base64 stands for a user, a colon and a password (RFC 7617).
    private func isUserAndPassword(_ base64: ArraySlice<UInt8>) -> Bool {
        var bits: UInt32 = 0
        var held = 0
        for byte in base64.prefix(256) {
            let value: UInt32
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = UInt32(byte - UInt8(ascii: "A"))
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = UInt32(byte - UInt8(ascii: "a")) + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt32(byte - UInt8(ascii: "0")) + 52
            case UInt8(ascii: "+"), UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "/"), UInt8(ascii: "_"): value = 63
            default: return false
            }
            bits = bits << 6 | value
            held += 6
            if held >= 8 {
                held -= 8
                let decoded = UInt8(truncatingIfNeeded: bits >> UInt32(held))
                if decoded == UInt8(ascii: ":") { return true }
                if decoded < 0x20 { return false }
            }
        }
        return false
    }
}
