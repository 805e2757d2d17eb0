import Testing

@testable import KomfyrAgent

/// A line, and the log that a parser makes of it.
struct LineCase: Sendable, CustomTestStringConvertible {
    var input: String
    /// As JSON, without quotes; nil: the log has none.
    var message: String?
    var level = "info"
    /// The members of `data` as JSON.
    var data = ""
    /// Nil: the arrival.
    var time: String?
    var source = "h"
    var isUnparsed = false

    var testDescription: String { input }

    /// A line that is kept whole; `message` is it as JSON.
    static func unparsed(_ input: String, _ message: String? = nil) -> LineCase {
        LineCase(input: input, message: message ?? input, isUnparsed: true)
    }

    /// 2026-11-23T08:00:00Z.
    static let arrival: Int64 = 1_795_420_800_000_000_000
    static let arrivalText = "2026-11-23T08:00:00.000Z"

    /// The whole record.
    var line: String {
        (message.map { "{\"message\":\"\($0)\"," } ?? "{") + "\"level\":\"\(level)\",\"group\":\"g\","
            + (isUnparsed ? "\"tags\":[\"unparsed\"]," : "")
            + "\"data\":{\(data)},\"timestamp\":\"\(time ?? Self.arrivalText)\",\"source\":\"\(source)\"}\n"
    }

    /// What a parser makes of a line.
    static func read(
        _ bytes: [UInt8],
        by parser: LineReader.Parser,
        group: String = "g",
        tags: [String] = [],
        isTruncated: Bool = false,
        isContinuation: Bool = false
    ) throws -> (line: String, outcome: LineReader.Outcome) {
        var settings = RecordWriter.Settings(group: try GroupTemplate(group))
        settings.source = "h"
        settings.tags = tags
        var reader = LineReader(parser, settings)
        var output: [UInt8] = []
        let origin = RecordWriter.Origin(peer: nil, arrival: arrival, isTruncated: isTruncated)
        let outcome = bytes.withUnsafeBytes {
            reader.append($0, from: origin, isContinuation: isContinuation, to: &output)
        }
        return (String(decoding: output, as: UTF8.self), outcome)
    }

    /// Checks that the parser makes of the line what it should.
    func check(_ parser: LineReader.Parser, _ location: SourceLocation = #_sourceLocation) throws {
        let (line, outcome) = try Self.read(Array(input.utf8), by: parser)
        #expect(line == self.line, sourceLocation: location)
        #expect(outcome == (isUnparsed ? .unparsed : .parsed), sourceLocation: location)
    }
}
