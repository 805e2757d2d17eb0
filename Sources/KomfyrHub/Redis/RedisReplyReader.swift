import CHiredis

/// Cuts the bytes that Redis sends into values, by hiredis's parser.
///
/// hiredis tells what it finds through four callbacks, depth first. Instead of building its own tree, which would be
/// copied once more, the callbacks put the values together as Swift has them: `open` are the arrays that still miss
/// elements, the outermost first. hiredis gives up at more than 7 arrays within one another.
///
/// Belongs to its connection's loop.
final class RedisReplyReader {
    private let reader: UnsafeMutablePointer<redisReader>
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    private let builder = Builder()

    /// A reader at the beginning of a connection.
    /// - Throws: `RedisProtocolFault` when memory is out.
    init() throws(RedisProtocolFault) {
        functions = .allocate(capacity: 1)
        functions.initialize(to: Self.callbacks)
        guard let reader = redisReaderCreateWithFunctions(functions) else {
            functions.deallocate()
            throw RedisProtocolFault(what: "no memory for hiredis's reader")
        }
        self.reader = reader
        reader.pointee.privdata = Unmanaged.passUnretained(builder).toOpaque()
    }

    deinit {
        redisReaderFree(reader)
        functions.deallocate()
    }

    /// Takes what arrived and calls `each` with every value that it completes.
    /// - Throws: `RedisProtocolFault` when this is not RESP2; the reader is of no further use then.
    func read(_ bytes: UnsafeRawBufferPointer, _ each: (RedisValue) -> Void) throws(RedisProtocolFault) {
        // After every 1 KiB of answers hiredis moves what is left of its buffer to the front: fed in slices, that is
        // little.
        var rest = bytes[...]
        while !rest.isEmpty {
            let slice = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.sliceBytes))
            rest = rest.dropFirst(slice.count)
            let fed = redisReaderFeed(reader, slice.baseAddress?.assumingMemoryBound(to: CChar.self), slice.count)
            guard fed == REDIS_OK else { throw fault() }
            while let value = try next() { each(value) }
        }
    }

    private static let sliceBytes = 16 << 10

    private func next() throws(RedisProtocolFault) -> RedisValue? {
        var complete: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &complete) == REDIS_OK else { throw fault() }
        return complete == nil ? nil : builder.take()
    }

    private func fault() -> RedisProtocolFault {
        let words = withUnsafeBytes(of: reader.pointee.errstr) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        return RedisProtocolFault(what: words)
    }

    // hiredis takes a null result as "out of memory", and passes any other back as the array's `obj`, or as the
    // answer: it is never looked at, so any address will do.
    nonisolated(unsafe) private static let done = UnsafeMutableRawPointer(bitPattern: 1)

    private static var callbacks: redisReplyObjectFunctions {
        redisReplyObjectFunctions(
            createString: { task, text, length in
                guard let task, let builder = Builder.of(task) else { return nil }
                let bytes = UnsafeRawBufferPointer(start: text, count: length)
                switch task.pointee.type {
                case REDIS_REPLY_STATUS: builder.add(.status(String(decoding: bytes, as: UTF8.self)))
                case REDIS_REPLY_ERROR: builder.add(.error(String(decoding: bytes, as: UTF8.self)))
                default: builder.add(.string(Array(bytes)))
                }
                return RedisReplyReader.done
            },
            createArray: { task, count in
                guard let task, let builder = Builder.of(task) else { return nil }
                builder.begin(count: Int(count))
                return RedisReplyReader.done
            },
            createInteger: { task, number in
                guard let task, let builder = Builder.of(task) else { return nil }
                builder.add(.integer(number))
                return RedisReplyReader.done
            },
            createNil: { task in
                guard let task, let builder = Builder.of(task) else { return nil }
                builder.add(.null)
                return RedisReplyReader.done
            },
            freeObject: { _ in }
        )
    }

    /// Puts values together.
    private final class Builder {
        private var complete: RedisValue?
        private var open: [(values: [RedisValue], missing: Int)] = []

        static func of(_ task: UnsafePointer<redisReadTask>) -> Builder? {
            guard let context = task.pointee.privdata else { return nil }
            return Unmanaged<Builder>.fromOpaque(context).takeUnretainedValue()
        }

        func begin(count: Int) {
            guard count > 0 else { return add(.array([])) }
            var values: [RedisValue] = []
            values.reserveCapacity(min(count, HubLimits.redisArrayReserve))
            open.append((values, count))
        }

        func add(_ value: RedisValue) {
            var value = value
            while let last = open.indices.last {
                open[last].values.append(value)
                open[last].missing -= 1
                if open[last].missing > 0 { return }
                value = .array(open.removeLast().values)
            }
            complete = value
        }

        func take() -> RedisValue? {
            defer { complete = nil }
            return complete
        }
    }
}

@available(*, unavailable)
extension RedisReplyReader: Sendable {}

/// What came from Redis is not its protocol: hiredis's words.
struct RedisProtocolFault: Error, Sendable {
    /// Such as `Protocol error, got "H" as reply type byte`.
    let what: String
}
