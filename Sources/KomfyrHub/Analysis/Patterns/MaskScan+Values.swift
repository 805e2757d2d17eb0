/// Where values of several parts end.
extension MaskScan {
    // MARK: Addresses

    /// What a short hexadecimal word at the index, which ends there, begins: an address of groups.
    func groups(_ end: Int) -> (code: UInt8, index: Int)? {
        guard end < count else { return nil }
        switch byte(end) {
        case UInt8(ascii: "."):
            if let end = groupsEnd(UInt8(ascii: "."), 4, of: 1...3, isDecimal: true) { return (MaskCode.address, end) }
            if let end = groupsEnd(UInt8(ascii: "."), 3, of: 4...4, isDecimal: false) {
                return (MaskCode.hexadecimal, end)
            }
        case UInt8(ascii: "-"):
            if let end = groupsEnd(UInt8(ascii: "-"), 6, of: 2...2, isDecimal: false) {
                return (MaskCode.hexadecimal, end)
            }
        case UInt8(ascii: ":"): return colonGroupsEnd()
        default: break
        }
        return nil
    }

    /// The end of so many groups with a separator between them; nil: these are others.
    private func groupsEnd(_ separator: UInt8, _ wanted: Int, of lengths: ClosedRange<Int>, isDecimal: Bool) -> Int? {
        var place = index
        for group in 0..<wanted {
            if group > 0 {
                guard place < count, byte(place) == separator else { return nil }
                place += 1
            }
            let first = place
            while isDecimal ? isDigit(place) : isHexadecimal(place) {
                place += 1
                if place - first > lengths.upperBound { return nil }
            }
            if place - first < lengths.lowerBound { return nil }
        }
        // `1.2.3.4.5` and `1.2.3.4x` are none.
        if isWord(place) || place < count && byte(place) == separator && isWord(place + 1) { return nil }
        return place
    }

    /// An IPv6 or MAC address at the index.
    func colonGroupsEnd() -> (code: UInt8, index: Int)? {
        var place = index
        var groups = 0
        var areOctets = true
        var isShortened = false
        // Names of C++ have double colons too.
        var hasDigit = false
        while true {
            let first = place
            while isHexadecimal(place), place - first <= 4 {
                hasDigit = hasDigit || isDigit(place)
                place += 1
            }
            if place - first > 4 { return nil }
            if place > first { groups += 1 }
            areOctets = areOctets && place - first == 2
            guard place < count, byte(place) == UInt8(ascii: ":") else { break }
            // A colon that a word follows belongs to the text.
            guard isHexadecimal(place + 1) || place + 1 < count && byte(place + 1) == UInt8(ascii: ":") else { break }
            if byte(place + 1) == UInt8(ascii: ":") {
                if isShortened { return nil }
                isShortened = true
                place += 1
                if !isHexadecimal(place + 1) {
                    place += 1
                    break
                }
            }
            place += 1
            if groups > 8 { return nil }
        }
        if isWord(place) || !hasDigit { return nil }
        if groups == 6, areOctets, !isShortened { return (MaskCode.hexadecimal, place) }
        guard isShortened ? groups > 0 && groups < 8 : groups == 8 else { return nil }
        // The last part may be written as IPv4.
        while place + 1 < count, byte(place) == UInt8(ascii: "."), isDigit(place + 1) {
            place += 1
            while isDigit(place) { place += 1 }
        }
        return (MaskCode.address, place)
    }

    /// The end of 8-4-4-4-12 hexadecimal digits.
    func uuidEnd() -> Int? {
        guard index + 36 <= count, !isWord(index + 36) else { return nil }
        for place in 0..<36 {
            switch place {
            case 8, 13, 18, 23: if byte(index + place) != UInt8(ascii: "-") { return nil }
            default: if !isHexadecimal(index + place) { return nil }
            }
        }
        return index + 36
    }

    // MARK: Paths and quotes

    func beginsPath(_ byte: UInt8) -> Bool {
        func isSlash(_ place: Int) -> Bool { place < count && self.byte(place) == UInt8(ascii: "/") }
        switch byte {
        case UInt8(ascii: "/"): return true
        case UInt8(ascii: "~"): return isSlash(index + 1)
        case UInt8(ascii: "\\"): return index + 1 < count && self.byte(index + 1) == UInt8(ascii: "\\")
        default:
            let isParent = index + 1 < count && self.byte(index + 1) == UInt8(ascii: ".")
            return isSlash(index + (isParent ? 2 : 1)) && isWord(index + (isParent ? 3 : 2))
        }
    }

    /// Where a path ends: before a blank, a quote, a bracket, a separator; a full stop behind it belongs to the text.
    func pathEnd(from start: Int) -> Int {
        var end = start
        while end < count, classes[Int(message[end])] & (ByteClass.blank | ByteClass.closing) == 0 { end += 1 }
        while end > start + 1, byte(end - 1) == UInt8(ascii: ".") { end -= 1 }
        return end
    }

    /// The same for a URL, in which colons and commas may stand.
    func urlEnd(from start: Int) -> Int {
        var end = start
        while end < count {
            let kind = classes[Int(message[end])]
            let isInside =
                byte(end) == UInt8(ascii: ":") || byte(end) == UInt8(ascii: ",") || byte(end) == UInt8(ascii: "]")
            if kind & ByteClass.blank != 0 || kind & ByteClass.closing != 0 && !isInside { break }
            end += 1
        }
        while end > start,
            byte(end - 1) == UInt8(ascii: ".") || byte(end - 1) == UInt8(ascii: ",")
                || byte(end - 1) == UInt8(ascii: ":")
                || byte(end - 1) == UInt8(ascii: "]")
        {
            end -= 1
        }
        return end
    }

    /// Behind the closing quote of the one at the index; nil: it closes nowhere, or what it holds says what happened.
    mutating func quoteEnd(_ quote: UInt8) -> Int? {
        switch quote {
        case UInt8(ascii: "\""): if hasNoQuote.double { return nil }
        case UInt8(ascii: "'"): if hasNoQuote.single { return nil }
        default: if hasNoQuote.back { return nil }
        }
        if isMessage { return nil }
        var place = index + 1
        while place < count {
            let byte = byte(place)
            if byte == 0x0A { break }
            if byte == UInt8(ascii: "\\") {
                place += 2
                continue
            }
            // An apostrophe within a word closes nothing.
            if byte == quote, quote != UInt8(ascii: "'") || !isWord(place + 1) {
                // A name, as JSON has them, tells messages apart.
                let isName =
                    place + 1 < count && self.byte(place + 1) == UInt8(ascii: ":") && place - index <= 64
                    && isBehindBrace
                return isName ? nil : place + 1
            }
            place += 1
        }
        switch quote {
        case UInt8(ascii: "\""): hasNoQuote.double = true
        case UInt8(ascii: "'"): hasNoQuote.single = true
        default: hasNoQuote.back = true
        }
        return nil
    }

    /// Whether the place is one for a name in JSON: behind `{` or a comma, blanks aside.
    private var isBehindBrace: Bool {
        var place = index - 1
        while place >= 0, byte(place) == 0x20 { place -= 1 }
        return place >= 0 && (byte(place) == UInt8(ascii: "{") || byte(place) == UInt8(ascii: ","))
    }

    /// Whether the quote at the index opens what a log says: `msg="…"`, `"message":"…"`, as loggers write them.
    private var isMessage: Bool {
        var end = index
        if end > 0, byte(end - 1) == 0x20 { end -= 1 }
        guard end > 0, byte(end - 1) == UInt8(ascii: "=") || byte(end - 1) == UInt8(ascii: ":") else { return false }
        end -= 1
        if end > 0, byte(end - 1) == UInt8(ascii: "\"") { end -= 1 }
        var first = end
        while first > 0, end - first <= 8, isWord(first - 1) { first -= 1 }
        guard let start = message.baseAddress else { return false }
        let name = UnsafeRawBufferPointer(start: start + first, count: end - first)
        return Self.messageNames.contains { $0.utf8Count == name.count && $0.equals(name) }
    }

    private static let messageNames: [StaticString] = ["msg", "message", "error", "err", "event", "reason"]
}

extension StaticString {
    fileprivate var utf8Count: Int { utf8CodeUnitCount }

    fileprivate func equals(_ bytes: UnsafeRawBufferPointer) -> Bool {
        withUTF8Buffer { own in own.elementsEqual(bytes) }
    }
}
