import Foundation
import TestSupport

/// A headless Chromium, driven by chromedriver over the WebDriver protocol (W3C WebDriver 1), as a user would.
///
/// It notes everything that a page should not do: errors on the console, violations of the content security policy,
/// exceptions and rejections that nobody caught. `problems` tells.
final class Browser {
    private let driver: ChildProgram
    private let scratch: Scratch
    private let base: String
    private let session: String

    /// Starts a browser for the time of a test; what it noted fails the test.
    static func with(_ test: (Browser) async throws -> Void) async throws {
        let browser = try await Browser()
        do {
            try await test(browser)
        } catch {
            try? await browser.screenshot("failed")
            let words = (try? await browser.problems()) ?? []
            await browser.close()
            throw TestFailure("\(error)\nThe page's own problems: \(words)")
        }
        await browser.close()
    }

    private init() async throws {
        scratch = try Scratch()
        let port = try Network.freePort()
        let driver = try ChildProgram(
            "chromedriver",
            ["--port=\(port)"],
            environment: ["HOME": scratch.path],
            folder: scratch.path,
            output: scratch.at("chromedriver.log")
        )
        self.driver = driver
        let address = "http://127.0.0.1:\(port)"
        _ = try await eventually("chromedriver listens") {
            try await HTTP.send("GET", "\(address)/status").json["value"]["ready"] == true ? true : nil
        }
        let capabilities: JSON = [
            "capabilities": [
                "alwaysMatch": [
                    "browserName": "chrome",
                    "goog:loggingPrefs": ["browser": "ALL"],
                    "goog:chromeOptions": [
                        "args": [
                            "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                            "--hide-scrollbars", "--no-first-run", "--disable-background-networking",
                            "--disable-component-update", "--lang=en", "--window-size=1440,900",
                            .text("--user-data-dir=\(scratch.at("profile"))"),
                        ]
                    ],
                ]
            ]
        ]
        let answer = try await HTTP.send(
            "POST",
            "\(address)/session",
            headers: ["Content-Type": "application/json"],
            body: capabilities.encoded,
            within: 180
        )
        guard let session = answer.json["value"]["sessionId"].text else {
            throw TestFailure("chromedriver opened no browser: \(answer.body.prefix(500))")
        }
        self.session = session
        base = "\(address)/session/\(session)"
        // Runs before the page's own script in every document.
        try await devTools("Page.addScriptToEvaluateOnNewDocument", ["source": .text(PageScripts.watch)])
    }

    private func close() async {
        _ = try? await HTTP.send("DELETE", base)
        _ = try? await driver.stop()
        scratch.remove()
    }

    // MARK: What a user does

    func open(_ url: String) async throws { try await command("POST", "/url", ["url": .text(url)]) }

    /// What the address bar shows.
    func address() async throws -> String { try await command("GET", "/url").text ?? "" }

    func back() async throws { try await command("POST", "/back", [:]) }

    func reload() async throws { try await command("POST", "/refresh", [:]) }

    /// Waits for an element of a CSS selector that can be seen and whose text contains a text.
    @discardableResult
    func see(_ selector: String, _ text: String = "", within seconds: Double = 60) async throws -> JSON {
        let what = "\(selector) is seen" + (text.isEmpty ? "" : ", saying \(text)")
        return try await eventually(what, within: seconds) {
            let found = try await script(PageScripts.find, [.text(selector), .text(text)])
            return found == .null ? nil : found
        }
    }

    /// Waits until no such element can be seen.
    func seeNothing(_ selector: String, _ text: String = "") async throws {
        _ = try await eventually("\(selector) \(text) is gone") {
            try await script(PageScripts.find, [.text(selector), .text(text)]) == .null ? true : nil
        }
    }

    /// Clicks what a user sees, as soon as it can be clicked; fails when something else lies over it.
    func click(_ selector: String, _ text: String = "") async throws {
        // What is refreshed at this very moment is looked for again.
        _ = try await eventually("\(selector) \(text) can be clicked") { () async throws -> Bool? in
            let element = try await see(selector, text)
            guard try await script("return arguments[0].disabled !== true", [element]) == true else { return nil }
            try await command("POST", "/element/\(Self.id(element))/click", [:])
            return true
        }
    }

    func type(_ text: String, into selector: String) async throws {
        let element = try await see(selector)
        try await command("POST", "/element/\(Self.id(element))/value", ["text": .text(text)])
    }

    /// Presses a key on whatever has the focus; keys without a character as WebDriver names them (§17.4.2).
    func press(_ key: String) async throws {
        let strokes: JSON = [["type": "keyDown", "value": .text(key)], ["type": "keyUp", "value": .text(key)]]
        try await command("POST", "/actions", ["actions": [["type": "key", "id": "keyboard", "actions": strokes]]])
    }

    /// Presses the pointer within an element, drags it and lets go; the places are shares of the element's width.
    func drag(over selector: String, from start: Double, to end: Double) async throws {
        let element = try await see(selector)
        let width = try await command("GET", "/element/\(Self.id(element))/rect")["width"].number ?? 0
        // Places count from the element's middle.
        func move(_ share: Double) -> JSON {
            [
                "type": "pointerMove", "duration": 50, "origin": element,
                "x": .number(((share - 0.5) * width).rounded()), "y": 0,
            ]
        }
        let strokes: JSON = [
            move(start), ["type": "pointerDown", "button": 0], move((start + end) / 2), move(end),
            ["type": "pointerUp", "button": 0],
        ]
        try await command(
            "POST",
            "/actions",
            [
                "actions": [
                    ["type": "pointer", "id": "mouse", "parameters": ["pointerType": "mouse"], "actions": strokes]
                ]
            ]
        )
    }

    /// The text that a user sees in an element.
    func text(_ selector: String) async throws -> String {
        let element = try await see(selector)
        return try await command("GET", "/element/\(Self.id(element))/text").text ?? ""
    }

    /// Goes on within a frame of the page, of whatever origin; everything that follows is of what it shows.
    func enter(_ selector: String) async throws {
        let frame = try await see(selector)
        try await command("POST", "/frame", ["id": frame])
    }

    /// Goes back to the page around the frames.
    func leaveFrame() async throws { try await command("POST", "/frame", ["id": .null]) }

    // MARK: The window

    func resize(width: Int, height: Int) async throws {
        try await devTools(
            "Emulation.setDeviceMetricsOverride",
            [
                "width": .number(Double(width)), "height": .number(Double(height)), "deviceScaleFactor": 1,
                "mobile": false,
            ]
        )
    }

    /// The window that is worked in.
    func window() async throws -> String { try await command("GET", "/window").text ?? "" }

    /// Opens another window and works in it from now on; answers its name.
    func openWindow() async throws -> String {
        let name = try await command("POST", "/window/new", ["type": "window"])["handle"].text ?? ""
        try await work(in: name)
        try await devTools("Page.addScriptToEvaluateOnNewDocument", ["source": .text(PageScripts.watch)])
        return name
    }

    /// Works in another window from now on.
    func work(in window: String) async throws { try await command("POST", "/window", ["handle": .text(window)]) }

    /// What the system prefers: `light` or `dark`.
    func prefer(_ scheme: String) async throws {
        try await devTools(
            "Emulation.setEmulatedMedia",
            ["features": [["name": "prefers-color-scheme", "value": .text(scheme)]]]
        )
    }

    /// Leaves a picture in `.build/screenshots`.
    func screenshot(_ name: String) async throws {
        guard let text = try await command("GET", "/screenshot").text, let picture = Data(base64Encoded: text) else {
            throw TestFailure("no picture")
        }
        try FileManager.default.createDirectory(atPath: Built.screenshots, withIntermediateDirectories: true)
        try picture.write(to: URL(fileURLWithPath: "\(Built.screenshots)/\(name).png"))
    }

    // MARK: Behind the page

    /// Runs a script before that of every page which is opened from now on.
    func prepareEveryPage(_ script: String) async throws {
        try await devTools("Page.addScriptToEvaluateOnNewDocument", ["source": .text(script)])
    }

    /// Runs a function's body in the page.
    @discardableResult
    func script(_ body: String, _ arguments: [JSON] = []) async throws -> JSON {
        try await command("POST", "/execute/sync", ["script": .text(body), "args": .list(arguments)])
    }

    /// Asks for a list of faults until there are none, for a while: a page that was resized draws again.
    func faults(_ body: String) async throws -> JSON {
        let end = ContinuousClock.now + .seconds(10)
        var found = try await script(body)
        while found != [], ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(100))
            found = try await script(body)
        }
        return found
    }

    func cookies() async throws -> [JSON] { try await command("GET", "/cookie").items }

    func forgetCookies() async throws { try await command("DELETE", "/cookie") }

    /// What the page did wrong since the last call.
    ///
    /// `expected` are parts of messages that belong to what the test does, as a refused connection to a hub that the
    /// test has stopped.
    func problems(except expected: [String] = []) async throws -> [String] {
        let entries = try await command("POST", "/se/log", ["type": "browser"]).items
        let console = entries.filter { ["SEVERE", "WARNING"].contains($0["level"].text ?? "") }
            .map { "console: \($0["message"].text ?? "")" }
        let noted = try await script("return (window.problems || []).splice(0)").items.compactMap(\.text)
        return (console + noted).filter { problem in !expected.contains { problem.contains($0) } }
    }

    private func devTools(_ name: String, _ parameters: JSON) async throws {
        try await command("POST", "/goog/cdp/execute", ["cmd": .text(name), "params": parameters])
    }

    @discardableResult
    private func command(_ method: String, _ path: String, _ body: JSON? = nil) async throws -> JSON {
        let answer = try await HTTP.send(
            method,
            base + path,
            headers: ["Content-Type": "application/json"],
            body: body?.encoded,
            within: 180
        )
        guard answer.status == 200 else {
            let value = answer.json["value"]
            throw TestFailure(
                "\(path): \(value["error"].text ?? "") \((value["message"].text ?? answer.body).prefix(300))"
            )
        }
        return answer.json["value"]
    }

    /// The WebDriver name of an element reference (§12.1).
    private static func id(_ element: JSON) -> String { element["element-6066-11e4-a52e-4f735466cecf"].text ?? "" }
}
