/// The names of zones that devices write behind their times.
///
/// A name that the input's own zone has (`timezone`) means that zone: with `Asia/Shanghai` `CST` is China's. Otherwise
/// it means what this table says. Some names mean several zones; they are read as most who send syslog mean them:
///
/// | name | read as | also means |
/// |---|---|---|
/// | CST, CDT | North America | China, Cuba |
/// | EST, EDT | North America | Australia of old |
/// | IST | India | Ireland, Israel |
/// | BST | Britain's summer | Bangladesh |
/// | AST | the Atlantic | Arabia |
/// | PST | North America | the Philippines |
///
/// Whoever has other devices gives the input a `timezone`, or lets them write an offset.
enum ZoneNames {
    /// Reads a zone's name.
    ///
    /// The names of the second list could be hosts: they count only before a colon, where no host can stand. One that
    /// is unknown counts there too, when Cisco's mnemonic follows; its offset is nil.
    /// Where the bytes end nothing can be mistaken: there all names count.
    static func read(_ view: ByteView, at position: Int, of zone: Zone) -> (seconds: Int?, end: Int)? {
        var end = position
        while view[end].isUpper && end - position <= 5 { end += 1 }
        let length = end - position
        guard length >= 1, length <= 5 else { return nil }
        let behind = view[end]
        let isBeforeColon = behind == .colon || end >= view.count
        guard isBeforeColon || behind == .space else { return nil }
        let known =
            minutes(view, at: position, length, in: sure)
            ?? (isBeforeColon ? minutes(view, at: position, length, in: beforeColon) : nil)
        if let own = zone.offset(named: view[Field(start: position, end: end)]), known != nil || isBeforeColon {
            return (own, end)
        }
        if let known { return (known * 60, end) }
        // `HOST:` may be a tag in upper case; a zone is followed by a colon and Cisco's mnemonic.
        let isBeforeMnemonic = view[view.skippingBlanks(from: end + 1)] == UInt8(ascii: "%")
        return behind == .colon && isBeforeMnemonic && length >= 2 ? (nil, end) : nil
    }

    private static func minutes(
        _ view: ByteView,
        at position: Int,
        _ length: Int,
        in names: [(StaticString, Int)]
    ) -> Int? {
        for (name, minutes) in names where name.utf8CodeUnitCount == length && view.has(name, at: position) {
            return minutes
        }
        return nil
    }

    /// In minutes east of Greenwich.
    private static let sure: [(StaticString, Int)] = [
        ("UTC", 0), ("GMT", 0), ("CET", 60), ("CEST", 120), ("Z", 0), ("EST", -300), ("EDT", -240), ("CST", -360),
        ("CDT", -300), ("MST", -420), ("MDT", -360), ("PST", -480), ("PDT", -420), ("BST", 60), ("WET", 0),
        ("WEST", 60), ("EET", 120), ("EEST", 180), ("MSK", 180), ("JST", 540), ("AEST", 600), ("AEDT", 660),
        ("NZST", 720), ("NZDT", 780), ("ACST", 570), ("ACDT", 630), ("AWST", 480), ("AKST", -540), ("AKDT", -480),
    ]

    private static let beforeColon: [(StaticString, Int)] = [
        ("IST", 330), ("HST", -600), ("AST", -240), ("ADT", -180), ("NST", -210), ("NDT", -150), ("SAST", 120),
        ("HKT", 480), ("SGT", 480), ("KST", 540), ("IDT", 180), ("BRT", -180), ("ART", -180), ("CLT", -240),
        ("PKT", 300), ("GST", 240), ("WIB", 420), ("ICT", 420), ("PHT", 480), ("TRT", 180), ("MEZ", 60), ("MESZ", 120),
        ("CAT", 120), ("EAT", 180), ("WAT", 60),
    ]
}
