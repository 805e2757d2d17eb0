import Foundation
import TestSupport
import Testing

/// The pages of agents, settings and sending, as a user has them: keys that work and are refused once revoked, a purge
/// that purges, lines that send.
@Suite(.serialized)
struct SettingsTests {
    // MARK: Agents

    @Test func `agents are shown with what they told, sorted and filtered, and change by themselves`() async throws {
        try await withPage { hub, agent, browser in
            try await browser.open("\(hub.url)/?page=agents")
            try await browser.see(Self.agent("test-agent"), "Online", within: 60)
            try await browser.click(Self.agent("test-agent") + " .agent-opener")
            try await browser.see(".agent-inputs", "syslog")
            try await browser.see(".agent-inputs", "json")

            try await hub.heartbeat(
                "gateway-1",
                [
                    "version": "7.1", "host": "\u{202E}<img src=x onerror='window.harmed=1'>", "interval": 1,
                    "rate": .number(412.5), "backlog_logs": 1_820_000, "backlog_bytes": 95_420_416,
                    "backlog_seconds": 4_300,
                    "dropped": 1_200, "buffer": "full",
                    "drops": .list(Self.drops),
                    "inputs": .list(Self.inputs),
                ]
            )
            try await hub.heartbeat("bare", ["version": "0.1", "interval": 3_600])
            let row = Self.agent("gateway-1")
            try await browser.see(row, "Full \u{B7} 1.8M \u{B7} 91 MiB \u{B7} 1.2 h", within: 60)
            // What a rule leaves out is no loss.
            try await browser.see(row + " [data-label='Lost']", "900")
            try await browser.see(row, "Silent", within: 60)
            // Lines hold still while a reader works in them; a page that is opened has what asks for a look first.
            try await browser.reload()
            try await browser.see(row)
            #expect(try await Self.order(browser).first == "gateway-1")
            try await browser.click(row + " .agent-opener")
            try await browser.see(row + " .agent-drops", "left out by a rule")
            try await browser.see(row + " .agent-inputs", "<b>devices</b>")
            try await browser.see(row + " .agent-facts", "\u{27E8}U+202E\u{27E9}<img")
            #expect(try await browser.script("return window.harmed === undefined") == true)

            try await browser.click(".sort-button", "Agent")
            #expect(try await Self.order(browser) == ["bare", "gateway-1", "test-agent"])
            try await browser.click(".sort-button", "Agent")
            #expect(try await Self.order(browser) == ["test-agent", "gateway-1", "bare"])
            // The address follows when the typing rests: some browsers let a page change it only so often.
            try await browser.script(
                """
                const replace = history.replaceState;
                window.replaced = 0;
                history.replaceState = function (...parts) { window.replaced += 1; return replace.apply(this, parts); };
                """
            )
            try await browser.script(
                """
                const field = document.querySelector(".agent-tools [type=search]");
                for (const letter of "devices") {
                    field.value += letter;
                    field.dispatchEvent(new Event("input"));
                }
                """
            )
            #expect(try await Self.order(browser) == ["gateway-1"])
            _ = try await eventually("the address has the filter") {
                try await browser.address().contains("find=devices") ? true : nil
            }
            #expect(try await browser.script("return window.replaced") == 1)
            try await browser.reload()
            try await browser.see(Self.agent("gateway-1"))
            #expect(try await Self.order(browser) == ["gateway-1"], "the address keeps filter and order")
            try await browser.open("\(hub.url)/?page=agents#state=silent&find=nobody")
            try await browser.see(".list-nothing", "No agent matches")
            try await browser.click(".chip", "Silent 1")

            try await browser.open("\(hub.url)/?page=agents")
            try await browser.reload()
            try await browser.see(row)
            for width in [360, 768, 1_280, 2_560] {
                try await browser.resize(width: width, height: 900)
                try await browser.see(row, "Silent")
                try await Self.look(browser, "agents-\(width)")
            }
        }
    }

    @Test func `without an agent the page says how to install one`() async throws {
        try await withHub { hub in
            try await Self.withBrowser(hub) { browser in
                try await browser.open("\(hub.url)/?page=agents")
                try await browser.see(".state-title", "No agent yet")
                try await browser.see("agent-list code", "komfyr-agent run")
                try await browser.click("button", "An agent.toml to copy")
                try await browser.see("recipe-tabs code", "[[input]]")
                #expect(try await browser.address() == "\(hub.url)/?page=send#how=file")
            }
        }
    }

    // MARK: Keys and shares

    @Test func `a key is shown once, works, and is refused after it is revoked`() async throws {
        try await withPage { hub, _, browser in
            try await hub.post(["message": "mine", "group": "app:mine"])
            try await hub.post(["message": "theirs", "group": "app:theirs"])
            try await browser.open("\(hub.url)/?page=settings#part=keys")
            try await browser.click("key-panel .make")
            // What is wrong is said at its field.
            try await browser.click("key-form [type=submit]")
            try await browser.see("key-form .form-field .field-problem", "name")
            try await browser.type("my-app", into: "key-form [placeholder='my-app']")
            try await browser.type("app:*mine", into: "key-form .code-field")
            try await browser.click("key-form [type=submit]")
            try await browser.see("key-form .field-problem", "group must be")
            #expect(
                try await browser.script("return document.activeElement.getAttribute('aria-invalid')") == "true",
                "the reader is taken to the field"
            )
            try await browser.script("document.querySelector('key-form .code-field').value = ''")
            try await browser.type("app:mine", into: "key-form .code-field")
            try await browser.type("often", into: "key-form [inputmode=numeric]")
            try await browser.click("key-form [type=submit]")
            try await browser.see("key-form .field-problem", "rate_limit")
            try await browser.script("document.querySelector('key-form [inputmode=numeric]').value = ''")
            try await browser.type("600", into: "key-form [inputmode=numeric]")
            try await browser.click("key-form .scope-choice", "read")
            try await Self.look(browser, "key-form")
            try await browser.click("key-form [type=submit]")

            let key = try await browser.text("key-panel secret-box code")
            #expect(key.hasPrefix("kmf_"))
            let listed = try await hub.send("GET", "/api/logs", headers: ["Authorization": "Bearer \(key)"])
            #expect(listed.json.items.compactMap { $0["message"].text } == ["mine"])
            let forbidden = try await hub.send("GET", "/api/keys", headers: ["Authorization": "Bearer \(key)"])
            #expect(forbidden.status == 403)
            try await Self.look(browser, "key-made")
            try await browser.click("key-panel .kept")
            try await browser.seeNothing("secret-box")
            try await Self.expectNoTrace(of: key, browser)
            try await browser.see("key-list tr", "my-app")
            try await browser.see("key-list tr", "600/min")

            try await browser.click("[aria-label='Revoke my-app']")
            try await browser.see("dialog.question", "my-app")
            try await browser.click("dialog.question button", "Cancel")
            try await browser.seeNothing("dialog.question")
            try await browser.click("[aria-label='Revoke my-app']")
            try await browser.click("dialog.question .danger-button")
            try await browser.seeNothing("key-list tr", "my-app")
            _ = try await eventually("the key is refused") {
                let answer = try await hub.send("GET", "/api/logs", headers: ["Authorization": "Bearer \(key)"])
                return answer.status == 401 ? true : nil
            }
            // A reader who leaves without a word leaves no key behind either.
            try await browser.click("key-panel .make")
            try await browser.type("left-behind", into: "key-form [placeholder='my-app']")
            try await browser.click("key-form [type=submit]")
            let other = try await browser.text("key-panel secret-box code")
            try await browser.click(".page-link", "Agents")
            try await browser.see("agents-page")
            try await browser.back()
            try await browser.see("key-list tr", "left-behind")
            try await Self.expectNoTrace(of: other, browser)
            #expect(try await browser.problems(except: ["422"]) == [])
        }
    }

    @Test func `whoever revokes keys by keyboard goes on at the next one`() async throws {
        try await withPage { hub, _, browser in
            for name in ["a-one", "b-two", "c-three"] { _ = try await hub.makeKey(name, scope: "read") }
            try await browser.open("\(hub.url)/?page=settings#part=keys")
            for (name, next) in [("b-two", "Revoke c-three"), ("c-three", "Revoke test-agent")] {
                try await browser.see("[aria-label='Revoke \(name)']")
                try await browser.script(
                    "document.querySelector(arguments[0]).focus()",
                    [.text("[aria-label='Revoke \(name)']")]
                )
                try await browser.press("\u{E007}")  // enter
                try await browser.see("dialog.question", name)
                try await browser.press("\u{E004}")  // tab: from cancelling to revoking
                try await browser.press("\u{E007}")
                try await browser.seeNothing("key-list tr", name)
                _ = try await eventually("the next one has the keyboard") {
                    try await browser.script("return document.activeElement.ariaLabel") == .text(next) ? true : nil
                }
            }
        }
    }

    @Test func `what the page's policy does not say is asked for once`() async throws {
        try await withHub { hub in
            try await Self.withBrowser(hub) { browser in
                // As behind a proxy that takes the policy out of answers.
                try await browser.prepareEveryPage(
                    """
                    const ask = window.fetch;
                    window.policies = window.figures = 0;
                    window.fetch = async (address, options) => {
                        if (String(address).startsWith("/api/stats")) window.figures += 1;
                        if (!String(address).startsWith("/favicon")) return ask(address, options);
                        window.policies += 1;
                        return new Response(null, { status: 200 });
                    };
                    """
                )
                try await browser.open("\(hub.url)/?page=settings")
                try await browser.see("#part-shares .part-note", "every site")
                let before = try await browser.script("return window.figures").number ?? 0
                // The frame asks for figures every few seconds, and this page as often.
                _ = try await eventually("the page has asked again", within: 120) {
                    try await browser.script("return window.figures").number ?? 0 > before + 8 ? true : nil
                }
                #expect(try await browser.script("return window.policies") == 1)
            }
        }
    }

    @Test func `a share opens in a frame of an allowed origin, reads its group alone, and ends`()
        async throws
    {
        let port = try Network.freePort()
        let settings = ["KOMFYRVAKT_FRAME_ANCESTORS": "'self' http://127.0.0.1:\(port)"]
        try await withHub(settings) { hub in
            try await hub.post(["message": "shown", "group": "site:a"])
            try await hub.post(["message": "hidden", "group": "other"])
            let folder = try Scratch()
            defer { folder.remove() }
            let site = try ChildProgram(
                "python3",
                ["-m", "http.server", "\(port)", "--bind", "127.0.0.1"],
                folder: folder.path,
                output: folder.at("site.log")
            )
            try await Self.withBrowser(hub) { browser in
                try await browser.open("\(hub.url)/?page=settings#part=shares")
                try await browser.see("#part-shares .part-note", "http://127.0.0.1:\(port)")
                try await browser.click("share-panel .make")
                try await browser.click("share-form [type=submit]")
                try await browser.see("share-form .field-problem")
                try await browser.type("site:*", into: "share-form .code-field")
                try await browser.click("share-form [type=submit]")
                let address = try await browser.text("share-panel secret-box code")
                let start = "\(hub.url)/?embed=1&group=site:*#token="
                #expect(address.hasPrefix(start + "kms_"))
                let snippet =
                    try await browser
                    .script(
                        "return document.querySelectorAll('share-panel secret-box code')[1].textContent"
                    )
                    .text ?? ""
                #expect(snippet.hasPrefix("<iframe src=\"\(hub.url)/?embed=1&amp;group=site:*#token=kms_"))
                try await browser.click("share-panel .kept")
                let token = String(address.dropFirst(start.count))
                try await Self.expectNoTrace(of: token, browser)
                let bearer = ["Authorization": "Bearer \(token)"]
                let read = try await hub.send("GET", "/api/logs", headers: bearer)
                #expect(read.json.items.compactMap { $0["message"].text } == ["shown"])
                #expect(try await browser.problems(except: ["422"]) == [])

                // As the other page has it. What is in the frame is another origin's: that it is let in can be seen.
                try folder.write("<!doctype html><title>wiki</title><body>\(snippet)", to: "wiki.html")
                let wiki = "http://127.0.0.1:\(port)/wiki.html"
                _ = try await eventually("the other site answers") {
                    try await HTTP.send("GET", wiki).status == 200 ? true : nil
                }
                try await browser.open(wiki)
                _ = try await eventually("the frame has loaded") {
                    let loaded =
                        "return performance.getEntriesByType('resource').some(e => e.initiatorType === 'iframe')"
                    return try await browser.script(loaded) == true ? true : nil
                }
                let refused = try await browser.problems().filter { $0.contains("frame") }
                #expect(refused == [])

                try await browser.open("\(hub.url)/?page=settings#part=shares")
                try await browser.click("share-panel [aria-label='Revoke share']")
                try await browser.click("dialog.question .danger-button")
                try await browser.see("share-panel", "Nothing is shared")
                _ = try await eventually("the token is refused") {
                    try await hub.send("GET", "/api/logs", headers: bearer).status == 401 ? true : nil
                }
            }
            try await site.stop()
        }
    }

    // MARK: Purge

    @Test func `a purge says how many, asks for the name, and removes that alone`() async throws {
        try await withPage { hub, _, browser in
            for group in ["old", "old:part", "older"] { try await hub.post(["message": "m", "group": .text(group)]) }
            try await browser.open("\(hub.url)/?page=settings#part=purge")
            try await browser.type("old", into: "purge-form .code-field")
            try await browser.see(".purge-amount", "1 log would be removed")
            try await browser.click("purge-form .scope-choice")
            try await browser.see(".purge-amount", "2 logs in 2 groups would be removed")
            let disabled = "return document.querySelector('.purge-form .danger-button').disabled"
            #expect(try await browser.script(disabled) == true)
            try await browser.type("ol", into: "#purge-typed")
            #expect(try await browser.script(disabled) == true)
            try await browser.type("d", into: "#purge-typed")
            try await Self.look(browser, "purge")
            try await browser.click(".purge-form .danger-button")
            try await browser.see(".purge-result", "2 logs of old:* were removed")
            #expect(try await hub.logs("").compactMap { $0["group"].text } == ["older"])

            // A star alone is no group.
            try await browser.type("*", into: "purge-form .code-field")
            try await browser.type("*", into: "#purge-typed")
            try await browser.click(".purge-form .danger-button")
            try await browser.see(".field-problem", "all=true")
            #expect(try await hub.logs("").count == 1)

            try await browser.click(".purge-all summary")
            try await browser.see(".purge-all .purge-amount", "1 log would be removed: everything")
            try await browser.type("remove all logs", into: "#purge-all-typed")
            try await browser.click(".purge-all .danger-button")
            try await browser.see(".purge-result", "1 log of all groups was removed")
            #expect(try await hub.logs("").isEmpty)
            #expect(try await browser.problems(except: ["422"]) == [])
        }
    }

    // MARK: Figures and states

    @Test func `the settings show figures, where each is set, and who may; a reader is told what needs more`()
        async throws
    {
        try await withPage { hub, _, browser in
            try await SettingsTests.fill(hub)
            try await browser.open("\(hub.url)/?page=settings")
            try await browser.see("store-figures", "120")
            try await browser.see("store-figures .meter-words", "of 1.0 GiB used")
            try await browser.see("store-figures .full-state", "Not full")
            try await browser.see("setting-places tr", "LOG_RETENTION_HOURS")
            try await browser.see("setting-places tr", "48 h")
            try await browser.see("#part-reports", "The hub itself")
            try await browser.see("#part-about", "Komfyrvakt")
            try await browser.see("#part-about a", "/api/docs")
            let page = try await browser.script("return document.documentElement.outerHTML").text ?? ""
            #expect(!page.contains(hub.key))
            for width in [360, 768, 1_280, 2_560] {
                try await browser.resize(width: width, height: 900)
                try await Self.look(browser, "settings-\(width)")
            }
            try await browser.resize(width: 1_440, height: 900)

            // The hub goes away: what is shown stays, and says that it is old.
            try await hub.stop()
            try await browser.see("#part-store .old-note", "does not answer")
            try await browser.see("store-figures", "120")
            try await browser.click(".page-link", "Agents")
            try await browser.see("agent-list .panel-state", "This cannot be shown now")
            try await Self.look(browser, "agents-hub-away")
            try await hub.start()
            try await browser.see(Self.agent("test-agent"), within: 60)
            try await browser.seeNothing(".banner")
            #expect(try await browser.problems(except: ["net::ERR_", "503"]) == [])

            let key = try await hub.makeKey("reader", scope: "read")
            try await browser.forgetCookies()
            try await browser.open(hub.url)
            try await browser.type(key, into: "#key")
            try await browser.click("button", "Open")
            try await browser.see("overview-page")
            try await browser.open("\(hub.url)/?page=settings")
            for part in ["keys", "shares", "purge"] {
                try await browser.see("#part-\(part)", "needs a key with the admin scope")
                try await browser.see("#part-\(part)", "reader")
            }
            #expect(try await browser.script("return document.querySelector('purge-form, key-form, .make')") == .null)
            try await browser.see("store-figures", "120")
            try await Self.look(browser, "settings-reader")
            try await browser.open("\(hub.url)/?page=send")
            try await browser.see("recipe-tabs", "kmf_YOUR_KEY")
            try await browser.seeNothing(".make-key")
            #expect(try await browser.problems(except: ["/api/session - Failed to load resource"]) == [])
        }
    }

    // MARK: Sending

    @Test func `the lines that the page gives send logs, which arrive before the reader's eyes`() async throws {
        try await withPage { hub, agent, browser in
            try await hub.post(["message": "there before", "group": "busy"])
            try await browser.open("\(hub.url)/?page=send")
            try await browser.see("log-arrival", "hello from komfyrvakt")
            try await browser.see("[role=tab][aria-selected=true]", "curl")
            try await browser.click(".make-key")
            try await browser.see(".recipe-key.revealed", "this once")
            let curl = try await browser.text("recipe-tabs code")
            #expect(curl.contains("\(hub.url)/api/logs") && curl.contains("Bearer kmf_"))
            let key = String(curl[(curl.range(of: "kmf_")?.lowerBound ?? curl.startIndex)...].prefix(36))
            try await Self.look(browser, "send-key")

            let scratch = try Scratch()
            defer { scratch.remove() }
            for (tab, program, file) in [
                ("curl", "bash", "first.sh"), ("python", "python3", "first.py"), ("javascript", "node", "first.mjs"),
            ] {
                try await browser.click("#recipe-\(tab)")
                #expect(try await browser.address() == "\(hub.url)/?page=send#how=\(tab)")
                try scratch.write(try await browser.text("recipe-tabs code"), to: file)
                try await ChildProgram.run(program, [scratch.at(file)], folder: scratch.path)
                _ = try await hub.log("group=test:\(tab)") { $0["message"] == "hello from komfyrvakt" }
                try await browser.see("log-arrival.arrived", "test:\(tab)")
                try await browser.click("log-arrival .link-button", "Wait for another")
                try await browser.see("log-arrival:not(.arrived)", "hello from komfyrvakt")
            }
            // Another log is not the one that is waited for; the first of a new group is.
            try await hub.post(["message": "something else", "group": "busy"])
            try await hub.post(["message": "from a device", "group": "device:new", "level": "error"])
            try await browser.see("log-arrival.arrived .mark-error")
            try await browser.see("log-arrival.arrived", "from a device")

            try await browser.click("#recipe-file")
            try await browser.see("recipe-tabs code", key)
            try await browser.click(".recipe-key .kept")
            try await Self.expectNoTrace(of: key, browser)
            try await browser.see("recipe-tabs code", "api_key = \"kmf_YOUR_KEY\"")

            for (tab, group) in [("logger", "syslog"), ("nc", "test:nc")] {
                try await browser.reload()
                try await browser.see("log-arrival", "hello from komfyrvakt")
                try await browser.click("#recipe-\(tab)")
                // The agent of this test listens elsewhere.
                let lines = try await browser.text("recipe-tabs code")
                    .replacingOccurrences(of: " 5514", with: " \(agent.syslogPort)")
                    .replacingOccurrences(of: " 5515", with: " \(agent.jsonPort)")
                try scratch.write(lines, to: "first.sh")
                // How nc ends differs from one to the next; that the log is there is what counts.
                _ = try? await ChildProgram.run("bash", [scratch.at("first.sh")], folder: scratch.path)
                try await browser.see("log-arrival.arrived", group)
                _ = try await eventually("all of it is stored") {
                    try await hub.logs("group=\(group):*").count
                        == (tab == "logger" ? 2 : 1) ? true : nil
                }
            }

            // Tabs are worked by arrows, and a link leads to one.
            try await browser.open("\(hub.url)/?page=send#how=arduino")
            try await browser.reload()
            try await browser.see("[role=tab][aria-selected=true]", "Arduino")
            try await browser.script("document.querySelector('#recipe-arduino').focus()")
            try await browser.press("\u{E015}")  // arrow down: round to the first
            try await browser.see("[role=tab][aria-selected=true]", "curl")
            try await browser.press("\u{E013}")  // arrow up
            try await browser.press("\u{E013}")
            try await browser.see("[role=tab][aria-selected=true]", "MicroPython")
            #expect(try await browser.script("return document.activeElement.id") == "recipe-micropython")
            try await browser.see(".recipe-caution", "127.0.0.1 is this machine alone")
            try await browser.script("document.querySelector('#agent-address').value = ''")
            try await browser.type("10.1.2.3\"; rm", into: "#agent-address")
            try await browser.see("recipe-tabs code", "getaddrinfo(\"10.1.2.3rm\", 5515)")
            try await browser.see("recipe-tabs code", "allow = [\"10.0.0.0/8\"]")
            for width in [360, 768, 1_280, 2_560] {
                try await browser.resize(width: width, height: 900)
                try await Self.look(browser, "send-\(width)")
            }
        }
    }

    // MARK: Helpers

    private static let drops: [JSON] = [
        ["reason": "no_room", "count": 900], ["reason": "rule", "count": 300],
    ]
    private static let inputs: [JSON] = [
        ["name": "<b>devices</b>", "type": "syslog", "rate": 400, "unparsed": 12]
    ]

    private static func agent(_ id: String) -> String { ".agent[data-agent='\(id)']" }

    private static func order(_ browser: Browser) async throws -> [String] {
        try await browser.script("return [...document.querySelectorAll('.agent')].map(row => row.dataset.agent)")
            .items.compactMap(\.text)
    }

    /// Contrast and names, that no page can be moved sideways, and a picture.
    private static func look(_ browser: Browser, _ place: String) async throws {
        #expect(try await browser.script(PageScripts.lowContrast) == [], "\(place)")
        #expect(try await browser.script(PageScripts.unnamed) == [], "\(place)")
        let sideways =
            "return [...document.querySelectorAll('.page-scroller')].some(e => e.scrollWidth > e.clientWidth)"
        #expect(try await browser.script(sideways) == false, "\(place)")
        try await browser.screenshot("settings-\(place)")
    }

    /// A secret is neither on the page nor in what the browser keeps of it.
    private static func expectNoTrace(of secret: String, _ browser: Browser) async throws {
        let all = """
            const fields = [...document.querySelectorAll("input")].map(field => field.value).join();
            return document.documentElement.outerHTML + fields + location.href + JSON.stringify(history.state)
                + JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage });
            """
        let text = try await browser.script(all).text ?? ""
        #expect(!text.isEmpty && !secret.isEmpty && !text.contains(secret))
    }

    private static func fill(_ hub: HubProcess) async throws {
        let logs = (0..<120).map { index -> JSON in ["message": .text("m \(index)"), "group": "site:rack"] }
        let answer = try await hub.send("POST", "/api/logs/batch", .list(logs), headers: ["Prefer": "return=minimal"])
        #expect(answer.json["ingested"] == 120, "\(answer.body)")
    }

    /// A browser that came in by a login link; what its pages did wrong fails the test.
    private static func withBrowser(_ hub: HubProcess, _ test: (Browser) async throws -> Void) async throws {
        try await Browser.with { browser in
            try await browser.open(try await hub.loginLink())
            try await browser.see("overview-page")
            try await test(browser)
            #expect(try await browser.problems() == [])
        }
    }

    private func withPage(_ test: (HubProcess, AgentProcess, Browser) async throws -> Void) async throws {
        try await withHubAndAgent { hub, agent in
            try await Self.withBrowser(hub) { browser in try await test(hub, agent, browser) }
        }
    }
}

extension HubProcess {
    /// Tells of an agent, as it does itself.
    fileprivate func heartbeat(_ id: String, _ told: JSON) async throws {
        let answer = try await send("PUT", "/api/agents/\(id)", told)
        guard answer.status == 200 else { throw TestFailure("PUT /api/agents/\(id): \(answer.status) \(answer.body)") }
    }
}
