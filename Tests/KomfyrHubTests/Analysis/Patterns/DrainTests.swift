import struct TestSupport.SeededRandom
import Testing

@testable import KomfyrHub

@Suite struct DrainTests {
    private static let names = ["anna", "bob", "carl", "dora", "eve"]

    /// The templates of messages, sorted, and which message has which.
    private func templates(_ messages: [String]) -> (sorted: [String], ofMessage: [String], isCut: Bool) {
        var mask = MessageMask()
        var forms = FormTable()
        let formOfMessage = messages.map { message in
            Array(message.utf8).withUnsafeBytes { mask.mask($0) }
            return forms.index(of: mask.form)
        }
        let outcome = Drain.group(forms.all)
        let texts = outcome.templates.map { $0.withUnsafeBytes(MaskCode.readable) }
        return (texts.sorted(), formOfMessage.map { texts[outcome.templateOfForm[$0]] }, outcome.isCut)
    }

    static let cases: [(messages: [String], templates: [String])] = [
        // What the mask knows.
        (["took 5 ms", "took 7 ms"], ["took <num> ms"]),
        // A variable that it does not know shows by being many; what are few are patterns of their own.
        (
            names.map { "session opened for \($0) by root" } + ["session closed for bob by root"],
            ["session closed for bob by root", "session opened for <*> by root"]
        ),
        (
            names.flatMap { ["port of \($0) went up", "port of \($0) went down"] },
            ["port of <*> went down", "port of <*> went up"]
        ),
        (["job for anna done", "job for bob done"], ["job for anna done", "job for bob done"]),
        // Too little in common.
        (["disk full on host a", "disk full at noon b"], ["disk full at noon b", "disk full on host a"]),
        // Also where it is the first word, or the second.
        (names.map { "\($0) logged in now" }, ["<*> logged in now"]),
        (names.prefix(2).map { "\($0) logged in now" }, ["anna logged in now", "bob logged in now"]),
        (names.map { "user \($0) left" } + ["user of 5 left"], ["user <*> left", "user of <num> left"]),
        // What is of different length is different.
        (["a b c", "a b c d"], ["a b c", "a b c d"]),
        // Different kinds of variables are one.
        (["id 5 is gone", "id 8f14e45f is gone"], ["id <*> is gone"]),
        (["id=5 is gone", "id=8f14e45f is gone"], ["id=<*> is gone"]),
        (["link up", "link down"], ["link down", "link up"]), ([], []), ([""], ["<*>"]), (["x"], ["x"]),
    ]

    @Test(arguments: DrainTests.cases)
    func `messages become templates`(_ messages: [String], _ expected: [String]) {
        #expect(templates(messages).sorted == expected)
        #expect(templates(messages.reversed()).sorted == expected)
    }

    @Test func `no form is under a template with a word that it does not have, also where the table is full`() {
        // Sorted before the others, so they are a template when these fill the table.
        var forms = ["a link went up", "a link went down", "a port is 5 open", "a port is 5 closed"]
        for first in 0..<80 {
            for second in 0..<30 { forms.append("w\(letters(first)) x\(letters(second)) y\(letters(first + second))") }
        }
        let outcome = Drain.group(forms.map { Array($0.utf8)[...] })
        #expect(outcome.isCut)
        for (form, template) in zip(forms, outcome.templateOfForm) {
            let text = String(decoding: outcome.templates[template], as: UTF8.self)
            let (words, own) = (text.split(separator: " "), form.split(separator: " "))
            let any = String(decoding: [MaskCode.any], as: UTF8.self)
            let fits = words.count == own.count && zip(words, own).allSatisfy { $0 == any || $0 == $1 }
            #expect(fits, "\(form): \(text)")
        }
    }

    /// A word for a number, without digits, which would be a variable.
    private func letters(_ number: Int) -> String {
        String(String(number).unicodeScalars.map { Character(UnicodeScalar(UInt8($0.value) + 49)) })
    }

    @Test func `messages of which no two are alike are bounded, and it is told`() {
        var random = SeededRandom(seed: 7)
        var counter = PatternCounter()
        var table = PatternTable()
        // As the store does it: some thousands at a time.
        for part in 0..<10 {
            counter = PatternCounter()
            for row in 0..<4_000 {
                let message = (0..<1 + random.below(12))
                    .map { _ in
                        String(
                            (0..<1 + random.below(9))
                                .map { _ in Character(UnicodeScalar(97 + UInt8(random.below(26)))) }
                        )
                    }
                    .joined(separator: " ")
                Array(message.utf8)
                    .withUnsafeBytes {
                        _ = counter.add(
                            $0,
                            number: row,
                            level: 1,
                            first: 1,
                            last: 1,
                            sequence: UInt64(part * 4_000 + row)
                        )
                    }
            }
            let summary = counter.summary { _ in [0x78] }
            #expect(summary.forms.count <= HubLimits.patterns + HubLimits.patternTokens + 1)
            table.add(summary, group: 1, levels: 0b11111, isCounted: true)
        }
        let patterns = table.patterns(newSince: nil, hub: 1, limit: 10)
        #expect(patterns.isCut)
        #expect(patterns.total == 40_000)
        #expect(patterns.patterns.count == 10)
        #expect(patterns.count <= HubLimits.patterns + HubLimits.patternTokens + 1)
    }
}
