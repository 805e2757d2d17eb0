/// Splits one message into its template and its variables, and gathers the words that are variable on the way.
enum MessageSplitter {
    /// What a byte is, above its form in words (`Words.folded`, 0: part of no word).
    private enum ByteClass {
        static let digit: UInt16 = 0x100
        /// A letter that is a hexadecimal digit in lower case.
        static let hexadecimal: UInt16 = 0x200
        static let letter: UInt16 = 0x400
        /// A code, which stands for itself.
        static let code: UInt16 = 0x800
        /// Part of a word, neither letter nor digit.
        static let other: UInt16 = 0x1000
        static let beyondASCII: UInt16 = 0x2000
    }

    private static let classes: [UInt16] = (0..<256)
        .map { value in
            let byte = UInt8(value)
            let kind =
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): ByteClass.digit
                case UInt8(ascii: "a")...UInt8(ascii: "f"): ByteClass.hexadecimal
                case UInt8(ascii: "g")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): ByteClass.letter
                case MessageCode.number, MessageCode.hexadecimal, MessageCode.itself: ByteClass.code
                case 0x80...: ByteClass.beyondASCII
                default: Words.isWordByte(byte) ? ByteClass.other : 0
                }
            return kind | UInt16(Words.folded(byte))
        }

    /// Writes a message's template at `start` of `text`, which has room for twice the message; returns its length.
    ///
    /// Only words with a digit in them are looked at and inserted: the others stand in the template as they are, so
    /// that the messages of one template have the same ones, and whoever meets a template first inserts them. Raw
    /// pointers, since this runs over every byte that is stored and an array's checks would stand at each of them; all
    /// indexes into `message` lie below its count, and what is written is never more than twice what was read.
    static func split(
        _ message: UnsafeRawBufferPointer,
        to text: UnsafeMutableRawBufferPointer,
        at start: Int,
        _ variables: inout [UInt64],
        _ words: inout WordSet
    ) -> Int {
        guard let source = message.baseAddress, let target = text.baseAddress else { return 0 }
        return classes.withUnsafeBufferPointer { classes in
            var writer = TemplateWriter(source: source, start: target + start)
            let count = message.count
            var index = 0
            // No word that has been taken reaches beyond it.
            var done = 0
            while true {
                index = nextOfInterest(message, from: index)
                guard index < count else { break }
                if classes[Int(message[index])] == ByteClass.code {
                    writer.copy(upTo: index)
                    writer.write(MessageCode.itself)
                }
                guard classes[Int(message[index])] & ByteClass.digit != 0 else {
                    index += 1
                    continue
                }
                while index > done, classes[Int(message[index - 1])] & 0xFF != 0 { index -= 1 }
                let first = index
                var hash = Words.seed
                var seen: UInt16 = 0
                var digits = 0
                repeat {
                    let entry = classes[Int(message[index])]
                    if entry & 0xFF == 0 { break }
                    hash = (hash ^ UInt64(entry & 0xFF)) &* Words.prime
                    seen |= entry
                    digits += Int(entry / ByteClass.digit & 1)
                    index += 1
                } while index < count
                done = index
                let word = UnsafeRawBufferPointer(start: source + first, count: index - first)
                if seen & ByteClass.beyondASCII == 0 {
                    words.insert(Words.finish(hash))
                } else {
                    words.insert(Words.hash(folded: Words.folded(word)))
                }
                if seen & (ByteClass.beyondASCII | ByteClass.other) == 0 {
                    let isHexadecimal = seen & ByteClass.letter == 0 && digits < word.count
                    writer.take(first, index, isHexadecimal: isHexadecimal, &variables)
                } else {
                    takeParts(of: message, first, index, classes, &writer, &variables)
                }
            }
            writer.copy(upTo: count)
            return writer.next - (target + start)
        }
    }

    /// The next byte that is a digit or below 0x20, as the codes are; eight at a time.
    @inline(__always)
    private static func nextOfInterest(_ message: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        let ones: UInt64 = 0x0101_0101_0101_0101
        let sevenBits = ones &* 0x7F
        while index + 8 <= message.count {
            let bytes = UInt64(littleEndian: message.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            // A sum's high bit stays clear where the seven bits are less than 10, or than 0x20.
            let digits = bytes ^ (ones &* 0x30)
            let notDigit = ((digits & sevenBits) &+ (ones &* 0x76)) | digits
            let notControl = ((bytes & sevenBits) &+ (ones &* 0x60)) | bytes
            let found = ~(notDigit & notControl) & ~sevenBits
            if found != 0 { return index + found.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < message.count {
            let byte = message[index]
            if byte < 0x20 || byte &- UInt8(ascii: "0") < 10 { break }
            index += 1
        }
        return index
    }

    /// Takes the variables of a word that has more in it than letters and digits: each run of these is for itself.
    private static func takeParts(
        of message: UnsafeRawBufferPointer,
        _ first: Int,
        _ end: Int,
        _ classes: UnsafeBufferPointer<UInt16>,
        _ writer: inout TemplateWriter,
        _ variables: inout [UInt64]
    ) {
        let alphanumeric = ByteClass.digit | ByteClass.hexadecimal | ByteClass.letter
        var index = first
        while index < end {
            let start = index
            var seen: UInt16 = 0
            var digits = 0
            while index < end, classes[Int(message[index])] & alphanumeric != 0 {
                let entry = classes[Int(message[index])]
                seen |= entry
                digits += Int(entry / ByteClass.digit & 1)
                index += 1
            }
            if digits > 0 {
                let isHexadecimal = seen & ByteClass.letter == 0 && digits < index - start
                writer.take(start, index, isHexadecimal: isHexadecimal, &variables)
            }
            if index == start { index += 1 }
        }
    }
}

/// Writes one template: pieces of the message, and codes where its variables were.
///
/// Whoever makes it sees to it that there is room for twice the message.
private struct TemplateWriter {
    let source: UnsafeRawPointer
    /// Behind what is written.
    private(set) var next: UnsafeMutableRawPointer
    /// Behind what of the message is in the template.
    private var copied = 0

    init(source: UnsafeRawPointer, start: UnsafeMutableRawPointer) {
        self.source = source
        next = start
    }

    @inline(__always)
    mutating func write(_ byte: UInt8) {
        next.storeBytes(of: byte, as: UInt8.self)
        next += 1
    }

    /// Writes what of the message is not written yet, as it is.
    @inline(__always)
    mutating func copy(upTo index: Int) {
        next.copyMemory(from: source + copied, byteCount: index - copied)
        next += index - copied
        copied = index
    }

    @inline(__always)
    private func byte(_ index: Int) -> UInt8 { source.load(fromByteOffset: index, as: UInt8.self) }

    /// Takes the variables of a word of letters and digits: the word if it is a hexadecimal number, else its runs of
    /// digits.
    @inline(__always)
    mutating func take(_ first: Int, _ end: Int, isHexadecimal: Bool, _ variables: inout [UInt64]) {
        if isHexadecimal, end - first >= 6 {
            copy(upTo: first)
            writeHexadecimal(first, end, &variables)
            copied = end
            return
        }
        var index = first
        while index < end {
            if byte(index) &- UInt8(ascii: "0") > 9 {
                index += 1
                continue
            }
            let start = index
            var value: UInt64 = 0
            while index < end {
                let digit = byte(index) &- UInt8(ascii: "0")
                if digit > 9 { break }
                // What does not fit is not used.
                value = value &* 10 &+ UInt64(digit)
                index += 1
            }
            copy(upTo: start)
            if index - start <= 18, byte(start) != UInt8(ascii: "0") || index - start == 1 {
                write(MessageCode.number)
                variables.append(value)
            } else {
                writeHexadecimal(start, index, &variables)
            }
            copied = index
        }
    }

    private mutating func writeHexadecimal(_ first: Int, _ end: Int, _ variables: inout [UInt64]) {
        var index = first
        while index < end {
            let last = min(index + 16, end)
            write(MessageCode.hexadecimal)
            write(UInt8(truncatingIfNeeded: last - index))
            var value: UInt64 = 0
            while index < last {
                let byte = byte(index)
                let digit = byte <= UInt8(ascii: "9") ? byte &- UInt8(ascii: "0") : byte &- UInt8(ascii: "a") &+ 10
                value = value << 4 | UInt64(digit)
                index += 1
            }
            variables.append(value)
        }
    }
}
