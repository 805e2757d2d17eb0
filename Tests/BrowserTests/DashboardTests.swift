import Foundation
import TestSupport
import Testing

/// The dashboard as a user has it: the real hub and agent, and a real browser.
///
/// One after the other, since each has a browser of its own.
@Suite(.serialized)
struct DashboardTests {
    @Test func `a login link opens the page once and leaves no trace of its code`() async throws {
        try await withHubAndAgent { hub, _ in
            try await Browser.with { browser in
                try await browser.open(hub.url)
                try await browser.click("login-page summary", "I run this hub")
                try await browser.see("login-page code", "komfyr-hub login")
                try await browser.screenshot("login")
                try await browser.type("kmf_no-such-key-no-such-key-no-such-k", into: "#key")
                try await browser.click("button", "Open")
                try await browser.see(".form-problem")
                // These three answers are 401, and the browser says so on its console.
                #expect(try await browser.problems(except: ["/api/session - Failed to load resource"]) == [])

                let link = try await hub.loginLink()
                try await browser.open(link)
                try await browser.see("overview-page .live", "Live")
                #expect(try await browser.address() == hub.url + "/")
                #expect(try await browser.script("return document.cookie") == "", "no script can read the session")
                let cookies = try await browser.cookies()
                #expect(cookies.count == 1)
                #expect(cookies.first?["httpOnly"] == true)
                #expect(cookies.first?["sameSite"] == "Strict")
                #expect(try await browser.problems() == [])

                try await browser.click("[aria-label='Sign out']")
                try await browser.see("login-page")
                try await browser.open("about:blank")
                try await browser.open(link)
                try await browser.see("login-page .form-problem")

                try await browser.type(hub.key, into: "#key")
                try await browser.click("button", "Open")
                try await browser.see("overview-page .live", "Live")
                let page = try await browser.script("return document.documentElement.outerHTML").text ?? ""
                #expect(!page.contains(hub.key))
                #expect(try await browser.problems(except: ["/api/session - Failed to load resource"]) == [])
            }
        }
    }

    @Test func `with nothing stored the page says how to send a log, and shows the first one by itself`() async throws {
        try await withOpenPage { hub, agent, browser in
            try await browser.see(".verdict-text", "No logs yet")
            try await browser.see("first-log", "curl \(hub.url)/api/logs")
            try await browser.see(".empty-title", "Waiting for the first log")
            try await browser.screenshot("first-run")
            try await browser.script("window.unchanged = true")

            try Network.sendDatagram("<12>1 - router-1 myapp - - - disk almost full", to: agent.syslogPort)
            try await browser.see(".log .log-message", "disk almost full")
            try await browser.see(".log-warning .mark-warning", "W")
            try await browser.see(".tree-row", "router-1")

            try Network.sendDatagram(#"{"temperature":21.50,"group":"warehouse:freezer-3"}"#, to: agent.jsonPort)
            try await browser.see(".log .log-group", "warehouse:freezer-3")
            try await browser.see("[data-path='warehouse:freezer-3'] .tree-count", "1")

            try await hub.post([
                "message": "payment failed", "group": "app:checkout", "level": "error", "tags": ["oslo"],
            ])
            try await browser.see(".log-error .log-message", "payment failed")
            try await browser.see(".log .tag", "oslo")
            try await browser.see("[data-path='app:checkout'] .tree-errors", "1")
            try await browser.see(".verdict-text", "1 error")
            try await browser.see(".tile-figure.bad", "1")

            try agent.scratch.append("a line of a file\n", to: "watched/app.log")
            try await browser.see(".log .log-message", "a line of a file")
            #expect(try await browser.script("return window.unchanged") == true, "the page was not loaded again")

            try await browser.click(".log-head", "temperature")
            try await browser.see("data-tree .value-number", "21.50")
            try await browser.see(".facts", "warehouse:freezer-3")
        }
    }

    @Test func `a group and a level choose logs, counts, stream and address, and back undoes it`() async throws {
        try await withOpenPage { hub, _, browser in
            for (group, level) in [
                ("app", "info"), ("app:checkout", "error"), ("app:checkout:worker", "warning"), ("apple", "critical"),
            ] {
                try await hub.post(["message": .text("from \(group)"), "group": .text(group), "level": .text(level)])
            }
            try await browser.see(".log", "from apple")
            try await browser.click("[data-path='app:checkout']")
            try await browser.seeNothing(".log", "from apple")
            try await browser.see(".log", "from app:checkout:worker")
            #expect(try await browser.script("return document.querySelectorAll('.log').length") == 2)
            #expect(try await browser.address() == "\(hub.url)/?group=app:checkout:*")
            try await browser.see(".tile", "Logs2")
            try await browser.see(".path", "checkout")

            // With and without what lies below.
            try await browser.click(".check")
            try await browser.seeNothing(".log", "worker")
            #expect(try await browser.address() == "\(hub.url)/?group=app:checkout")
            try await browser.back()
            try await browser.see(".log", "worker")

            try await browser.script(
                "const s = document.querySelector('#level'); s.value = 'error'; s.dispatchEvent(new Event('change'))"
            )
            try await browser.seeNothing(".log", "worker")
            #expect(try await browser.address() == "\(hub.url)/?group=app:checkout:*&level=error")

            // The stream follows: of these only the second belongs here.
            try await hub.post(["message": "elsewhere", "group": "apple", "level": "error"])
            try await hub.post(["message": "one more", "group": "app:checkout", "level": "critical"])
            try await hub.post(["message": "too mild", "group": "app:checkout", "level": "warning"])
            try await browser.see(".log-critical", "one more")
            _ = try await eventually("the tree counts all") {
                try await browser.text("[data-path='app:checkout'] .tree-count") == "4" ? true : nil
            }
            #expect(try await browser.script("return document.querySelectorAll('.log').length") == 2)

            // A link shows another person the same.
            try await browser.reload()
            try await browser.see(".log", "one more")
            #expect(try await browser.script("return document.querySelectorAll('.log').length") == 2)
            #expect(try await browser.script("return document.querySelector('#level').value") == "error")
        }
    }

    @Test func `the tree is worked by keyboard alone`() async throws {
        try await withOpenPage { hub, _, browser in
            for group in ["a:b:c", "a:d", "e"] { try await hub.post(["message": "m", "group": .text(group)]) }
            try await browser.see("[data-path='e']")
            try await browser.script("document.querySelector('[data-path=\"\"]').focus()")
            for _ in 0..<2 { try await browser.press("\u{E015}") }  // arrow down
            try await browser.press("\u{E012}")  // arrow left: folds a:b
            try await browser.seeNothing("[data-path='a:b:c']")
            try await browser.press("\u{E014}")  // arrow right: unfolds it
            try await browser.see("[data-path='a:b:c']")
            try await browser.press("\u{E015}")
            try await browser.press("\u{E007}")  // enter
            try await browser.see("[data-path='a:b:c'][aria-selected='true']")
            #expect(try await browser.address() == "\(hub.url)/?group=a:b:c:*")
        }
    }

    @Test func `what a log says is text and nothing else`() async throws {
        try await withOpenPage { hub, _, browser in
            let script = "<script>window.harmed = 1</script><img src=x onerror='window.harmed = 2'>"
            let value: JSON = .text(script)
            try await hub.post([
                "message": .text("hostile \(script) \u{202E}gpj.exe\u{202C} \u{1B}[31mred \u{0000}nul"),
                "group": .text("app:<b onclick=harm()>"), "tags": [value, "\u{202E}tag"], "level": "critical",
                "source": value, "data": ["<u>name</u>": value, "deep": ["list": [value, "\u{202E}"]]],
            ])
            try await hub.post(["message": .text("long " + String(repeating: "x", count: 1_000_000)), "group": "big"])
            try await hub.post([
                "message": "wide", "group": "big",
                "data": .object(
                    Dictionary(uniqueKeysWithValues: (0..<300).map { ("field\($0)", .number(Double($0))) })
                ),
            ])
            try await browser.see(".log-message", "wide")
            try await browser.click(".log-head", "hostile")
            try await browser.see(".full-text", "<script>window.harmed = 1</script>")
            try await browser.see(".full-text", "\u{27E8}U+202E\u{27E9}")
            try await browser.click("data-tree summary", "deep")
            try await browser.screenshot("hostile")
            #expect(try await browser.script("return window.harmed === undefined") == true)
            #expect(
                try await browser.script("return document.querySelectorAll('script, .log b, .log img, .log u').length")
                    == 1
            )
            #expect(try await browser.script("return document.body.textContent.includes('\\u202e')") == false)

            try await browser.click(".log-head", "long")
            try await browser.see(".full-message .link-button", "Show all")
            let shown = try await browser.script("return document.body.textContent.length").number ?? 0
            #expect(shown < 100_000, "a long message is not on the page before it is asked for")
            try await browser.click(".log-head", "wide")
            try await browser.click("data-tree .link-button", "200 more")
            #expect(try await browser.faults(PageScripts.overflow) == [])
        }
    }

    @Test func `the list holds still while one reads, and says how many are new`() async throws {
        try await withOpenPage { hub, _, browser in
            for number in 0..<60 { try await hub.post(["message": .text("old \(number)"), "group": "g"]) }
            try await browser.see(".log", "old 59")
            try await browser.script("document.querySelector('.log-scroller').scrollTop = 600")
            try await browser.see(".live", "Paused")
            for number in 0..<3 { try await hub.post(["message": .text("fresh \(number)"), "group": "g"]) }
            try await browser.see(".pill", "3 new")
            try await browser.seeNothing(".log", "fresh")
            #expect(try await browser.script("return document.querySelector('.log-scroller').scrollTop") == 600)
            try await browser.click(".pill")
            try await browser.see(".log", "fresh 2")
            try await browser.see(".live", "Live")
            let first = try await browser.script("return document.querySelector('.log .log-message').textContent")
            #expect(first == "fresh 2")
            #expect(try await browser.script("return document.querySelector('.log-scroller').scrollTop") == 0)
            // Reading a log holds it too, for as long as it is open.
            try await browser.click(".log-head", "fresh 2")
            try await browser.see(".live", "Paused")
            try await browser.click(".log-head", "")
            try await browser.see(".live", "Live")
            // 63 logs, each once; only those in view are on the page.
            let ids = try await browser.script(
                "return [...document.querySelectorAll('.log')].map(row => row.dataset.id)"
            )
            #expect(Set(ids.items.compactMap(\.text)).count == ids.items.count)
            try await browser.see(".log[aria-setsize='63']")
        }
    }

    @Test func `a hub that was restarted is found again, and what came meanwhile is shown`() async throws {
        try await withOpenPage { hub, _, browser in
            try await hub.post(["message": "before", "group": "g"])
            try await browser.see(".log", "before")
            try await hub.stop()
            try await browser.see(".live", "Reconnecting")
            try await browser.see(".banner", "does not answer")
            try await browser.see(".log", "before")
            try await browser.screenshot("hub-away")
            try await hub.start()
            try await hub.post(["message": "after the restart", "group": "g"])
            try await browser.see(".log", "after the restart")
            try await browser.see(".log", "before")
            try await browser.see(".live", "Live")
            try await browser.seeNothing(".banner")
            let problems = try await browser.problems(except: ["net::ERR_", "503"])
            #expect(problems == [])
        }
    }

    @Test func `the switch changes the theme and it stays`() async throws {
        try await withOpenPage { _, _, browser in
            try await browser.prefer("light")
            let ground = "return getComputedStyle(document.body).backgroundColor"
            let light = try await browser.script(ground)
            try await browser.click("theme-switch button")
            #expect(try await browser.script(ground) == light)
            try await browser.click("theme-switch button")
            let dark = try await browser.script(ground)
            #expect(dark != light)
            try await browser.reload()
            try await browser.see("overview-page")
            #expect(try await browser.script(ground) == dark)
        }
    }
}
