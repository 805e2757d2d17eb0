/// Commands in RESP2, put together for as few writes as can be: `*N\r\n` and for each argument `$LENGTH\r\n…\r\n`.
///
/// hiredis's own formatter would allocate and fill a buffer for every command, to be copied behind the others once
/// more; here all commands of a turn land in one buffer, and a large argument is not copied at all: it goes out as the
/// array that it is, between two pieces.
struct RedisCommandWriter {
    /// What is complete, in order.
    private var pieces: [[UInt8]] = []
    private var open: [UInt8] = []

    /// Appends a command.
    mutating func append(_ command: RedisCommand) {
        append(UInt8(ascii: "*"), command.arguments.count)
        for argument in command.arguments {
            append(UInt8(ascii: "$"), argument.count)
            if argument.count < HubLimits.redisArgumentCopyBytes {
                open.append(contentsOf: argument)
            } else {
                pieces.append(open)
                pieces.append(argument)
                open = []
            }
            open.append(UInt8(ascii: "\r"))
            open.append(UInt8(ascii: "\n"))
        }
    }

    /// Makes room for commands of so many bytes in all.
    mutating func reserve(_ bytes: Int) {
        open.reserveCapacity(min(bytes, HubLimits.redisArgumentCopyBytes) + 64)
    }

    /// Hands over what was appended, as the pieces to write in this order.
    mutating func take() -> [[UInt8]] {
        if !open.isEmpty { pieces.append(open) }
        open = []
        defer { pieces = [] }
        return pieces
    }

    /// What a command takes on the wire in bytes, nearly.
    static func bytes(of command: RedisCommand) -> Int {
        command.arguments.reduce(16) { $0 + $1.count + 16 }
    }

    private mutating func append(_ type: UInt8, _ number: Int) {
        open.append(type)
        if number < 10 {
            open.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number))
        } else {
            open.append(contentsOf: String(number).utf8)
        }
        open.append(UInt8(ascii: "\r"))
        open.append(UInt8(ascii: "\n"))
    }
}
