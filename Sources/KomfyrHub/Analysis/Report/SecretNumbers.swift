/// Card numbers and IBANs: told from other numbers by their check digits.
enum SecretNumbers {
    /// Where the number that begins at `start`, a word's beginning, ends; nil: none begins there.
    static func end(_ text: [UInt8], _ start: Int) -> Int? {
        if SecretMask.isDigit(text[start]) { return cardEnd(text, start) }
        return SecretMask.isUpper(text[start]) ? accountEnd(text, start) : nil
    }

    // MARK: Cards

    /// How cards are written in groups (ISO/IEC 7812 says nothing of it; these are printed on them).
    private static let groupings: [[Int]] = [[4, 4, 4, 4, 3], [4, 4, 4, 4], [4, 6, 5], [4, 6, 4]]

    private static func cardEnd(_ text: [UInt8], _ start: Int) -> Int? {
        // A fraction's digits are none, nor what is joined to a name or to another number.
        if start > 0 {
            let before = text[start - 1]
            if before == UInt8(ascii: "_") { return nil }
            let joins = before == UInt8(ascii: ".") || before == UInt8(ascii: ",") || before == UInt8(ascii: "-")
            if joins, start > 1, SecretMask.isDigit(text[start - 2]) { return nil }
        }
        var digits: [UInt8] = []
        var end = start
        while end < text.count, digits.count < 20, SecretMask.isDigit(text[end]) {
            digits.append(text[end] - UInt8(ascii: "0"))
            end += 1
        }
        if digits.count >= 13 { return isCard(digits) && endsNumber(text, end) ? end : nil }
        guard digits.count == 4, end < text.count else { return nil }
        let separator = text[end]
        guard separator == UInt8(ascii: " ") || separator == UInt8(ascii: "-") else { return nil }
        for grouping in groupings {
            if let end = groupedEnd(text, start, grouping, separator) { return end }
        }
        return nil
    }

    private static func groupedEnd(_ text: [UInt8], _ start: Int, _ grouping: [Int], _ separator: UInt8) -> Int? {
        var digits: [UInt8] = []
        var place = start
        for (index, length) in grouping.enumerated() {
            if index > 0 {
                guard place < text.count, text[place] == separator else { return nil }
                place += 1
            }
            for _ in 0..<length {
                guard place < text.count, SecretMask.isDigit(text[place]) else { return nil }
                digits.append(text[place] - UInt8(ascii: "0"))
                place += 1
            }
        }
        return isCard(digits) && endsNumber(text, place) ? place : nil
    }

    private static func endsNumber(_ text: [UInt8], _ end: Int) -> Bool {
        guard end < text.count else { return true }
        if SecretMask.isWord(text[end]) || text[end] == UInt8(ascii: "_") { return false }
        let isPoint = text[end] == UInt8(ascii: ".")
        return !(isPoint && end + 1 < text.count && SecretMask.isDigit(text[end + 1]))
    }

    /// Whether the digits are of a length and range that an issuer of cards has, and the last one checks the others.
    private static func isCard(_ digits: [UInt8]) -> Bool {
        func prefix(_ count: Int) -> Int { digits.prefix(count).reduce(0) { $0 * 10 + Int($1) } }
        let count = digits.count
        let known: Bool
        switch prefix(2) {
        case 40...49: known = count == 13 || count == 16 || count == 19
        case 51...55: known = count == 16
        case 22...27: known = count == 16 && (2221...2720).contains(prefix(4))
        case 34, 37: known = count == 15
        case 30, 36, 38, 39: known = count == 14
        case 35: known = count == 16 && (3528...3589).contains(prefix(4))
        case 62: known = (16...19).contains(count)
        case 50, 56...61, 63...69: known = count == 16 || count == 19
        default: known = false
        }
        return known && isLuhn(digits)
    }

    /// The check of ISO/IEC 7812-1, annex B.
    private static func isLuhn(_ digits: [UInt8]) -> Bool {
        var sum = 0
        for (index, digit) in digits.reversed().enumerated() {
            let value = index.isMultiple(of: 2) ? Int(digit) : Int(digit) * 2
            sum += value > 9 ? value - 9 : value
        }
        return sum.isMultiple(of: 10)
    }

    // MARK: Accounts

    /// An IBAN (ISO 13616): a country, two check digits, 11 to 30 letters and digits, in groups of four or not.
    private static func accountEnd(_ text: [UInt8], _ start: Int) -> Int? {
        guard start + 15 <= text.count, SecretMask.isUpper(text[start + 1]), SecretMask.isDigit(text[start + 2]),
            SecretMask.isDigit(text[start + 3])
        else { return nil }
        var letters: [UInt8] = []
        var place = start
        var found: Int?
        while place < text.count, letters.count < 34 {
            let byte = text[place]
            if SecretMask.isUpper(byte) || SecretMask.isDigit(byte) {
                letters.append(byte)
                place += 1
                let ends = place == text.count || !(SecretMask.isWord(text[place]) || text[place] == UInt8(ascii: "_"))
                if ends, letters.count >= 15, isAccount(letters) { found = place }
            } else if byte == UInt8(ascii: " "), letters.count.isMultiple(of: 4) {
                place += 1
            } else {
                break
            }
        }
        return found
    }

    private static func isAccount(_ letters: [UInt8]) -> Bool {
        var rest = 0
        for byte in letters.dropFirst(4) + letters.prefix(4) {
            if SecretMask.isDigit(byte) {
                rest = (rest * 10 + Int(byte - UInt8(ascii: "0"))) % 97
            } else {
                rest = (rest * 100 + Int(byte - UInt8(ascii: "A")) + 10) % 97
            }
        }
        return rest == 1
    }
}
