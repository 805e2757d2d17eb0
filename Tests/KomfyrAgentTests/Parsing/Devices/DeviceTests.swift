import EventLoop
import Testing

@testable import KomfyrAgent

/// What devices really send, by vendor, and the whole line that comes of it.
struct DeviceTests {
    static let all: [SyslogCase] = tables.flatMap { DeviceTable.read($0) }

    private static let tables = [
        CiscoDevices.ios, CiscoDevices.nexus, CiscoDevices.security, CiscoDevices.meraki,
        FirewallDevices.fortinet, FirewallDevices.paloAlto, FirewallDevices.checkPoint, FirewallDevices.sonicWall,
        FirewallDevices.sophos, FirewallDevices.juniper, FirewallDevices.zyxel,
        NetworkDevices.ubiquiti, NetworkDevices.mikrotik, NetworkDevices.openWrt, NetworkDevices.wireless,
        NetworkDevices.balancers,
        HostDevices.bsd, HostDevices.virtual, HostDevices.storage, HostDevices.management, HostDevices.servers,
        HostDevices.small,
        BrokenMessages.headers, BrokenMessages.times,
    ]

    /// The line of a message, its text searched for members.
    static func line(of input: [UInt8], zone: Zone = .utc, parsesPayload: Bool = true) throws -> String {
        var parser = SyslogParser(zone: zone)
        var writer = RecordWriter(
            .init(group: try GroupTemplate("syslog:{hostname}:{app}"), parsesPayload: parsesPayload)
        )
        var output: [UInt8] = []
        input.withUnsafeBytes { bytes in
            let message = parser.parse(bytes, arrival: SyslogCase.arrival)
            let origin = RecordWriter.Origin(peer: SyslogMessagesTests.peer, arrival: SyslogCase.arrival)
            writer.append(message, of: bytes, from: origin, to: &output)
        }
        return String(decoding: output, as: UTF8.self)
    }

    @Test(arguments: all)
    func `a device's message gives this line`(_ test: SyslogCase) throws {
        #expect(try Self.line(of: Array(test.input.utf8)) == test.line)
    }

    @Test func `the tables hold 300 messages with those of Unix`() {
        let others =
            SyslogMessagesTests.utilLinux + SyslogMessagesTests.libraries + SyslogMessagesTests.relays
            + SyslogMessagesTests.cisco + SyslogMessagesTests.network + SyslogMessagesTests.times
            + SyslogMessagesTests.broken
        #expect(Self.all.count + others.count >= 300)
    }

    @Test func `the tables are written as their reader reads them`() {
        #expect(Self.tables.flatMap { DeviceTable.problems($0) } == [])
    }

    static let mistyped = [
        "# name\n< <13>a: text\n@ user.notice - a\n= text", "# name\n< <13>a: text\n@ unprsed",
        "# name\n< <13>a: text\n@ user.notce - a -\n= text", "# name\n< <13>a: text\n@ user.notice - a -\n=~ txt",
        "# name\n< <13>a: text\n@ user.notice - a -\n: text", "# name\n@ user.notice - a -\n= text",
        "< <13>a: text\n@ user.notice - a -\n= text", "# name\n< <13>a: text\n= text",
    ]

    @Test(arguments: mistyped) func `a mistyped case is no case of something else`(_ block: String) {
        #expect(DeviceTable.problems(block).count == 1)
    }

    @Test func `without parse_payload the text alone is kept`() throws {
        let line = try Self.line(of: Array("<13>Nov 23 08:00:01 h1 app: a=1".utf8), parsesPayload: false)
        #expect(!line.contains("\"a\":1"))
        #expect(line.contains("\"message\":\"a=1\""))
    }

    @Test func `bytes that are not UTF-8 are repaired, in members too`() throws {
        // Latin-1, a cut character, bytes that are none.
        let text = try Self.line(
            of: Array("<13>Nov 23 08:00:01 h1 app: user=bl".utf8) + [0xE5] + Array("b\u{E6}r n=1".utf8) + [0xC3]
        )
        #expect(text.contains(#""message":"user=bl\#u{FFFD}b\#u{E6}r n=1\#u{FFFD}""#))
        #expect(text.contains(#""user":"bl\#u{FFFD}b\#u{E6}r""#))
        let host = try Self.line(of: Array("<13>Nov 23 08:00:01 h".utf8) + [0xF8] + Array(" app: text".utf8))
        #expect(host.contains("\"host\":\"h\u{FFFD}\""))
    }
}
