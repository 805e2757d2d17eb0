/// What stands in a template for something else.
enum MessageCode {
    /// A decimal number of at most 18 digits without zeros before it.
    static let number: UInt8 = 0x11
    /// Hexadecimal digits in lower case; the byte behind it says how many, 1 to 16.
    static let hexadecimal: UInt8 = 0x12
    /// The byte behind it is one of these three, and stands for itself.
    static let itself: UInt8 = 0x13
}

/// Splits messages into templates and variables, and puts them together again.
struct MessageTemplates {
    /// The templates, and the one of the message that was split last; what lies beyond `used` is room.
    private var text: [UInt8] = []
    private var used = 0
    private var table = TextTable()
    /// All variables, message by message.
    private var variables: [UInt64] = []
    /// By row.
    private var rows: [Int64] = []
    /// By template.
    private var counts: [Int] = []

    /// Messages from which on templates can pay, and how many of them a template must have.
    private static let leastRows = 16
    private static let leastShare = 3
    /// Variables of a chunk at most: what a reader holds of them, 8 bytes each, is as large as a chunk may be.
    private static let mostVariables = HubLimits.chunkPlainBytes / 8

    // MARK: Splitting

    /// Splits messages, and gathers their words in the same pass.
    ///
    /// - Returns: false when templates do not pay; then not all words are gathered.
    mutating func split(_ messages: [TextRange], of bytes: UnsafeRawBufferPointer, words: inout WordSet) -> Bool {
        used = 0
        table.removeAll()
        variables.removeAll(keepingCapacity: true)
        rows.removeAll(keepingCapacity: true)
        counts.removeAll(keepingCapacity: true)
        guard messages.count >= Self.leastRows else { return false }
        for (row, range) in messages.enumerated() {
            let message = ChunkTexts.slice(bytes, range)
            let start = used
            // A template is at most twice as long as its message: a byte becomes a code and a byte at most.
            let room = used + 2 * message.count
            if text.count < room {
                text.append(contentsOf: repeatElement(0, count: max(room, 2 * text.count) - text.count))
            }
            used += text.withUnsafeMutableBytes { text in
                Self.split(message, to: text, at: start, &variables, &words)
            }
            let end = used
            let (index, isNew) = text.withUnsafeBytes { text in
                let template = UnsafeRawBufferPointer(rebasing: text[start..<end])
                return table.index(of: template, in: text, at: UInt32(truncatingIfNeeded: start))
            }
            if isNew {
                counts.append(1)
                // It shows early when every message is of a kind of its own.
                if row & 255 == 255 && counts.count * Self.leastShare > row { return false }
            } else {
                counts[index] += 1
                used = start
            }
            guard variables.count <= Self.mostVariables else { return false }
            rows.append(Int64(index))
        }
        return counts.count * Self.leastShare <= messages.count
    }

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
    /// Each byte is looked at once, for words and variables: this loop runs over every byte that is stored. Raw pointers,
    /// since an array's checks would stand at each of them; all indexes into `message` lie below its count, and what is
    /// written is never more than twice what was read.
    private static func split(
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
            while index < count {
                var entry = classes[Int(message[index])]
                if entry & 0xFF == 0 {
                    if entry == ByteClass.code {
                        writer.copy(upTo: index)
                        writer.write(MessageCode.itself)
                    }
                    index += 1
                    continue
                }
                let first = index
                var hash = Words.seed
                var seen: UInt16 = 0
                var digits = 0
                repeat {
                    hash = (hash ^ UInt64(entry & 0xFF)) &* Words.prime
                    seen |= entry
                    digits += Int(entry / ByteClass.digit & 1)
                    index += 1
                    guard index < count else { break }
                    entry = classes[Int(message[index])]
                } while entry & 0xFF != 0
                let word = UnsafeRawBufferPointer(start: source + first, count: index - first)
                if seen & ByteClass.beyondASCII == 0 {
                    words.insert(Words.finish(hash))
                } else {
                    words.insert(Words.hash(folded: Words.folded(word)))
                }
                if digits == 0 { continue }
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

    // MARK: Writing

    /// A variable of a template.
    private struct Place {
        /// How many hexadecimal digits; 0: a number.
        var digits: Int
        /// How many rows have it.
        var count: Int
        /// Where its values begin.
        var start: Int
        var base: UInt64 = 0
        var width = 0
    }

    /// The places of templates, in order, and where each template's begin.
    private static func places(
        _ templates: [TextRange],
        of text: UnsafeRawBufferPointer,
        counts: [Int]
    ) -> (places: [Place], starts: [Int])? {
        var places: [Place] = []
        var starts: [Int] = []
        var start = 0
        for (template, range) in templates.enumerated() {
            starts.append(places.count)
            let bytes = ChunkTexts.slice(text, range)
            var index = 0
            while index < bytes.count {
                let byte = bytes[index]
                index += 1
                guard byte >= MessageCode.number, byte <= MessageCode.itself else { continue }
                var digits = 0
                if byte != MessageCode.number {
                    guard index < bytes.count else { return nil }
                    digits = Int(bytes[index])
                    index += 1
                    if byte == MessageCode.itself { continue }
                    guard digits >= 1, digits <= 16 else { return nil }
                }
                places.append(Place(digits: digits, count: counts[template], start: start))
                start += counts[template]
            }
        }
        return (places, starts)
    }

    mutating func append(to body: inout ChunkBody, scratch: inout ChunkScratch) {
        let bytes = text[..<used]
        let (found, starts) =
            bytes.withUnsafeBytes { Self.places(table.entries, of: $0, counts: counts) } ?? ([], [])
        var places = found
        let sorted = variablesByPlace(places, starts)
        body.bytes.appendVarint(UInt64(table.count))
        scratch.lengths.removeAll(keepingCapacity: true)
        for entry in table.entries { scratch.lengths.append(Int64(entry.length)) }
        ChunkIntegers.append(scratch.lengths, to: &body)
        body.bytes.append(contentsOf: bytes)
        body.cut()
        ChunkIntegers.append(rows, to: &body)
        // Bit n: a number takes n + 1 bits.
        var widths: UInt64 = 0
        for index in places.indices where places[index].digits == 0 {
            let values = sorted[places[index].start..<places[index].start + places[index].count]
            let base = values.min() ?? 0
            places[index].base = base
            places[index].width = 64 - ((values.max() ?? 0) - base).leadingZeroBitCount
            if places[index].width > 0 { widths |= 1 << UInt64(places[index].width - 1) }
            body.bytes.append(UInt8(places[index].width))
        }
        for place in places where place.digits == 0 { body.bytes.appendVarint(place.base) }
        body.cut()
        for width in 1...64 where widths >> UInt64(width - 1) & 1 == 1 {
            scratch.lengths.removeAll(keepingCapacity: true)
            for place in places where place.digits == 0 && place.width == width {
                for value in sorted[place.start..<place.start + place.count] {
                    scratch.lengths.append(Int64(truncatingIfNeeded: value - place.base))
                }
            }
            ChunkIntegers.append(scratch.lengths, to: &body)
        }
        body.cut()
        for place in places where place.digits > 0 {
            for value in sorted[place.start..<place.start + place.count] {
                for byte in 0..<(place.digits + 1) / 2 {
                    body.bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * byte)))
                }
            }
        }
    }

    /// The variables, from message by message to place by place.
    private func variablesByPlace(_ places: [Place], _ starts: [Int]) -> [UInt64] {
        var next = places.map(\.start)
        return [UInt64](unsafeUninitializedCapacity: variables.count) { sorted, filled in
            sorted.initialize(repeating: 0)
            filled = variables.count
            next.withUnsafeMutableBufferPointer { next in
                var variable = 0
                for row in rows {
                    let end = Int(row) + 1 < starts.count ? starts[Int(row) + 1] : next.count
                    for place in starts[Int(row)]..<end {
                        sorted[next[place]] = variables[variable]
                        next[place] += 1
                        variable += 1
                    }
                }
            }
        }
    }

    // MARK: Reading

    static func decode(_ reader: inout ByteReader, rows: Int) throws(FormatProblem) -> TextColumn {
        let count = try reader.count("templates", atMost: rows)
        let lengths = try ChunkIntegers.read(&reader, count: count, in: 0...Int64(HubLimits.chunkPlainBytes), "length")
        var templates: [TextRange] = []
        var end = 0
        for length in lengths {
            guard Int(length) <= reader.remaining - end else { throw .truncated(at: reader.offset) }
            templates.append(TextRange(offset: UInt32(end), length: UInt32(length)))
            end += Int(length)
        }
        let text = try reader.slice(end)
        guard count > 0 || rows == 0 else { throw .invalid("templates", at: reader.offset) }
        let ids = try ChunkIntegers.read(&reader, count: rows, in: 0...Int64(max(count, 1) - 1), "template")
        var counts = [Int](repeating: 0, count: count)
        for id in ids { counts[Int(id)] += 1 }
        guard var (places, starts) = places(templates, of: text, counts: counts) else {
            throw .invalid("template", at: reader.offset)
        }
        let values = try Self.values(&reader, &places)
        guard reader.remaining == 0 else { throw .invalid("length", at: reader.offset) }
        var column = TextColumn()
        column.ranges.reserveCapacity(rows)
        var next = places.map(\.start)
        starts.append(places.count)
        for id in ids {
            let offset = column.text.count
            var place = starts[Int(id)]
            let template = ChunkTexts.slice(text, templates[Int(id)])
            var index = 0
            var copied = 0
            while index < template.count {
                let byte = template[index]
                guard byte >= MessageCode.number, byte <= MessageCode.itself else {
                    index += 1
                    continue
                }
                column.text.append(contentsOf: UnsafeRawBufferPointer(rebasing: template[copied..<index]))
                index += byte == MessageCode.number ? 1 : 2
                // `places` has made sure that a byte follows.
                copied = byte == MessageCode.itself ? index - 1 : index
                if byte == MessageCode.itself { continue }
                let value = values[next[place]]
                next[place] += 1
                if places[place].digits == 0 {
                    appendDecimal(value, to: &column.text)
                } else {
                    appendHexadecimal(value, digits: places[place].digits, to: &column.text)
                }
                place += 1
            }
            column.text.append(contentsOf: UnsafeRawBufferPointer(rebasing: template[copied...]))
            guard column.text.count <= HubLimits.chunkPlainBytes else { throw .invalid("length", at: reader.offset) }
            let length = column.text.count - offset
            column.ranges.append(length == 0 ? .none : TextRange(offset: UInt32(offset), length: UInt32(length)))
        }
        return column
    }

    /// The variables, place by place.
    private static func values(_ reader: inout ByteReader, _ places: inout [Place]) throws(FormatProblem) -> [UInt64] {
        var total = 0
        for index in places.indices {
            total += places[index].count
            guard total <= mostVariables else { throw .invalid("variables", at: reader.offset) }
            guard places[index].digits == 0 else { continue }
            places[index].width = Int(try reader.byte())
            guard places[index].width <= 64 else { throw .invalid("width", at: reader.offset) }
        }
        for index in places.indices where places[index].digits == 0 { places[index].base = try reader.varint() }
        var values = [UInt64](repeating: 0, count: total)
        for place in places where place.digits == 0 && place.width == 0 {
            for index in place.start..<place.start + place.count { values[index] = place.base }
        }
        for width in 1...64 {
            let same = places.filter { $0.digits == 0 && $0.width == width }
            if same.isEmpty { continue }
            let numbers = try ChunkIntegers.read(&reader, count: same.reduce(0) { $0 + $1.count })
            var next = 0
            for place in same {
                for index in place.start..<place.start + place.count {
                    values[index] = place.base &+ UInt64(bitPattern: numbers[next])
                    next += 1
                }
            }
        }
        for place in places where place.digits > 0 {
            let width = (place.digits + 1) / 2
            let bytes = try reader.slice(width * place.count)
            var next = 0
            for index in place.start..<place.start + place.count {
                for byte in 0..<width {
                    values[index] |= UInt64(bytes[next]) << UInt64(8 * byte)
                    next += 1
                }
            }
        }
        return values
    }

    private static func appendDecimal(_ value: UInt64, to text: inout [UInt8]) {
        if value < 10 {
            text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value))
            return
        }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = value
            var index = digits.count
            while rest > 0 {
                index -= 1
                digits[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            text.append(contentsOf: digits[index...])
        }
    }

    private static func appendHexadecimal(_ value: UInt64, digits: Int, to text: inout [UInt8]) {
        var shift = UInt64(4 * digits)
        while shift > 0 {
            shift -= 4
            let nibble = UInt8(truncatingIfNeeded: value >> shift) & 15
            text.append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
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
