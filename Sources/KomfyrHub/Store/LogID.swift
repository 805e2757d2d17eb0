import Protocol

extension LogID {
    /// The bits of the sequence that an id shows.
    static let sequenceMask: UInt64 = (1 << 40) - 1

    /// The id of a log of this time (its own, in nanoseconds since 1970) and sequence (all 64 bits; it keeps 40).
    init(timestamp: Int64, hub: UInt8, group: UInt32, sequence: UInt64) {
        self.init(
            seconds: Self.floorDivide(timestamp, 1_000_000_000),
            hub: hub,
            group: group,
            sequence: sequence & Self.sequenceMask
        )
    }

    /// `log_20261123052352_` and 16 hex digits.
    var text: String {
        var bytes: [UInt8] = []
        appendText(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the text form.
    func appendText(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "log_".utf8)
        let day = Self.floorDivide(seconds, 86_400)
        let second = Int(seconds - day * 86_400)
        let date = Timestamp.date(days: Int(day))
        Self.appendDigits(date.year, 4, to: &bytes)
        Self.appendDigits(date.month, 2, to: &bytes)
        Self.appendDigits(date.day, 2, to: &bytes)
        Self.appendDigits(second / 3_600, 2, to: &bytes)
        Self.appendDigits(second / 60 % 60, 2, to: &bytes)
        Self.appendDigits(second % 60, 2, to: &bytes)
        bytes.append(UInt8(ascii: "_"))
        let number = UInt64(hub & 0x3F) << 58 | UInt64(group & 0x3FFFF) << 40 | sequence & Self.sequenceMask
        for shift in stride(from: UInt64(60), through: 0, by: -4) {
            let digit = UInt8(number >> shift & 0xF)
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    /// Reads the text form.
    /// - Returns: nil when it is not of that form, or names a time that does not exist.
    init?(text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 35, bytes.starts(with: "log_".utf8), bytes[18] == UInt8(ascii: "_"),
            let year = Self.digits(bytes[4..<8]), let month = Self.digits(bytes[8..<10]),
            let day = Self.digits(bytes[10..<12]), let hour = Self.digits(bytes[12..<14]),
            let minute = Self.digits(bytes[14..<16]), let second = Self.digits(bytes[16..<18]),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        let days = Timestamp.days(year: year, month: month, day: day)
        guard Timestamp.date(days: days) == (year, month, day) else { return nil }
        var number: UInt64 = 0
        for byte in bytes[19...] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        self.init(
            seconds: Int64(days) * 86_400 + Int64(hour * 3_600 + minute * 60 + second),
            hub: UInt8(number >> 58),
            group: UInt32(number >> 40 & 0x3FFFF),
            sequence: number & Self.sequenceMask
        )
    }

    /// The full sequence number: the highest one at or below `newest` that ends in the id's 40 bits.
    ///
    /// At a million logs a second 40 bits last twelve days, longer than logs are kept by default.
    func fullSequence(newest: UInt64) -> UInt64? {
        let candidate = newest & ~Self.sequenceMask | sequence
        if candidate <= newest { return candidate }
        return candidate > Self.sequenceMask ? candidate - (Self.sequenceMask + 1) : nil
    }

    static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }

    private static func appendDigits(_ value: Int, _ count: Int, to bytes: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<count { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }

    private static func digits(_ bytes: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for byte in bytes {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value
    }
}
