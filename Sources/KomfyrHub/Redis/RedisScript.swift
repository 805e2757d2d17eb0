import Crypto

/// A Lua script that Redis runs as one step: nothing else happens in Redis between its first and its last command.
///
/// It is sent by its SHA-1 (EVALSHA), and whole (EVAL) only when Redis does not know it yet, as after a restart. Make
/// one of each script once, as a `static let`: the digest is computed then.
struct RedisScript: Sendable {
    /// The Lua source.
    let source: [UInt8]
    /// The source's SHA-1 in hexadecimal, by which Redis knows it.
    let digest: [UInt8]

    /// A script; `source` is sent as it is.
    init(_ source: String) {
        self.source = Array(source.utf8)
        digest = Array(Insecure.SHA1.hexadecimal(self.source).utf8)
    }

    /// The command that runs it by its digest.
    ///
    /// Its answer is an error beginning with `NOSCRIPT` when Redis does not know it: in a pipeline the caller then
    /// sends `evaluateWhole`.
    func evaluate(keys: [String], arguments: [[UInt8]]) -> RedisCommand {
        command("EVALSHA", digest, keys: keys, arguments: arguments)
    }

    /// The command that runs it by its source, after which Redis knows it.
    func evaluateWhole(keys: [String], arguments: [[UInt8]]) -> RedisCommand {
        command("EVAL", source, keys: keys, arguments: arguments)
    }

    private func command(
        _ name: StaticString,
        _ script: [UInt8],
        keys: [String],
        arguments: [[UInt8]]
    ) -> RedisCommand {
        var all: [[UInt8]] = []
        all.reserveCapacity(3 + keys.count + arguments.count)
        all.append(name.withUTF8Buffer { Array($0) })
        all.append(script)
        all.append(Array(String(keys.count).utf8))
        for key in keys { all.append(Array(key.utf8)) }
        all.append(contentsOf: arguments)
        return RedisCommand(all)
    }
}

extension Insecure.SHA1 {
    /// The digest of `message` as 40 lower-case hexadecimal digits, which is how Redis names scripts.
    static func hexadecimal(_ message: [UInt8]) -> String {
        hash(data: message)
            .map { byte in
                let digits = String(byte, radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }
            .joined()
    }
}
