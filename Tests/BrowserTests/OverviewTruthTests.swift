import Foundation
import TestSupport
import Testing

/// What the overview says is so, whatever is filtered, whatever the reader's clock says, and however long the page is open;
/// and whoever works in it is not disturbed by what comes.
@Suite(.serialized)
struct OverviewTruthTests {
    private static var now: Double { Date().timeIntervalSince1970.rounded(.down) }

    @Test func `a group that is silent for longer than the range is missed all the same`() async throws {
        try await withOverview { hub, browser in
            try await browser.open(hub.url + "/?since=30m")
            try await browser.see(".trouble", "site:web is silent")
            // Times are told as the view tells them.
            try await browser.open(hub.url + "/?since=30m&times=relative")
            try await browser.see(".trouble", "since 2 h ago")
        }
    }

    @Test func `the groups with most errors are one question, and of the logs that are filtered`() async throws {
        try await withOverview { hub, browser in
            try await browser.open(hub.url + "/?since=6h&q=payment")
            try await browser.see(".group-table tbody tr", "app")
            try await browser.see(".group-table .cell-button", "60")
            let rows = "return [...document.querySelectorAll('.group-table tbody tr')].filter(r => !r.hidden).length"
            #expect(try await browser.script(rows) == 1, "a group without any of these logs is not named")
            let questions = """
                const asked = performance.getEntriesByType("resource").map(entry => new URL(entry.name));
                return [asked.filter(url => url.pathname === "/api/groups" && url.searchParams.get("q") === "payment").length,
                    asked.filter(url => url.pathname === "/api/histogram" && (url.searchParams.get("group") || "").endsWith(":*")).length];
                """
            let asked = try await browser.script(questions)
            #expect((1...3).contains(asked[0].number ?? 0), "\(asked)")
            #expect(asked[1] == 0, "no question for each group: \(asked)")
            try await browser.click(".group-table .cell-button", "60")
            try await browser.see(".log-error .log-message", "payment declined")
        }
    }

    @Test func `losses of before the page are a plain line, and what is lost now is a trouble`() async throws {
        try await withOverview { hub, browser in
            let old: JSON = ["message": "of last week", "group": "late", "timestamp": .number(Self.now - 7 * 86_400)]
            for _ in 0..<2 { #expect(try await hub.send("POST", "/api/logs", old).status == 422) }
            try await Self.tell(hub, ["dropped": 7])
            try await browser.open(hub.url + "/?since=6h")
            try await browser.see(".verdict-past", "2 refused, 7 lost by agent gateway-1")
            try await browser.seeNothing(".trouble", "refused")
            try await browser.seeNothing(".trouble", "lost")
            for _ in 0..<3 { #expect(try await hub.send("POST", "/api/logs", old).status == 422) }
            try await Self.tell(hub, ["dropped": 11])
            try await browser.see(".trouble", "3 logs refused")
            try await browser.see(".trouble", "Agent gateway-1 lost 4 logs", within: 90)
            try await browser.see(".trouble-more", "in the last ")
            try await browser.see(".verdict-past", "2 refused, 7 lost")
            // Who looks at another page meanwhile comes back to the same.
            try await browser.click(".trouble", "3 logs refused")
            try await browser.see("settings-page")
            try await browser.back()
            try await browser.see(".trouble", "3 logs refused")
        }
    }

    @Test func `figures of one tile are of the same logs`() async throws {
        try await withOverview { hub, browser in
            try await browser.open(hub.url + "/?since=6h")
            try await browser.see(".tile", "on average")
            let context = """
                return [...document.querySelectorAll(".tile")].find(tile => tile.textContent.startsWith("Logs a second"))
                    .querySelector(".tile-context").textContent;
                """
            _ = try await eventually("the rate of now is told") {
                try await browser.script(context).text?.hasPrefix("now, ") == true ? true : nil
            }
            try await browser.open(hub.url + "/?since=6h&level=error")
            try await browser.see(".tile", "Errors60")
            _ = try await eventually("a filtered rate is an average alone") {
                try await browser.script(context) == "on average" ? true : nil
            }
            try await browser.see(".tile-context", "any log")
        }
    }

    @Test(arguments: [3_600, -3_600])
    func `a reader whose clock is wrong sees right charts, ages and ranges`(_ seconds: Int) async throws {
        try await withOverview { hub, browser in
            try await browser.prepareEveryPage(Self.clock(ahead: seconds))
            try await browser.open(hub.url + "/?since=2h")
            try await browser.see("volume-card[data-state='ready'] .level-count", "60")
            try await browser.see(".tile", "Errors60")
            try await browser.click("volume-card .as-table summary")
            try await browser.see("volume-card .plain-table tbody tr")
            // Newest first: all intervals of the range stand there, with logs from the first to the last.
            let counts = try await browser.script(
                """
                return [...document.querySelectorAll("volume-card .plain-table tbody tr")]
                    .map(row => Number(row.lastElementChild.textContent.replace(/,/g, "")));
                """
            )
            let filled = counts.items.compactMap(\.number)
            #expect((118...124).contains(filled.count), "the minutes of two hours: \(filled.count)")
            let edge = 15
            #expect(filled.prefix(edge).contains { $0 > 0 }, "the newest end has logs: \(filled)")
            #expect(filled.suffix(edge).contains { $0 > 0 }, "the oldest end has logs: \(filled)")
            let newest = """
                return [...document.querySelectorAll(".tile")].find(tile => tile.textContent.startsWith("Last log"))
                    .querySelector(".tile-figure").textContent;
                """
            let age = try await browser.script(newest).text ?? ""
            #expect(age.hasSuffix(" min") || age.hasSuffix(" s") || age == "now", "\(age)")
            // A stretch that is chosen is where the logs are.
            try await browser.drag(over: "volume-card .chart-box", from: 0.7, to: 0.9)
            _ = try await eventually("the address has the stretch") {
                try await browser.address().contains("until=20") ? true : nil
            }
            try await browser.see("volume-card[data-state='ready']")
            try await browser.see(".verdict-text", "error")
            let zoomed = try await browser.address()
            let until = try #require(URLComponents(string: zoomed)?.queryItems?.first { $0.name == "until" }?.value)
            let format = ISO8601DateFormatter()
            let end = try #require(format.date(from: until)?.timeIntervalSince1970, "\(until)")
            #expect(end > Self.now - 7_200 && end < Date().timeIntervalSince1970 + 60, "\(zoomed)")
            try await browser.back()
            try await browser.see(".verdict-text", "60 errors")
        }
    }

    @Test func `whoever reads a chart by keyboard stays at the time while the range moves on`() async throws {
        try await withOverview { hub, browser in
            try await browser.open(hub.url + "/?since=5m")
            try await browser.see("volume-card[data-state='ready']")
            try await browser.click("volume-card .as-table summary")
            try await browser.see("volume-card .plain-table tbody tr")
            let newest = "return document.querySelector('volume-card .plain-table tbody th').textContent"
            let first = try await browser.script(newest)
            try await browser.script("document.querySelector('volume-card .chart-box').focus()")
            for _ in 0..<8 { try await browser.press("\u{E012}") }  // arrow left
            let at = try await browser.text(".chart-tip .tip-time")
            _ = try await eventually("the range has moved on", within: 120) {
                try await browser.script(newest) != first ? true : nil
            }
            #expect(try await browser.text(".chart-tip .tip-time") == at)
            // On from there, not from the end.
            try await browser.press("\u{E012}")
            #expect(try await browser.text(".chart-tip .tip-time") != at)
            try await browser.press("\u{E014}")  // arrow right
            #expect(try await browser.text(".chart-tip .tip-time") == at)
        }
    }

    @Test func `what is asked for again keeps the keyboard's place, and what is unfolded`() async throws {
        try await withOverview { hub, browser in
            try await browser.open(hub.url + "/?since=24h")
            // In the report: the same words are not made anew, other words keep the place.
            try await browser.see(".advice .time-link")
            try await browser.script("document.querySelector('.advice .time-link').focus()")
            try await browser.script("document.querySelector('report-card').order('anew')")
            try await browser.see("report-card[data-state='ready'] .report-author", "just now")
            #expect(try await browser.script(Self.hasKeyboard, [".advice .time-link"]) == true)

            // Among the patterns: a new one moves the others down.
            try await browser.see(".pattern .pattern-example")
            let words = try await browser.script(
                """
                const row = [...document.querySelectorAll(".pattern")].find(row => row.textContent.includes("oven"));
                row.querySelector(".pattern-example").focus();
                return row.textContent;
                """
            )
            #expect(words.text?.contains("oven reports") == true)
            try await hub.post(["message": "something that nobody has seen", "group": "app:shop", "level": "critical"])
            try await browser.script("document.querySelector('patterns-card').again()")
            try await browser.see(".pattern", "something that nobody has seen")
            #expect(try await browser.script(Self.hasKeyboard, [".pattern-example"]) == true)
            let row = try await browser.script("return document.activeElement.closest('.pattern').textContent").text
            #expect(row?.contains("oven reports") == true, "\(row ?? "")")

            // Among the fields: an unfolded one stays, and so does who is in it.
            try await browser.click(".field-head", "temperature")
            try await browser.see(".field-body .trend-line .time-link")
            try await browser.script("document.querySelector('.field-body .time-link').focus()")
            try await browser.script("document.querySelector('fields-card').again()")
            _ = try await eventually("the fields are asked for again") {
                try await browser.script("return document.querySelector('fields-card').dataset.state") == "ready"
                    ? true : nil
            }
            #expect(try await browser.script(Self.hasKeyboard, [".field-body .time-link"]) == true)
            try await browser.see(".field-body canvas")
        }
    }

    @Test func `times that are told as how long ago are told so everywhere`() async throws {
        try await withOverview { hub, browser in
            try await browser.open(hub.url + "/?since=6h")
            try await browser.see(".finding .time-link", "since")
            try await browser.see(".pattern .new-mark")
            try await browser.click(".field-head", "temperature")
            try await browser.see(".field-body .plain-table tbody tr")
            // Switched while it is looked at.
            try await browser.click("#range")
            try await browser.click(".range-choice", "How long ago")
            try await browser.press("\u{E00C}")  // escape
            for selector in [".finding .time-link", ".trend-line .time-link", ".field-body .plain-table th"] {
                _ = try await eventually("\(selector) is relative") {
                    let texts = try await browser.script(
                        "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)",
                        [.text(selector)]
                    )
                    return texts.items.compactMap(\.text).contains { $0.contains(" h") || $0.contains(" min") }
                        ? true : nil
                }
                let clocks = try await browser.script(
                    "return [...document.querySelectorAll(arguments[0])].filter(e => /\\d\\d:\\d\\d/.test(e.textContent)).length",
                    [.text(selector)]
                )
                #expect(clocks == 0, "\(selector)")
            }
            try await browser.click(".trouble", "site:web is silent")
            try await browser.see(".verdict-text")
        }
    }

    // MARK: Helpers

    private static let hasKeyboard = "return document.activeElement.matches(arguments[0])"

    /// A clock that is wrong by so many seconds.
    private static func clock(ahead seconds: Int) -> String {
        """
        const Right = Date;
        window.Date = class extends Right {
            constructor(...parts) { if (parts.length === 0) super(Right.now() + \(seconds * 1_000)); else super(...parts); }
            static now() { return Right.now() + \(seconds * 1_000); }
        };
        """
    }

    private static func tell(_ hub: HubProcess, _ more: [String: JSON]) async throws {
        let told: [String: JSON] = ["version": "1.0", "host": "gateway-1", "interval": 3_600]
        let answer = try await hub.send("PUT", "/api/agents/gateway-1", .object(told.merging(more) { $1 }))
        #expect(answer.status == 200)
    }

    /// Twenty hours in which an oven warms up for the last four, a group falls silent two and a half hours ago, and
    /// payments fail in the last one.
    private static func fill(_ hub: HubProcess) async throws {
        var logs: [JSON] = []
        let now = Self.now
        for minute in 0..<1_200 {
            let time = JSON.number(now - Double(1_200 - minute) * 60)
            let noise = Double(minute * 7_919 % 101) / 100
            let temperature = 20 + noise + (minute > 960 ? Double(minute - 960) / 6 : 0)
            logs.append([
                "message": "oven reports", "group": "plant:oven", "timestamp": time,
                "data": ["temperature": .number(temperature), "humidity": .number(40 + noise)],
            ])
            if minute < 1_050 { logs.append(["message": "page served", "group": "site:web", "timestamp": time]) }
            logs.append(["message": "cart is open", "group": "app:shop", "timestamp": time])
            if minute >= 1_140 {
                logs.append([
                    "message": .text("payment declined for order \(10_000 + minute * 37)"), "group": "app:shop",
                    "level": "error", "timestamp": time,
                ])
            }
        }
        let answer = try await hub.send("POST", "/api/logs/batch", .list(logs), headers: ["Prefer": "return=minimal"])
        guard answer.json["ingested"].number == Double(logs.count) else { throw TestFailure(answer.body) }
    }

    /// A hub with logs, and its overview open in a browser; what the page did wrong fails the test.
    private func withOverview(_ test: (HubProcess, Browser) async throws -> Void) async throws {
        try await withHub { hub in
            try await Self.fill(hub)
            try await Browser.with { browser in
                // Cards ask when they come into sight: here all of them are.
                try await browser.resize(width: 1_440, height: 2_800)
                try await browser.open(try await hub.loginLink())
                try await browser.see("health-card .verdict-text")
                try await test(hub, browser)
                #expect(try await browser.problems() == [])
            }
        }
    }
}
