/// One pass over a message, for `MessageMask`: a place in it, and what was written of its form.
///
/// Raw pointers, since this loop runs over every byte that is masked: all indexes into `message` lie below its count,
/// and no more is written than was read, but for `<*>` where something is cut, for which there is room.
struct MaskScan {
    let message: UnsafeRawBufferPointer
    let classes: UnsafePointer<UInt8>
    private let output: UnsafeMutablePointer<UInt8>
    private(set) var index = 0
    private(set) var written = 0
    private var tokens = 0
    /// Where the current word begins in the output; nil: between words.
    private var token: Int?
    /// The rest of the current word is passed over: it is too long.
    private var isPassingOver = false
    /// There is no closing quote of a kind in what is left of the line.
    var hasNoQuote: (double: Bool, single: Bool, back: Bool) = (false, false, false)

    init(
        message: UnsafeRawBufferPointer,
        classes: UnsafePointer<UInt8>,
        output: UnsafeMutablePointer<UInt8>
    ) {
        self.message = message
        self.classes = classes
        self.output = output
    }

    /// What a byte is.
    enum ByteClass {
        static let digit: UInt8 = 1
        /// A letter that is a hexadecimal digit.
        static let hexadecimal: UInt8 = 2
        static let letter: UInt8 = 4
        /// Other parts of words: `_`, and what is beyond ASCII.
        static let other: UInt8 = 8
        static let blank: UInt8 = 16
        /// Behind it a value may begin.
        static let opening: UInt8 = 32
        /// Ends a path.
        static let closing: UInt8 = 64

        static let word = digit | hexadecimal | letter | other
    }

    static let classes: [UInt8] = (0..<256)
        .map { value in
            switch UInt8(value) {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): ByteClass.digit
            case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): ByteClass.hexadecimal
            case UInt8(ascii: "g")...UInt8(ascii: "z"), UInt8(ascii: "G")...UInt8(ascii: "Z"): ByteClass.letter
            case UInt8(ascii: "_"), 0x80...: ByteClass.other
            case 0...0x20, 0x7F: ByteClass.blank
            case UInt8(ascii: "="), UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): ByteClass.opening
            case UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "<"),
                UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
                ByteClass.opening | ByteClass.closing
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): ByteClass.closing
            default: 0
            }
        }

    var count: Int { message.count }

    /// Something of the message is not in the form.
    var isCut: Bool { index < count }

    @inline(__always)
    func byte(_ index: Int) -> UInt8 { message[index] }

    /// What a place is; the end counts as a blank.
    @inline(__always)
    func kind(_ index: Int) -> UInt8 { index < count ? classes[Int(message[index])] : ByteClass.blank }

    @inline(__always)
    func isDigit(_ index: Int) -> Bool { kind(index) == ByteClass.digit }

    @inline(__always)
    func isWord(_ index: Int) -> Bool { kind(index) & ByteClass.word != 0 }

    func isHexadecimal(_ index: Int) -> Bool { kind(index) & (ByteClass.digit | ByteClass.hexadecimal) != 0 }

    /// Whether a value may begin at the index: behind a blank, a bracket, a quote, a separator.
    @inline(__always)
    private var isAtBoundary: Bool {
        index == 0 || classes[Int(message[index - 1])] & (ByteClass.blank | ByteClass.opening) != 0
    }

    // MARK: Writing

    @inline(__always)
    private mutating func write(_ value: UInt8) {
        if isPassingOver { return }
        if token == nil {
            if written > 0 {
                output[written] = 0x20
                written += 1
            }
            token = written
            tokens += 1
        }
        output[written] = value
        written += 1
        if let token, written - token >= HubLimits.patternTokenBytes { endLongToken(token) }
    }

    /// Cuts a word that is too long where a character begins.
    private mutating func endLongToken(_ token: Int) {
        while written > token, output[written - 1] & 0xC0 == 0x80 { written -= 1 }
        if written > token, output[written - 1] >= 0xC0 { written -= 1 }
        output[written] = MaskCode.any
        written += 1
        isPassingOver = true
    }

    /// Writes a code and goes on behind what it stands for; the same code twice in a row is one.
    @inline(__always)
    private mutating func write(_ code: UInt8, goingTo end: Int) {
        index = end
        if let token, written > token, output[written - 1] == code { return }
        write(code)
    }

    @inline(__always)
    private mutating func endToken() {
        token = nil
        isPassingOver = false
    }

    /// Marks that there was more.
    mutating func cut() {
        endToken()
        if written > 0, output[written - 1] == MaskCode.any, written == 1 || output[written - 2] == 0x20 { return }
        write(MaskCode.any)
    }

    // MARK: Reading

    mutating func run() {
        while index < count {
            let byte = message[index]
            let kind = classes[Int(byte)]
            if kind & ByteClass.blank != 0 {
                endToken()
                // What follows is told by the mark of the cut.
                if tokens >= HubLimits.patternTokens || written >= HubLimits.patternFormBytes {
                    while index < count, self.kind(index) & ByteClass.blank != 0 { index += 1 }
                    return
                }
                index += 1
                if byte == 0x0A { passOverIndented() }
            } else if kind & ByteClass.word != 0 {
                word()
            } else {
                other(byte)
            }
        }
    }

    /// At the begin of a line: indented lines are one `<*>`.
    private mutating func passOverIndented() {
        hasNoQuote = (false, false, false)
        guard written > 0, index < count, byte(index) == 0x20 || byte(index) == 0x09 else { return }
        write(MaskCode.any)
        endToken()
        while index < count, byte(index) == 0x20 || byte(index) == 0x09 {
            while index < count, byte(index) != 0x0A { index += 1 }
            index += 1
        }
        index = min(index, count)
    }

    /// Neither a blank nor part of a word.
    @inline(__always)
    private mutating func other(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
            if isAtBoundary, let end = quoteEnd(byte) { return write(MaskCode.quoted, goingTo: end) }
        case UInt8(ascii: "/"), UInt8(ascii: "~"), UInt8(ascii: "."), UInt8(ascii: "\\"):
            if isAtBoundary, beginsPath(byte) { return write(MaskCode.path, goingTo: pathEnd(from: index)) }
        case UInt8(ascii: "-"), UInt8(ascii: "+"):
            if isAtBoundary, isDigit(index + 1) {
                index += 1
                return word()
            }
        case UInt8(ascii: ":"):
            if isAtBoundary, kind(index + 1) == ByteClass.opening | ByteClass.closing, let end = colonGroupsEnd() {
                return write(end.code, goingTo: end.index)
            }
        default: break
        }
        write(byte)
        index += 1
    }

    // MARK: Words

    private mutating func word() {
        let first = index
        var end = index
        var seen: UInt8 = 0
        var digits = 0
        while end < count {
            let kind = classes[Int(message[end])]
            guard kind & ByteClass.word != 0 else { break }
            seen |= kind
            digits += Int(kind & ByteClass.digit)
            end += 1
        }
        let isHexadecimal = seen & ~(ByteClass.digit | ByteClass.hexadecimal) == 0
        if isHexadecimal, end - first == 8, end < count, byte(end) == UInt8(ascii: "-"), let end = uuidEnd() {
            return write(MaskCode.uuid, goingTo: end)
        }
        // No word is written with these letters alone and is that long.
        if isHexadecimal, digits == 0, end - first >= 8 { return write(MaskCode.hexadecimal, goingTo: end) }
        if digits == 0 { return plainWord(end, isHexadecimal: isHexadecimal) }
        if isHexadecimal, end - first <= 4, let group = groups(end) {
            return write(group.code, goingTo: group.index)
        }
        if digits == end - first { return number() }
        if isHexadecimal, end - first >= 6 { return write(MaskCode.hexadecimal, goingTo: end) }
        if byte(first) == UInt8(ascii: "0"), byte(first + 1) | 0x20 == UInt8(ascii: "x"),
            (first + 2..<end).allSatisfy({ self.isHexadecimal($0) })
        {
            return write(MaskCode.hexadecimal, goingTo: end)
        }
        mixedWord(end)
    }

    /// A word without digits.
    private mutating func plainWord(_ end: Int, isHexadecimal: Bool) {
        if end + 2 < count, byte(end) == UInt8(ascii: ":"), byte(end + 1) == UInt8(ascii: "/"),
            byte(end + 2) == UInt8(ascii: "/")
        {
            return write(MaskCode.path, goingTo: urlEnd(from: end + 3))
        }
        if isHexadecimal, end - index <= 4, let group = groups(end) {
            return write(group.code, goingTo: group.index)
        }
        if end - index == 1, end + 1 < count, isAtBoundary, byte(end) == UInt8(ascii: ":"),
            byte(end + 1) == UInt8(ascii: "\\")
        {
            return write(MaskCode.path, goingTo: pathEnd(from: end + 1))
        }
        while index < end {
            write(byte(index))
            index += 1
        }
    }

    /// A word of letters and digits: `eth0`, `12ms`; what changes between them often is an id.
    private mutating func mixedWord(_ end: Int) {
        var runs = 0
        for place in index..<end where isDigit(place) && (place == index || !isDigit(place - 1)) { runs += 1 }
        if end - index >= 12, runs >= 3 { return write(MaskCode.any, goingTo: end) }
        while index < end {
            if isDigit(index) {
                number()
            } else {
                write(byte(index))
                index += 1
            }
        }
    }

    /// Digits, and what belongs to them: `1.5`, `1,000`, `12:30:01.5`, `2026-11-23T05:00:00Z`, `3/5`.
    private mutating func number() {
        var end = index
        while isDigit(end) { end += 1 }
        while end + 1 < count, isDigit(end + 1) {
            let separator = byte(end)
            var next = end + 1
            while isDigit(next) { next += 1 }
            switch separator {
            // A unit may stand behind it: `1.5s`.
            case UInt8(ascii: "."): break
            case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "+"):
                let isTime = next < count && byte(next) == UInt8(ascii: "T") && isDigit(next + 1)
                let isZulu = next < count && byte(next) == UInt8(ascii: "Z") && !isWord(next + 1)
                if isWord(next), !isTime, !isZulu { return write(MaskCode.number, goingTo: end) }
            case UInt8(ascii: "T"): break
            default: return write(MaskCode.number, goingTo: end)
            }
            end = next
        }
        if end < count, byte(end) == UInt8(ascii: "Z"), !isWord(end + 1), byte(end - 1) != UInt8(ascii: "Z") {
            // Only behind a time: a `Z` behind a number alone is a unit of somebody's.
            if (index..<end).contains(where: { byte($0) == UInt8(ascii: ":") }) { end += 1 }
        }
        write(MaskCode.number, goingTo: end)
    }
}
