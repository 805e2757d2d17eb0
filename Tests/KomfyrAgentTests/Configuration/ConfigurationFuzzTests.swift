import Foundation
import Testing

import struct TestSupport.SeededRandom

@testable import KomfyrAgent

/// Configurations that somebody, or some disk, has spoilt: each is read, or is an error that says where.
struct ConfigurationFuzzTests {
    private static let shipped = ["agent.toml", "gateway.toml"]
        .compactMap { name in
            let folder = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()
            return FileManager.default.contents(atPath: folder + "/config/" + name).map { Array($0) }
        }

    /// The shipped ones with all that stands in comments, and what they do not show.
    private static let texts =
        shipped
        + shipped.map { text in
            let lines = String(decoding: text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            return Array(
                lines.map { $0.hasPrefix("# ") && $0.contains("=") ? $0.dropFirst(2) : $0 }.joined(separator: "\n").utf8
            )
        } + [Array(all.utf8)]

    private static let all = #"""
        [agent]
        data_dir = "state"
        tags = ["site-oslo", 'a b']
        [hub]
        urls = ["https://a.example", "http://127.0.0.1:8080"]
        api_key = "kmf_1"
        proxy = "http://user:word@proxy:3128"
        [buffer]
        max_bytes = "1GiB"
        fsync = "interval"
        when_full = "drop_oldest"
        [[input]]
        type = "syslog"
        listen = "unix:///run/x.sock"
        socket_mode = "0660"
        timezone = "Europe/Oslo"
        level = { debug = "info", notice = "warning" }
        rate_limit = "100/s"
        drop = [{ app = ["cron", "/^ntp/i", "a*"], level = "<=info", not = { message = "/fail/" } }]
        keep = [{ "data.temperature" = ">=20.5", hostname = "*" }]
        [[input]]
        type = "json"
        listen = "udp://[::1]:5515"
        token = "t"
        group = "device:{source|data.room}:x"
        [[input]]
        type = "file"
        paths = ["/var/log/**/*.log", "/tmp/[a-z]?.txt"]
        exclude = ["*.gz"]
        parser = "regex"
        pattern = '^(?P<time>\S+) (?P<message>.*)'
        multiline = { start = '^\d{4}-', max_lines = 10, max_bytes = "16KiB", wait_ms = 100 }
        read_from = "end"
        [metrics]
        listen = "127.0.0.1:9514"
        """#

    private static let words = [
        "\"", "'", "\"\"\"", "'''", "[", "]", "[[", "]]", "{", "}", "=", "#", "\n", "\r\n", "\0", ".", ",", "\\", "\\u",
        "\\q",
        "-1", "9223372036854775807", "99999999999999999999", "1e999", "nan", "inf", "0x", "1979-05-27", "true", "é",
        "\u{202E}",
        "[input]", "[[input]]", "[[hub]]", "[hub]", "type = \"file\"\n", "listen = 5\n", "paths = []\n",
        "group = \"{\"\n",
        "timezone = \"+99:99\"\n", "rate_limit = \"0/s\"\n", "drop = [{}]\n", "keep = [[]]\n", "a.b.c = 1\n",
        "\u{FEFF}",
        "max_bytes = \"18446744073709551615TiB\"\n", "socket_mode = \"7777777777\"\n", "(?P<", "{1000}", "/(/", "**",
        "[!",
    ]

    private static func spoilt(_ random: inout SeededRandom) -> [UInt8] {
        var text = texts[Int.random(in: texts.indices, using: &random)]
        for _ in 0..<Int.random(in: 1...6, using: &random) where !text.isEmpty {
            let place = Int.random(in: text.indices, using: &random)
            let end = min(text.count, place + Int.random(in: 1...60, using: &random))
            switch Int.random(in: 0..<8, using: &random) {
            case 0: text[place] = UInt8.random(in: 0...255, using: &random)
            case 1: text.removeSubrange(place..<end)
            case 2: text.insert(contentsOf: text[place..<end], at: Int.random(in: 0...text.count, using: &random))
            case 3: text.removeSubrange(place...)
            case 4:
                // Lines that change places: keys come into other sections.
                var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
                lines.swapAt(
                    Int.random(in: lines.indices, using: &random),
                    Int.random(in: lines.indices, using: &random)
                )
                text = Array(lines.joined(separator: [0x0A]))
            case 5:
                let other = texts[Int.random(in: texts.indices, using: &random)]
                text = Array(text[..<place]) + other[Int.random(in: other.indices, using: &random)...]
            default:
                let word = words[Int.random(in: words.indices, using: &random)]
                text.insert(contentsOf: Array(word.utf8), at: place)
            }
        }
        return text
    }

    private static func check(_ text: [UInt8], _ name: String, _ location: SourceLocation = #_sourceLocation) {
        let reader = ConfigurationReader(environment: [:], workingDirectory: "/start")
        do throws(ConfigurationErrors) {
            let result = try reader.read(text, file: "agent.toml")
            #expect(!result.configuration.inputs.isEmpty, "\(name)", sourceLocation: location)
        } catch {
            let lines = text.count { $0 == 0x0A || $0 == 0x0D } + 1
            #expect(!error.problems.isEmpty, "\(name)", sourceLocation: location)
            for problem in error.problems {
                let isGood =
                    problem.text.hasPrefix("agent.toml:") && !problem.what.isEmpty && !problem.remedy.isEmpty
                    && problem.place.map { 1...lines ~= $0.line && $0.column >= 1 }
                        ?? problem.what.hasPrefix("there is no")
                #expect(isGood, "\(name): \(problem)", sourceLocation: location)
            }
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `a spoilt file is read, or an error says where and what to do`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for turn in 0..<50 { Self.check(Self.spoilt(&random), "seed \(seed), turn \(turn)") }
    }

    static let deep: [(name: String, text: String)] = [
        ("lists", "a = " + String(repeating: "[", count: 100_000)),
        ("tables", "a = " + String(repeating: "{a=", count: 100_000)),
        ("dotted keys", "a" + String(repeating: ".a", count: 100_000) + " = 1"),
        ("quoted dotted keys", "a" + String(repeating: " . \"b\"", count: 100_000) + " = 1"),
        ("a dotted section", "[a" + String(repeating: ".a", count: 100_000) + "]"),
        ("sections", String(repeating: "[[input]]\n", count: 50_000)),
        ("one long text", "a = \"" + String(repeating: "x", count: 900_000) + "\""),
        ("comments", String(repeating: "# ..........................................\n", count: 10_000)),
    ]

    @Test(arguments: deep) func `what nests deep, or is long, is an error like any other`(
        _ name: String,
        _ text: String
    ) {
        Self.check(Array(text.utf8), name)
    }

    /// What may stand before a key on its line, or above it, without hiding it.
    static let before = [
        "", "a = \"\"\"\ntext\"\"\"\n", "a = '''\ntext'''\n", "a = \"\"\"\"\"\"\n", "a = \"\"\"\n\"\"\"\"\"\n",
        "a = \"\"\"\n\\\"\"\"\\\\\"\"\"\n", "a = \"\"\"\n# no comment\"\"\"\n", "a = [ \"\"\"\ntext\"\"\", { ",
        "a = [ '''\n\\''', { ", "a = [ \"\"\"\n\"\" \"\"\"\"\", { ", "a = [ \"\\\"\", { ", "a = [ '\\', { ",
        "a = [ \"\", '', { ", "# \"\"\"\n", "\"\".", "a = { b = \"x\", ",
    ]

    @Test(arguments: before) func `no text hides a deep key that stands behind it`(_ before: String) throws {
        let key = "b" + String(repeating: ".b", count: 100_000) + " = 1"
        let error = #expect(throws: TomlError.self) { try TomlDocument.parse(Array((before + key).utf8)) }
        #expect(error?.words == "a key has more than \(AgentLimits.keyParts) parts", "\(error?.words ?? "")")
        #expect(error?.place.line == 1 + before.count { $0 == "\n" })
    }

    @Test(arguments: ["\"\"\"", "'''"]) func `dots in a text of several lines are no key's`(_ quotes: String) throws {
        let line = "it's \"so\" ......................\n"
        let text = "a = \(quotes)\n" + String(repeating: line, count: 3) + "\(quotes)\n"
        guard case .table(let members) = try TomlDocument.parse(Array(text.utf8)).content,
            case .string(let value) = members.first?.value.content
        else {
            Issue.record("no text")
            return
        }
        #expect(value.count { $0 == "." } == 66)
    }

    @Test func `the texts that are spoilt are right before`() throws {
        #expect(Self.texts.count == 5)
        let reader = ConfigurationReader(environment: [:], workingDirectory: "/start")
        for text in Self.shipped + [Array(Self.all.utf8)] { _ = try reader.read(text, file: "agent.toml") }
    }
}
