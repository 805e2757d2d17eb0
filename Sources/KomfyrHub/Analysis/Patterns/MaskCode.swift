/// What stands in a form for a variable: one byte, which no text has, since control characters count as blanks there.
enum MaskCode {
    /// A number: also a date, a time of day, a version, numbers with `.`, `,`, `:`, `/` or `-` between them.
    static let number: UInt8 = 0x01
    /// At least six hexadecimal digits, numbers and letters, or eight letters; what begins with `0x`; MAC addresses.
    static let hexadecimal: UInt8 = 0x02
    static let uuid: UInt8 = 0x03
    /// IPv4 and IPv6.
    static let address: UInt8 = 0x04
    /// A path of a file or of a request; a URL.
    static let path: UInt8 = 0x05
    /// What stands in quotes.
    static let quoted: UInt8 = 0x06
    /// Anything.
    static let any: UInt8 = 0x07

    static let all = number...any

    /// How an operator reads it.
    private static func name(_ code: UInt8) -> StaticString {
        switch code {
        case number: "<num>"
        case hexadecimal: "<hex>"
        case uuid: "<uuid>"
        case address: "<ip>"
        case path: "<path>"
        case quoted: "<str>"
        default: "<*>"
        }
    }

    /// A form as an operator reads it.
    static func readable(_ form: UnsafeRawBufferPointer) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(form.count + 32)
        for byte in form {
            if all.contains(byte) {
                name(byte).withUTF8Buffer { text.append(contentsOf: $0) }
            } else {
                text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
