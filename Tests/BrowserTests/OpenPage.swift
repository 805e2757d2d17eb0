import Foundation
import TestSupport
import Testing

/// A hub, an agent, and the dashboard open in a browser that came in by a login link.
///
/// What the page did wrong fails the test, unless the test has asked before.
func withOpenPage(
    _ test: (HubProcess, AgentProcess, Browser) async throws -> Void
) async throws {
    try await withHubAndAgent { hub, agent in
        try await Browser.with { browser in
            try await browser.open(try await hub.loginLink())
            try await browser.see("overview-page .live", "Live")
            try await test(hub, agent, browser)
            #expect(try await browser.problems() == [])
        }
    }
}

/// What a page shows in these tests.
enum SampleLogs {
    /// Logs as a small site has them.
    static func fill(_ hub: HubProcess) async throws {
        let samples: [(String, String, String)] = [
            ("info", "syslog:fw-oslo-1:sshd", "Accepted publickey for deploy from 10.2.0.4 port 51122 ssh2"),
            ("debug", "app:search", "select * from orders where id = $1 (0.4 ms)"),
            ("warning", "datacenter:server-rack-1", "disk almost full: /var 91 %"),
            ("error", "app:checkout", "upstream timed out (110: Connection timed out) while reading response header"),
            ("info", "datacenter:core-switch", "%LINK-3-UPDOWN: Interface GigabitEthernet1/0/24, changed state to up"),
            ("critical", "warehouse:freezer-3", "Freezer 3 above -10 °C for 30 minutes: goods at risk"),
            ("info", "app:checkout:worker", "Job 5512 finished in 812 ms"),
            (
                "info", "a-group-with-a-very-long-name-that-does-not-fit-anywhere:and-another-part-of-the-same-length",
                "x"
            ),
        ]
        let logs = (0..<160)
            .map { index -> JSON in
                let (level, group, message) = samples[(index * 7 + index / 9) % samples.count]
                return [
                    "level": .text(level), "group": .text(group), "message": .text(message),
                    "tags": ["oslo", "v2.3.1"],
                    "source": "fw-oslo-1.example", "data": ["pid": .number(Double(index)), "request": ["ms": [1, 2]]],
                    "timestamp": .number((Date().timeIntervalSince1970 - Double(160 - index) * 7).rounded()),
                ]
            }
        let answer = try await hub.send("POST", "/api/logs/batch", .list(logs), headers: ["Prefer": "return=minimal"])
        #expect(answer.json["ingested"] == 160, "\(answer.body)")
    }
}
