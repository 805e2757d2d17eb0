import Foundation
import TestSupport
import Testing

/// What is live stays live, whatever happens to hub, Redis and the way between, and the list shows its range and no more.
@Suite(.serialized)
struct LiveTests {
    private static let enter = "\u{E007}"

    @Test func `eight pages of one browser are live at once, and each still asks and is answered`() async throws {
        try await withLive { hub, browser in
            var windows = [try await browser.window()]
            while windows.count < 8 {
                windows.append(try await browser.openWindow())
                try await browser.open("\(hub.url)/?page=logs")
                try await browser.see(".live", "Live")
            }
            _ = try await eventually("the hub has eight streams") {
                let lines = try await hub.send("GET", "/metrics").body.split(separator: "\n")
                let line = lines.first { !$0.hasPrefix("#") && $0.contains("live_streams ") }
                return line?.split(separator: " ").last.flatMap { Double($0) } ?? 0 >= 8 ? true : nil
            }
            try await hub.post(["message": "to all", "group": "g", "level": "error"])
            for window in windows {
                try await browser.work(in: window)
                try await browser.see(".log", "to all")
                try await browser.see("health-mark", "Healthy")
            }
            try await browser.type("nothing of the kind", into: "#search")
            try await browser.press(Self.enter)
            try await browser.see(".empty-title", "No logs here")
        }
    }

    // MARK: The range

    @Test func `what falls out of the range leaves the list, but not what someone reads`() async throws {
        try await withLive { hub, browser in
            try await browser.open("\(hub.url)/?page=logs&since=30h")
            try await browser.see(".live", "Live")
            let start = Date().timeIntervalSince1970
            func post(_ message: String, hoursAgo: Double) async throws {
                try await hub.post([
                    "message": .text(message), "group": "g",
                    "timestamp": .number((start - hoursAgo * 3_600).rounded()),
                ])
            }
            /// Has the hub's clock go on: the page goes by that.
            func pass(hours: Int) async throws {
                try await browser.script("window.hoursAhead = arguments[0]", [.number(Double(hours))])
            }
            try await browser.script(
                """
                window.hoursAhead = 0;
                const get = Headers.prototype.get;
                Headers.prototype.get = function (name) {
                    const value = get.call(this, name);
                    return name === "Date" ? new Date(Date.parse(value) + window.hoursAhead * 3_600_000).toUTCString() : value;
                };
                """
            )
            try await post("old", hoursAgo: 10)
            try await post("fresh", hoursAgo: 0)
            // A log that is older than the range does not come at all.
            try await post("too old", hoursAgo: 40)
            try await post("last", hoursAgo: 0)
            try await browser.see(".log", "last")
            try await browser.see(".log", "old")
            try await browser.seeNothing(".log", "too old")

            try await pass(hours: 25)
            try await browser.seeNothing(".log", "old")
            try await browser.see(".log[aria-setsize='2']", "fresh")
            try await browser.see(".list-foot", "These are all")

            // What waits falls out too, and is counted no more; what is read stays.
            try await browser.click(".log-head", "fresh")
            try await browser.see(".log.open")
            try await post("waits", hoursAgo: 0)
            try await post("waits for a while", hoursAgo: 4)
            try await browser.see(".pill", "2 new")
            try await pass(hours: 27)
            try await browser.see(".pill", "1 new")
            try await pass(hours: 45)
            try await browser.seeNothing(".pill")
            try await browser.see(".log.open", "fresh")
            try await browser.see(".log", "last")
            try await browser.press("\u{E00C}")
            try await browser.see(".empty-title", "No logs in this time")
            try await browser.see(".loosen", "Last 48 hours")
        }
    }

    @Test func `what comes before the first page is bounded by bytes too`() async throws {
        try await withLive { hub, browser in
            try await hub.post(["message": "before", "group": "g", "level": "error"])
            try await browser.open("\(hub.url)/?page=logs")
            try await browser.see(".log", "before")
            try await browser.script(
                """
                const real = window.fetch, Socket = window.WebSocket;
                window.texts = 0;
                window.waiting = [];
                window.WebSocket = class extends Socket {
                    constructor(...all) { super(...all); this.addEventListener("message", () => { window.texts += 1; }); }
                };
                window.fetch = (address, options) => String(address).includes("limit=200")
                    ? new Promise(go => window.waiting.push(go)).then(() => real(address, options)) : real(address, options);
                const level = document.querySelector("#level");
                level.value = "error";
                level.dispatchEvent(new Event("change"));
                """
            )
            try await browser.see(".live", "Live")
            let message = String(repeating: "x", count: 900_000)
            for number in 0..<12 {
                try await hub.post(["message": .text("\(number) \(message)"), "group": "g", "level": "error"])
                _ = try await eventually("the page has it") {
                    try await browser.script("return window.texts >= arguments[0]", [.number(Double(number + 1))])
                        == true
                        ? true : nil
                }
            }
            // What has come is handed on within a tenth of a second.
            try await browser.script("return new Promise(done => setTimeout(done, 500))")
            try await browser.script("for (const go of window.waiting) go(); window.fetch = fetch")
            try await browser.see(".warning-note", "skipped")
            try await browser.see(".log", "11 xxx")
        }
    }

    // MARK: Away and back

    @Test func `a hub that was killed and started again goes on where it was, and doubles nothing`() async throws {
        try await withLive { hub, browser in
            try await browser.open("\(hub.url)/?page=logs")
            try await hub.post(["message": "before the kill", "group": "g"])
            try await browser.see(".log", "before the kill")
            hub.kill()
            try await browser.see(".live", "Reconnecting")
            try await browser.see("health-mark", "No answer")
            try await browser.see(".log", "before the kill")
            try await hub.start()
            try await hub.post(["message": "after the kill", "group": "g"])
            try await browser.see(".log", "after the kill")
            try await browser.see(".live", "Live")
            try await browser.seeNothing("trouble-banner")
            #expect(try await browser.script("return document.querySelectorAll('.log').length") == 2)
            #expect(try await browser.problems(except: Self.away) == [])
        }
    }

    @Test func `while Redis does not answer the page says so and keeps what it shows, and is well again after`()
        async throws
    {
        try await withLive { hub, browser in
            try await browser.open("\(hub.url)/?page=logs")
            try await hub.post(["message": "before", "group": "g"])
            try await browser.see(".log", "before")
            let words = try await ChildProgram.run(
                "redis-cli",
                ["-s", hub.scratch.at("data/redis.sock"), "INFO", "server"],
                folder: hub.scratch.path
            )
            let line = words.split(whereSeparator: \.isNewline).first { $0.hasPrefix("process_id:") }
            let redis = try #require(line.flatMap { pid_t($0.dropFirst("process_id:".count)) })
            kill(redis, SIGSTOP)
            defer { kill(redis, SIGCONT) }
            try await browser.see("health-mark", "Cannot store")
            try await browser.see("trouble-banner", "The hub cannot store logs now")
            try await browser.see(".log", "before")
            try await browser.screenshot("redis-away")
            kill(redis, SIGCONT)
            try await browser.see("health-mark", "Healthy")
            try await browser.seeNothing("trouble-banner")
            try await browser.see(".log", "before")
            _ = try await eventually("the hub stores") {
                try await hub.send("POST", "/api/logs", ["message": "after", "group": "g"]).status == 200 ? true : nil
            }
            try await browser.see(".log", "after")
            try await browser.see(".live", "Live")
            #expect(try await browser.problems(except: ["503"]) == [])
        }
    }

    @Test func `a way that falls silent is told of, and left for another when there is one`() async throws {
        try await withRelay { hub, relay, browser in
            try await hub.post(["message": "before", "group": "g"])
            try await browser.see(".log", "before")
            relay.fallSilent(true)
            try await hub.post(["message": "in the silence", "group": "g"])
            try await browser.see("trouble-banner", "does not answer", within: 120)
            try await browser.see(".live", "Reconnecting", within: 120)
            try await browser.see("health-mark", "No answer")
            try await browser.see(".log", "before")
            try await browser.screenshot("silent")
            relay.fallSilent(false)
            try await browser.see(".log", "in the silence", within: 120)
            try await browser.see(".live", "Live", within: 120)
            try await browser.seeNothing("trouble-banner")
            try await hub.post(["message": "after", "group": "g"])
            try await browser.see(".log", "after")
            #expect(try await browser.script("return document.querySelectorAll('.log').length") == 3)
            #expect(try await browser.problems(except: Self.away) == [])
        }
    }

    @Test func `connections that a router forgot are found out, though others work`() async throws {
        try await withRelay { hub, relay, browser in
            try await hub.post(["message": "before", "group": "g"])
            try await browser.see(".log", "before")
            relay.forget()
            try await hub.post(["message": "unheard", "group": "g"])
            try await browser.see(".log", "unheard", within: 180)
            try await browser.see(".live", "Live", within: 120)
            try await hub.post(["message": "heard", "group": "g"])
            try await browser.see(".log", "heard")
            #expect(try await browser.problems(except: Self.away) == [])
        }
    }

    // MARK: Search, tags, export

    @Test func `an error of a search is not shown under the next one`() async throws {
        try await withLive { hub, browser in
            try await hub.post(["message": "m", "group": "g"])
            try await browser.open("\(hub.url)/?page=logs")
            try await browser.see(".log", "m")
            try await browser.script(
                """
                const real = window.fetch;
                window.checks = [];
                window.answers = 0;
                window.fetch = (address, options) => !String(address).includes("since=1s") ? real(address, options)
                    : new Promise(go => window.checks.push(go)).then(() => real(address, options)).finally(() => { window.answers += 1; });
                """
            )
            try await browser.type("duration_ms>=high", into: "#search")
            try await browser.press(Self.enter)
            _ = try await eventually("the search is being checked") {
                try await browser.script("return window.checks.length") == 1 ? true : nil
            }
            try await browser.type("er", into: "#search")
            try await browser.script("window.checks[0]()")
            _ = try await eventually("the check is answered") {
                try await browser.script("return window.answers") == 1 ? true : nil
            }
            try await browser.script("return new Promise(done => setTimeout(done, 300))")
            try await browser.seeNothing(".search-problem")
            #expect(try await browser.script("return document.querySelector('#search').value") == "duration_ms>=higher")
            #expect(try await browser.script("return document.querySelector('#search').ariaInvalid === null") == true)
            #expect(try await browser.problems(except: ["422"]) == [])
        }
    }

    @Test func `tags have a column where there are some and room for them, and are searched for by a click`()
        async throws
    {
        try await withLive { hub, browser in
            try await hub.post(["message": "bare", "group": "g"])
            try await browser.open("\(hub.url)/?page=logs")
            try await browser.see(".log", "bare")
            try await browser.see(".log-columns", "Message")
            try await browser.seeNothing(".tags-title")
            let place = "return document.querySelector('.log-message').getBoundingClientRect().x"
            let before = try await browser.script(place)
            try await hub.post([
                "message": "tagged", "group": "g", "tags": ["two words", "<b>oslo</b>", "three", "four", "five"],
            ])
            try await browser.see(".log", "tagged")
            try await browser.see(".tags-title", "Tags")
            try await browser.see(".log-tag-cell .tag-button", "<b>oslo</b>")
            try await browser.see(".log-tag-cell", "+2")
            #expect(try await browser.script(place) == before, "no text moves")
            for (width, height) in [(1_280, 860), (2_560, 1_300)] {
                try await browser.resize(width: width, height: height)
                #expect(try await browser.faults(PageScripts.overflow) == [], "\(width)")
                #expect(try await browser.faults(PageScripts.stumbling) == [], "\(width)")
                try await browser.screenshot("tags-\(width)")
            }
            try await browser.resize(width: 1_200, height: 860)
            try await browser.seeNothing(".tags-title")
            try await browser.seeNothing(".tag-button")
            try await browser.resize(width: 1_440, height: 900)
            try await browser.click(".tag-button", "two words")
            try await browser.seeNothing(".log", "bare")
            try await browser.see(".log", "tagged")
            try await browser.seeNothing(".log.open")
            #expect(try await browser.script("return document.querySelector('#search').value") == #"tags:"two words""#)
        }
    }

    @Test func `an export counts logs, however many lines they have`() async throws {
        try await withLive { hub, browser in
            for number in 0..<3 {
                try await hub.post(["message": .text("first \"line\"\nsecond\nthird \(number)"), "group": "g"])
            }
            try await browser.open("\(hub.url)/?page=logs")
            try await browser.see(".log", "third 2")
            try await browser.script("window.showSaveFilePicker = undefined")
            for format in ["CSV", "JSON", "NDJSON"] {
                try await browser.click(".export-button")
                try await browser.see(".export-dialog", "About 3 logs")
                try await browser.script(
                    """
                    for (const label of document.querySelectorAll(".formats label"))
                        if (label.textContent.startsWith(arguments[0])) label.click();
                    """,
                    [.text(format)]
                )
                try await browser.click(".export-dialog .main-button")
                try await browser.see(".export-state", "3 logs, ")
                try await browser.see(".export-state", "The file is whole")
                try await browser.click(".export-dialog .small-button", "Close")
                try await browser.seeNothing(".export-dialog")
            }
        }
    }

    // MARK: Coming in

    @Test func `a login link says that it signs in, what is wrong, and is tried again`() async throws {
        try await withHub { hub in
            try await Browser.with { browser in
                try await browser.open(hub.url)
                try await browser.see("login-page")
                try await browser.script(
                    """
                    const real = window.fetch;
                    window.fetch = (address, options) => address !== "/api/session" || options.method !== "POST" || window.isBack
                        ? real(address, options) : new Promise((_, fail) => { window.cut = () => fail(new TypeError("cut")); });
                    """
                )
                let link = try await hub.loginLink()
                let code = try #require(link.split(separator: "#").last.map(String.init))
                try await browser.script("location.hash = arguments[0]", [.text(code)])
                try await browser.see(".empty-state", "Signing in")
                #expect(try await browser.address() == hub.url + "/")
                try await browser.script("window.cut()")
                try await browser.see(".login-card", "Not signed in yet")
                try await browser.see(".login-card", "does not answer")
                try await browser.screenshot("not-signed-in")
                #expect(try await browser.script(PageScripts.lowContrast) == [])
                #expect(try await browser.script(PageScripts.stumbling) == [])
                try await browser.click("button", "Sign in with a key")
                try await browser.see("login-page #key")
                try await browser.script("location.hash = arguments[0]", [.text(code)])
                try await browser.see(".empty-state", "Signing in")
                try await browser.script("window.cut(); window.isBack = true")
                try await browser.click("button", "Try again")
                try await browser.see("overview-page .live", "Live")
                #expect(try await browser.problems(except: ["/api/session - Failed to load resource"]) == [])
            }
        }
    }

    @Test func `a token without the word that it is embedded is used all the same, and leaves the address`()
        async throws
    {
        try await withLive { hub, browser in
            try await hub.post(["message": "shown", "group": "site:a", "tags": ["oslo"]])
            try await hub.post(["message": "hidden", "group": "other"])
            let made = try await hub.send("POST", "/api/share", ["group": "site:*", "hours": 1])
            let token = try #require(made.json["token"].text)
            // In a tab that shows the page already, which only hears that the fragment has changed.
            try await browser.script("location.hash = arguments[0]", [.text("token=" + token)])
            try await browser.see(".embed-title", "site")
            try await browser.see(".log", "shown")
            try await browser.seeNothing(".log", "hidden")
            #expect(try await browser.address() == "\(hub.url)/?embed=1")
            try await browser.forgetCookies()
            try await browser.open("about:blank")
            try await browser.open("\(hub.url)/?page=logs#token=\(token)")
            try await browser.see(".log", "shown")
            #expect(try await browser.address() == "\(hub.url)/?page=logs&embed=1")
            try await browser.reload()
            try await browser.see(".log", "shown")

            // No key, no link leads to what is not there; what is searched for can be seen and left.
            try await browser.script("document.activeElement.blur()")
            try await browser.press("?")
            try await browser.see("dialog.help", "Filter groups")
            #expect(try await browser.script("return document.querySelectorAll('a[href]:not(.skip-link)').length") == 0)
            let help = try await browser.text("dialog.help")
            #expect(!help.contains("Send logs") && !help.contains("Search"))
            try await browser.press("\u{E00C}")
            try await browser.click(".tag-button", "oslo")
            try await browser.see(".embed-search", "tags:oslo")
            try await browser.screenshot("embedded-search")
            try await browser.click(".embed-search")
            try await browser.seeNothing(".embed-search")
            #expect(try await browser.problems() == [])

            try await browser.open("about:blank")
            try await browser.open("\(hub.url)/#token=%3Cb%3E")
            try await browser.see(".empty-state", "has no token")
            #expect(try await browser.address() == "\(hub.url)/?embed=1")
            #expect(try await browser.problems(except: ["401"]) == [])
        }
    }

    /// What the console says of a hub that is away.
    private static let away = ["net::ERR_", "503", "WebSocket connection to"]
}

/// A hub and a browser that is signed in.
private func withLive(_ test: (HubProcess, Browser) async throws -> Void) async throws {
    try await withHub { hub in
        try await Browser.with { browser in
            try await browser.open(try await hub.loginLink())
            try await browser.see("overview-page .live", "Live")
            try await test(hub, browser)
            #expect(try await browser.problems() == [])
        }
    }
}

/// The same with a way between them that can fall silent; the list of logs is open.
private func withRelay(_ test: (HubProcess, Relay, Browser) async throws -> Void) async throws {
    try await withHub { hub in
        let relay = try Relay(to: hub.port)
        defer { relay.close() }
        try await Browser.with { browser in
            let link = try await hub.loginLink().replacingOccurrences(of: ":\(hub.port)/", with: ":\(relay.port)/")
            try await browser.open(link)
            try await browser.see("overview-page .live", "Live")
            try await browser.open("http://127.0.0.1:\(relay.port)/?page=logs")
            try await browser.see(".live", "Live")
            try await test(hub, relay, browser)
        }
    }
}
