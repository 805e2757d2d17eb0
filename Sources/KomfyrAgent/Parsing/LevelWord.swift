/// Facility and severity in words, as some write them between host and tag.
///
/// ```
///  Nov 23 08:00:01 host daemon.info dnsmasq[1]: text     BusyBox's file, Ruckus access points
///  Mon Nov 23 08:00:01 2026 daemon.info dnsmasq[1]: …    OpenWrt's logread
///  Nov 23 08:00:01 bigip1 notice mcpd[6789]: text        F5: the severity alone, a tag behind it
/// ```
struct LevelWord {
    /// 0 to 23; nil when only the severity is there.
    var facility: Int?
    /// 0 to 7.
    var severity: Int
    /// Behind the blanks that follow.
    var end: Int

    /// Reads the words; nil when they are not there.
    init?(_ view: ByteView, at position: Int) {
        // Most tags have a bracket or a colon where a word here has its blank.
        guard view[position].isLower else { return nil }
        var end = position
        var dot: Int?
        while end - position <= 20 {
            let byte = view[end]
            if byte == UInt8(ascii: "."), dot == nil {
                dot = end
            } else if !byte.isLower && !(byte.isDigit && dot == nil) {
                break
            }
            end += 1
        }
        guard end > position + 2, view[end] == .space else { return nil }
        let word = Field(start: dot.map { $0 + 1 } ?? position, end: end)
        guard let severity = Self.severity(view, word) else { return nil }
        self.severity = severity
        self.end = view.skippingBlanks(from: end)
        if let dot {
            guard let facility = Self.facility(view, Field(start: position, end: dot)) else { return nil }
            self.facility = facility
        } else {
            guard SyslogParser.readTag(view, at: self.end) != nil else { return nil }
        }
    }

    private static func severity(_ view: ByteView, _ word: Field) -> Int? {
        for severity in 0...7 where isEqual(view, word, SyslogNames.severity(severity)) { return severity }
        if isEqual(view, word, "warn") { return 4 }
        if isEqual(view, word, "error") { return 3 }
        if isEqual(view, word, "panic") { return 0 }
        return isEqual(view, word, "critical") ? 2 : nil
    }

    private static func facility(_ view: ByteView, _ word: Field) -> Int? {
        for facility in 0...23 where isEqual(view, word, SyslogNames.facility(facility)) { return facility }
        return isEqual(view, word, "security") ? 4 : nil
    }

    private static func isEqual(_ view: ByteView, _ word: Field, _ text: StaticString) -> Bool {
        word.count == text.utf8CodeUnitCount && view.has(text, at: word.start)
    }
}
