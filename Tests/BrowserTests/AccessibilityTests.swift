import Foundation
import TestSupport
import Testing

/// Every page, light and dark, held against WCAG 2.2 AA as far as a program can tell: contrast of texts and graphics,
/// names, headings, sizes, a page 320 px wide, and a walk through it by the tab key.
@Suite(.serialized)
struct AccessibilityTests {
    private static let pages = ["overview", "logs", "agents", "settings", "send"]

    @Test(arguments: ["light", "dark"])
    func `every page can be read, named and found one's way in`(_ scheme: String) async throws {
        try await withOpenPage { hub, _, browser in
            try await browser.prefer(scheme)
            try await SampleLogs.fill(hub)
            for page in Self.pages {
                try await browser.open("\(hub.url)/?page=\(page)")
                try await browser.see("\(page)-page")
                if page == "agents" { try await browser.click(".agent-opener") }
                if page == "settings" { try await browser.click("key-panel .make") }
                if page == "logs" {
                    try await browser.see(".log[data-id]")
                    try await browser.script(PageScripts.openFirstError)
                    try await browser.see(".log-details")
                }
                for width in [320, 1_440] {
                    try await browser.resize(width: width, height: 900)
                    try await check(browser, "\(page)-\(scheme)-\(width)")
                }
            }
            try await browser.resize(width: 1_440, height: 900)
            // What opens over a page.
            try await browser.open(hub.url)
            try await browser.click("#range")
            try await browser.see("range-picker")
            try await check(browser, "range-\(scheme)")
            try await browser.press("\u{E00C}")  // escape
            try await browser.script("document.activeElement.blur()")
            try await browser.press("?")
            try await browser.see("dialog[open]")
            try await check(browser, "help-\(scheme)")
        }
    }

    @Test func `who has no session, and who has a share, finds the same`() async throws {
        try await withHub { hub in
            for level in ["info", "error"] {
                try await hub.post(["message": "m", "group": "g", "level": .text(level)])
            }
            let made = try await hub.send("POST", "/api/share", ["group": "g", "hours": 1])
            let token = try #require(made.json["token"].text)
            try await Browser.with { browser in
                try await browser.open(hub.url)
                try await browser.see("#key")
                try await check(browser, "login")
                try await walk(browser, "login")
                try await browser.open("\(hub.url)/?embed=1#token=\(token)")
                try await browser.see(".log[data-id]")
                for width in [320, 1_440] {
                    try await browser.resize(width: width, height: 700)
                    try await check(browser, "embedded-\(width)")
                }
                try await walk(browser, "embedded")
                #expect(try await browser.problems(except: ["401"]) == [])
            }
        }
    }

    @Test(arguments: [1_440, 360])
    func `the tab key leads through every page in its order, and shows where it is`(_ width: Int) async throws {
        try await withOpenPage { hub, _, browser in
            try await browser.resize(width: width, height: 900)
            try await SampleLogs.fill(hub)
            for page in Self.pages {
                try await browser.open("\(hub.url)/?page=\(page)")
                try await browser.see("\(page)-page")
                if page == "overview", width > 1_000 {
                    try await browser.see(".report-author")
                }
                if page == "agents" { try await browser.see(".agent-opener") }
                try await walk(browser, "\(page)-\(width)")
            }
        }
    }

    private func check(_ browser: Browser, _ place: String) async throws {
        let checks = [
            PageScripts.lowContrast, PageScripts.paleGraphics, PageScripts.unnamed, PageScripts.misnamed,
            PageScripts.stumbling, PageScripts.disordered, PageScripts.overflow,
        ]
        for check in checks {
            let faults = try await browser.faults(check)
            #expect(faults == [], "\(place): \(faults)")
        }
    }

    /// Presses the tab key until the keyboard has been everywhere.
    private func walk(_ browser: Browser, _ place: String) async throws {
        try await browser.script("document.activeElement?.blur(); window.stopBefore = window.firstStop = undefined")
        var problems: Set<String> = []
        for count in 0..<400 {
            try await browser.press("\u{E004}")  // tab
            let stop = try await browser.script(PageScripts.stop)
            if let problem = stop["problem"].text { problems.insert(problem) }
            if stop["end"] == true {
                #expect(count > 3, "\(place)")
                #expect(problems.isEmpty, "\(place): \(problems.sorted())")
                return
            }
        }
        Issue.record("\(place): the tab key does not come round")
    }
}
