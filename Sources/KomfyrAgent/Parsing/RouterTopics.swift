/// The topics before a RouterOS (MikroTik) message: `system,info,account user admin logged in`.
///
/// Lower-case words joined by commas, one of them a level: without that, a text that begins with `a,b` is none.
struct RouterTopics {
    /// All of them.
    var all: Field
    /// The first, which names the part of the router.
    var first: Field
    /// The severity that the level among them means.
    var severity: Int

    /// Reads them; nil when they are not there.
    init?(_ view: ByteView, at position: Int) {
        guard view[position].isLower else { return nil }
        var wordStart = position
        var end = position
        var firstEnd = 0
        var severity: Int?
        while true {
            let byte = view[end]
            if byte.isLower || byte.isDigit || byte == UInt8(ascii: "-") {
                end += 1
                continue
            }
            guard end > wordStart, end - position <= 128 else { return nil }
            if let level = Self.severity(view, Field(start: wordStart, end: end)) { severity = level }
            if firstEnd == 0 { firstEnd = end }
            guard byte == UInt8(ascii: ",") else { break }
            end += 1
            wordStart = end
        }
        guard let severity, view[end] == .space, firstEnd < end else { return nil }
        all = Field(start: position, end: end)
        first = Field(start: position, end: firstEnd)
        self.severity = severity
    }

    private static func severity(_ view: ByteView, _ word: Field) -> Int? {
        switch word.count {
        case 4: view.has("info", at: word.start) ? 6 : nil
        case 5: view.has("error", at: word.start) ? 3 : view.has("debug", at: word.start) ? 7 : nil
        case 7: view.has("warning", at: word.start) ? 4 : nil
        case 8: view.has("critical", at: word.start) ? 2 : nil
        default: nil
        }
    }
}
