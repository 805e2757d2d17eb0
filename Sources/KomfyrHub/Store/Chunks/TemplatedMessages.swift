/// The messages of a chunk in form 1, as they are stored: templates, and the variables of each message.
///
/// It lives no longer than the bytes that it was read of.
struct TemplatedMessages {
    private let text: UnsafeRawBufferPointer
    private let templates: [TextRange]
    /// Which template each row has; all are below `count`.
    let ids: [Int64]
    private let places: [TemplatePlace]
    /// Where each template's places begin, and where the last one's end.
    private let starts: [Int]
    /// Place by place.
    private let values: [UInt64]
    /// Where the field ends.
    private let end: Int

    /// How many templates there are.
    var count: Int { templates.count }

    init(_ reader: inout ByteReader, rows: Int) throws(FormatProblem) {
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
        guard var (places, starts) = TemplatePlace.places(templates, of: text, counts: counts) else {
            throw .invalid("template", at: reader.offset)
        }
        starts.append(places.count)
        values = try Self.values(&reader, &places)
        guard reader.remaining == 0 else { throw .invalid("length", at: reader.offset) }
        self.end = reader.offset
        self.text = text
        self.templates = templates
        self.ids = ids
        self.places = places
        self.starts = starts
    }

    /// All messages.
    func column() throws(FormatProblem) -> TextColumn {
        var column = TextColumn()
        column.ranges.reserveCapacity(ids.count)
        // How many messages of each template were there already.
        var numbers = [Int](repeating: 0, count: count)
        for id in ids {
            let offset = column.text.count
            append(numbers[Int(id)], of: Int(id), to: &column.text)
            numbers[Int(id)] += 1
            guard column.text.count <= HubLimits.chunkPlainBytes else { throw .invalid("length", at: end) }
            let length = column.text.count - offset
            column.ranges.append(length == 0 ? .none : TextRange(offset: UInt32(offset), length: UInt32(length)))
        }
        return column
    }

    /// Appends a message: the one with this number, from 0, among those of its template.
    func append(_ number: Int, of id: Int, to message: inout [UInt8]) {
        var place = starts[id]
        let template = ChunkTexts.slice(text, templates[id])
        var index = 0
        var copied = 0
        while index < template.count {
            let byte = template[index]
            guard byte >= MessageCode.number, byte <= MessageCode.itself else {
                index += 1
                continue
            }
            message.append(contentsOf: UnsafeRawBufferPointer(rebasing: template[copied..<index]))
            index += byte == MessageCode.number ? 1 : 2
            // `TemplatePlace.places` has made sure that a byte follows.
            copied = byte == MessageCode.itself ? index - 1 : index
            if byte == MessageCode.itself { continue }
            let value = values[places[place].start + number]
            if places[place].digits == 0 {
                Self.appendDecimal(value, to: &message)
            } else {
                Self.appendHexadecimal(value, digits: places[place].digits, to: &message)
            }
            place += 1
        }
        message.append(contentsOf: UnsafeRawBufferPointer(rebasing: template[copied...]))
    }

    /// The variables, place by place.
    private static func values(
        _ reader: inout ByteReader,
        _ places: inout [TemplatePlace]
    ) throws(FormatProblem) -> [UInt64] {
        var total = 0
        for index in places.indices {
            total += places[index].count
            guard total <= MessageTemplates.mostVariables else { throw .invalid("variables", at: reader.offset) }
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
