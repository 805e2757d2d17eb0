/// What is said on a new connection before any command: who we are, which database, and whether Redis is ready.
///
/// Redis answers `PING` with an error while it loads its data; then the connection is kept and asked again.
struct RedisSetUp {
    /// What follows from the answers.
    enum Step: Equatable {
        case ready
        /// Ask `commands` at once.
        case askNow
        /// Ask `commands` after `loadingPollMs`; until then this is why there is no connection.
        case askLater(String)
        /// The connection is of no use.
        case refused(String)
    }

    /// How often a loading Redis is asked, in milliseconds.
    static let loadingPollMs: UInt64 = 200
    /// How the reason begins while Redis loads.
    static let loading = "Redis is loading its data"
    private static let clientName = "komfyr-hub"

    private enum Question {
        case authenticate
        case select
        case name
        case ping
        case progress
    }
    private var questions: [Question]
    private let configuration: RedisConfiguration

    init(_ configuration: RedisConfiguration) {
        self.configuration = configuration
        questions = []
        if configuration.password != nil { questions.append(.authenticate) }
        if configuration.database != 0 { questions.append(.select) }
        questions += [.name, .ping]
    }

    /// What to ask now.
    var commands: [RedisCommand] {
        questions.map { question in
            switch question {
            case .authenticate: authentication
            case .select: RedisCommand("SELECT", String(configuration.database))
            case .name: RedisCommand("CLIENT", "SETNAME", Self.clientName)
            case .ping: RedisCommand("PING")
            case .progress: RedisCommand("INFO", "persistence")
            }
        }
    }

    private var authentication: RedisCommand {
        let password = configuration.password?.value ?? ""
        guard let username = configuration.username else { return RedisCommand("AUTH", password) }
        return RedisCommand("AUTH", username, password)
    }

    /// Reads the answers to `commands`.
    mutating func next(_ answers: [RedisValue]) -> Step {
        let asked = questions
        for (question, answer) in zip(asked, answers) {
            switch (question, answer) {
            case (.authenticate, .error(let text)):
                return .refused("Redis refused the name or the password (REDIS_USERNAME, REDIS_PASSWORD): \(text)")
            case (.select, .error(let text)):
                return .refused("Redis refused database \(configuration.database) (REDIS_DB): \(text)")
            case (.ping, .error(let text)) where text.hasPrefix("LOADING"):
                questions = [.progress]
                return .askNow
            case (.ping, .error(let text)) where text.hasPrefix("NOAUTH"):
                return .refused("Redis wants a password: set REDIS_PASSWORD (\(text))")
            case (.ping, .error(let text)):
                return .refused("Redis is not ready: \(text)")
            case (.progress, .string(let info)):
                questions = [.ping]
                return .askLater(Self.loading + Self.progress(info))
            case (.progress, _):
                questions = [.ping]
                return .askLater(Self.loading)
            default: continue
            }
        }
        return .ready
    }

    private static func progress(_ info: [UInt8]) -> String {
        guard let percent = RedisInfo(info)["loading_loaded_perc"] else { return "" }
        return " (\(percent) %)"
    }
}

/// The answer of `INFO`: lines `name:value`.
struct RedisInfo {
    private var values: [Substring: Substring] = [:]

    init(_ bytes: [UInt8]) {
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[line[..<colon]] = line[line.index(after: colon)...]
        }
    }

    /// A value, if Redis tells it.
    subscript(name: String) -> String? { values[name[...]].map(String.init) }
}
