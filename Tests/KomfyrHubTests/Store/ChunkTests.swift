import Foundation
import Protocol
import struct TestSupport.SeededRandom
import Testing

@testable import KomfyrHub

/// The format of chunks, without Redis.
@Suite struct ChunkTests {
    private static func rows(data: [String], message: String = "m") -> LogRows {
        var rows = LogRows()
        for (index, data) in data.enumerated() {
            rows.append(message, data: data, timestamp: Int64(index) * 1_000_000, sequence: UInt64(index + 1))
        }
        return rows
    }

    @Test(arguments: [
        "{\"a\":1.10}", "{\"a\":1e400}", "{\"a\":-0}", "{\"a\":-0.0}", "{\"a\":9223372036854775809}",
        "{\"a\":9007199254740993.5}", "{\"a\":123456789012345678}", "{\"a\":1234567890123456789}",
        "{\"a\":0.1234567890123456789}", "{\"z\":1,\"a\":2}", "{\"a\":1,\"a\":2}", "{ \"a\" : 1 , \"b\":\t2 }",
        "{\"a\":{\"b\":{\"c\":1}},\"a.b\":2}", "{\"a\":[1,2,{\"b\":3}]}", "{\"a\":\"\\u0001\\n\\\"\"}", "{\"a\":null}",
        "{}", "{ }", "{\"\":1}", "{\"a\":true,\"b\":false}", "{\"a\":1E+5,\"b\":1e-5}", "{\"a\":[[[]],{}]}", "",
        "{\"\\u0061\":1,\"a\":2}", "{\"a\":0}", "{\"a\":10}", "{\"a\":-1.50}", "{\"ü\":3,\"日本\":{\"語\":4}}",
    ])
    func `an object comes back byte for byte`(_ data: String) throws {
        // Alone, and among others that change how its column is kept.
        for others in [[], ["{\"a\":1.5,\"b\":7}", "{\"a\":2.25}"], ["{\"a\":1e9}"], ["{\"a\":\"text\"}", ""]] {
            let rows = Self.rows(data: [data] + others + [data])
            #expect(try StoredChunk(rows).rows().lines == rows.lines)
        }
    }

    @Test func `what is odd comes back as it was`() throws {
        let wide = "{" + (0..<300).map { "\"m\($0)\":\($0).5" }.joined(separator: ",") + "}"
        let deep = String(repeating: "{\"d\":", count: 63) + "1" + String(repeating: "}", count: 63)
        for data in [wide, deep, "{\"" + String(repeating: "k", count: 600) + "\":1}"] {
            let rows = Self.rows(data: [data, "", data, "{\"m299\":4}", "{}"])
            #expect(try StoredChunk(rows).rows().lines == rows.lines)
        }
        let large = Self.rows(data: ["", ""], message: String(repeating: "4f word ", count: 1 << 17))
        #expect(try StoredChunk(large).rows().lines == large.lines)
        let nulls = Self.rows(data: [String](repeating: "", count: 100))
        #expect(try StoredChunk(nulls).rows().lines == nulls.lines)
        var extremes = LogRows()
        extremes.append("m", timestamp: .min, sequence: 0, receivedAt: .max)
        extremes.append("n", timestamp: .max, sequence: 1, receivedAt: .min)
        extremes.append("o", timestamp: .max, sequence: HubLimits.sequence, receivedAt: 0)
        #expect(try StoredChunk(extremes).rows().lines == extremes.lines)
    }

    @Test func `what is no JSON after all comes back as it was`() throws {
        let rows = Self.rows(data: [
            "{\"a\":1}", "{\"a\":\u{1}\u{0}}", "{\"a\":1", "[1,2]", "1", "{\"a\":1}}", "{\"a\":\u{1}",
        ])
        #expect(try StoredChunk(rows).rows().lines == rows.lines)
    }

    @Test(arguments: UInt64(1)...12)
    func `rows come back as they were, with seed`(seed: UInt64) throws {
        var random = RandomRows(seed: seed)
        let encoder = try ChunkEncoder()
        for count in [1, 2, 17, 150] {
            let rows = random.rows(count)
            let chunk = StoredChunk(try encoder.encode(rows, id: "1-1-\(count)", level: count == 17 ? 6 : 1))
            #expect(try chunk.rows().lines == rows.lines)
            #expect(chunk.address.entry.count == count)
        }
    }

    @Test func `numbers are asked for alone`() throws {
        var random = RandomRows(seed: 3)
        var rows = random.rows(2_000)
        for row in rows.columns.levels.indices { rows.columns.levels[row] = UInt8(row % 5) }
        let chunk = try StoredChunk(rows)
        let caches = ChunkCaches()
        let request = ColumnRequest(columns: [], numbers: [Array("cpu".utf8)])
        let (fetched, asked) = chunk.read(request, caches: caches)
        guard case .found(let block) = fetched, case .split(let data) = block.data else {
            Issue.record("no block")
            return
        }
        #expect(Set(asked.prefix(3)) == ["t", "c", "p"])
        #expect(asked.count == 4 && asked[3].hasPrefix("n"))
        #expect(data.objects == nil && data.numbers.count == 1)
        let values = data.values(Array("cpu".utf8), rows: rows.count)
        for row in 0..<rows.count {
            let object = String(decoding: rows.columns.bytes(rows.columns.data[row]), as: UTF8.self)
            guard object.hasPrefix("{\"cpu\":") else {
                #expect(values[row].isNaN)
                continue
            }
            let digits = object.dropFirst(7).prefix { $0 != "," }
            #expect(values[row] == Double(String(digits)))
        }
        #expect(block.messages == nil && block.levels == nil)
        // What is cached is not asked for again.
        #expect(chunk.read(request, caches: caches).asked == [])
        #expect(chunk.read(ColumnRequest(columns: [.levels, .tags]), caches: caches).asked == ["l", "g"])
        #expect(chunk.read(ColumnRequest(columns: .messages), caches: caches).asked == ["m"])
    }

    @Test func `a number without a column is found in the objects`() throws {
        let wide = (0..<3)
            .map { row in "{" + (0..<300).map { "\"m\($0)\":{\"v\":\($0 + row)}" }.joined(separator: ",") + "}" }
        let chunk = try StoredChunk(Self.rows(data: wide + [""]))
        let request = ColumnRequest(columns: [], numbers: [Array("m299.v".utf8), Array("m1.v".utf8)])
        guard case .found(let block) = chunk.read(request).0, case .split(let data) = block.data else {
            Issue.record("no block")
            return
        }
        #expect(data.values(Array("m299.v".utf8), rows: 4).prefix(3) == [299, 300, 301])
        #expect(data.values(Array("m1.v".utf8), rows: 4).prefix(3) == [1, 2, 3])
        #expect(try chunk.facts().numbers?.count == 256)
    }

    @Test func `every word of messages and of strings is in the filter, and few others`() throws {
        var rows = LogRows()
        for index in 0..<2_000 {
            rows.append(
                "Request r\(index)x from 10.0.0.\(index % 256)",
                data: "{\"key\":\"Größe w\(index) \\u0041bc\",\"n\":\(index)77,\"list\":[\"l\(index)\"]}",
                timestamp: Int64(index),
                sequence: UInt64(index + 1)
            )
        }
        let filter = try #require(try StoredChunk(rows).facts().words)
        for word in ["request", "r1999x", "from", "10", "255", "größe", "w0", "abc", "l77"] {
            #expect(filter.mayContain(Words.hash(folded: Array(word.utf8))))
        }
        let wrong = (0..<10_000).count { filter.mayContain(Words.hash(folded: Array("no\($0)".utf8))) }
        #expect(wrong < 300)
        #expect(!filter.mayContain(Words.hash(folded: Array("key".utf8))))
        let empty = try #require(try StoredChunk(Self.rows(data: [""], message: "-")).facts().words)
        #expect(!empty.mayContain(Words.hash(folded: Array("m".utf8))))
    }

    @Test(arguments: [4, 1_000])
    func `summaries are those of the rows`(perInterval: Int) throws {
        var random = SeededRandom(seed: UInt64(perInterval))
        var rows = LogRows()
        let base: Int64 = 1_700_000_100_000_000_000
        let times = (0..<perInterval * 5)
            .map { _ in base + Int64.random(in: 0..<1_500_000_000_000, using: &random) }
            .sorted()
        for (index, time) in times.enumerated() {
            let level = Level.allCases.randomElement(using: &random) ?? .info
            let value =
                [
                    "1e400", "-0", "0.1", "\(Double.random(in: -9...9, using: &random))", "\"text\"", "null", "7",
                ]
                .randomElement(using: &random) ?? "0"
            rows.append(
                "m",
                level: level,
                data: index % 3 == 0 ? "" : "{\"a\":{\"v\":\(value)},\"w\":\(index % 50).25}",
                timestamp: time,
                sequence: UInt64(index + 1)
            )
        }
        let chunk = try StoredChunk(rows)
        #expect((chunk.fields["u"] != nil) == (perInterval > 100))
        let expected = ChunkInterval.summarize(rows)
        #expect(try chunk.summaries(numbers: []).intervals == expected)
        var numbers: [String: [ChunkInterval.Summary?]] = [:]
        for (path, prefix) in [("a.v", "{\"a\":{\"v\":"), ("w", ",\"w\":")] {
            var summaries = [ChunkInterval.Summary?](repeating: nil, count: expected.count)
            for row in 0..<rows.count {
                let object = String(decoding: rows.columns.bytes(rows.columns.data[row]), as: UTF8.self)
                guard let begin = object.range(of: prefix)?.upperBound,
                    let value = Double(String(object[begin...].prefix { $0 != "," && $0 != "}" })), value.isFinite
                else { continue }
                let index = try #require(expected.lastIndex { $0.start <= rows.columns.timestamps[row] })
                if summaries[index] == nil {
                    summaries[index] = ChunkInterval.Summary(value)
                } else {
                    summaries[index]?.add(value)
                }
            }
            numbers[path] = summaries
        }
        for request in [
            ColumnRequest(numbers: [Array("a.v".utf8), Array("w".utf8), Array("none".utf8)]),
            ColumnRequest(columns: .numbers),
        ] {
            let found = try chunk.summaries(request)
            #expect(found.intervals == expected)
            #expect(found.isWhole)
            let byPath = found.numbers.map { (String(decoding: $0.path, as: UTF8.self), $0.summaries) }
            #expect(Dictionary(uniqueKeysWithValues: byPath) == numbers)
        }
    }

    // MARK: Damage

    @Test(arguments: UInt64(1)...3)
    func `damage is noticed, never taken for logs, with seed`(seed: UInt64) throws {
        var generator = SeededRandom(seed: seed)
        var random = RandomRows(seed: seed)
        let rows = random.rows(300)
        let chunk = try StoredChunk(rows)
        let other = try StoredChunk(random.rows(300), id: "1-2-3.1")
        let names = chunk.fields.keys.filter { $0 != "v" }.sorted()
        for _ in 0..<250 {
            var broken = chunk
            guard let name = names.randomElement(using: &generator), var value = broken.fields[name] else { continue }
            switch Int.random(in: 0..<5, using: &generator) {
            case 0:
                value[Int.random(in: 0..<value.count, using: &generator)] ^=
                    1 << UInt8.random(in: 0..<8, using: &generator)
            case 1: value = Array(value.prefix(Int.random(in: 0..<value.count, using: &generator)))
            case 2: value += [0]
            case 3: value = other.fields[name] ?? []
            default: value = chunk.fields[names.first { $0 != name } ?? ""] ?? []
            }
            broken.fields[name] = value
            if case .found(let block) = broken.read().0 { #expect(LogRows(block).lines == rows.lines) }
            _ = try? broken.facts()
            _ = try? broken.summaries(numbers: ["cpu"])
            _ = try? broken.summaries(ColumnRequest(columns: .numbers))
            broken.fields[name] = nil
            if case .found(let block) = broken.read().0 { #expect(LogRows(block).lines == rows.lines) }
        }
    }

    /// Behind the check sum: what somebody wrote who knows the format, or a fault of this program.
    @Test(arguments: UInt64(1)...4)
    func `no contents crash the decoder, with seed`(seed: UInt64) throws {
        var generator = SeededRandom(seed: seed)
        var random = RandomRows(seed: seed)
        let chunk = try StoredChunk(random.rows(200))
        let id = chunk.address.entry.id
        let packer = try ChunkPacker()
        let names = chunk.fields.keys.filter { $0 != "v" }.sorted()
        for _ in 0..<250 {
            var broken = chunk
            guard let name = names.randomElement(using: &generator), let value = broken.fields[name] else { continue }
            var body = ChunkBody()
            body.bytes = try ChunkPacker.unpack(value, field: name, of: id, limit: 1 << 20)
            for _ in 0...Int.random(in: 0..<3, using: &generator) where !body.bytes.isEmpty {
                let place = Int.random(in: 0..<min(body.bytes.count, 400), using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: body.bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: body.bytes.removeSubrange(place...)
                default: body.bytes[place] = 255
                }
            }
            broken.fields[name] = try packer.pack(body, field: name, of: id)
            if case .found(let block) = broken.read().0 { _ = LogRows(block).lines }
            if case .found(let block) = broken.read(ColumnRequest(columns: [], numbers: [Array("cpu".utf8)])).0 {
                if case .split(let data) = block.data { _ = data.values(Array("cpu".utf8), rows: block.count) }
            }
            _ = try? broken.facts()
            _ = try? broken.summaries(numbers: ["cpu", "mem"])
            _ = try? broken.summaries(ColumnRequest(columns: .numbers))
        }
    }

    @Test func `another version is named, and a chunk that is gone is missing`() throws {
        var chunk = try StoredChunk(Self.rows(data: ["{}"]))
        chunk.fields["v"] = Array("9".utf8)
        guard case .damaged(let words) = chunk.read().0 else {
            Issue.record("not damaged")
            return
        }
        #expect(words.contains("version 9"))
        chunk.fields["v"] = nil
        guard case .damaged = chunk.read().0 else {
            Issue.record("not damaged")
            return
        }
        chunk.fields = [:]
        guard case .missing = chunk.read().0 else {
            Issue.record("not missing")
            return
        }
    }

    @Test func `the cache holds no more than it may, and what was used last`() throws {
        let cache = ChunkCache(capacity: 20_000)
        func key(_ number: Int) -> ChunkCache.Key { ChunkCache.Key(group: 1, id: "\(number)", part: .levels) }
        for number in 0..<500 {
            cache.insert(.levels([UInt8](repeating: 0, count: 750)), key(number))
            #expect(cache.bytes <= 20_000)
            // The first is used all the time.
            #expect(cache.value(key(0)) != nil)
        }
        #expect(cache.value(key(499)) != nil && cache.value(key(300)) == nil)
        cache.insert(.levels([UInt8](repeating: 0, count: 15_000)), key(1_000))
        #expect(cache.value(key(1_000)) == nil)
        cache.removeAll()
        #expect(cache.bytes == 0 && cache.value(key(0)) == nil)
    }

    @Test func `what is known of a chunk when it is written is what is read of it`() throws {
        var random = RandomRows(seed: 31)
        let rows = random.rows(400)
        let encoded = try ChunkEncoder().encode(rows, id: "1-2-3.0")
        let chunk = StoredChunk(encoded, group: 7)
        let caches = ChunkCaches()
        #expect(caches.facts.facts(of: [chunk.address])[0] == nil)
        caches.keepFacts(of: encoded, group: 7)
        let kept = try #require(caches.facts.facts(of: [chunk.address])[0])
        let read = try chunk.facts()
        #expect(kept.levels == read.levels && kept.numbers == read.numbers)
        var words = WordSet()
        for range in rows.columns.messages {
            rows.columns.text.withUnsafeBytes { text in
                Words.forEachHash(in: ChunkTexts.slice(text, range)) { words.insert($0) }
            }
        }
        let hashes = words.hashes + (0..<2_000).map { _ in random.random.next() }
        for hash in hashes { #expect(kept.words?.mayContain(hash) == read.words?.mayContain(hash)) }
        let key = ChunkCache.Key(group: 7, id: "1-2-3.0", part: .intervals)
        guard case .intervals(let intervals) = caches.facts.value(key) else {
            Issue.record("no intervals")
            return
        }
        #expect(try chunk.summaries(numbers: []).intervals == intervals)
    }
}
