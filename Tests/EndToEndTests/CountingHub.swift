import Dispatch
import Foundation
import Synchronization
import TestSupport

@testable import KomfyrAgent

/// Takes an agent's batches as the hub does, each identity once, and counts the numbers in them.
///
/// So a million logs can be counted in a debug build. One thread a connection, blocking calls.
final class CountingHub: Sendable {
    /// A word before numbers: `number 17` counts once for 17.
    let words: [String]
    let port: UInt16

    private let state: Mutex<State>
    private let listener: Int32
    private let isStopped = Mutex(false)

    private struct State {
        /// By word, how often each number came.
        var counts: [[UInt8]]
        var identities: Set<String> = []
        var records = 0
        var resent = 0
        var problems: [String] = []
    }

    init(words: [String]) throws {
        self.words = words
        state = Mutex(State(counts: Array(repeating: [], count: words.count)))
        (listener, port) = try Network.listen()
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0, !isStopped.withLock({ $0 }) else { break }
                Thread.detachNewThread { [self] in serve(connection) }
            }
            close(listener)
        }
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var records: Int { state.withLock { $0.records } }
    var resent: Int { state.withLock { $0.resent } }
    var problems: [String] { state.withLock { $0.problems } }

    /// How often a number came behind a word.
    func count(_ word: Int, _ number: Int) -> Int {
        state.withLock { state in number < state.counts[word].count ? Int(state.counts[word][number]) : 0 }
    }

    /// Whether all of these came, behind every word of `words`.
    func hasAll(_ numbers: Range<Int>, of words: Range<Int>) -> Bool {
        state.withLock { state in
            words.allSatisfy { word in
                numbers.upperBound <= state.counts[word].count && !state.counts[word][numbers].contains(0)
            }
        }
    }

    /// Closes the door; connections end with their agents.
    func stop() {
        isStopped.withLock { $0 = true }
        // Wakes the thread that accepts.
        try? Network.sendStream([], to: port)
    }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            while let request = Self.takeRequest(&bytes) {
                // An agent also tells of itself (PUT), which counts for nothing here.
                let body = request.isBatch ? take(request.identity, request.body) : "{}"
                let head =
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                let answer = Array((head + body).utf8)
                guard send(connection, answer, answer.count, Int32(MSG_NOSIGNAL)) == answer.count else { return }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            bytes.append(contentsOf: buffer[..<count])
        }
    }

    private static func takeRequest(_ bytes: inout [UInt8]) -> (isBatch: Bool, identity: String, body: [UInt8])? {
        guard let end = find(Array("\r\n\r\n".utf8), in: bytes, from: 0) else { return nil }
        let head = String(decoding: bytes[..<end], as: UTF8.self)
        func header(_ name: String) -> String {
            let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name + ":") }
            return line.map { String($0.dropFirst(name.count + 2)) } ?? ""
        }
        let length = Int(header("content-length")) ?? 0
        guard bytes.count >= end + 4 + length else { return nil }
        let body = Array(bytes[(end + 4)..<(end + 4 + length)])
        bytes.removeFirst(end + 4 + length)
        return (head.hasPrefix("POST "), header("idempotency-key"), body)
    }

    private static func find(_ needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        bytes.withUnsafeBytes { all in
            guard let base = all.baseAddress, let first = needle.first else { return nil }
            var place = start
            while place + needle.count <= all.count,
                let found = memchr(base + place, Int32(first), all.count - place - needle.count + 1)
            {
                place = UnsafeRawPointer(found) - base
                if memcmp(found, needle, needle.count) == 0 { return place }
                place += 1
            }
            return nil
        }
    }

    /// Counts a batch, unless it came before, and answers as the hub does.
    private func take(_ identity: String, _ packed: [UInt8]) -> String {
        let body: [UInt8]
        do {
            body = try BodyCompressor.decompress(packed, limit: 64 << 20)
        } catch {
            state.withLock { $0.problems.append("\(identity): \(error)") }
            return "{\"status\":\"success\",\"ingested\":0,\"rejected\":0,\"errors\":[]}"
        }
        let records = body.withUnsafeBytes { bytes in bytes.count { $0 == 0x0A } }
        let isNew = state.withLock { $0.identities.insert(identity).inserted }
        if isNew {
            for (index, word) in words.enumerated() { count(index, Array((word + " ").utf8), in: body) }
        }
        state.withLock { state in
            if isNew { state.records += records } else { state.resent += 1 }
        }
        let duplicate = isNew ? "\"errors\":[]" : "\"duplicate\":true"
        return "{\"status\":\"success\",\"ingested\":\(records),\"rejected\":0,\(duplicate)}"
    }

    private func count(_ word: Int, _ needle: [UInt8], in body: [UInt8]) {
        var numbers: [Int] = []
        var place = 0
        while let found = Self.find(needle, in: body, from: place) {
            place = found + needle.count
            var number = 0
            while place < body.count, case let digit = Int(body[place]) - 48, (0...9).contains(digit) {
                number = number * 10 + digit
                place += 1
            }
            numbers.append(number)
        }
        guard let largest = numbers.max(), largest < 100_000_000 else { return }
        state.withLock { state in
            if state.counts[word].count <= largest {
                let missing = largest + 1 - state.counts[word].count
                state.counts[word].append(contentsOf: repeatElement(0, count: missing + 65_536))
            }
            for number in numbers where state.counts[word][number] < 255 { state.counts[word][number] += 1 }
        }
    }
}
