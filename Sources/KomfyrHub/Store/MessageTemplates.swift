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
    /// The templates, and the one of the message that was split last.
    private var text: [UInt8] = []
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

    /// Splits messages; false: templates do not pay.
    mutating func split(_ messages: [TextRange], of bytes: UnsafeRawBufferPointer) -> Bool {
        text.removeAll(keepingCapacity: true)
        table.removeAll()
        variables.removeAll(keepingCapacity: true)
        rows.removeAll(keepingCapacity: true)
        counts.removeAll(keepingCapacity: true)
        guard messages.count >= Self.leastRows else { return false }
        for (row, range) in messages.enumerated() {
            let start = text.count
            split(ChunkTexts.slice(bytes, range))
            let (index, isNew) = text.withUnsafeBytes { text in
                let template = UnsafeRawBufferPointer(rebasing: text[start...])
                return table.index(of: template, in: text, at: UInt32(truncatingIfNeeded: start))
            }
            if isNew {
                counts.append(1)
                // It shows early when every message is of a kind of its own.
                if row & 255 == 255 && counts.count * Self.leastShare > row { return false }
            } else {
                counts[index] += 1
                text.removeLast(text.count - start)
            }
            guard variables.count <= Self.mostVariables else { return false }
            rows.append(Int64(index))
        }
        return counts.count * Self.leastShare <= messages.count
    }

    /// By byte: 1 a digit, 2 a hexadecimal letter, 3 another letter, 4 a code, 0 anything else.
    private static let classes: [UInt8] = (0..<256)
        .map { value in
            switch UInt8(value) {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): 1
            case UInt8(ascii: "a")...UInt8(ascii: "f"): 2
            case UInt8(ascii: "g")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): 3
            case MessageCode.number, MessageCode.hexadecimal, MessageCode.itself: 4
            default: 0
            }
        }

    private mutating func split(_ message: UnsafeRawBufferPointer) {
        Self.classes.withUnsafeBufferPointer { classes in
            var index = 0
            var copied = 0
            let count = message.count
            while index < count {
                let kind = classes[Int(message[index])]
                if kind == 0 {
                    index += 1
                    continue
                }
                if kind == 4 {
                    text.append(contentsOf: UnsafeRawBufferPointer(rebasing: message[copied..<index]))
                    text.append(MessageCode.itself)
                    copied = index
                    index += 1
                    continue
                }
                // A word: letters and digits.
                let start = index
                var digits = 0
                var isHexadecimal = true
                while index < count {
                    let kind = classes[Int(message[index])]
                    if kind == 0 || kind == 4 { break }
                    if kind == 1 { digits += 1 }
                    if kind == 3 { isHexadecimal = false }
                    index += 1
                }
                if digits == 0 { continue }
                text.append(contentsOf: UnsafeRawBufferPointer(rebasing: message[copied..<start]))
                copied = index
                let word = UnsafeRawBufferPointer(rebasing: message[start..<index])
                if isHexadecimal, digits < word.count, word.count >= 6 {
                    appendHexadecimal(word)
                } else {
                    appendMixed(word, classes)
                }
            }
            text.append(contentsOf: UnsafeRawBufferPointer(rebasing: message[copied...]))
        }
    }

    /// Appends a word of letters and digits: its runs of digits are variables.
    private mutating func appendMixed(_ word: UnsafeRawBufferPointer, _ classes: UnsafeBufferPointer<UInt8>) {
        var index = 0
        while index < word.count {
            let start = index
            let isDigits = classes[Int(word[index])] == 1
            while index < word.count, (classes[Int(word[index])] == 1) == isDigits { index += 1 }
            let run = UnsafeRawBufferPointer(rebasing: word[start..<index])
            if !isDigits {
                text.append(contentsOf: run)
            } else if run.count <= 18, run[0] != UInt8(ascii: "0") || run.count == 1 {
                var value: UInt64 = 0
                for byte in run { value = value * 10 + UInt64(byte - UInt8(ascii: "0")) }
                text.append(MessageCode.number)
                variables.append(value)
            } else {
                appendHexadecimal(run)
            }
        }
    }

    private mutating func appendHexadecimal(_ word: UnsafeRawBufferPointer) {
        var index = 0
        while index < word.count {
            let end = min(index + 16, word.count)
            text.append(MessageCode.hexadecimal)
            text.append(UInt8(end - index))
            var value: UInt64 = 0
            while index < end {
                let byte = word[index]
                value =
                    value << 4
                    | UInt64(byte <= UInt8(ascii: "9") ? byte - UInt8(ascii: "0") : byte - UInt8(ascii: "a") + 10)
                index += 1
            }
            variables.append(value)
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
        let bytes = text
        let (found, starts) =
            bytes.withUnsafeBytes { Self.places(table.entries, of: $0, counts: counts) } ?? ([], [])
        var places = found
        // From message by message to place by place.
        var sorted = [UInt64](repeating: 0, count: variables.count)
        var next = places.map(\.start)
        var variable = 0
        for row in rows {
            let first = starts[Int(row)]
            let end = Int(row) + 1 < starts.count ? starts[Int(row) + 1] : places.count
            for place in first..<end {
                sorted[next[place]] = variables[variable]
                next[place] += 1
                variable += 1
            }
        }
        body.bytes.appendVarint(UInt64(table.count))
        scratch.lengths.removeAll(keepingCapacity: true)
        for entry in table.entries { scratch.lengths.append(Int64(entry.length)) }
        ChunkIntegers.append(scratch.lengths, to: &body)
        body.bytes.append(contentsOf: bytes)
        body.cut()
        ChunkIntegers.append(rows, to: &body)
        for index in places.indices where places[index].digits == 0 {
            let values = sorted[places[index].start..<places[index].start + places[index].count]
            let base = values.min() ?? 0
            places[index].base = base
            places[index].width = 64 - ((values.max() ?? 0) - base).leadingZeroBitCount
            body.bytes.append(UInt8(places[index].width))
        }
        for place in places where place.digits == 0 { body.bytes.appendVarint(place.base) }
        body.cut()
        for width in 1...64 {
            scratch.lengths.removeAll(keepingCapacity: true)
            for place in places where place.digits == 0 && place.width == width {
                for value in sorted[place.start..<place.start + place.count] {
                    scratch.lengths.append(Int64(truncatingIfNeeded: value - place.base))
                }
            }
            if !scratch.lengths.isEmpty { ChunkIntegers.append(scratch.lengths, to: &body) }
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
