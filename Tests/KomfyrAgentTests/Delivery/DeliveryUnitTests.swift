import Protocol
import Synchronization
import Testing

@testable import EventLoop
@testable import KomfyrAgent

@Suite struct HubAnswerTests {
    @Test(arguments: [
        (#"{"status":"success","ingested":3,"rejected":0,"errors":[]}"#, true),
        (#"{"status":"success","ingested":1,"rejected":2,"errors":[{"index":0,"detail":"x"}]}"#, true),
        (#"{"status":"success","ingested":0,"rejected":0,"duplicate":true}"#, true),
        (#"{"duplicate":true,"status":"success"}"#, true),
        (#"{"status":"success","ingested":2,"rejected":0}"#, false),
        (#"{"status":"success","ingested":4,"rejected":-1}"#, false),
        (#"{"status":"error","ingested":3,"rejected":0}"#, false),
        (#"{"ingested":3,"rejected":0}"#, false), (#"{"status":"success"}"#, false),
        (#"{"status":"success","ingested":3,"rejected":0"#, false), ("<html>Welcome to the airport</html>", false),
        ("", false), ("[]", false), (#"{"status":"success","ingested":99999999999999999999,"rejected":0}"#, false),
    ])
    func `only the hub's own counts make a success`(body: String, isDelivered: Bool) {
        var reader = HubAnswerReader()
        let verdict = reader.judge(ModelHub.answer(200, body), records: 3, nowNs: 0)
        var delivered = false
        if case .delivered = verdict { delivered = true }
        #expect(delivered == isDelivered)
    }

    @Test func `refused logs are read with their reasons as they stand`() {
        var reader = HubAnswerReader()
        let body =
            #"{"status":"success","ingested":1,"rejected":2,"errors":[{"index":0,"detail":"a \"b\""},{"detail":[{"loc":["body",2]}],"index":2}]}"#
        let verdict = reader.judge(ModelHub.answer(200, body), records: 3, nowNs: 0)
        let refusals = [
            Receipt.Refusal(index: 0, detail: Array(#""a \"b\"""#.utf8)),
            Receipt.Refusal(index: 2, detail: Array(#"[{"loc":["body",2]}]"#.utf8)),
        ]
        #expect(verdict == .delivered(Receipt(ingested: 1, rejected: 2, isDuplicate: false, refusals: refusals)))
    }

    @Test(arguments: [400, 413, 415, 422])
    func `a refusal for good counts with the hub's detail alone`(status: Int) {
        var reader = HubAnswerReader()
        let body = #"{"detail":"too much"}"#
        #expect(
            reader.judge(ModelHub.answer(status, body), records: 1, nowNs: 0)
                == .refused(status: status, answer: Array(body.utf8))
        )
        for other in ["", "<h1>413</h1>", #"{"error":"x"}"#, #"{"detail":5}"#] {
            let verdict = reader.judge(ModelHub.answer(status, other), records: 1, nowNs: 0)
            #expect(verdict == .again(.refusedWithoutReason(status), afterMs: nil))
        }
    }

    @Test(arguments: [
        (301, HubTrouble.Kind.redirected), (401, .unknownKey), (403, .forbidden), (404, .wrongAddress),
        (405, .wrongAddress), (407, .proxyPassword), (408, .busy), (429, .tooMany), (500, .broken), (502, .broken),
        (503, .busy), (504, .broken),
        (418, .unexpected), (204, .notTheHub),
    ])
    func `everything else is tried again, and named`(status: Int, kind: HubTrouble.Kind) {
        var reader = HubAnswerReader()
        let answer = ModelHub.answer(status, #"{"detail":"why"}"#, headers: [("retry-after", "7")])
        guard case .again(let trouble, _) = reader.judge(answer, records: 1, nowNs: 0) else {
            Issue.record("not tried again")
            return
        }
        #expect(trouble.kind == kind)
    }

    @Test(
        arguments: [
            ("7", 7_000), ("0", 0), (" 12 ", 12_000), ("99999999999999999999", 300_000),
            ("Sun, 06 Nov 1994 08:49:47 GMT", 10_000), ("Sun, 06 Nov 1994 08:49:00 GMT", 0),
            ("Sun, 06 Nov 2094 08:49:37 GMT", 300_000), ("soon", nil), ("", nil), ("-1", nil), ("1.5", nil),
            ("Sun, 99 Nov 1994 08:49:37 GMT", nil),
        ] as [(String, UInt64?)]
    )
    func `Retry-After is seconds or a date, with a cap`(value: String, ms: UInt64?) {
        // 1994-11-06T08:49:37Z
        #expect(RetryAfter.milliseconds(value, nowNs: 784_111_777_000_000_000) == ms)
    }
}

@Suite struct DeliveryMachineTests {
    private static let trouble = HubTrouble.status(503, detail: nil)

    @Test func `four go at once, and leave in order whatever the order of the answers`() {
        var machine = DeliveryMachine()
        for ticket in UInt64(1)...4 { machine.add(ticket, to: .disk, records: 1, isSafe: true) }
        #expect(!machine.hasRoom(.disk))
        for ticket in UInt64(1)...4 { #expect(machine.next(nowMs: 0)?.ticket == ticket) }
        #expect(machine.next(nowMs: 0) == nil)
        for ticket in [3, 4, 2] as [UInt64] {
            _ = machine.answered(ticket, settles: false, nowMs: 1)
            #expect(machine.pop() == nil)
        }
        _ = machine.answered(1, settles: false, nowMs: 1)
        for ticket in UInt64(1)...4 { #expect(machine.pop()?.ticket == ticket) }
    }

    @Test func `while the hub fails the oldest is tried alone, ever more rarely, and told once`() {
        var machine = DeliveryMachine()
        for ticket in UInt64(1)...4 { machine.add(ticket, to: .disk, records: 1, isSafe: true) }
        while machine.next(nowMs: 0) != nil {}
        // All four of the first moment fail: one backoff.
        var notices: [DeliveryMachine.Notice] = []
        for ticket in UInt64(1)...4 {
            let notice = machine.failed(ticket, Self.trouble, afterMs: nil, nowMs: 10, random: UInt64.max)
            if let notice { notices.append(notice) }
        }
        #expect(notices.count == 1)
        var now: UInt64 = 10
        var waits: [UInt64] = []
        for _ in 0..<12 {
            let wake = machine.wakeAtMs() ?? 0
            waits.append(wake - now)
            now = wake
            #expect(machine.next(nowMs: now - 1) == nil)
            #expect(machine.next(nowMs: now)?.ticket == 1)
            #expect(machine.next(nowMs: now) == nil)
            #expect(machine.failed(1, Self.trouble, afterMs: nil, nowMs: now, random: UInt64.max) == nil)
        }
        // random % bound, at UInt64.max: close enough to the bound to see it doubling up to its cap.
        #expect(waits.allSatisfy { $0 <= AgentLimits.retryLastMs })
        #expect(waits.max() ?? 0 > 1_000)
        now = machine.wakeAtMs() ?? 0
        #expect(machine.next(nowMs: now)?.ticket == 1)
        #expect(machine.answered(1, settles: false, nowMs: now) == .worksAgain(afterMs: now - 10, posts: 16))
        #expect(machine.next(nowMs: now)?.ticket == 2)
    }

    @Test func `Retry-After is obeyed, but not for ever`() {
        var machine = DeliveryMachine()
        machine.add(1, to: .disk, records: 1, isSafe: true)
        _ = machine.next(nowMs: 0)
        _ = machine.failed(1, Self.trouble, afterMs: 5_000, nowMs: 100, random: 3)
        #expect(machine.wakeAtMs() == 5_100)
        _ = machine.next(nowMs: 5_100)
        _ = machine.failed(1, Self.trouble, afterMs: .max, nowMs: 5_100, random: 3)
        #expect(machine.wakeAtMs() == 5_100 + AgentLimits.retryAfterLastMs)
    }

    @Test func `a batch that waits for its sync is not posted, one without records never`() {
        var machine = DeliveryMachine()
        machine.add(1, to: .disk, records: 1, isSafe: false)
        machine.add(2, to: .disk, records: 0, isSafe: false)
        #expect(machine.next(nowMs: 0) == nil)
        machine.setSafe(2)
        #expect(machine.pop() == nil)
        machine.setSafe(1)
        #expect(machine.next(nowMs: 0)?.ticket == 1)
        #expect(machine.next(nowMs: 0) == nil)
        _ = machine.answered(1, settles: false, nowMs: 0)
        #expect(machine.pop()?.ticket == 1)
        #expect(machine.pop()?.ticket == 2)
    }

    @Test func `what is dropped while under way is forgotten, and its answer means nothing`() {
        var machine = DeliveryMachine()
        machine.add(1, to: .disk, records: 1, isSafe: true)
        _ = machine.next(nowMs: 0)
        machine.forget(1)
        #expect(machine.answered(1, settles: false, nowMs: 0) == nil)
        #expect(machine.pop() == nil)
        #expect(machine.underWay == 0)
    }
}

@Suite struct DeadLetterTests {
    private func letter(_ number: UInt64, records: Int = 2, reason: DeadLetter.Reason) throws -> DeadLetter {
        let content = Array((0..<records).map { "{\"message\":\"\(number) \($0)\"}\n" }.joined().utf8)
        return DeadLetter(
            identity: BatchIdentity(
                agent: "a",
                generation: BatchIdentity.Generation(high: 1, low: 2),
                sequence: number
            ),
            madeNs: Int64(number) * 1_000_000_000,
            body: try BodyCompressor().compress(content),
            records: records,
            uncompressedBytes: content.count,
            reason: reason
        )
    }

    @Test func `a refused batch is kept whole, with the answer and a fresh identity`() throws {
        let files = SimulatedFileSystem(seed: 1)
        let store = DeadLetterStore(folder: "/d", maxBytes: 1 << 20, files: files)
        let answer = Array(#"{"detail":"no"}"#.utf8)
        let written = store.write(try letter(7, reason: .batch(status: 422, answer: answer)))
        #expect(written == DeadLetterStore.Outcome(records: 2))
        let names = files.names
        #expect(names.count == 2)
        let why = String(
            decoding: try #require(files.content(names.first { $0.hasSuffix(".json") } ?? "")),
            as: UTF8.self
        )
        #expect(why.contains(#""answer":{"detail":"no"}"#))
        #expect(why.contains(#""identity":"a.00000000000000010000000000000002/7""#))
        #expect(why.contains(#""retry_identity":"a."#) && why.contains(#"/1""#))
        #expect(why.contains(#""made":"1970-01-01T00:00:07.000Z""#))
        let logs = try #require(files.content(names.first { $0.hasSuffix(".ndjson.zst") } ?? ""))
        let content = String(decoding: try BodyCompressor.decompress(logs, limit: 1_000), as: UTF8.self)
        #expect(content == "{\"message\":\"7 0\"}\n{\"message\":\"7 1\"}\n")
    }

    @Test func `refused lines alone are kept, each with its reason`() throws {
        let files = SimulatedFileSystem(seed: 1)
        let store = DeadLetterStore(folder: "/d", maxBytes: 1 << 20, files: files)
        let refusals = [2, 4].map { Receipt.Refusal(index: $0, detail: Array("\"old \($0)\"".utf8)) }
        #expect(store.write(try letter(7, records: 5, reason: .lines(refusals))).records == 2)
        let why = String(
            decoding: try #require(files.content(files.names.first { $0.hasSuffix(".json") } ?? "")),
            as: UTF8.self
        )
        #expect(why.contains(#""errors":[{"index":0,"detail":"old 2"},{"index":1,"detail":"old 4"}]"#))
        let logs = try #require(files.content(files.names.first { $0.hasSuffix(".ndjson.zst") } ?? ""))
        let content = String(decoding: try BodyCompressor.decompress(logs, limit: 1_000), as: UTF8.self)
        #expect(content == "{\"message\":\"7 2\"}\n{\"message\":\"7 4\"}\n")
    }

    /// Every call on the way may fail, and power may go right then: renames that were not synced come out as they may.
    @Test(arguments: 0..<60 as Range<UInt64>)
    func `a letter that is put in line, or taken back, is never lost`(_ seed: UInt64) throws {
        for isTakenBack in [false, true] {
            for call in 1...10 {
                let files = SimulatedFileSystem(seed: seed)
                let store = DeadLetterStore(folder: "/d", maxBytes: 1 << 20, files: files)
                #expect(store.write(try letter(7, reason: .batch(status: 400, answer: []))).records == 2)
                let letters = DeadLetterFolder(folder: "/d", files: files)
                let name = try #require(try letters.entries().first?.name)
                if isTakenBack { #expect(try letters.putInLine(name)) }
                files.state.withLock { $0.failingCalls = ($0.calls + call)...($0.calls + call) }
                if isTakenBack {
                    try? letters.takeBack(name)
                } else {
                    _ = try? letters.putInLine(name)
                }
                files.state.withLock { $0.failingCalls = nil }
                files.crash()
                // What the next start and the next look take for unfinished goes.
                let next = DeadLetterStore(folder: "/d", maxBytes: 1 << 20, files: files)
                #expect(next.write(try letter(8, reason: .batch(status: 400, answer: []))).records == 2)
                _ = RetryLine.Job.look(except: []).run(letters)
                for entry in try letters.entries() + letters.half() where entry.name == name {
                    _ = try letters.putInLine(entry.name)
                }
                let isThere = try letters.line.entries().contains { $0.name == name }
                let logs = isThere ? try letters.line.logs(name).count : 0
                #expect(logs == 36, "call \(call), taken back \(isTakenBack): \(files.names)")
            }
        }
    }

    @Test func `the oldest go when the bound is reached, also after a start, and nothing blocks`() throws {
        let files = SimulatedFileSystem(seed: 1)
        var dropped = 0
        for start in 0..<3 {
            let store = DeadLetterStore(folder: "/d", maxBytes: 2_000, files: files)
            for number in 1...10 {
                let outcome = store.write(
                    try letter(UInt64(start * 10 + number), reason: .batch(status: 400, answer: []))
                )
                #expect(outcome.records == 2 && outcome.failure == nil)
                dropped += outcome.droppedRecords
            }
        }
        let kept = files.names.filter { $0.hasSuffix(".json") }
        #expect(kept.count * 2 + dropped == 60)
        #expect(kept.last?.contains("-30-2.json") == true)
        #expect(files.names.reduce(0) { $0 + (files.content($1)?.count ?? 0) } <= 2_000)
        var faults = SimulatedFileSystem.Faults()
        faults.writeOneIn = 1
        files.setFaults(faults)
        let store = DeadLetterStore(folder: "/d", maxBytes: 2_000, files: files)
        #expect(store.write(try letter(99, reason: .batch(status: 400, answer: []))).failure != nil)
    }
}
