import Protocol
import Testing

import struct TestSupport.SeededRandom

@testable import KomfyrHub

@Suite struct SearchModelTests {
    @Test(arguments: 1...40)
    func `random searches find what a reading letter by letter finds, seed`(_ seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        var found = 0
        var passedOver = 0
        for _ in 0..<8 {
            let group: String? = [nil, "a", "a:b", "c"][random.below(4)]
            let logs = (0..<1 + random.below(40)).map { _ in random.log(group: group) }
            let tail = RowBlock(tail: SearchLog.rows(logs))
            let rows = SearchLog.rows(logs)
            let chunk = SearchLog.chunk(logs)
            let facts = SearchLog.facts(logs)
            var words = TailWords()
            words.add(rows, leastBytes: 0)
            for _ in 0..<40 {
                let model = random.search()
                let search = try Search(model.written)
                let chosen = logs.indices.filter { _ in random.chance(3, in: 4) }.map(UInt32.init)
                let expected = chosen.filter { model.matches(logs[Int($0)]) }
                for block in [tail, chunk] {
                    var selected = chosen
                    search.filter(&selected, in: block, group: group)
                    #expect(selected == expected, "\(model.written)")
                }
                let streamed = chosen.filter { search.matches(rows.columns, row: Int($0), group: group) }
                #expect(streamed == expected, "\(model.written)")
                // A tail or a chunk is passed over only when it has no match.
                if !words.mayHold(search, levels: facts.levels, group: group) {
                    #expect(logs.allSatisfy { !model.matches($0) }, "\(model.written)")
                    passedOver += 1
                }
                let mayMatch = search.mayMatch(
                    levels: facts.levels,
                    numbers: facts.numbers,
                    group: group,
                    mayContain: { facts.words.contains($0.hash) }
                )
                #expect(mayMatch || logs.allSatisfy { !model.matches($0) }, "\(model.written)")
                if let levels = search.levels(in: group) {
                    #expect(logs.allSatisfy { model.matches($0) == (levels >> $0.level.rawValue & 1 == 1) })
                }
                found += expected.count
            }
        }
        #expect(found > 0 && passedOver > 0)
    }

    @Test(arguments: 1...20)
    func `no text ends the parser, and problems lie within the text, seed`(_ seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let tokens = [
            "a", "b:", "level:", "group:a:*", "\"", "\"x y\"", "(", ")", "-", "*", "/", "/x/", "/x/i", "OR", "AND",
            "NOT", " ",
            "\t", ">=", "<", "=", ":", "5", "\\", "&&", "||", "é", "[", "status:(", "\u{0}", "\u{301}", "💥", "//", "..",
            "/(/",
        ]
        for _ in 0..<500 {
            var text = ""
            if random.chance(1, in: 2) {
                for _ in 0..<random.below(30) { text += tokens[random.below(tokens.count)] }
            } else {
                let bytes = (0..<random.below(200)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                text = String(decoding: bytes, as: UTF8.self)
            }
            do throws(SearchProblem) {
                let search = try Search(text)
                var rows: [UInt32] = [0]
                search.filter(&rows, in: SearchLog.chunk([SearchLog(message: text + "a", source: "b")]), group: nil)
            } catch {
                #expect(error.position >= 0 && error.position <= text.unicodeScalars.count, "\(text)")
                #expect(!error.message.isEmpty)
            }
        }
    }
}
