import Foundation
import TestSupport
import Testing

/// The dashboard's frame as a user works it: panels, time, tree, keys, states, embedding.
@Suite(.serialized) struct FrameTests {
    private let groupsLine = ".panels > panel-separator:nth-of-type(1) [role=separator]"

    @Test func `panels are resized by keys, put back, folded, and stay so after a reload`() async throws {
        try await withFrame { hub, browser in
            try await hub.post(["message": "m", "group": "g"])
            try await browser.see("[data-path='g']")
            let usual = try await width(browser)
            try await browser.script("document.querySelector(arguments[0]).focus()", [.text(groupsLine)])
            try await browser.press("\u{E014}")  // arrow right
            #expect(try await width(browser) == usual + 16)
            let panel = "return Math.round(document.querySelector('.panel-groups').getBoundingClientRect().width)"
            #expect(try await browser.script(panel).number == usual + 16)
            try await browser.reload()
            try await browser.see("[data-path='g']")
            #expect(try await width(browser) == usual + 16)

            // Not beyond what the window has room for.
            try await browser.script("document.querySelector(arguments[0]).focus()", [.text(groupsLine)])
            try await browser.press("\u{E010}")  // end
            let most = try await browser.script(
                "return +document.querySelector(arguments[0]).ariaValueMax",
                [.text(groupsLine)]
            )
            #expect(try await width(browser) == (most.number ?? 0))
            #expect(try await browser.script(PageScripts.overflow) == [])
            try await browser.script(
                "document.querySelector(arguments[0]).dispatchEvent(new MouseEvent('dblclick'))",
                [.text(groupsLine)]
            )
            #expect(try await width(browser) == usual)

            // The centre has about 70 % of what the tree leaves, the logs 30.
            let share = try await browser.script(
                """
                const width = name => document.querySelector(name).getBoundingClientRect().width;
                return Math.round(100 * width(".panel-logs") / (width(".panel-logs") + width(".panel-summary")));
                """
            )
            #expect(share == 30)

            try await browser.click("[aria-label='Fold the logs']")
            try await browser.see(".rail-logs", "Logs")
            try await browser.seeNothing(".panel-logs")
            try await browser.script("document.activeElement.blur()")
            try await browser.press("[")
            try await browser.see(".rail-groups", "Groups")
            try await browser.screenshot("folded")
            try await browser.reload()
            try await browser.see(".rail-groups", "Groups")
            try await browser.click(".rail-groups")
            try await browser.see("[data-path='g']")
            try await browser.click(".rail-logs")
            try await browser.see(".log", "m")
        }
    }

    @Test func `a browser that stores nothing shows the page all the same`() async throws {
        try await withFrame { hub, browser in
            try await hub.post(["message": "m", "group": "a:b"])
            try await browser.script(
                """
                Object.defineProperty(Storage.prototype, "getItem", { value() { throw new Error("no storage"); } });
                Object.defineProperty(Storage.prototype, "setItem", { value() { throw new Error("no storage"); } });
                """
            )
            try await browser.see("[data-path='a:b']")
            try await browser.click("[aria-label='Fold all']")
            try await browser.seeNothing("[data-path='a:b']")
            try await browser.click("[aria-label='Fold the logs']")
            try await browser.see(".rail-logs")
            try await browser.click("theme-switch button")
            try await browser.see("theme-switch [aria-label='Theme: light. Change it']")
        }
    }

    @Test func `a range is picked, typed, stepped through and left, and the address has it all`() async throws {
        try await withFrame { hub, browser in
            let hour = 3_600.0
            let now = Date().timeIntervalSince1970
            for (message, age) in [("fresh", 60.0), ("of the morning", 5 * hour), ("older", 30 * hour)] {
                try await hub.post([
                    "message": .text(message), "group": "g", "timestamp": .number((now - age).rounded()),
                ])
            }
            // Stream and listing keep to the range.
            try await browser.reload()
            try await browser.see(".log", "of the morning")
            try await browser.seeNothing(".log", "older")
            try await browser.click("#range")
            try await browser.click(".range-choice", "48 hours")
            try await browser.see(".log", "older")
            #expect(try await browser.address().hasSuffix("?since=48h"))
            try await browser.click("#range")
            try await browser.click(".range-choice", "1 hour")
            try await browser.seeNothing(".log", "of the morning")
            try await browser.see("[data-path='g'] .tree-count", "1")
            try await browser.see(".tree-range", "Last hour")
            try await browser.back()
            try await browser.see(".log", "older")

            // What cannot be read is said beside the field.
            try await browser.click("#range")
            try await clear(browser, "#range-from")
            try await browser.type("soon", into: "#range-from")
            try await browser.click(".range-own .main-button")
            try await browser.see("#range-problem", "is no time")
            try await clear(browser, "#range-from")
            try await browser.type("90m", into: "#range-from")
            try await browser.click(".range-own .main-button")
            #expect(try await browser.address().hasSuffix("?since=90m"))
            try await browser.see("#range", "Last 90 minutes")

            // In UTC, from six to four hours ago: a range that has an end is not live.
            try await browser.click("#range")
            try await browser.click(".range-choice[data-zone='UTC']")
            for (field, age) in [("#range-from", 6 * hour), ("#range-to", 4 * hour)] {
                try await clear(browser, field)
                try await browser.type(Self.typed(now - age), into: field)
            }
            try await browser.click(".range-own .main-button")
            try await browser.see(".log", "of the morning")
            try await browser.seeNothing(".log", "fresh")
            #expect(try await browser.address().contains("&until=2"))
            #expect(try await browser.address().hasSuffix("&tz=UTC"))
            try await browser.screenshot("range-fixed")
            try await browser.click("[aria-label='Earlier: one range back']")
            try await browser.seeNothing(".log", "of the morning")
            try await browser.click("[aria-label='Later: one range on']")
            try await browser.see(".log", "of the morning")

            // The link shows another person the same.
            let address = try await browser.address()
            try await browser.open("about:blank")
            try await browser.open(address)
            try await browser.see(".log", "of the morning")
            try await browser.see("#range", Self.typed(now - 6 * hour))
            try await browser.click(".live-button", "Go live")
            try await browser.see(".log", "fresh")
            try await browser.see(".live", "Live")
            #expect(try await browser.address().hasSuffix("?since=2h&tz=UTC"))
        }
    }

    @Test func `times follow the zone and are relative on request`() async throws {
        try await withFrame { hub, browser in
            try await hub.post(["message": "m", "group": "g"])
            try await browser.see(".log", "m")
            try await browser.click("#range")
            try await browser.type("europe/os", into: "#range-zone")
            try await browser.type("lo\u{E007}", into: "#range-zone")
            try await browser.see(".range-choice", "UTC")
            #expect(try await browser.address().hasSuffix("?tz=Europe/Oslo"))
            try await clear(browser, "#range-zone")
            try await browser.type("Mars/Base\u{E007}", into: "#range-zone")
            try await browser.see("#zone-problem", "knows no zone")
            try await browser.click(".range-choice", "How long ago")
            #expect(try await browser.address().hasSuffix("?tz=Europe/Oslo&times=relative"))
            try await browser.screenshot("range-picker")
            try await browser.press("\u{E00C}")  // escape
            try await browser.seeNothing("range-picker")
            #expect(try await browser.script("return document.activeElement.id") == "range")
        }
    }

    @Test func `a mistyped link shows the usual and says what was wrong`() async throws {
        try await withFrame { hub, browser in
            try await browser.open(hub.url + "/?since=yesterdayish&level=loud&tz=Mars/Base&page=nowhere&until=x%3Cb%3E")
            try await browser.see("view-notice", "Mars/Base")
            try await browser.see("view-notice", "yesterdayish")
            try await browser.see("view-notice", "x<b>")
            try await browser.see("overview-page .live", "Live")
            try await browser.see("#range", "Last 24 hours")
            try await browser.click("[aria-label='Close the notice']")
            try await browser.seeNothing("view-notice")
            try await browser.open(hub.url + "/?since=2026-11-23T10:00:00Z&until=2026-11-23T09:00:00Z")
            try await browser.see("view-notice", "ends before it starts")
        }
    }

    @Test func `ten thousand groups are all reachable, and few of them are on the page`() async throws {
        try await withFrame { hub, browser in
            for start in stride(from: 0, to: 10_000, by: 2_500) {
                let logs = (start..<start + 2_500)
                    .map { number -> JSON in
                        let level: JSON = number == 9_998 ? "error" : "info"
                        return ["message": "m", "level": level, "group": .text("site-\(number % 7):device-\(number)")]
                    }
                let answer = try await hub.send(
                    "POST",
                    "/api/logs/batch",
                    .list(logs),
                    headers: ["Prefer": "return=minimal"]
                )
                #expect(answer.json["ingested"] == 2_500, "\(answer.body)")
            }
            _ = try await eventually("the tree has them all", within: 60) {
                try await browser.text("[data-path=''] .tree-count") == "10k" ? true : nil
            }
            try await browser.click("[aria-label='Unfold all']")
            try await browser.see(".tree-row[aria-level='2']")
            let rows = try await browser.script("return document.querySelectorAll('.tree-row').length").number ?? 0
            #expect(rows < 120)
            // The last one, by one key.
            try await browser.script("document.querySelector('[data-path=\"\"]').focus()")
            try await browser.press("\u{E010}")  // end
            try await browser.see("[data-path='site-6:device-9995']")
            let last = try await browser.script("return document.activeElement.dataset.path")
            #expect(last == "site-6:device-9995")
            #expect(try await browser.script("return document.activeElement.ariaSetSize").text?.isEmpty == false)
            // One in the middle, by the filter.
            try await browser.type("device-4321", into: "#group-filter")
            try await browser.see("[data-path='site-2:device-4321']")
            #expect(try await browser.script("return document.querySelectorAll('.tree-row').length") == 3)
            try await clear(browser, "#group-filter")
            try await browser.click("[aria-label='Only groups with errors']")
            try await browser.see("[data-path='site-2:device-9998']")
            try await browser.seeNothing("[data-path='site-2:device-4321']")
            try await browser.screenshot("groups-10000")
        }
    }

    @Test func `the tree is searched by its first letters, and folds are remembered`() async throws {
        try await withFrame { hub, browser in
            for group in ["apple:red", "banana", "berry", "cherry"] {
                try await hub.post(["message": "m", "group": .text(group)])
            }
            try await browser.see("[data-path='cherry']")
            try await browser.script("document.querySelector('[data-path=\"\"]').focus()")
            try await browser.press("b")
            #expect(try await browser.script("return document.activeElement.dataset.path") == "banana")
            try await browser.press("b")
            #expect(try await browser.script("return document.activeElement.dataset.path") == "berry")
            try await browser.click("[data-path='apple'] .tree-fold")
            try await browser.seeNothing("[data-path='apple:red']")
            try await browser.reload()
            try await browser.see("[data-path='apple']")
            try await browser.seeNothing("[data-path='apple:red']")
            // A link into what is folded opens it.
            try await browser.open(hub.url + "/?group=apple:red")
            try await browser.see("[data-path='apple:red'][aria-selected='true']")
        }
    }

    @Test func `keys lead everywhere, and are letters where one types`() async throws {
        try await withFrame { hub, browser in
            try await hub.post(["message": "m", "group": "g"])
            try await browser.see(".log", "m")
            try await browser.script(
                """
                window.heard = [];
                for (const name of ["move-log", "open-log"])
                    document.addEventListener(name, event => window.heard.push(name, event.detail));
                """
            )
            for key in ["j", "k"] { try await browser.press(key) }
            #expect(try await browser.script("return window.heard.slice(0, 4)") == ["move-log", 1, "move-log", -1])
            try await browser.script("document.activeElement.blur()")
            try await browser.press("?")
            try await browser.see("dialog.help", "Keys and marks")
            try await browser.screenshot("help")
            try await browser.press("\u{E00C}")
            try await browser.seeNothing("dialog.help")
            try await browser.script("document.activeElement.blur()")
            try await browser.press("/")
            try await see(browser, focused: "search")
            try await browser.press("j")
            #expect(try await browser.script("return document.getElementById('search').value") == "j")
            try await browser.press("\u{E00C}")
            try await browser.script("document.activeElement.blur()")
            try await browser.press("g")
            try await see(browser, focused: "group-filter")
            try await browser.press("\u{E00C}")
            for (letter, page) in [("a", "agents"), ("s", "settings"), ("n", "send"), ("l", "logs"), ("o", "overview")]
            {
                try await browser.script("document.activeElement.blur()")
                // Both in one turn: a slow machine must not make two words of it.
                try await browser.script(
                    """
                    for (const key of ["g", arguments[0]])
                        document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
                    """,
                    [.text(letter)]
                )
                try await browser.see("\(page)-page")
                try await browser.see(".page-link[aria-current='page']")
            }
        }
    }

    @Test func `every page can be reached and used on a phone, and none overflows`() async throws {
        try await withFrame { hub, browser in
            try await hub.post(["message": "m", "group": "g"])
            for width in [360, 768, 1_280, 2_560] {
                try await browser.resize(width: width, height: 800)
                for (name, page) in [
                    ("Logs", "logs"), ("Agents", "agents"), ("Settings", "settings"), ("Send logs", "send"),
                    ("Overview", "overview"),
                ] {
                    try await browser.click(".page-link", name)
                    try await browser.see("\(page)-page")
                    try await browser.see(".page-link[aria-current='page']", name)
                    #expect(try await browser.script(PageScripts.overflow) == [], "\(page) at \(width)")
                    #expect(try await browser.script("return document.title").text?.contains(name) == true)
                }
                try await browser.click("#range")
                try await browser.see("range-picker .main-button")
                #expect(try await browser.script(PageScripts.overflow) == [], "picker at \(width)")
                #expect(try await browser.script(PageScripts.lowContrast) == [], "picker at \(width)")
                #expect(try await browser.script(PageScripts.unnamed) == [], "picker at \(width)")
                try await browser.screenshot("picker-\(width)")
                try await browser.press("\u{E00C}")
            }
        }
    }

    @Test func `a hub that is away is told of with what is still shown, and is found again`() async throws {
        try await withFrame { hub, browser in
            try await hub.post(["message": "before", "group": "g"])
            try await browser.see(".log", "before")
            try await browser.see("[data-path='g']")
            try await browser.see("health-mark", "Healthy")
            try await hub.stop()
            try await browser.see("trouble-banner", "does not answer. What is shown is of")
            try await browser.see("trouble-banner", "No good answer for")
            try await browser.see("health-mark", "No answer")
            try await browser.see("[data-path='g']")
            try await browser.screenshot("hub-away")
            try await hub.start()
            try await browser.seeNothing("trouble-banner")
            try await browser.see("health-mark", "Healthy")
            try await browser.see(".live", "Live")
            #expect(try await browser.problems(except: ["net::ERR_", "503"]) == [])
        }
    }

    @Test func `a session that ended leads to the login, and back to the same view`() async throws {
        try await withFrame { hub, browser in
            try await hub.post(["message": "m", "group": "g"])
            try await browser.open(hub.url + "/?group=g&since=6h")
            try await browser.see(".log", "m")
            try await browser.forgetCookies()
            try await browser.see("login-page .form-problem", "Your session has ended")
            #expect(try await browser.script("return document.activeElement.id") == "key")
            try await browser.screenshot("session-ended")
            try await browser.click("button", "Open")
            try await browser.see("login-page .form-problem", "Paste your key")
            try await browser.type("kmf_wrong", into: "#key")
            try await browser.click("button", "Open")
            try await browser.see("login-page .form-problem", "does not know this key")
            try await clear(browser, "#key")
            try await browser.type(hub.key, into: "#key")
            try await browser.click("button", "Open")
            try await browser.see(".log", "m")
            #expect(try await browser.address() == "\(hub.url)/?group=g&since=6h")
            #expect(try await browser.problems(except: ["401"]) == [])
        }
    }

    @Test func `a key that may only store logs is told so`() async throws {
        try await withFrame { hub, browser in
            let made = try await hub.send("POST", "/api/keys", ["name": "sender", "scopes": ["ingest"]])
            let key = try #require(made.json["key"].text)
            try await browser.click("[aria-label='Sign out']")
            try await browser.type(key, into: "#key")
            try await browser.click("button", "Open")
            try await browser.see(".login-card", "may not read logs")
            try await browser.screenshot("no-permission")
            try await browser.click("button", "Sign in with another key")
            try await browser.see("#key")
            #expect(try await browser.problems(except: ["401"]) == [])
        }
    }

    @Test func `a shared view shows its groups alone, keeps its token out of the address, and survives a reload`()
        async throws
    {
        try await withFrame { hub, browser in
            try await hub.post(["message": "shown", "group": "site:a"])
            try await hub.post(["message": "kept", "group": "other"])
            let made = try await hub.send("POST", "/api/share", ["group": "site:*", "hours": 1])
            let token = try #require(made.json["token"].text)
            try await browser.forgetCookies()
            try await browser.open("about:blank")
            try await browser.open(hub.url + "/?embed=1&theme=dark#token=" + token)
            try await browser.see(".log", "shown")
            try await browser.see(".live", "Live")
            try await browser.seeNothing(".log", "kept")
            try await browser.seeNothing("[data-path='other']")
            try await browser.seeNothing(".pages")
            try await browser.seeNothing("[aria-label='Sign out']")
            #expect(try await browser.address() == "\(hub.url)/?embed=1&theme=dark")
            #expect(try await browser.script("return document.documentElement.dataset.theme") == "dark")
            // The stream has the token too.
            try await hub.post(["message": "live", "group": "site:a"])
            try await browser.see(".log", "live")
            try await browser.screenshot("embedded")
            try await browser.click("[data-path='site:a']")
            try await browser.reload()
            try await browser.see(".log", "live")
            #expect(try await browser.address() == "\(hub.url)/?group=site:a:*&embed=1&theme=dark")
            let page = try await browser.script("return document.documentElement.outerHTML").text ?? ""
            #expect(!page.contains(token))
            for width in [360, 768, 1_280] {
                try await browser.resize(width: width, height: 600)
                #expect(try await browser.faults(PageScripts.overflow) == [], "\(width)")
                #expect(try await browser.faults(PageScripts.lowContrast) == [], "\(width)")
            }
            #expect(try await browser.cookies().isEmpty)
            #expect(try await browser.problems() == [])

            // It ends while it is looked at.
            let id = try #require(made.json["id"].text)
            #expect(try await hub.send("DELETE", "/api/keys/\(id)").status == 200)
            try await browser.see(".empty-state", "shared view has ended", within: 60)
            try await browser.screenshot("embedded-ended")
            #expect(try await browser.problems(except: ["401"]) == [])
        }
    }

    // MARK: Helpers

    private func width(_ browser: Browser) async throws -> Double {
        let value = try await browser.script(
            "return +document.querySelector(arguments[0]).ariaValueNow",
            [.text(groupsLine)]
        )
        return value.number ?? -1
    }

    private func clear(_ browser: Browser, _ selector: String) async throws {
        try await browser.script(
            """
            const field = document.querySelector(arguments[0]);
            field.value = "";
            field.dispatchEvent(new Event("input"));
            """,
            [.text(selector)]
        )
    }

    private func see(_ browser: Browser, focused id: String) async throws {
        _ = try await eventually("\(id) has the keyboard") {
            try await browser.script("return document.activeElement.id") == .text(id) ? true : nil
        }
    }

    /// A time in UTC as one types it, to the second.
    private static func typed(_ seconds: Double) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "UTC")
        formatter.dateFormat = "yyyy-MM-dd HH:mm"
        return formatter.string(from: Date(timeIntervalSince1970: seconds))
    }
}

/// A hub, and the dashboard open in a browser that came in by a login link.
private func withFrame(_ test: (HubProcess, Browser) async throws -> Void) async throws {
    let hub = try HubProcess()
    try await hub.start()
    do {
        try await Browser.with { browser in
            try await browser.open(try await hub.loginLink())
            try await browser.see("overview-page .live", "Live")
            try await test(hub, browser)
            #expect(try await browser.problems() == [])
        }
    } catch {
        await hub.close()
        throw error
    }
    await hub.close()
}
