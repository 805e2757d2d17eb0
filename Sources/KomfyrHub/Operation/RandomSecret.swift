import Crypto

/// Random texts that open something: API keys, login codes, session ids.
///
/// Only their digests are ever stored.
enum RandomSecret {
    /// A new API key: `kmf_` and 32 URL-safe characters, 192 random bits.
    static func newKey() -> String { "kmf_" + text() }

    /// A new share token: `kms_` and 32 URL-safe characters, so that it can be told from a key where it turns up.
    static func newShareToken() -> String { "kms_" + text() }

    /// 32 URL-safe characters, 192 random bits.
    static func text() -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var source = SystemRandomNumberGenerator()
        let characters = (0..<32).map { _ in alphabet[Int(source.next() & 63)] }
        return String(decoding: characters, as: UTF8.self)
    }

    /// Whether a text has the form of a key or a share token, so that it is worth asking Redis about.
    static func isKey(_ text: String) -> Bool {
        text.utf8.count == 36 && (text.utf8.starts(with: "kmf_".utf8) || text.utf8.starts(with: "kms_".utf8))
            && isText(text.utf8.dropFirst(4))
    }

    /// Whether a text has the form of a code or a session id.
    static func isText(_ text: some Collection<UInt8>) -> Bool {
        text.count == 32
            && text.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}

/// The SHA-256 of a secret: what is stored and compared in its place.
///
/// Looking one up takes a time that depends on digests only, which a guesser cannot steer towards a stored one; `==`
/// looks at all 256 bits in any case.
struct SecretDigest: Sendable, Hashable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The digest of a secret.
    init(of secret: String) {
        var hash = SHA256()
        var secret = secret
        secret.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        words = hash.finalize()
            .withUnsafeBytes { bytes in
                (
                    bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                    bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                    bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self),
                    bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
                )
            }
    }

    /// Reads 64 hex digits.
    init?(text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 64 else { return nil }
        var words: [UInt64] = []
        for start in stride(from: 0, to: 64, by: 16) {
            let part = String(decoding: digits[start..<start + 16], as: UTF8.self)
            guard part.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
                let word = UInt64(part, radix: 16)
            else { return nil }
            words.append(UInt64(bigEndian: word))
        }
        self.words = (words[0], words[1], words[2], words[3])
    }

    /// 64 hex digits, as in Redis.
    var text: String {
        [words.0, words.1, words.2, words.3]
            .map { word in
                let digits = String(UInt64(bigEndian: word), radix: 16)
                return String(repeating: "0", count: 16 - digits.count) + digits
            }
            .joined()
    }

    static func == (left: SecretDigest, right: SecretDigest) -> Bool {
        let difference =
            (left.words.0 ^ right.words.0) | (left.words.1 ^ right.words.1) | (left.words.2 ^ right.words.2)
            | (left.words.3 ^ right.words.3)
        return difference == 0
    }

    func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}
