import Protocol

/// What may stand for a host in a message.
enum HostField {
    /// The host that a word is: letters, digits and `.-_:/%`, one letter or digit at least; an address also in
    /// brackets.
    ///
    /// No level's name, no `last message repeated`.
    static func read(_ view: ByteView, _ token: Field) -> Field? {
        if view[token.start] == UInt8(ascii: "["), view[token.end - 1] == UInt8(ascii: "]") {
            let inner = Field(start: token.start + 1, end: token.end - 1)
            return isIPv4(view, inner) || isIPv6(view, inner) ? inner : nil
        }
        return isHost(view, token) ? token : nil
    }

    private static func isHost(_ view: ByteView, _ token: Field) -> Bool {
        var hasAlphanumeric = false
        var isUpperCase = true
        for index in token.start..<token.end {
            let byte = view[index]
            if byte.isAlphanumeric {
                hasAlphanumeric = true
                if !byte.isUpper { isUpperCase = false }
            } else {
                isUpperCase = false
                // Hosts with letters beyond ASCII are seen, too.
                guard
                    byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                        || byte == .colon || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "%") || byte >= 0x80
                else { return false }
                if byte >= 0x80 { hasAlphanumeric = true }
            }
        }
        guard hasAlphanumeric, view[token.start] != UInt8(ascii: "%") else { return false }
        if isUpperCase && token.count >= 3 && Level(name: view[token]) != nil { return false }
        return !view.has("last message repeated ", at: token.start)
    }

    static func isIPv6(_ view: ByteView, _ token: Field) -> Bool {
        var colons = 0
        for index in token.start..<token.end {
            let byte = view[index]
            if byte == .colon {
                colons += 1
            } else if !byte.isDigit && (byte | 0x20) &- UInt8(ascii: "a") > 5 {
                return false
            }
        }
        return colons >= 2
    }

    static func isIPv4(_ view: ByteView, _ token: Field) -> Bool {
        var dots = 0
        for index in token.start..<token.end {
            if view[index] == UInt8(ascii: ".") {
                dots += 1
            } else if !view[index].isDigit {
                return false
            }
        }
        return dots == 3
    }
}

/// What UniFi's devices say of themselves in the place of a host or a tag, kept as `device`.
///
/// ```
///  ("U7PG2,788a20abcdef,v4.3.20.11298")     788a20abcdef,UAP-AC-Pro-6.5.28+14491:     US8P60,18e829abcdef,v4.0.66
/// ```
enum DeviceIdentity {
    /// The identity that a word is, without what is around it; nil when it is none.
    static func read(_ view: ByteView, _ token: Field) -> Field? {
        guard token.count >= 5, token.count <= 128 else { return nil }
        // Most hosts and tags: no colon at the end, and too short for an address and more.
        let last = view[token.end - 1]
        if last != .colon && last != UInt8(ascii: ")") && token.count < 16 { return nil }
        if view.has("(\"", at: token.start) && view.has("\")", at: token.end - 2) {
            return Field(start: token.start + 2, end: token.end - 2)
        }
        // Without the colon only with a hardware address: twelve hexadecimal digits.
        let hasColon = view[token.end - 1] == .colon
        let end = hasColon ? token.end - 1 : token.end
        guard let comma = view.position(of: UInt8(ascii: ","), from: token.start, to: end) else { return nil }
        var run = 0
        var hasAddress = false
        for index in token.start..<end {
            let byte = view[index]
            if byte.isDigit || (byte | 0x20) &- UInt8(ascii: "a") <= 5 {
                run += 1
                if run == 12 { hasAddress = true }
                continue
            }
            run = 0
            guard
                byte.isAlphanumeric || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "-")
                    || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "_")
            else { return nil }
        }
        return comma > token.start && (hasColon || hasAddress) ? Field(start: token.start, end: end) : nil
    }
}
