import TestSupport
import Testing

@testable import KomfyrHub

/// Reports of the hub's own program, over its server, with a model's stand-in that keeps all that is sent.
@Suite(.timeLimit(.minutes(10))) struct HubReportTests {
    private func withHub(
        _ settings: [String: String],
        _ moods: ModelServer.Mood...,
        body: (HubProcess, ModelServer) async throws -> Void
    ) async throws {
        let server = try await ModelServer()
        server.script(moods)
        let settings = settings.mapValues { $0 == "SERVER" ? server.url : $0 }
        let hub = try HubProcess(settings)
        do {
            try await hub.start()
            try await body(hub, server)
        } catch {
            await hub.close()
            await server.stop()
            throw error
        }
        await hub.close()
        await server.stop()
    }

    @Test func `no secret in a name leaves the hub: of groups, sources, members and tags`() async throws {
        let settings = ["AI_PROVIDER": "openai", "OPENAI_BASE_URL": "SERVER", "OPENAI_MODEL": "m"]
        try await withHub(settings, .says(200, ModelAnswers.openAI())) { hub, server async throws in
            var groups: [String] = []
            var secrets: [String] = []
            for (index, known) in SecretTable.secrets.enumerated() where known.text.utf8.count <= 120 {
                // A group's name has no empty part, no star and no control character.
                let parts = known.text.split(separator: ":", omittingEmptySubsequences: true).joined(separator: ":")
                let group = "vault:\(index):\(parts.filter { $0 != "*" && !$0.isNewline && $0 != "\t" })"
                for number in 0..<3 {
                    let log: JSON = [
                        "message": "reading", "group": .text(group), "source": .text(known.text),
                        "level": number == 0 ? "error" : "info", "tags": [.text(known.text)],
                        "data": .object([known.text: .number(Double(number)), "member": .object([known.text: 1])]),
                    ]
                    let answer = try await hub.send("POST", "/api/logs", log)
                    #expect(answer.status == 200, "\(answer.body)")
                }
                groups.append(group)
                secrets += known.secrets
            }
            #expect(groups.count > 40)
            // Each asked for by its name, some of them alone: the others come with all.
            let asked = ["*", "vault:*"] + groups.enumerated().filter { $0.offset % 4 == 0 }.map(\.element)
            for group in asked {
                let answer = try await hub.send("POST", "/api/analyze", ["group": .text(group)])
                #expect(answer.status == 200 && answer.json["analysis"]["analyst"]["provider"] == "openai")
            }
            #expect(server.requests.count == asked.count)
            // What is left of a text as a word, and digits that may stand in the fence, are sought nowhere.
            let left = SecretTable.secrets.map { SecretMask.masked($0.text) }
            let sought = secrets.filter { secret in
                (secret.utf8.count > 10 || secret.contains { !$0.isHexDigit })
                    && !left.contains { $0.contains(secret) }
            }
            #expect(sought.count > 40)
            let leaks = server.leaks(of: sought)
            #expect(leaks.isEmpty, "\(leaks)")

        }
    }

    @Test func `a model beyond this machine is asked through the proxy of the environment`() async throws {
        let settings = [
            "OPENAI_BASE_URL": "http://models.test:8000", "OPENAI_MODEL": "m", "http_proxy": "SERVER",
        ]
        try await withHub(settings, .says(200, ModelAnswers.openAI()), .says(503, "no")) { hub, server async throws in
            try await hub.post(["message": "disk full", "level": "error", "group": "a"])
            let first = try await hub.send("POST", "/api/analyze", ["group": "a"]).json["analysis"]["analyst"]
            #expect(first["provider"] == "openai" && first["error"] == .null)
            #expect(server.requests.first?.line == "POST http://models.test:8000/v1/chat/completions HTTP/1.1")
        }
    }

    @Test func `a proxy that refuses, or is not there, is said`() async throws {
        for (isThere, words) in [(true, "refuses with 403"), (false, "cannot be reached")] {
            let gone = "http://127.0.0.1:\(try Network.freePort())"
            let settings = [
                "OPENAI_BASE_URL": "https://models.test", "OPENAI_MODEL": "m", "OPENAI_API_KEY": ModelTests.key,
                "https_proxy": isThere ? "SERVER" : gone,
            ]
            try await withHub(settings, .says(403, "no")) { hub, server async throws in
                try await hub.post(["message": "disk full", "level": "error", "group": "a"])
                let report = try await hub.send("POST", "/api/analyze", ["group": "a"]).json["analysis"]
                let error = report["analyst"]["error"].text ?? ""
                #expect(error.contains("the proxy before models.test") && error.contains(words), "\(error)")
                #expect(report["analyst"]["provider"] == "statistics")
                // What goes through CONNECT is for the model alone.
                #expect(server.requests.allSatisfy { $0.line.hasPrefix("CONNECT models.test:443 ") })
                #expect(!server.requests.contains { $0.head.contains("secret") })
            }
        }
    }
}
