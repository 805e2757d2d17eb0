import Foundation
import TestSupport
import Testing

/// What switches and routers send that were set as the examples say, through the real agent to the real hub.
@Suite(.serialized)
struct DeviceExamplesTests {
    /// A message of a device, and what it must become.
    private struct Message {
        /// `TIME` stands for the device's time.
        var text: String
        /// How the device writes its time; nil when it sends none.
        var format: String?
        var group: String
        var level: String
        var message: String
        var data: [String: JSON] = [:]
    }

    private func check(_ example: String, says lines: [String], _ messages: [Message]) async throws {
        let text = try String(contentsOfFile: "\(Built.repository)/examples/\(example)", encoding: .utf8)
        for line in lines { #expect(text.contains(line), "\(example) does not say \(line)") }
        // What names no zone is in the agent's, which is this machine's.
        let utc = try #require(TimeZone(identifier: "UTC"))
        try await withHubAndAgent { hub, agent in
            for message in messages {
                // Whole seconds that are over, so that it is not the arrival's time.
                let time = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 100).rounded(.down))
                var line = message.text
                if let format = message.format {
                    let zone = format.hasSuffix("'") ? utc : TimeZone.current
                    line = line.replacingOccurrences(of: "TIME", with: Self.text(time, format, zone: zone))
                }
                try Network.sendDatagram(line, to: agent.syslogPort)
                let log = try await hub.log { $0["message"].text?.contains(message.message) == true }
                #expect(log["group"].text == message.group, "\(line)")
                #expect(log["level"].text == message.level, "\(line)")
                for (name, value) in message.data { #expect(log["data"][name] == value, "\(name) of \(line)") }
                #expect(log["tags"].items.isEmpty, "\(line)")
                if message.format != nil {
                    #expect(
                        log["timestamp"].text?.prefix(19) == Self.text(time, "yyyy-MM-dd'T'HH:mm:ss", zone: utc)[...],
                        "\(line)"
                    )
                }
            }
        }
    }

    private static func text(_ time: Date, _ format: String, zone: TimeZone) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = zone
        formatter.dateFormat = format
        return formatter.string(from: time)
    }

    @Test func `an IOS switch`() async throws {
        let format = "MMM d yyyy HH:mm:ss.SSS 'UTC'"
        try await check(
            "cisco/ios.txt",
            says: [
                "service timestamps log datetime msec show-timezone year", "service sequence-numbers",
                "logging origin-id hostname", "logging facility local7",
            ],
            [
                Message(
                    text:
                        "<187>212: sw-attic: 000212: TIME: %LINK-3-UPDOWN: Interface GigabitEthernet1/0/7, changed state to down",
                    format: format,
                    group: "syslog:sw-attic:LINK",
                    level: "error",
                    message: "GigabitEthernet1/0/7, changed state to down",
                    data: ["msgid": "LINK-3-UPDOWN", "facility": "local7"]
                ),
                Message(
                    text:
                        "<189>213: sw-attic: 000213: TIME: %SYS-5-USERLOG_NOTICE: Message from tty1(user id: admin): hello from komfyrvakt",
                    format: format,
                    group: "syslog:sw-attic:SYS",
                    level: "info",
                    message: "hello from komfyrvakt",
                    data: ["msgid": "SYS-5-USERLOG_NOTICE", "severity": "notice"]
                ),
                Message(
                    text: "<188>214: sw-attic: 000214: TIME: %SYS-4-LOGGING_RATE: limited",
                    format: format,
                    group: "syslog:sw-attic:SYS",
                    level: "warning",
                    message: "limited"
                ),
            ]
        )
    }

    @Test func `an NX-OS switch`() async throws {
        let format = "yyyy MMM d HH:mm:ss.SSS 'UTC'"
        try await check(
            "cisco/nx-os.txt",
            says: ["logging origin-id hostname", "logging timestamp milliseconds", "facility local7"],
            [
                Message(
                    text:
                        "<189>nx-core: TIME: %ETHPORT-5-IF_DOWN_ADMIN_DOWN: Interface Ethernet1/42 is down (Administratively down)",
                    format: format,
                    group: "syslog:nx-core:ETHPORT",
                    level: "info",
                    message: "Ethernet1/42 is down",
                    data: ["msgid": "ETHPORT-5-IF_DOWN_ADMIN_DOWN", "severity": "notice"]
                ),
                Message(
                    text:
                        "<187>nx-core: TIME: %DAEMON-3-SYSTEM_MSG: NTP Receive dropping message: Received NTP control mode packet",
                    format: format,
                    group: "syslog:nx-core:DAEMON",
                    level: "error",
                    message: "NTP Receive dropping message"
                ),
            ]
        )
    }

    @Test func `a RouterOS router`() async throws {
        let format = "yyyy-MM-dd'T'HH:mm:ss.SSS'+0000'"
        try await check(
            "mikrotik/komfyrvakt.rsc",
            says: [
                "remote-log-format=syslog", "syslog-time-format=iso8601", "syslog-facility=local0", "bsd-syslog=yes",
            ],
            [
                Message(
                    text: "<134>TIME gw-cabin script,info hello from komfyrvakt",
                    format: format,
                    group: "syslog:gw-cabin:script",
                    level: "info",
                    message: "hello from komfyrvakt",
                    data: ["topics": "script,info", "facility": "local0"]
                ),
                Message(
                    text:
                        "<130>TIME gw-cabin system,error,critical login failure for user root from 198.51.100.23 via ssh",
                    format: format,
                    group: "syslog:gw-cabin:system",
                    level: "critical",
                    message: "login failure for user root"
                ),
                // As it is before 7.18.
                Message(
                    text:
                        "<134>TIME gw-cabin firewall,info forward: in:bridge out:ether1, proto UDP, 10.0.0.2:5353->192.0.2.4:53, len 52",
                    format: "MMM d HH:mm:ss",
                    group: "syslog:gw-cabin:firewall",
                    level: "info",
                    message: "forward: in:bridge",
                    data: ["dstport": 53, "proto": "UDP"]
                ),
            ]
        )
    }

    @Test func `a UniFi network`() async throws {
        try await check(
            "unifi/README.md",
            says: [
                "Activity Logging (Syslog)", "SIEM Server",
                "drop = [{ app = [\"mcad\", \"hostapd\"], level = \"<=info\" }]",
            ],
            [
                Message(
                    text:
                        "<30>TIME Loft 788a20abcdef,U6-Lite-6.6.55+15189: : stahtd[1790]: [STA-TRACKER]: {\"mac\":\"00:53:00:11:22:33\",\"assoc_status\":0}",
                    format: "MMM d HH:mm:ss",
                    group: "syslog:Loft:stahtd",
                    level: "info",
                    message: "STA-TRACKER",
                    data: [
                        "device": "788a20abcdef,U6-Lite-6.6.55+15189", "mac": "00:53:00:11:22:33", "assoc_status": 0,
                    ]
                ),
                Message(
                    text:
                        "<14>TIME UDM CEF:0|Ubiquiti|UniFi Network|9.0.114|400|WiFi Client Connected|1|UNIFIcategory=Monitoring UNIFIhost=UDM msg=Phone connected to Guest",
                    format: "MMM d HH:mm:ss",
                    group: "syslog:UDM:UniFi Network",
                    level: "info",
                    message: "WiFi Client Connected",
                    data: ["UNIFIcategory": "Monitoring", "name": "WiFi Client Connected", "deviceVendor": "Ubiquiti"]
                ),
            ]
        )
    }

    @Test func `the rules and the group of the UniFi example are what the agent takes`() async throws {
        let text = try String(contentsOfFile: "\(Built.repository)/examples/unifi/README.md", encoding: .utf8)
        let parts = text.components(separatedBy: "```")
        let toml = try #require(
            parts.count > 1 ? parts[1].split(separator: "\n").dropFirst().joined(separator: "\n") : nil
        )
        try await withHub { hub in
            let port = try Network.freePort()
            let agent = try AgentProcess(
                hub: hub.url,
                key: try await hub.makeKey("test-agent", scope: "ingest"),
                more: toml.replacingOccurrences(of: "0.0.0.0:514", with: "127.0.0.1:\(port)")
                    .replacingOccurrences(of: "192.168.0.0/16", with: "127.0.0.0/8")
            )
            do {
                try await agent.start()
                for message in [
                    "<30>Nov 23 08:00:01 Loft mcad: noise", "<27>Nov 23 08:00:01 Loft mcad: trouble",
                    "<30>Nov 23 08:00:01 Loft hostapd: noise", "<30>Nov 23 08:00:01 Loft stahtd: last",
                ] {
                    try Network.sendDatagram(message, to: port)
                }
                // They may lie in two batches, which come in any order.
                for message in ["trouble", "last"] { _ = try await hub.log { $0["message"].text == message } }
                let logs = try await hub.logs("group=unifi:*")
                #expect(Set(logs.compactMap { $0["message"].text }) == ["trouble", "last"])
                #expect(logs.contains { $0["group"] == "unifi:Loft:mcad" })
            } catch {
                await agent.close()
                throw error
            }
            await agent.close()
        }
    }
}
