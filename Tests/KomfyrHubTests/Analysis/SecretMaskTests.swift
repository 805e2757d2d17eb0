import TestSupport
import Testing

@testable import KomfyrHub

@Suite struct SecretMaskTests {
    @Test(arguments: SecretTable.secrets)
    func `a secret is masked, and what stands around it stays`(_ known: SecretTable.Case) {
        let masked = SecretMask.masked(known.text)
        for secret in known.secrets { #expect(!masked.contains(secret), "\(masked)") }
        for kept in known.kept { #expect(masked.contains(kept), "\(masked)") }
        #expect(masked.contains("[masked]"))
        #expect(SecretMask.masked(masked) == masked)
    }

    @Test(arguments: SecretTable.harmless)
    func `what is no secret stays as it is`(_ text: String) {
        #expect(SecretMask.masked(text) == text)
    }

    @Test(arguments: SecretTable.secrets)
    func `a secret is masked within other text too`(_ known: SecretTable.Case) {
        for text in ["[2026-11-23 05:00:00] app[12]: " + known.text, "(" + known.text, "a, b; " + known.text] {
            let masked = SecretMask.masked(text)
            for secret in known.secrets { #expect(!masked.contains(secret), "\(masked)") }
        }
    }

    @Test func `names of members tell whether even their numbers are secret`() {
        for name in ["password", "user.password", "API-Key", "db.apiKey", "otp"] {
            #expect(SecretMask.isSecretName(name), "\(name)")
        }
        for name in ["temperature", "token_count", "password_age", "key", "session", "", "1"] {
            #expect(!SecretMask.isSecretName(name), "\(name)")
        }
    }

    @Test(arguments: 0..<40)
    func `a masked text masks to itself, whatever it was`(_ seed: Int) {
        var random = SeededRandom(seed: UInt64(seed) * 1_000_003)
        let words =
            ["password", "token", "authorization", "Bearer ", "Basic ", "cookie", "--password", "[masked]", "x", "5"]
            + ["a@b.com", "://", "user:", "@", "@host", "AKIAIOSFODNN7EXAMPLE", "4111 1111 1111 1111", "\\\"", "é"]
            + ["-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOi", "%40"]
            + ["ghp_16C7e42F292c6912E7710c838347Ae178B4a", "sk-aaaaaaaaaaaaaaaaaaaaa1", "session", "code", "by '"]
            + [
                "=", ":", ": ", " = ", "=>", "==", " ", " ", ",", ";", "&", "?", "\"", "'", "`", "<", ">", "[", "]",
                "{",
            ]
            + [
                "}", "(", ")", ".", "-", "_", "/", "\\", "\n", "%3D", "#", "null", "digest ", "NO9386011117947",
                "secret",
            ]
        for _ in 0..<200 {
            let text = (0..<(1 + random.below(14))).map { _ in words[random.below(words.count)] }.joined()
            let once = SecretMask.masked(text)
            let twice = SecretMask.masked(once)
            #expect(twice == once, "\(text.debugDescription)")
        }
    }

    @Test(arguments: 0..<20)
    func `any bytes are masked without a crash`(_ seed: Int) {
        var random = SeededRandom(seed: UInt64(seed) * 1_000_003)
        let signs = Array("=:@%-<>\"'\\[]{} \n/?&;,.password4111eyJ".utf8)
        for _ in 0..<200 {
            let bytes = (0..<random.below(200))
                .map { _ in
                    random.chance(2, in: 3) ? signs[random.below(signs.count)] : UInt8(random.below(256))
                }
            _ = SecretMask.masked(bytes)
        }
    }

    @Test(arguments: SecretTable.secrets)
    func `a text cut anywhere is masked without a crash`(_ known: SecretTable.Case) {
        let bytes = Array(known.text.utf8)
        for end in 0...bytes.count {
            _ = SecretMask.masked(Array(bytes[..<end]))
            _ = SecretMask.masked(Array(bytes[end...]))
        }
    }

    @Test(arguments: [
        "a", "=", "password=", "password ", "://", "a://b:c/", "x@", "eyJ-", "sk-", "Bearer ", "-----BEGIN ", "\"", "[",
        "password='", "token: [", "<password>", "4111 ", "cookie: a; ", "password=a&", "authorization: digest a=\"",
        "-----END PRIVATE KEY-----", "\\", "a.b@c.d.", "NO93 ",
    ])
    func `a text that repeats costs no more than its length`(_ part: String) {
        // A text of 32 KiB that is looked at again from each of its places takes minutes.
        let text = Array(String(repeating: part, count: (32 << 10) / part.utf8.count).utf8)
        #expect(SecretMask.masked(text).count <= text.count * 9)
    }
}
