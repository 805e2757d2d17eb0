import struct TestSupport.SeededRandom
import Testing

@testable import KomfyrHub

@Suite struct MessageMaskTests {
    private func masked(_ message: String) -> String { masked(Array(message.utf8)) }

    private func masked(_ message: [UInt8]) -> String {
        var mask = MessageMask()
        message.withUnsafeBytes { mask.mask($0) }
        return mask.form.withUnsafeBytes(MaskCode.readable)
    }

    @Test(arguments: [
        // Numbers.
        ("took 12 ms", "took <num> ms"), ("took 12ms", "took <num>ms"), ("took 1.5s", "took <num>s"),
        ("temperature=-18.5 humidity=45", "temperature=<num> humidity=<num>"), ("1,234,567 rows", "<num> rows"),
        ("3/5 done (60%)", "<num> done (<num>%)"), ("at 12:30:01.123", "at <num>"), ("v1.2.3-4", "v<num>"),
        ("2026-11-23T05:00:00.125Z up", "<num> up"), ("2026-11-23 05:00:00,125 up", "<num> <num> up"),
        ("2026-11-23T05:00:00+02:00 up", "<num> up"), ("eth0 vlan-12", "eth<num> vlan-<num>"),
        ("10-20ms", "<num>-<num>ms"), ("x=1e-5", "x=<num>e-<num>"), ("a-1", "a-<num>"), ("a 1-b", "a <num>-b"),
        ("00000000000000000000000123", "<num>"), ("1920x1080", "<num>x<num>"), ("5Z", "<num>Z"),
        // Hexadecimal.
        ("commit 8f14e45f done", "commit <hex> done"), ("at 0xDEADbeef", "at <hex>"), ("0x1", "<hex>"),
        ("decade facade", "decade facade"), ("edacbeac", "<hex>"), ("mac 00:1a:2b:3c:4d:5e", "mac <hex>"),
        ("mac 00-1a-2b-3c-4d-5e", "mac <hex>"), ("mac 001a.2b3c.4d5e", "mac <hex>"), ("dead:beef", "dead:beef"),
        // UUIDs.
        ("id=8f14e45f-ceea-467f-a8cf-0123456789ab.", "id=<uuid>."),
        ("{8F14E45F-CEEA-467F-A8CF-0123456789AB}", "{<uuid>}"),
        ("8f14e45f-ceea-467f-a8cf-0123456789abc", "<hex>-ceea-<num>f-a<num>cf-<hex>"),
        // Addresses.
        ("from 10.0.0.7 port 51544", "from <ip> port <num>"), ("10.0.0.7:8080", "<ip>:<num>"),
        ("10.0.0.0/24", "<ip>/<num>"), ("10.0.0.1,10.0.0.2", "<ip>,<ip>"), ("1.2.3.4.5", "<num>"),
        ("fe80::1%eth0", "<ip>%eth<num>"), ("::1", "<ip>"), ("[2001:db8::8a2e:370:7334]:443", "[<ip>]:<num>"),
        ("2001:0db8:85a3:0000:0000:8a2e:0370:7334", "<ip>"), ("::ffff:10.1.2.3 x", "<ip> x"),
        ("std::vector", "std::vector"),
        ("a::b c", "a::b c"), ("12:34:56", "<num>"),
        // Paths.
        ("open /var/log/x.log.", "open <path>."), ("file=/etc/hosts:12", "file=<path>:<num>"),
        ("GET / 200", "GET <path> <num>"),
        ("GET /a?b=1&c=2 200", "GET <path> <num>"), ("read/write", "read/write"),
        ("~/a ./b ../c", "<path> <path> <path>"),
        (#"C:\Windows\x.dll gone"#, "<path> gone"), (#"\\host\share gone"#, "<path> gone"),
        ("see https://a.example:8443/x?y=[1],", "see <path>],"), ("N/A", "N/A"), ("(/a)", "(<path>)"),
        // Quotes.
        (#"user "Ann Lee" in"#, "user <str> in"), ("user='Ann Lee', x", "user=<str>, x"),
        ("can't and won't", "can't and won't"),
        ("'it isn't'", "<str>"), (#"a "b \" c" d"#, "a <str> d"), (#"open " quote"#, #"open " quote"#),
        ("`x y` z", "<str> z"),
        (#"{"level":"info","n":1}"#, #"{"level":<str>,"n":<num>}"#),
        (#"msg="all done 5" k="v w""#, #"msg="all done <num>" k=<str>"#),
        (#"{"msg":"all done","k":"v"}"#, #"{"msg":"all done","k":<str>}"#), (#""" x"#, "<str> x"),
        (#"table "a b": index"#, "table <str>: index"), (#"{ "a b" : 1 }"#, #"{ <str> : <num> }"#),
        // Ids without a form of their own.
        ("session Kj3xR9tL2mQ8 ends", "session <*> ends"), ("x86_64", "x<num>_<num>"),
        // Lines and blanks.
        ("a\tb  c \r\n", "a b c"),
        ("Error: x\n\tat a.b(C.java:1)\n\tat d\nCaused by: y\n  at z", "Error: x <*> Caused by: y <*>"),
        ("a\nb", "a b"), ("   ", "<*>"), ("", "<*>"), ("\u{1}\u{7}", "<*>"), ("å 5 ø", "å <num> ø"),
        ("温度5度", "温度<num>度"),
    ])
    func `a message becomes its form`(_ message: String, _ form: String) {
        #expect(masked(message) == form)
    }

    @Test func `of a long message only the first words count, and that is told`() {
        let words = Array(repeating: "word", count: 1_000).joined(separator: " ")
        #expect(
            masked(words) == Array(repeating: "word", count: HubLimits.patternTokens).joined(separator: " ") + " <*>"
        )
        let exact = Array(repeating: "word", count: HubLimits.patternTokens).joined(separator: " ")
        #expect(masked(exact) == exact)
        #expect(masked(exact + " \n") == exact)
    }

    @Test(arguments: [
        "x", "x ", "1 ", "\"", "'", "\" ", "a\"", "/", "ø", "\n ", "\n", "\\", "::", "a=\"", "0x", "1.", "\u{1}",
        "[{\"",
    ])
    func `a megabyte of anything has a short form`(_ piece: String) {
        let message = Array(String(repeating: piece, count: (1 << 20) / piece.utf8.count).utf8)
        var mask = MessageMask()
        message.withUnsafeBytes { mask.mask($0) }
        #expect(mask.form.count <= HubLimits.patternFormBytes + HubLimits.patternTokenBytes + 32)
        #expect(!mask.form.isEmpty)
        #expect(!masked(message).contains("\u{FFFD}"))
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `whatever the bytes are, the form is words between blanks, with seed`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let alphabet = Array("aZ0.:-/\\\"'`= \n\t{}[]<>~T+_xf".utf8) + [0xC3, 0xB8, 0x00, 0xFF]
        for _ in 0..<500 {
            let isText = random.chance(1, in: 2)
            let message = (0..<random.below(200))
                .map { _ in isText ? alphabet[random.below(alphabet.count)] : UInt8(random.below(256)) }
            var mask = MessageMask()
            message.withUnsafeBytes { mask.mask($0) }
            let words = mask.form.split(separator: 0x20, omittingEmptySubsequences: false)
            #expect(words.allSatisfy { !$0.isEmpty })
            #expect(mask.form.allSatisfy { $0 > 0x20 && $0 != 0x7F || $0 == 0x20 || MaskCode.all.contains($0) })
        }
    }

    @Test func `no prefix of a message is read beyond its end`() {
        let message = Array(
            "a 10.0.0.1:80 fe80::1 8f14e45f-ceea-467f-a8cf-0123456789ab \"q\" C:\\x 0x1 1.5s 2026-11-23T05:00:00Z ~/a"
                .utf8
        )
        for count in 0...message.count {
            // An allocation of its own, so that a checker finds what reads beyond it.
            let part = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
            defer { part.deallocate() }
            part.copyBytes(from: message[..<count])
            var mask = MessageMask()
            mask.mask(UnsafeRawBufferPointer(part))
            #expect(!mask.form.isEmpty)
        }
    }
}
