import Foundation

/// A hub of a test: the real program with a private Redis, in a folder of its own, on a free port.
///
/// The folder outlives the process, so that `start` after `kill` finds what was stored.
package final class HubProcess {
    /// Its base address, `http://127.0.0.1:PORT`.
    package let url: String
    /// May everything.
    package let key: String
    package let port: UInt16
    package let scratch: Scratch
    private let settings: [String: String]
    private var program: ChildProgram?

    /// Prepares a hub; `start` runs it.
    ///
    /// `settings` are variables beside those that every test needs.
    package init(_ settings: [String: String] = [:]) throws {
        scratch = try Scratch()
        port = try Network.freePort()
        url = "http://127.0.0.1:\(port)"
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        key = "kmf_" + String((0..<32).map { _ in letters[Int.random(in: 0..<letters.count)] })
        self.settings = [
            "HOST": "127.0.0.1", "PORT": "\(port)", "KOMFYRVAKT_DATA_DIR": scratch.at("data"),
            "KOMFYRVAKT_API_KEY": key, "KOMFYRVAKT_MEMORY_LIMIT": "1GiB",
        ]
        .merging(settings) { $1 }
    }

    /// Starts the hub and waits until it can store.
    package func start(within seconds: Double = 120) async throws {
        let program = try ChildProgram(
            Built.hub,
            ["serve"],
            environment: settings,
            folder: scratch.path,
            output: scratch.at("hub.log")
        )
        self.program = program
        _ = try await eventually("the hub is healthy", within: seconds) {
            guard program.isRunning else { return true }
            return try await HTTP.send("GET", "\(url)/api/health").status == 200 ? true : nil
        }
        guard program.isRunning else { throw TestFailure("the hub did not start:\n\(program.output.suffix(2_000))") }
    }

    /// Its process id; nil when it does not run.
    package var pid: Int32? { program?.isRunning == true ? program?.pid : nil }

    /// What it has written.
    package var output: String { scratch.read("hub.log") }

    /// Ends it at once, as a crash does; its Redis goes on, and is adopted by the next start.
    package func kill() {
        program?.kill()
        program = nil
    }

    /// Stops it as a person does.
    package func stop() async throws {
        let program = self.program
        self.program = nil
        if let program { try await program.stop() }
    }

    /// Stops it and removes its folder.
    package func close() async {
        if program == nil {
            // After a kill its Redis still runs: a hub that adopts it stops it too.
            try? await start()
        }
        try? await stop()
        scratch.remove()
    }

    /// Runs one of the hub's commands in its folder, with its settings.
    package func command(_ arguments: [String]) async throws -> String {
        try await ChildProgram.run(Built.hub, arguments, environment: settings, folder: scratch.path)
    }

    /// Makes a key.
    package func makeKey(_ name: String, scope: String) async throws -> String {
        let file = scratch.at("key-\(name)")
        _ = try await command(["keys", "create", name, "--scope", scope, "--file", file])
        return scratch.read("key-\(name)").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Makes a one-time link for a browser.
    package func loginLink() async throws -> String {
        _ = try await command(["login"])
        return scratch.read("data/login-link").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Sends a request with the key.
    package func send(
        _ method: String,
        _ path: String,
        _ body: JSON? = nil,
        headers: [String: String] = [:]
    ) async throws -> HTTPAnswer {
        var fields = ["Authorization": "Bearer \(key)"]
        if body != nil { fields["Content-Type"] = "application/json" }
        return try await HTTP.send(
            method,
            url + path,
            headers: fields.merging(headers) { $1 },
            body: body?.encoded
        )
    }

    /// Posts a log and checks that it is stored.
    @discardableResult
    package func post(_ log: JSON) async throws -> JSON {
        let answer = try await send("POST", "/api/logs", log)
        guard answer.status == 200 else { throw TestFailure("POST /api/logs: \(answer.status) \(answer.body)") }
        return answer.json
    }

    /// A listing, newest first.
    ///
    /// A query is written as in an address: `group=a&limit=1000`.
    package func logs(_ query: String = "") async throws -> [JSON] {
        let answer = try await send("GET", "/api/logs?\(query)")
        guard answer.status == 200 else { throw TestFailure("GET /api/logs: \(answer.status) \(answer.body)") }
        return answer.json.items
    }

    /// Waits for a log.
    package func log(
        _ query: String = "limit=1000",
        within seconds: Double = 60,
        where matches: (JSON) -> Bool
    ) async throws -> JSON {
        try await eventually("a log of \(query)", within: seconds) { try await logs(query).first(where: matches) }
    }
}
