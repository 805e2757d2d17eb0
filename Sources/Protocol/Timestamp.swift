/// Times as nanoseconds since 1970-01-01T00:00:00Z (Int64: 1677 to 2262), read from and written to text as bytes.
public enum Timestamp {
    /// Reads an RFC 3339 time (also with a blank for `T`, a comma before the fraction, no seconds' fraction or any
    /// number of its digits; without a zone it is UTC).
    /// - Returns: nil when it is not one, or lies outside of what Int64 nanoseconds hold.
    public static func parse(_ bytes: UnsafeRawBufferPointer) -> Int64? { nil }

    /// Reads a number of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by magnitude; a
    /// fraction is kept.
    public static func parseNumber(_ bytes: UnsafeRawBufferPointer) -> Int64? { nil }

    /// Appends `2026-11-23T05:23:52.123Z`: with milliseconds, or as many of 6 or 9 digits as the time has.
    public static func append(_ nanoseconds: Int64, to bytes: inout [UInt8]) {}

    /// The text of a time.
    public static func text(_ nanoseconds: Int64) -> String {
        var bytes: [UInt8] = []
        append(nanoseconds, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Days since 1970-01-01 of a date of the proleptic Gregorian calendar (Howard Hinnant, chrono-compatible
    /// low-level date algorithms).
    public static func days(year: Int, month: Int, day: Int) -> Int { 0 }

    /// The date of a day since 1970-01-01.
    public static func date(days: Int) -> (year: Int, month: Int, day: Int) { (1970, 1, 1) }
}
