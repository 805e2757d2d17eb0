import EventLoop
import Protocol
import Testing

@testable import KomfyrAgent

/// What real senders send, and the whole line that comes of it.
struct SyslogMessagesTests {
    /// The sender 10.0.0.9.
    static let peer = Peer(high: 0, low: 0xFFFF_0A00_0009, port: 514)

    static func line(of input: [UInt8], zoneOffset: Int = 0) throws -> String {
        var parser = SyslogParser(zone: Zone(offset: zoneOffset))
        var writer = RecordWriter(.init(group: try GroupTemplate("syslog:{hostname}:{app}")))
        var output: [UInt8] = []
        input.withUnsafeBytes { bytes in
            let message = parser.parse(bytes, arrival: SyslogCase.arrival)
            writer.append(message, of: bytes, from: .init(peer: peer, arrival: SyslogCase.arrival), to: &output)
        }
        return String(decoding: output, as: UTF8.self)
    }

    @Test(arguments: utilLinux + libraries + relays)
    func `a message of a Unix program gives this line`(_ test: SyslogCase) throws {
        #expect(try Self.line(of: Array(test.input.utf8), zoneOffset: test.zoneOffset) == test.line)
    }

    @Test(arguments: cisco + network)
    func `a message of a network device gives this line`(_ test: SyslogCase) throws {
        #expect(try Self.line(of: Array(test.input.utf8), zoneOffset: test.zoneOffset) == test.line)
    }

    @Test(arguments: times + broken)
    func `a message that breaks the RFCs gives this line`(_ test: SyslogCase) throws {
        #expect(try Self.line(of: Array(test.input.utf8), zoneOffset: test.zoneOffset) == test.line)
    }
}
