import Foundation
import TestSupport
import Testing

/// The dashboard in a frame of a page from another origin, served by a real HTTP server of its own.
@Suite(.serialized)
struct EmbeddingTests {
    @Test func `a page of an allowed origin shows shared logs, by the token and never by a cookie`() async throws {
        try await withWiki(isAllowed: true) { hub, wiki, browser in
            try await browser.open(wiki)
            try await browser.enter("iframe")
            try await browser.see(".log", "shown")
            try await browser.see(".live", "Live")
            // The reader of the page around it is signed in and may see all: the frame does not use that.
            try await browser.seeNothing(".log", "hidden")
            try await browser.seeNothing("[data-path='other']")
            #expect(try await browser.script("return document.cookie") == "")
            try await hub.post(["message": "came later", "group": "site:a"])
            try await browser.see(".log", "came later")
            #expect(try await browser.script("return location.hash") == "", "the token is taken out of the address")

            // The token ends: a cookie would go on.
            let keys = try await hub.send("GET", "/api/keys").json["keys"].items
            let share = try #require(keys.first { $0["kind"] == "share" }?["id"].text)
            #expect(try await hub.send("DELETE", "/api/keys/\(share)").status == 200)
            try await browser.see(".empty-state", "shared view has ended", within: 90)
            try await browser.leaveFrame()
            #expect(try await browser.problems(except: ["401"]) == [])
            // Signed in is the reader still.
            try await browser.open(hub.url)
            try await browser.see(".log", "hidden")
        }
    }

    @Test func `a page of another origin gets no frame`() async throws {
        try await withWiki(isAllowed: false) { hub, wiki, browser in
            try await browser.open(wiki)
            let refused = try await eventually("the browser says why") {
                let said = try await browser.problems()
                return said.contains { $0.contains("frame-ancestors") } ? said : nil
            }
            #expect(refused.allSatisfy { $0.contains("frame") }, "\(refused)")
            try await browser.enter("iframe")
            #expect(try await browser.script("return document.querySelector('komfyr-app')") == .null)
        }
    }

    @Test func `troubles of the hub and its agents lead nowhere in a frame, since those pages are not there`()
        async throws
    {
        try await withHub { hub in
            for number in 0..<3 { try await hub.post(["message": .text("m \(number)"), "group": "site:a"]) }
            let told = try await hub.send(
                "PUT",
                "/api/agents/gateway-1",
                ["version": "1.0", "host": "gateway-1", "interval": 1]
            )
            #expect(told.status == 200)
            let made = try await hub.send("POST", "/api/share", ["group": "*", "hours": 1])
            let token = try #require(made.json["token"].text)
            try await Browser.with { browser in
                try await browser.open("\(hub.url)/?embed=1#token=\(token)")
                try await browser.see("div.trouble", "Agent gateway-1 is ", within: 120)
                try await browser.seeNothing("button.trouble", "Agent")
                #expect(try await browser.script("return document.querySelector('div.trouble').tabIndex") == -1)
                try await browser.click("div.trouble", "Agent gateway-1")
                try await browser.see("overview-page")
                #expect(try await browser.script("return document.querySelector('agents-page')") == .null)
                #expect(try await browser.problems() == [])
            }
        }
    }

    /// A hub that lets one origin frame it, and a page with its share in a frame, of that origin or of another one.
    ///
    /// The browser is signed in at the hub.
    private func withWiki(
        isAllowed: Bool,
        _ test: (HubProcess, String, Browser) async throws -> Void
    ) async throws {
        let port = try Network.freePort()
        let allowed = isAllowed ? "http://127.0.0.1:\(port)" : "http://wiki.example.org"
        try await withHub(["KOMFYRVAKT_FRAME_ANCESTORS": "'self' \(allowed)"]) { hub in
            try await hub.post(["message": "shown", "group": "site:a"])
            try await hub.post(["message": "hidden", "group": "other"])
            let made = try await hub.send("POST", "/api/share", ["group": "site:*", "hours": 1])
            let token = try #require(made.json["token"].text)
            let folder = try Scratch()
            defer { folder.remove() }
            let frame = "<iframe src=\"\(hub.url)/?embed=1&amp;group=site:*#token=\(token)\" width=1200 height=700>"
            try folder.write(
                "<!doctype html><html lang=en><title>wiki</title><link rel=icon href=data:,><body>\(frame)</iframe>",
                to: "wiki.html"
            )
            let site = try ChildProgram(
                "python3",
                ["-m", "http.server", "\(port)", "--bind", "127.0.0.1"],
                folder: folder.path,
                output: folder.at("site.log")
            )
            let wiki = "http://127.0.0.1:\(port)/wiki.html"
            do {
                _ = try await eventually("the other site answers") {
                    try await HTTP.send("GET", wiki).status == 200 ? true : nil
                }
                try await Browser.with { browser in
                    try await browser.open(try await hub.loginLink())
                    try await browser.see(".log", "hidden")
                    try await test(hub, wiki, browser)
                }
            } catch {
                _ = try? await site.stop()
                throw error
            }
            _ = try await site.stop()
        }
    }
}
