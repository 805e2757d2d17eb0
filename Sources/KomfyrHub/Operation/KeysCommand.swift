import ArgumentParser
import EventLoop
import Glibc
import Protocol

/// The command `komfyr-hub keys`.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Lists, makes and revokes API keys.",
        discussion: """
            A key has scopes: ingest may post logs, read may read them, admin may everything. The key in .env is not \
            listed: it is always admin. A key may be bound to groups, and may end by itself. The hub need not run; run \
            it in the hub's folder, with the same settings.

              komfyr-hub keys create router-agent --scope ingest
              komfyr-hub keys create oslo-desk --scope read --group 'oslo:*' --expires 30d
              komfyr-hub keys list
              komfyr-hub keys revoke router-agent
            """,
        subcommands: [List.self, Create.self, Revoke.self]
    )

    /// The command `keys list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the keys and share tokens: id, scopes, groups, when made, used (to the hour), ended, name."
        )

        mutating func run() async throws {
            let (keys, uses) = try await KeysCommand.with { store in (try await store.all(), try await store.uses()) }
            for (digest, record) in keys {
                let scopes = record.scopes.map(\.rawValue).joined(separator: ",")
                let used = uses[digest].map { Timestamp.text($0 * 1_000_000_000) } ?? "never"
                let parts = [
                    KeyStore.id(digest), record.kind == .share ? "share" : scopes, record.group ?? "*",
                    "made \(record.created)", "used \(used)", record.expires.map { "ends \($0)" } ?? "no end",
                    record.name,
                ]
                print(parts.joined(separator: "  "))
            }
            if keys.isEmpty {
                print("No keys besides the one in .env. Make one: komfyr-hub keys create NAME --scope ingest")
            }
        }
    }

    /// The command `keys create`.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a key and shows it once.",
            discussion: """
                Only its SHA-256 is stored, so it cannot be shown again. Where the output is no terminal, it goes to a \
                file in the data folder. With --file it is written there, readable by its owner alone; when the file holds a key of these scopes already, nothing is done, so \
                that a start script may run this each time.
                """
        )

        @Argument(help: "What the key is for; any words.")
        var name: String

        @Option(name: .long, help: "What it may: ingest, read or admin. May be repeated.")
        var scope: [String]

        @Option(name: .long, help: "Bind it to groups: a group's name, or a:* for it and all below it. Default: all.")
        var group: String?

        @Option(name: .long, help: "When it ends: 12h, 30d, or a time like 2027-01-31T00:00:00Z. Default: never.")
        var expires: String?

        @Option(name: .long, help: "Requests a minute. Default: no bound for logs, some for reading.")
        var rateLimit: Int?

        @Option(name: .long, help: "Write the key to this file instead of showing it.")
        var file: String?

        func validate() throws {
            if let group, GroupPattern.bound(group) == nil {
                throw ValidationError("--group must be \(GroupPattern.boundForm).")
            }
            if let rateLimit, !(1...HubLimits.requestsPerMinuteMost).contains(rateLimit) {
                throw ValidationError("--rate-limit must be a number from 1 to \(HubLimits.requestsPerMinuteMost).")
            }
            _ = try end
            guard !name.isEmpty, name.utf8.count <= HubLimits.keyNameBytes,
                name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
            else {
                throw ValidationError(
                    "A key's name has 1 to \(HubLimits.keyNameBytes) bytes, without control characters."
                )
            }
            _ = try scopes
        }

        private var scopes: [Scope] {
            get throws {
                if scope.isEmpty { throw ValidationError("Say what the key may: --scope ingest, read or admin.") }
                return try Scope.allCases.filter { scope in try self.scope.map(Self.scope).contains(scope) }
            }
        }

        /// Nanoseconds since 1970; nil: never.
        private var end: Int64? {
            get throws {
                guard let expires else { return nil }
                let now = WallClock.now()
                // As parameters have it, but ahead of now instead of before.
                let most = Int64(HubLimits.keyHours)
                if let unit = expires.last, unit == "h" || unit == "d", let count = Int64(expires.dropLast()),
                    count > 0, count <= (unit == "h" ? most : most / 24)
                {
                    return now + count * (unit == "h" ? 1 : 24) * 3_600_000_000_000
                }
                guard let time = Timestamp.parse(expires), time > now, time - now <= most * 3_600_000_000_000 else {
                    throw ValidationError(
                        "--expires must be hours or days like 12h or 30d, or a time ahead, by ten years at most."
                    )
                }
                return time
            }
        }

        private static func scope(_ name: String) throws -> Scope {
            guard let scope = Scope(rawValue: name) else {
                throw ValidationError("\"\(name)\" is no scope; there are ingest, read and admin.")
            }
            return scope
        }

        mutating func run() async throws {
            var new = KeyStore.Record(name: name, scopes: try scopes, created: WallClock.text)
            new.group = group == "*" ? nil : group
            new.expires = try end.map { Timestamp.text($0) }
            new.rateLimit = rateLimit
            let record = new
            let file = file
            let isShown = file == nil && isatty(STDOUT_FILENO) == 1
            let folder = try Settings.configuration().dataFolder
            let made = try await KeysCommand.with { store -> (key: String, file: String?)? in
                if let file, let old = KeysCommand.key(inFile: file),
                    let known = try await store.record(SecretDigest(of: old)), known.scopes == record.scopes,
                    known.group == record.group, known.end.map({ $0 > WallClock.now() / 1_000_000_000 }) ?? true
                {
                    return nil
                }
                let now = WallClock.now() / 1_000_000_000
                let stored = try await store.removeEnded(try await store.all(), now: now)
                guard stored.count(where: { $0.record.kind != .share }) < HubLimits.keys else {
                    throw ValidationError("There are \(HubLimits.keys) keys already; revoke some.")
                }
                let key = RandomSecret.newKey()
                let digest = SecretDigest(of: key)
                let target = isShown ? nil : file ?? "\(folder)/key-\(digest.text.prefix(12))"
                // The file first: a key that nobody holds must not be left in the store.
                if let target { try PrivateFile.write(key + "\n", to: target) }
                try await store.add(digest, record)
                return (key, target)
            }
            if let made {
                print(made.file.map { "The key is in \($0)" } ?? made.key)
            } else if let file {
                print("\(file) holds a key with these scopes already")
            }
        }
    }

    /// The command `keys revoke`.
    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revokes a key; a running hub knows within \(HubLimits.callerSeconds) seconds."
        )

        @Argument(help: "The key's name, or the beginning of its id as `keys list` shows it.")
        var key: String

        mutating func run() async throws {
            let wanted = key
            let record = try await KeysCommand.with { store in
                let found = try await store.all()
                    .filter { digest, record in
                        record.name == wanted || wanted.utf8.count >= 8 && digest.hasPrefix(wanted)
                    }
                guard let first = found.first else {
                    throw ValidationError("There is no key \"\(wanted)\". See: komfyr-hub keys list")
                }
                guard found.count == 1 else {
                    throw ValidationError(
                        "\(found.count) keys are called \"\(wanted)\": name one by its id from keys list."
                    )
                }
                try await store.remove(first.digest)
                return first.record
            }
            print("Revoked \(record.name)")
        }
    }

    private static func with<Result>(_ body: (KeyStore) async throws -> Result) async throws -> Result {
        try await RedisAccess.with(try Settings.configuration(), startsRedis: true) { redis in
            try await body(KeyStore(redis: redis))
        }
    }

    /// The key that a file holds, if it holds one.
    private static func key(inFile path: String) -> String? {
        guard let text = try? DotEnvironment.contents(path) else { return nil }
        let key = text.filter { !$0.isWhitespace }
        return RandomSecret.isKey(key) ? key : nil
    }
}
