/// What stands in a template for something else.
enum MessageCode {
    /// A decimal number of at most 18 digits without zeros before it.
    static let number: UInt8 = 0x11
    /// Hexadecimal digits in lower case; the byte behind it says how many, 1 to 16.
    static let hexadecimal: UInt8 = 0x12
    /// The byte behind it is one of these three, and stands for itself.
    static let itself: UInt8 = 0x13
}

/// A variable of a template.
struct TemplatePlace {
    /// How many hexadecimal digits; 0: a number.
    var digits: Int
    /// How many rows have it.
    var count: Int
    /// Where its values begin.
    var start: Int
    var base: UInt64 = 0
    var width = 0

    /// The places of templates, in order, and where each template's begin; nil: they are damaged.
    static func places(
        _ templates: [TextRange],
        of text: UnsafeRawBufferPointer,
        counts: [Int]
    ) -> (places: [TemplatePlace], starts: [Int])? {
        var places: [TemplatePlace] = []
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
                places.append(TemplatePlace(digits: digits, count: counts[template], start: start))
                start += counts[template]
            }
        }
        return (places, starts)
    }
}
