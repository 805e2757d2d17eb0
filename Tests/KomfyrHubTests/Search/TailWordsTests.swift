import CScan
import EventLoop
import Protocol
import Testing

import struct TestSupport.SeededRandom

@testable import KomfyrHub

/// The words of tails: what is there is never denied, and what is not is mostly.
@Suite struct TailWordsTests {
    private func words(_ logs: [SearchLog]) -> TailWords {
        var words = TailWords()
        words.add(SearchLog.rows(logs), leastBytes: 0)
        return words
    }

    private func mayHold(_ words: TailWords, _ query: String) throws -> Bool {
        words.mayHold(try Search(query), levels: LevelCounts.allMask, group: "g")
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `vector instructions and plain ones tell the same bytes apart, seed`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let text = (0..<Int(CSCAN_WIDTH)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            let (fast, plain) = text.withUnsafeBufferPointer { text in
                (text.baseAddress.map { cscan_kinds($0) }, text.baseAddress.map { cscan_kinds_portable($0) })
            }
            #expect(fast?.words == plain?.words && fast?.others == plain?.others)
            #expect(fast?.backslashes == plain?.backslashes)
            for (place, byte) in text.enumerated() {
                #expect(Words.isWordByte(byte) == ((fast?.words ?? 0) >> UInt64(place) & 1 == 1))
            }
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func `the bits of a text are those of its words, wherever these begin and end, seed`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let alphabet = Array("aZ09_ .-\"\\".utf8) + [0xC3, 0xA9]
        for _ in 0..<2_000 {
            let isMostlyWords = random.chance(1, in: 2)
            let text = (0..<random.below(300))
                .map { _ in isMostlyWords && random.chance(20, in: 21) ? 0x62 : alphabet[random.below(alphabet.count)] }
            var expected = [UInt64](repeating: 0, count: 64)
            for word in text.split(whereSeparator: { !Words.isWordByte($0) }) where word.count >= CSCAN_LEAST_WORD {
                let bit = Array(word).withUnsafeBufferPointer { $0.baseAddress.map { cscan_word($0, word.count) } ?? 0 }
                expected[Int(bit & 4_095) >> 6] |= 1 << (bit & 63)
            }
            var bits = [UInt64](repeating: 0, count: 64)
            let flags = text.withUnsafeBufferPointer { text in
                text.baseAddress.map { cscan_words($0, text.count, &bits, 4_095) } ?? 0
            }
            #expect(bits == expected, "\(text)")
            #expect((flags & UInt32(CSCAN_HAS_OTHERS) != 0) == text.contains { $0 >= 0x80 })
            #expect((flags & UInt32(CSCAN_HAS_BACKSLASHES) != 0) == text.contains(0x5C))
        }
    }

    @Test func `words of messages and strings may be there in any case, others are not`() throws {
        let words = words([
            SearchLog(message: "Disk FAILURE on sda1", data: .object([("note", .string("Replace the_drive"))])),
            // Next to it in memory.
            SearchLog(message: "later that day"),
        ])
        for query in [
            "disk", "Failure", "FAILURE", "sda1", "later", "replace", "THE_DRIVE", "\"failure on sda1\"",
            "note:replace", "message:later", "disk later", "absent OR later", "-absent", "fail*", "*ailur*", "/fail/",
            "on", "x>1",
            "source:absent", "note:1",
        ] { #expect(try mayHold(words, query), "\(query)") }
        for query in [
            "absent", "sda1later", "fail", "note:absent", "message:absent", "disk absent", "\"disk absent\"",
            "absent OR missing", "\"absent failure*\"", "level:error absent",
        ] { #expect(try !mayHold(words, query), "\(query)") }
    }

    @Test func `escapes may hide any word, and characters that fold to ASCII one with these letters`() throws {
        let line = Array((#"{"message":"m","data":{"a":"tab\there \u0061way"}}"# + "\n").utf8)
        var rows = LogRows()
        rows.append(try request(lines: line, arrival: now).decoded, firstSequence: 1, arrival: now)
        var escaped = TailWords()
        escaped.add(rows, leastBytes: 0)
        for query in ["here", "away", "absent"] { #expect(try mayHold(escaped, query)) }
        let kelvin = words([SearchLog(message: "300 \u{212A}elvin")])
        #expect(try mayHold(kelvin, "kelvin") && mayHold(kelvin, "king"))
        #expect(try !mayHold(kelvin, "absent"))
        #expect(try mayHold(kelvin, "\u{E9}t\u{E9}"))
    }

    @Test func `few words that are not there are looked for in a full tail`() throws {
        var random = SeededRandom(seed: 5)
        let logs = (0..<HubLimits.sealRecords)
            .map { index in
                SearchLog(
                    message: "request \(index) of user \(random.below(9_999)) id=\(String(random.next(), radix: 16))",
                    data: .object([("trace", .string(String(random.next(), radix: 16)))])
                )
            }
        let words = words(logs)
        let wrong = try (0..<1_000).count { try mayHold(words, "nothing\($0)") }
        #expect(wrong < 250)
        #expect(words.bytes == HubLimits.tailWordsBits / 8)
    }

    @Test func `a small tail has none, and what grows has those of all its logs`() throws {
        var rows = LogRows()
        var words = TailWords()
        rows.append("first", timestamp: 1, sequence: 1)
        words.add(rows)
        #expect(words.bytes == 0)
        #expect(try mayHold(words, "absent"))
        var sequence: UInt64 = 2
        while rows.bytes < HubLimits.tailWordsLeastBytes {
            rows.append("filler", timestamp: 1, sequence: sequence)
            sequence += 1
        }
        words.add(rows)
        #expect(try mayHold(words, "first") && mayHold(words, "filler") && !mayHold(words, "absent"))
        rows.append("absent", timestamp: 1, sequence: sequence)
        words.add(rows)
        #expect(try mayHold(words, "absent"))
    }

    // MARK: In the store

    private let now = WallClock.now()

    private func logs(_ words: [String], _ count: Int) -> [TestLog] {
        words.map { TestLog(message: "the \($0) one", group: "g", timestamp: now) }
            + (0..<count)
            .map { TestLog(message: "filler \($0) " + String(repeating: "x", count: 200), group: "g", timestamp: now) }
    }

    private func found(_ query: String, _ store: StoreForTests) async throws -> [String] {
        var wanted = LogQuery(limit: 10)
        wanted.search = try Search(query)
        let page = try await store.store.page(wanted)
        let counted = try await store.store.histogram(wanted, interval: 86_400_000_000_000)
        #expect(counted.buckets.reduce(0) { $0 + $1.levels.total } == page.logs.count)
        return page.logs.map(\.text)
    }

    @Test func `a word is found in a large tail whenever it came, after a kill and until it is purged`() async throws {
        try await withStore { redis, folder, store in
            _ = try await store.append(request(logs(["early"], 800), arrival: now))
            #expect(try await found("early", store) == ["the early one"])
            #expect(try await found("late", store) == [])
            _ = try await store.append(request(logs(["late"], 10), arrival: now))
            #expect(try await found("late", store) == ["the late one"])
            await store.kill()
            let second = try await StoreForTests(redis.configuration, folder: folder.path)
            for word in ["early", "late"] { #expect(try await found(word, second) == ["the \(word) one"]) }
            #expect(try await found("never", second) == [])
            _ = try await second.store.purge(.exact("g"), bound: nil)
            #expect(try await found("early", second) == [])
            _ = try await second.append(request(logs(["new"], 800), arrival: now))
            #expect(try await found("new", second) == ["the new one"])
            #expect(try await found("late", second) == [])
            await second.store.seal()
            #expect(try await found("new", second) == ["the new one"])
            await second.kill()
        }
    }
}
