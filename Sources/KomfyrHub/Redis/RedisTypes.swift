/// A value of RESP2.
enum RedisValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case string([UInt8])
    case status(String)
    case error(String)
    case array([RedisValue])
}

/// A command: its name and arguments, each any bytes.
struct RedisCommand: Sendable {
    var arguments: [[UInt8]]
    init(_ arguments: [[UInt8]]) { self.arguments = arguments }
    init(_ arguments: String...) { self.arguments = arguments.map { Array($0.utf8) } }
}

/// Why a command has no answer.
enum RedisError: Error, Sendable {
    /// There is no connection; the command was not sent.
    case notConnected(String)
    /// The connection broke after the command was sent: whether Redis ran it is not known.
    case inDoubt(String)
    /// Redis answered with an error.
    case server(String)
    /// The answer was not of the expected shape.
    case unexpected(String)
}

extension RedisError: CustomStringConvertible {
    /// For logs and operators.
    var description: String {
        switch self {
        case .notConnected(let reason): "no connection to Redis: \(reason)"
        case .inDoubt(let reason): "the answer of Redis is missing: \(reason)"
        case .server(let text): "Redis answered: \(text)"
        case .unexpected(let what): "an answer of Redis was not as expected: \(what)"
        }
    }
}
