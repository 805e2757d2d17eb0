import Foundation
import TestSupport
import Testing

/// Every page and state: no overflow, contrast, names, sizes; each leaves its picture in `.build/screenshots`.
@Suite(.serialized)
struct AppearanceTests {
    private static let sizes = [(360, 740), (768, 1_024), (1_280, 860), (2_560, 1_300)]
    private static let pages = ["overview", "logs", "agents", "settings", "send"]

    @Test(arguments: ["light", "dark"])
    func `every page fits every width, its texts have contrast, its controls names and room`(
        _ scheme: String
    ) async throws {
        try await withOpenPage { hub, _, browser in
            try await browser.prefer(scheme)
            try await SampleLogs.fill(hub)
            for page in Self.pages {
                try await browser.open("\(hub.url)/?page=\(page)")
                try await browser.see("\(page)-page")
                if page == "overview" || page == "logs" {
                    _ = try await eventually("the logs are there") {
                        try await browser.script("return document.querySelectorAll('.log[data-id]').length > 5") == true
                            ? true : nil
                    }
                }
                try await settled(browser)
                for (width, height) in Self.sizes {
                    try await browser.resize(width: width, height: height)
                    for panel in page == "overview" && width < 1_180 ? ["groups", "summary", "logs"] : [""] {
                        if !panel.isEmpty, try await browser.script(Self.isShown, [.text(".tab-\(panel)")]) == true {
                            try await browser.click(".tab-\(panel)")
                        }
                        let place = "\(page)-\(scheme)-\(width)" + (panel.isEmpty ? "" : "-\(panel)")
                        try await settled(browser)
                        try await check(browser, place)
                    }
                }
            }
        }
    }

    @Test(arguments: ["light", "dark"])
    func `every state says what it is, and looks as calm as the others`(_ scheme: String) async throws {
        try await withOpenPage { hub, _, browser in
            try await browser.prefer(scheme)
            // Nothing yet.
            for page in Self.pages {
                try await browser.open("\(hub.url)/?page=\(page)")
                try await browser.see("\(page)-page")
                try await settled(browser)
                try await checkWideAndNarrow(browser, "empty-\(page)-\(scheme)")
            }
            // Nothing that matches, and a search that is none.
            try await SampleLogs.fill(hub)
            try await browser.open("\(hub.url)/?page=logs&q=nothingofthiskind")
            try await browser.see(".empty-title")
            try await checkWideAndNarrow(browser, "no-result-\(scheme)")
            try await browser.open("\(hub.url)/?page=logs&q=" + "level:error%20(")
            try await settled(browser)
            try await checkWideAndNarrow(browser, "search-error-\(scheme)")
            // A log opened.
            try await browser.open("\(hub.url)/?page=logs")
            try await browser.see(".log[data-id]")
            try await browser.script(PageScripts.openFirstError)
            try await settled(browser)
            try await checkWideAndNarrow(browser, "open-log-\(scheme)")
            // Help.
            try await browser.press("?")
            try await browser.see("dialog[open]")
            try await checkWideAndNarrow(browser, "help-\(scheme)")
            try await browser.press("\u{E00C}")  // escape
            try await browser.seeNothing("dialog[open]")
            // The hub is away.
            try await browser.open("\(hub.url)/")
            try await browser.see(".log[data-id]")
            try await hub.stop()
            try await browser.see(".banner")
            try await checkWideAndNarrow(browser, "hub-away-\(scheme)")
            #expect(try await browser.problems(except: ["net::ERR_", "503", "422"]) == [])
            try await hub.start()
            try await browser.seeNothing(".banner")
            #expect(try await browser.problems(except: ["net::ERR_", "503"]) == [])
        }
    }

    @Test func `ten thousand groups and hostile names are shown harmlessly`() async throws {
        try await withOpenPage { hub, _, browser in
            for part in 0..<10 {
                let logs = (0..<1_000)
                    .map { index -> JSON in
                        ["message": "m", "group": .text("site-\(part):row-\(index / 50):device-\(index)")]
                    }
                let answer = try await hub.send(
                    "POST",
                    "/api/logs/batch",
                    .list(logs),
                    headers: ["Prefer": "return=minimal"]
                )
                #expect(answer.json["ingested"] == 1_000, "\(answer.body)")
            }
            let long = String(repeating: "part:", count: 40) + "end"
            for group in ["<img src=x onerror='window.harmed=1'>", "\u{202E}gpj.exe", long] {
                try await hub.post([
                    "message": .text(String(repeating: "<b>w</b>", count: 2_000)), "group": .text(group),
                    "level": "critical", "source": .text(group),
                    "data": .object(
                        Dictionary(uniqueKeysWithValues: (0..<300).map { ("\(group)\($0)", .number(Double($0))) })
                    ),
                ])
            }
            for page in Self.pages {
                try await browser.open("\(hub.url)/?page=\(page)")
                try await browser.see("\(page)-page")
                try await settled(browser)
                for (width, height) in Self.sizes {
                    try await browser.resize(width: width, height: height)
                    try await check(browser, "hostile-\(page)-\(width)")
                }
                try await browser.resize(width: 1_280, height: 860)
            }
            try await browser.open("\(hub.url)/")
            try await browser.see("[data-path='site-3']")
            // What is not in sight is not on the page.
            let elements = try await browser.script("return document.querySelectorAll('*').length").number ?? 0
            #expect(elements < 15_000)
            #expect(try await browser.script("return window.harmed === undefined") == true)
            #expect(try await browser.script("return document.body.textContent.includes('\\u202e')") == false)
        }
    }

    // MARK: Looking

    private static let isShown = "return document.querySelector(arguments[0])?.checkVisibility() === true"

    private func checkWideAndNarrow(_ browser: Browser, _ place: String) async throws {
        for (width, height) in [(1_440, 900), (360, 740)] {
            try await browser.resize(width: width, height: height)
            try await settled(browser)
            try await check(browser, "\(place)-\(width)")
        }
        try await browser.resize(width: 1_440, height: 900)
    }

    /// Waits until nothing on the page is being fetched for the first time any more.
    private func settled(_ browser: Browser) async throws {
        _ = try await eventually("the page has settled") {
            let busy = "return [...document.querySelectorAll('[aria-busy=true]')].some(e => e.checkVisibility())"
            return try await browser.script(busy) == false ? true : nil
        }
    }

    private func check(_ browser: Browser, _ place: String) async throws {
        #expect(try await browser.faults(PageScripts.overflow) == [], "\(place)")
        #expect(try await browser.faults(PageScripts.lowContrast) == [], "\(place)")
        #expect(try await browser.faults(PageScripts.unnamed) == [], "\(place)")
        #expect(try await browser.faults(PageScripts.stumbling) == [], "\(place)")
        try await browser.screenshot(place)
    }
}
