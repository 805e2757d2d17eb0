import Foundation
import TestSupport
import Testing

/// Swagger UI as the hub serves it, in a real browser.
@Suite(.serialized) struct DocumentationPageTests {
    /// Set-up fetches it; a machine without a network has none, and then the page says so (`SwaggerFilesTests`).
    static let isThere = FileManager.default.fileExists(atPath: ".build/swagger-ui/swagger-ui-bundle.js")

    @Test(.enabled(if: isThere, "scripts/set-up could not fetch Swagger UI"))
    func `a request is sent from the page with a key, and nothing is loaded from elsewhere`() async throws {
        let hub = try HubProcess()
        try await hub.start()
        do {
            try await Browser.with { browser in
                try await browser.open(hub.url + "/api/docs")
                try await browser.see(".info .title", "Komfyrvakt", within: 60)
                try await browser.see("#operations-Groups-getStats", "/api/stats")
                try await browser.screenshot("docs")

                try await browser.click(".auth-wrapper .authorize")
                try await browser.type(hub.key, into: "#auth-bearer-value, .auth-container input[type=text]")
                try await browser.click(".auth-btn-wrapper .authorize", "Authorize")
                try await browser.click(".auth-btn-wrapper .btn-done")
                try await browser.click("#operations-Groups-getStats .opblock-summary-control")
                try await browser.click("#operations-Groups-getStats .try-out__btn", "Try it out")
                try await browser.click("#operations-Groups-getStats .execute", "Execute")
                try await browser.see("#operations-Groups-getStats .live-responses-table", "total_logs")
                let problems = try await browser.problems()
                #expect(problems == [], "\(problems)")
                let elsewhere = try await browser.script(
                    "return performance.getEntriesByType('resource').filter(e => !e.name.startsWith(location.origin)"
                        + " && !e.name.startsWith('data:')).map(e => e.name)"
                )
                #expect(elsewhere.items.count == 0, "\(elsewhere)")
            }
        } catch {
            await hub.close()
            throw error
        }
        await hub.close()
    }
}
