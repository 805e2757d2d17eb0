import Protocol
import Testing

struct AgreementTests {
    @Test(arguments: [
        ("info", Level.info), ("INFO", .info), ("Warn", .warning), ("warning", .warning), ("err", .error),
        ("ERROR", .error), ("fatal", .critical),
        ("notice", .info), ("trace", .debug), ("0", .critical), ("3", .error), ("4", .warning), ("6", .info),
        ("7", .debug), ("emerg", .critical),
    ])
    func `a level's aliases are understood in any case`(name: String, level: Level) {
        #expect(Level(name: name) == level)
    }

    @Test(arguments: ["", "8", "-1", "loud", "information!", "warningg", "inf", "критично", "10"])
    func `what is no level is nil`(name: String) {
        #expect(Level(name: name) == nil)
    }

    @Test func `levels are ordered by seriousness, not by name`() {
        #expect(Level.allCases.sorted() == [.debug, .info, .warning, .error, .critical])
        #expect(Level.critical > Level.debug)
    }

    @Test func `an identity is written and read back`() throws {
        let identity = BatchIdentity(agent: "gw-1_x", generation: .init(high: 1, low: .max), sequence: 42)
        #expect(identity.text == "gw-1_x.0000000000000001ffffffffffffffff/42")
        #expect(BatchIdentity(text: identity.text) == identity)
        #expect(BatchIdentity.Generation.random() != BatchIdentity.Generation.random())
    }

    @Test(arguments: [
        "", "/", "a/1", "a.b/1", ".0000000000000001ffffffffffffffff/1", "a.0000000000000001ffffffffffffffff/0",
        "a.0000000000000001ffffffffffffffff/",
        "a.0000000000000001FFFFFFFFFFFFFFFF/1", "a.0000000000000001ffffffffffffffff/18446744073709551616",
        "a.0000000000000001ffffffffffffffff/1x",
        "a b.0000000000000001ffffffffffffffff/1", "å.0000000000000001ffffffffffffffff/1",
        "a.0000000000000001fffffffffffffff/1",
    ])
    func `what is no identity is nil`(text: String) {
        #expect(BatchIdentity(text: text) == nil)
    }

    @Test(
        arguments: [
            ("a", "a", true), ("a", "a:b", false), ("a", nil, false), ("a:*", "a", true), ("a:*", "a:b", true),
            ("a:*", "a:b:c", true), ("a:*", "ab", false),
            ("a:*", nil, false), ("*", nil, true), ("*", "x:y", true), ("a*", "ab", false), ("a?", "ab", false),
            ("[a]", "a", false), ("a:b*", "a:bc", false),
            (":*", "a", false),
        ] as [(String, String?, Bool)]
    )
    func `a pattern means a group, or a group with all below it, and no other character is a pattern`(
        pattern: String,
        group: String?,
        matches: Bool
    ) {
        #expect(GroupPattern(pattern).matches(group) == matches)
        #expect(GroupPattern(pattern).text == pattern)
    }

    @Test(
        arguments: [
            ("a", nil), ("a:b c:ø", nil), ("", .empty), (":a", .emptyPart), ("a:", .emptyPart), ("a::b", .emptyPart),
            ("a*", .badCharacter(at: 1)), ("a\n", .badCharacter(at: 1)),
        ] as [(String, GroupName.Problem?)]
    )
    func `a group's name is checked`(name: String, problem: GroupName.Problem?) {
        var found: GroupName.Problem?
        Array(name.utf8)
            .withUnsafeBytes { bytes in
                do throws(GroupName.Problem) { try GroupName.check(bytes) } catch { found = error }
            }
        #expect(found == problem)
    }
}
