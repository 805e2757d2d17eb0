import Foundation
import TestSupport
import Testing

/// The list of logs, what opens from it, search, values in common and export, as a user works them.
@Suite(.serialized)
struct LogsTests {
    private static let enter = "\u{E007}"
    private static let escape = "\u{E00C}"
    private static let arrowDown = "\u{E015}"
    private static let arrowUp = "\u{E013}"

    @Test func `thousands of logs are scrolled through while few rows are on the page`() async throws {
        try await withLogs { hub, browser in
            try await Self.post(hub, count: 3_000) { "line \($0)" }
            try await browser.open("\(hub.url)/?page=logs")
            try await browser.see(".log .log-message", "line 2999")
            try await browser.see(".log-columns", "Source")
            // The end is reached by scrolling alone: older logs come by themselves.
            _ = try await eventually("the end is reached", within: 60) {
                try await browser.script(
                    """
                    const scroller = document.querySelector('.log-scroller');
                    scroller.scrollTop = scroller.scrollHeight;
                    return document.querySelector('.list-foot').textContent === 'These are all.'
                        && [...document.querySelectorAll('.log-message')].some(m => m.textContent === 'line 0');
                    """
                ) == true ? true : nil
            }
            try await browser.see(".log[aria-setsize='3000']")
            let rows = try await browser.script("return document.querySelectorAll('.log').length").number ?? 0
            #expect(rows < 120, "only what is in view is on the page")
            try await browser.see(".live", "Paused")
            let order = try await browser.script(
                "return [...document.querySelectorAll('.log')].map(row => Number(row.getAttribute('aria-posinset')))"
            )
            let places = order.items.compactMap(\.number)
            #expect(places == places.sorted(), "rows stand in order for those who hear them")
            // What arrives above moves nothing.
            let place = "return document.querySelector('.log-scroller').scrollTop"
            let before = try await browser.script(place)
            try await hub.post(["message": "fresh", "group": "g"])
            try await browser.see(".pill", "1 new")
            #expect(try await browser.script(place) == before)
            try await browser.click(".pill")
            try await browser.see(".log", "fresh")
            try await browser.see(".live", "Live")
            try await browser.screenshot("logs-page")
        }
    }

    @Test func `the keyboard goes through the list, opens and closes`() async throws {
        try await withLogs { hub, browser in
            try await Self.post(hub, count: 40) { "line \($0)" }
            try await browser.open("\(hub.url)/?page=logs")
            try await browser.see(".log", "line 39")
            try await browser.script("document.querySelector('.log-scroller').focus()")
            try await browser.press(Self.arrowDown)
            try await browser.press(Self.arrowDown)
            try await browser.press(Self.enter)
            try await browser.see(".log.open .full-text", "line 38")
            #expect(try await browser.address().contains("log=log_"))
            try await browser.see(".live", "Paused")
            // What the frame's j and k ask for.
            try await browser.script("document.dispatchEvent(new CustomEvent('move-log', { detail: 1 }))")
            try await browser.see(".log.open .full-text", "line 37")
            try await browser.click(".log-tools .small-button", "Newer")
            try await browser.see(".log.open .full-text", "line 38")
            try await browser.press(Self.escape)
            try await browser.seeNothing(".log.open")
            #expect(try await browser.address() == "\(hub.url)/?page=logs")
            try await browser.see(".live", "Live")
            try await browser.script("document.dispatchEvent(new CustomEvent('open-log'))")
            try await browser.see(".log.open")
        }
    }

    @Test func `any value is searched for or left out, and back undoes it`() async throws {
        try await withLogs { hub, browser in
            try await hub.post([
                "message": "signed in", "group": "app:web", "tags": ["two words"],
                "data": ["user name": #"Alice "A" Smith"#, "http": ["status": 404], "deep": ["list": [1, "x"]]],
            ])
            try await hub.post(["message": "other", "group": "app:web", "data": ["http": ["status": 200]]])
            try await browser.open("\(hub.url)/?page=logs")
            try await browser.click(".log-head", "signed in")
            try await browser.click(".value-button", "Alice")
            try await browser.click(".menu-item", "Filter for this")
            try await browser.seeNothing(".log", "other")
            #expect(
                try await browser.script("return document.querySelector('#search').value")
                    == #""user name"="Alice \"A\" Smith""#
            )
            try await browser.back()
            try await browser.see(".log", "other")
            try await browser.see(".log.open")
            try await browser.click(".value-button[title*='status']", "404")
            try await browser.click(".menu-item", "Filter out")
            try await browser.seeNothing(".log", "signed in")
            #expect(try await browser.script("return document.querySelector('#search').value") == "-http.status=404")
            try await browser.see(".log", "other")
            // Leaving it out and searching for it exclude each other.
            try await browser.click(".search-clear")
            try await browser.click(".log-head", "signed in")
            try await browser.click(".value-button", "two words")
            try await browser.click(".menu-item", "Filter for this")
            try await browser.seeNothing(".log", "other")
            #expect(try await browser.script("return document.querySelector('#search').value") == #"tags:"two words""#)
        }
    }

    @Test func `an address shows its log among its neighbours, wherever it is, or says that it is gone`() async throws {
        try await withLogs { hub, browser in
            let now = Date().timeIntervalSince1970
            for number in 0..<30 {
                try await hub.post([
                    "message": .text("step \(number)"), "group": "job", "source": "s",
                    "timestamp": .number((now - 7_200 + Double(number)).rounded()),
                ])
            }
            try await hub.post(["message": "now", "group": "elsewhere"])
            let listed = try await hub.send("GET", "/api/logs?q=step&limit=30").json.items
            let id = listed.first { $0["message"] == "step 12" }?["id"].text ?? ""
            try await browser.open("\(hub.url)/?page=logs&since=15m&log=\(id)")
            try await browser.see("outside-log .full-text", "step 12")
            try await browser.see("outside-log [aria-current='true']", "step 12")
            try await browser.see("outside-log .context-line", "step 11")
            try await browser.see(".log", "now")
            try await browser.seeNothing(".context-line", "step 20")
            try await browser.click(".context-more", "More newer")
            try await browser.see(".context-line", "step 20")
            try await browser.screenshot("log-outside")
            try await browser.click("outside-log .small-button", "Around this time")
            try await browser.see(".logs .log.open .full-text", "step 12")
            try await browser.see(".logs .log", "step 13")
            try await browser.seeNothing("outside-log")
            #expect(try await browser.address().contains("until="))

            try await browser.open("\(hub.url)/?page=logs&log=log_20200101000000_0000000000000001")
            try await browser.see("outside-log", "no longer there")
            try await browser.see(".log", "now")
            try await browser.screenshot("log-gone")
            #expect(try await browser.problems(except: ["404"]) == [])
        }
    }

    @Test func `a search is completed, explained, remembered, and told where it is wrong`() async throws {
        try await withLogs { hub, browser in
            try await hub.post(["message": "slow answer", "group": "shop:cart", "data": ["duration_ms": 900]])
            try await hub.post(["message": "quick answer", "group": "shop:pay", "data": ["duration_ms": 3]])
            try await browser.open("\(hub.url)/?page=logs")
            try await browser.see(".log", "quick")
            try await browser.type("dur", into: "#search")
            try await browser.see(".suggestion", "duration_ms:")
            try await browser.press(Self.arrowDown)
            try await browser.press(Self.enter)
            try await browser.see(".suggestion", "900")
            #expect(try await browser.script("return document.querySelector('#search').value") == "duration_ms:")
            try await browser.type("900", into: "#search")
            try await browser.press(Self.enter)
            try await browser.seeNothing(".log", "quick")
            #expect(try await browser.address() == "\(hub.url)/?page=logs&q=duration_ms:900")

            // What the hub does not understand is shown at its place, and nothing else changes.
            try await browser.script("document.querySelector('#search').select()")
            try await browser.type("duration_ms>=high", into: "#search")
            try await browser.press(Self.enter)
            try await browser.see(".search-problem", "A number is expected")
            try await browser.see(".wrong-place", "h")
            try await browser.see(".log", "slow answer")
            #expect(try await browser.address() == "\(hub.url)/?page=logs&q=duration_ms:900")
            try await browser.screenshot("search-wrong")

            // A hit is marked in the message.
            try await browser.script("document.querySelector('#search').select()")
            try await browser.type("ANSWER -quick", into: "#search")
            try await browser.press(Self.enter)
            try await browser.see(".log .hit", "answer")
            try await browser.seeNothing(".search-problem")

            try await browser.click(".search-clear")
            try await browser.see(".log", "quick")
            try await browser.press(Self.arrowUp)
            try await browser.see(".suggestion", "ANSWER -quick")
            try await browser.see(".suggestion", "duration_ms:900")
            try await browser.press(Self.escape)
            try await browser.click(".search-help")
            try await browser.see(".help-table", "a regular expression")
            try await browser.screenshot("search-help")
            #expect(try await browser.problems(except: ["422"]) == [])
        }
    }

    @Test func `values in common are counted, searched for and left out`() async throws {
        try await withLogs { hub, browser in
            for number in 0..<6 {
                try await hub.post([
                    "message": .text("m \(number)"), "group": number < 4 ? "many" : "few", "tags": ["<i>tag</i>"],
                    "level": number == 0 ? "error" : "info",
                ])
            }
            try await browser.open("\(hub.url)/?page=logs")
            try await browser.see("facet-strip", "Of 6 logs")
            try await browser.see(".facet-row", "many4")
            try await browser.see(".facet-row", "<i>tag</i>6")
            try await browser.click("[aria-label='Filter out Group many']")
            try await browser.see("facet-strip", "Of 2 logs")
            #expect(try await browser.script("return document.querySelectorAll('.log').length") == 2)
            try await browser.click(".facets-button")
            try await browser.seeNothing("facet-strip")
            try await browser.reload()
            try await browser.see(".log", "m 5")
            try await browser.seeNothing("facet-strip")
        }
    }

    @Test func `what is shown is saved whole, and the dialog says so`() async throws {
        try await withLogs { hub, browser in
            try await Self.post(hub, count: 500) { "row \($0)" }
            try await browser.open("\(hub.url)/?page=logs&q=row")
            try await browser.see(".log", "row 499")
            // A browser that lets a page write files asks where to; this one collects.
            try await browser.script(
                """
                window.showSaveFilePicker = undefined;
                const make = URL.createObjectURL;
                URL.createObjectURL = blob => { blob.text().then(text => { window.saved = text; }); return make.call(URL, blob); };
                """
            )
            try await browser.click(".export-button")
            try await browser.see(".export-dialog", "About 500 logs")
            try await browser.click(".formats label", "NDJSON")
            try await browser.click(".export-dialog .main-button")
            try await browser.see(".export-state", "500 logs")
            try await browser.see(".export-state", "The file is whole")
            _ = try await eventually("the file is saved") {
                try await browser.script("return (window.saved || '').trim().split('\\n').length") == 500 ? true : nil
            }
            try await browser.screenshot("export")
            // A stream that is cut is an error, and no file.
            try await browser.script(
                """
                window.saved = undefined;
                const real = window.fetch;
                window.fetch = async (address, options) => {
                    if (!String(address).includes('/export')) return real(address, options);
                    let sent = false;
                    return new Response(new ReadableStream({ pull(controller) {
                        if (sent) controller.error(new Error('cut'));
                        else controller.enqueue(new TextEncoder().encode('{"id":1}\\n'));
                        sent = true;
                    } }));
                };
                """
            )
            try await browser.click(".export-dialog .main-button")
            try await browser.see(".export-state.problem", "cut the file before its end")
            #expect(try await browser.script("return window.saved === undefined") == true)
            try await browser.press(Self.escape)
            try await browser.seeNothing(".export-dialog")
        }
    }

    @Test func `colours of terminals are colours, and all else is written out`() async throws {
        try await withLogs { hub, browser in
            try await hub.post([
                "message": .text(
                    "\u{1B}[1;31mred\u{1B}[0m \u{1B}[38;5;46mgreen\u{1B}[39m \u{1B}[48;2;0;0;255mground\u{1B}[m "
                        + "\u{1B}[2Jclear \u{1B}]0;title\u{7} \u{202E}txt.exe <img src=x onerror=harm()> end"
                ),
                "group": "<script>window.harmed = 1</script>", "source": "\u{202E}source",
                "tags": ["<b>tag</b>"],
                "data": .object(
                    Dictionary(
                        uniqueKeysWithValues: (0..<300).map { ("<i>field\($0)</i>\u{202E}", .text("<u>\($0)</u>")) }
                    )
                ),
            ])
            try await hub.post(["message": .text(String(repeating: "long \u{1B}[32m", count: 100_000))])
            for page in ["", "?page=logs"] {
                try await browser.open("\(hub.url)/\(page)")
                try await browser.see(".log .ansi-bold.ansi-red", "red")
                try await browser.see(".log .ansi-green", "green")
                try await browser.see(".log .ansi-on-blue", "ground")
                try await browser.click(".log-head", "red")
                try await browser.see(".full-text", "\u{241B}[2Jclear")
                try await browser.see(".full-text", "\u{27E8}U+202E\u{27E9}txt.exe <img")
                try await browser.see("data-tree .value-button", "<u>")
                try await browser.click("data-tree .link-button", "200 more")
                try await browser.see("data-tree .link-button", "100 more")
                try await browser.click(".value-button", "<b>tag</b>")
                try await browser.click(".menu-item", "Filter for this")
                try await browser.see(".log .ansi-red", "red")
                #expect(try await browser.script("return window.harmed === undefined") == true)
                #expect(
                    try await browser.script(
                        "return document.querySelectorAll('.log script, .log img, .log b, .log i, .log u').length"
                    ) == 0
                )
                #expect(try await browser.script("return document.body.textContent.includes('\\u202e')") == false)
                #expect(try await browser.script(PageScripts.overflow) == [])
                try await browser.click(".search-clear")
                try await browser.click(".log-head", "long")
                try await browser.see(".full-message .link-button", "Show all")
                let shown = try await browser.script("return document.body.textContent.length").number ?? 0
                #expect(shown < 150_000)
            }
        }
    }

    @Test func `nothing found says what to loosen`() async throws {
        try await withLogs { hub, browser in
            try await hub.post(["message": "here", "group": "a:b"])
            try await browser.open("\(hub.url)/?group=a:b&level=critical&q=nowhere")
            try await browser.see(".empty-title", "No logs here")
            try await browser.see(".loosen", "With sub-groups")
            try await browser.screenshot("nothing-found")
            try await browser.click(".loosen .small-button", "Clear the search")
            try await browser.click(".loosen .small-button", "All levels")
            try await browser.see(".log", "here")
        }
    }

    @Test(arguments: ["light", "dark"])
    func `no width overflows, every text has contrast, every control a name`(_ scheme: String) async throws {
        try await withLogs { hub, browser in
            try await browser.prefer(scheme)
            for (index, level) in ["debug", "info", "warning", "error", "critical"].enumerated() {
                try await hub.post([
                    "message": .text(
                        "\u{1B}[31mred\u{1B}[32m green\u{1B}[33m yellow\u{1B}[34m blue\u{1B}[35m magenta\u{1B}[36m cyan\u{1B}[37m white\u{1B}[90m grey\u{1B}[41m ground\u{1B}[7m inverse\u{1B}[0m "
                            + String(repeating: "a-long-message-", count: 40)
                    ),
                    "level": .text(level), "group": "a-group-with-a-long-name:and-another:and-one-more",
                    "source": "a-source.with-a-long.name.example", "tags": ["one", "two", "three", "four", "five"],
                    "data": ["n": .number(Double(index)), "deep": ["text": .text(String(repeating: "x", count: 300))]],
                ])
            }
            try await browser.open("\(hub.url)/?page=logs&q=white")
            try await browser.click(".log-error .log-head")
            try await browser.see(".log-details")
            try await browser.click(".context-button")
            try await browser.see(".context-line")
            for (width, height) in [(360, 740), (768, 1_024), (1_280, 860), (2_560, 1_300)] {
                try await browser.resize(width: width, height: height)
                let place = "logs-\(scheme)-\(width)"
                #expect(try await browser.script(PageScripts.overflow) == [], "\(place)")
                #expect(try await browser.script(PageScripts.lowContrast) == [], "\(place)")
                #expect(try await browser.script(PageScripts.unnamed) == [], "\(place)")
                try await browser.screenshot(place)
            }
        }
    }

    private static func post(_ hub: HubProcess, count: Int, _ message: (Int) -> String) async throws {
        let now = Date().timeIntervalSince1970
        let logs = (0..<count)
            .map { index -> JSON in
                [
                    "message": .text(message(index)), "group": "g",
                    "timestamp": .number(((now - Double(count - index) / 10) * 1_000).rounded()),
                ]
            }
        let answer = try await hub.send("POST", "/api/logs/batch", .list(logs), headers: ["Prefer": "return=minimal"])
        #expect(answer.json["ingested"] == .number(Double(count)), "\(answer.body)")
    }
}

/// A hub and a browser that is signed in.
private func withLogs(_ test: (HubProcess, Browser) async throws -> Void) async throws {
    try await withHub { hub in
        try await Browser.with { browser in
            try await browser.open(try await hub.loginLink())
            try await browser.see("overview-page .live", "Live")
            try await test(hub, browser)
            #expect(try await browser.problems() == [])
        }
    }
}
