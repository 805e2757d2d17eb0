import Foundation
import TestSupport
import Testing

/// The centre of the overview as a user has it: what is wrong, since when, and the ways to where more is seen.
@Suite(.serialized)
struct CentreTests {
    private static let now = Date().timeIntervalSince1970.rounded(.down)

    @Test func `what is wrong is said in words, and each trouble leads to where more is seen`() async throws {
        try await withCentre(Self.incident) { hub, browser in
            func tell(dropped: Double) async throws {
                let told: JSON = ["version": "1.0", "host": "gateway-1", "interval": 5, "dropped": .number(dropped)]
                #expect(try await hub.send("PUT", "/api/agents/gateway-1", told).status == 200)
            }
            try await tell(dropped: 4)
            try await browser.open(hub.url + "/?since=6h")
            try await browser.see(".verdict-text", "60 errors")
            try await browser.see(".verdict-past", "4 lost by agent gateway-1")
            try await tell(dropped: 11)
            try await browser.see(".verdict-more", "In the last 6 hours")
            try await browser.see(".trouble", "60 errors")
            try await browser.see(".trouble", "site:web is silent")
            try await browser.see(".trouble", "Agent gateway-1 lost 7 logs", within: 120)
            // Without a further sign of life: late after two of its intervals, and silent after ten.
            try await browser.see(".trouble", "Agent gateway-1 is ", within: 150)
            try await browser.see(".tile", "Errors60")
            try await browser.see(".tile-context", "0 before")
            try await browser.see(".group-table tbody tr", "app")
            let first = try await browser.script("return document.querySelector('.group-table tbody tr').textContent")
            #expect(first.text?.hasPrefix("app") == true, "most errors first: \(first)")

            try await browser.click(".trouble", "60 errors")
            #expect(try await browser.address() == "\(hub.url)/?level=error&since=6h&panel=logs")
            try await browser.see(".log-error .log-message", "payment declined")
            try await browser.back()
            try await browser.click(".trouble", "site:web is silent")
            try await browser.see(".path", "web")
            #expect(try await browser.address().contains("group=site:web&since=20"))
            try await browser.back()
            try await browser.click(".trouble", "Agent gateway-1 lost")
            try await browser.see("agents-page")
            try await browser.back()
            try await browser.click(".group-table .row-button", "plant")
            // The agent is not well whatever group is chosen.
            try await browser.see(".verdict-text", "No errors")
            #expect(try await browser.address() == "\(hub.url)/?group=plant:*&since=6h")
        }
    }

    @Test func `a drag over the volume zooms, by keyboard too, and back undoes it`() async throws {
        try await withCentre(Self.incident) { hub, browser in
            try await browser.open(hub.url + "/?since=6h")
            try await browser.see("volume-card[data-state='ready'] .level-count", "60")
            try await browser.drag(over: "volume-card .chart-box", from: 0.4, to: 0.6)
            _ = try await eventually("the address has the stretch") {
                try await browser.address().contains("until=20") ? true : nil
            }
            let zoomed = try await browser.address()
            #expect(zoomed.contains("since=20"))
            // Six hours' bars are five minutes long: a fifth of them is an hour and a bit.
            let times = try Self.times(zoomed)
            #expect((2_400...6_000).contains(times.until - times.since), "\(zoomed)")
            #expect(Int(times.since) % 300 == 0, "a zoom begins with an interval")
            try await browser.see("volume-card .small-button", "Zoom out")
            try await browser.see(".verdict-text", "All quiet")
            try await browser.screenshot("centre-zoomed")
            try await browser.click("volume-card .small-button", "Zoom out")
            _ = try await eventually("twice as much is shown") {
                try await browser.address() != zoomed ? true : nil
            }
            let wider = try Self.times(try await browser.address())
            #expect(abs((wider.until - wider.since) - 2 * (times.until - times.since)) < 2)
            try await browser.back()
            try await browser.back()
            #expect(try await browser.address() == "\(hub.url)/?since=6h")
            try await browser.see("volume-card[data-state='ready'] .level-count", "60")

            try await browser.script("document.querySelector('volume-card .chart-box').focus()")
            for _ in 0..<20 { try await browser.press("\u{E012}") }  // arrow left
            try await browser.see(".chart-tip .tip-time", "\u{2013}")
            try await browser.script(
                """
                const box = document.querySelector('volume-card .chart-box');
                for (let step = 0; step < 5; step++)
                    box.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', shiftKey: true, bubbles: true }));
                """
            )
            try await browser.see("volume-card .brush")
            try await browser.press("\u{E007}")  // enter
            let chosen = try await eventually("the address has the stretch") {
                let address = try await browser.address()
                return address.contains("until=20") ? address : nil
            }
            let stretch = try Self.times(chosen)
            #expect(stretch.until - stretch.since == 1_800, "six bars of five minutes")
        }
    }

    @Test func `levels are taken out by the legend, and the volume is a table, too`() async throws {
        try await withCentre(Self.incident) { hub, browser in
            try await browser.open(hub.url + "/?since=6h")
            try await browser.see("volume-card[data-state='ready'] .level-toggle", "error")
            try await browser.click("volume-card .level-toggle", "info")
            try await browser.see("volume-card .level-toggle[aria-pressed='false']", "info")
            try await browser.click("volume-card .as-table summary")
            try await browser.see("volume-card .plain-table tbody tr", "\u{2013}")
            let rows = try await browser.script(
                """
                return [...document.querySelectorAll('volume-card .plain-table tbody tr')]
                    .map(row => Number(row.lastElementChild.textContent.replace(/,/g, '')));
                """
            )
            let tile = try await browser.script(
                "return parseInt(document.querySelector('.tile-figure').title.replace(/,/g, ''))"
            )
            #expect(rows.items.count >= 72, "every interval stands there")
            #expect(abs(rows.items.compactMap(\.number).reduce(0, +) - (tile.number ?? 0)) <= 20)
        }
    }

    @Test func `a field that changed comes first, and unfolds to a chart with its trend marked`() async throws {
        try await withCentre(Self.incident) { hub, browser in
            try await browser.open(hub.url + "/?group=plant:*&since=24h")
            try await browser.see(".data-field", "temperature")
            try await browser.see(".data-field .trend-chip", "rising")
            try await browser.see(".data-field .trend-chip", "spike")
            let names = try await browser.script(
                "return [...document.querySelectorAll('.field-name')].map(name => name.textContent)"
            )
            #expect(names.items.compactMap(\.text).last == "humidity", "what did not change is last: \(names)")
            try await browser.click(".field-head", "temperature")
            try await browser.see(".trend-line .trend-change", "\u{2192}")
            try await browser.see(".field-body time-chart canvas")
            try await browser.see(".field-body .plain-table tbody tr")
            #expect(try await browser.script(Self.isDrawn, [".field-body canvas"]) == true)
            try await browser.screenshot("centre-field")
            try await browser.click(".trend-line .time-link")
            _ = try await eventually("the trend's time is shown") {
                try await browser.address().contains("since=20") ? true : nil
            }
            try await browser.back()
            try await browser.see(".field-body canvas")
            try await browser.click(".field-head", "temperature")
            try await browser.seeNothing(".field-body")
        }
    }

    @Test func `a new pattern is marked, and a click finds its logs`() async throws {
        try await withCentre(Self.incident) { hub, browser in
            try await browser.open(hub.url + "/?since=6h")
            try await browser.see(".pattern .new-mark", "new")
            try await browser.see(".pattern .pattern-variable", "<num>")
            let first = try await browser.script("return document.querySelector('.pattern').textContent").text ?? ""
            #expect(first.contains("payment declined for order"), "new ones first: \(first)")
            try await browser.click(".pattern-template", "payment declined")
            try await browser.see(".log .log-message", "payment declined for order")
            try await browser.see(".verdict-text", "60 errors")
            try await browser.seeNothing(".log .log-message", "oven")
            let address = try await browser.address()
            #expect(address.contains("q=message"), "\(address)")
            try await browser.back()
            try await browser.click(".pattern-example", "example")
            _ = try await eventually("the example is opened") {
                try await browser.address().contains("log=log_") ? true : nil
            }
            try await browser.script(
                "const s = document.querySelector('patterns-card select'); s.value = 'count'; s.dispatchEvent(new Event('change'))"
            )
            _ = try await eventually("the commonest is first") {
                let first = try await browser.script("return document.querySelector('.pattern').textContent").text
                return first?.contains("payment") == false ? true : nil
            }
        }
    }

    @Test func `the report says what happened, since when and what to do, and its times lead there`() async throws {
        try await withCentre(Self.incident) { hub, browser in
            try await browser.open(hub.url + "/?since=24h")
            try await browser.see(".report-summary", "app:shop")
            try await browser.see(".report-author", "Written by the hub's statistics")
            try await browser.see(".finding .time-link", "since")
            try await browser.see(".advice .priority")
            try await browser.click("[aria-label='Write the report anew']")
            try await browser.see("report-card[data-state='ready'] .report-author", "just now")
            try await browser.click(".advice .time-link", "Show these logs")
            #expect(try await browser.address().contains("since=20"))
            try await browser.back()
            try await browser.click(".finding .time-link", "since")
            _ = try await eventually("the finding's time is shown") {
                try await browser.address().contains("since=20") ? true : nil
            }
            // It stays while one looks at what it found.
            try await browser.see(".report-summary", "app:shop")
        }
    }

    @Test func `a model is asked by a click alone, and when it fails that is said`() async throws {
        // Nothing listens there.
        let settings = [
            "AI_PROVIDER": "openai", "OPENAI_BASE_URL": "http://127.0.0.1:\(try Network.freePort())",
            "OPENAI_MODEL": "little-model",
        ]
        try await withCentre(Self.incident, settings: settings) { hub, browser in
            try await browser.see(".report-invitation", "little-model")
            try await browser.click(".report-invitation button", "Write a report")
            try await browser.see(".report-trouble", "The model did not write it", within: 90)
            try await browser.see(".report-author", "Written by the hub's statistics")
            try await browser.see(".report-summary", "app:shop")
        }
    }

    @Test func `three hundred fields stay a list that is filtered, and any can be asked for`() async throws {
        let logs = (0..<60)
            .map { minute -> JSON in
                [
                    "message": "wide", "group": "wide", "timestamp": .number(Self.now - Double(60 - minute) * 60),
                    "data": .object(
                        Dictionary(
                            uniqueKeysWithValues: (0..<300)
                                .map { ("field\($0)", .number(Double($0) + Double(minute % 7))) }
                        )
                    ),
                ]
            }
        let fill = { (hub: HubProcess) in try await Self.store(logs, in: hub) }
        try await withCentre(fill) { hub, browser in
            try await browser.open(hub.url + "/?since=1h")
            try await browser.see("fields-card .card-fact", "256 and more fields")
            let count = "return document.querySelectorAll('.data-field').length"
            #expect(try await browser.script(count) == 20)
            try await browser.click("fields-card .small-button", "Show more of 256")
            _ = try await eventually("more rows are shown") {
                try await browser.script(count) == 60 ? true : nil
            }
            try await browser.type("field123", into: "fields-card input")
            _ = try await eventually("one is left") { try await browser.script(count) == 1 ? true : nil }
            try await browser.script(
                "const i = document.querySelector('fields-card input'); i.value = 'field99'; i.dispatchEvent(new Event('input'))"
            )
            try await browser.click("fields-card .small-button", "Ask for the field")
            try await browser.see(".data-field .field-last", "10")
            try await browser.click(".field-head", "field99")
            try await browser.see(".field-body .plain-table tbody tr")
            #expect(try await browser.script("return document.querySelectorAll('fields-card canvas').length") == 1)
        }
    }

    @Test func `an error stays in its card, and what is folded stays folded`() async throws {
        try await withCentre(Self.incident) { hub, browser in
            try await browser.click("patterns-card .card-fold")
            try await browser.seeNothing("patterns-card .card-body")
            try await browser.reload()
            try await browser.see("patterns-card .card-fold[aria-expanded='false']")
            try await browser.click("patterns-card .card-fold")
            try await browser.see(".pattern")
            try await browser.open(hub.url + "/?q=%28")
            try await browser.see("volume-card .card-note-line.wrong", "never closed")
            try await browser.see("fields-card .card-note-line .link-button", "Try again")
            try await browser.see(".verdict .card-note-line", "never closed")
            try await browser.see("log-panel .empty-title", "does not understand this search")
            try await browser.seeNothing(".live")
            // Reports follow no search.
            try await browser.see(".report-summary", "app:shop")
            #expect(try await browser.problems(except: ["422"]) == [])
            try await browser.open(hub.url + "/?q=payment")
            try await browser.see("volume-card[data-state='ready'] .level-count", "60")
            try await browser.see(".verdict-text", "60 errors")
            try await browser.see(".live", "Live")
        }
    }

    @Test func `a theme is followed, logs that come are counted, and nothing shown is lost when the hub is away`()
        async throws
    {
        try await withCentre(Self.incident) { hub, browser in
            try await browser.open(hub.url + "/?since=6h")
            try await browser.see("volume-card[data-state='ready'] .level-count", "60")
            try await browser.prefer("dark")
            #expect(try await browser.script(Self.isDrawn, ["volume-card canvas"]) == true)
            try await hub.post(["message": "payment declined for order 4711", "group": "app:shop", "level": "critical"])
            try await browser.see(".verdict-text", "1 critical log and 60 errors", within: 60)
            try await browser.see(".level-toggle .level-count", "1")
            try await hub.stop()
            try await browser.see(".banner", "does not answer", within: 60)
            try await browser.see(".verdict-text", "1 critical log and 60 errors")
            try await browser.see(".pattern")
            try await hub.start()
            try await browser.seeNothing(".banner")
            try await browser.see("volume-card[data-state='ready']", within: 60)
            #expect(try await browser.problems(except: ["net::ERR_", "503"]) == [])
        }
    }

    @Test(arguments: ["light", "dark"])
    func `the centre fits every width, with contrast and names`(_ scheme: String) async throws {
        try await withCentre(Self.incident) { hub, browser in
            try await browser.prefer(scheme)
            try await browser.see(".data-field")
            try await browser.click(".field-head", "temperature")
            try await browser.click("volume-card .as-table summary")
            try await browser.see(".pattern")
            try await browser.see(".report-author")
            for width in [360, 768, 1_280, 2_560] {
                try await browser.resize(width: width, height: 2_000)
                let place = "\(scheme)-\(width)"
                _ = try await eventually("the charts have the new width") {
                    try await browser.script(Self.sticksOut) == [] ? true : nil
                }
                #expect(try await browser.script(PageScripts.lowContrast) == [], "\(place)")
                #expect(try await browser.script(PageScripts.unnamed) == [], "\(place)")
                try await browser.screenshot("centre-\(place)")
            }
        }
    }

    /// What of the centre is wider than its place.
    private static let sticksOut = """
        const centre = document.querySelector(".centre");
        if (!centre.checkVisibility()) return ["the centre is not shown"];
        const right = centre.getBoundingClientRect().right;
        const out = [];
        for (const element of centre.querySelectorAll("*")) {
            if (!element.checkVisibility() || element.closest(".table-scroller *, svg, .chart-box *")) continue;
            if (element.getBoundingClientRect().right > right + 1) out.push(`${element.tagName} ${element.className}`);
        }
        return out;
        """

    /// Whether anything is on a canvas.
    private static let isDrawn = """
        const canvas = document.querySelector(arguments[0]);
        const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        return pixels.some(value => value !== 0);
        """

    private static func times(_ address: String) throws -> (since: Double, until: Double) {
        let items = URLComponents(string: address)?.queryItems ?? []
        let whole = ISO8601DateFormatter()
        let precise = ISO8601DateFormatter()
        precise.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        func time(_ name: String) -> Double? {
            items.first { $0.name == name }?.value.flatMap { precise.date(from: $0) ?? whole.date(from: $0) }?
                .timeIntervalSince1970
        }
        guard let since = time("since"), let until = time("until") else {
            throw TestFailure("no stretch of time in \(address)")
        }
        return (since, until)
    }

    /// Twenty hours of a small site, in which temperature rises for the last four, pressure jumps for ten minutes, a
    /// group falls silent, and payments begin to fail.
    private static func incident(_ hub: HubProcess) async throws {
        var logs: [JSON] = []
        for minute in 0..<1_200 {
            let time = JSON.number(now - Double(1_200 - minute) * 60)
            let noise = Double(minute * 7_919 % 101) / 100
            let temperature = 20 + noise + (minute > 960 ? Double(minute - 960) / 6 : 0)
            let pressure = 5 + noise + ((1_020..<1_030).contains(minute) ? 40 : 0)
            logs.append([
                "message": "oven reports", "group": "plant:oven", "timestamp": time,
                "data": ["temperature": .number(temperature), "humidity": .number(40 + noise)],
            ])
            logs.append([
                "message": "press reports", "group": "plant:press", "timestamp": time,
                "data": ["pressure": .number(pressure)],
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
        try await store(logs, in: hub)
    }

    private static func store(_ logs: [JSON], in hub: HubProcess) async throws {
        let answer = try await hub.send("POST", "/api/logs/batch", .list(logs), headers: ["Prefer": "return=minimal"])
        guard answer.json["ingested"].number == Double(logs.count) else { throw TestFailure(answer.body) }
    }
}

/// A hub with logs, and its overview open in a browser; what the page did wrong fails the test.
private func withCentre(
    _ fill: (HubProcess) async throws -> Void,
    settings: [String: String] = [:],
    _ test: (HubProcess, Browser) async throws -> Void
) async throws {
    try await withHub(settings) { hub in
        try await fill(hub)
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
