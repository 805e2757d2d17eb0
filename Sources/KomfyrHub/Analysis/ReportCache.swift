import Protocol

/// Keeps reports in Redis, so that asking again costs nothing.
///
/// ```
///  kmf:cache:report:DIGEST   string   a report, for two hours; DIGEST: SHA-256 of all that makes it this one
///  kmf:cache:reports         zset     the names of these keys by the time they were made: bounds their bytes
///
///  a report   +---------+--------+------------------+
///             | version | made   | JSON, `analysis` |   packed as a chunk's fields are (`ChunkPacker`: packed flag,
///             | 1 byte  | zigzag |                  |   zstd, CRC-32 over key and contents)
///             +---------+--------+------------------+
/// ```
///
/// The hub alone writes and reads it. What is damaged, of another version or of another key counts as not there.
struct ReportCache: Sendable {
    let redis: any RedisSending

    /// A report that was kept.
    struct Kept: Sendable, Equatable {
        /// Nanoseconds since 1970; its window ends here.
        var made: Int64
        var body: [UInt8]
    }

    static let index = "kmf:cache:reports"
    private static let version: UInt8 = 1
    private static let field = "report"
    /// What a value has besides the report, at most.
    private static let headerBytes = 32

    /// The key of a report: texts that cannot be taken for one another, whatever is in them.
    static func key(_ question: AnalysisQuestion, analyst: String) -> String {
        let parts = [question.group.text, question.bound?.text ?? "", String(question.hours), analyst]
        // Lengths keep the parts apart.
        let text = parts.map { "\($0.utf8.count):\($0)" }.joined()
        return "kmf:cache:report:" + SecretDigest(of: text).text
    }

    /// A report; nil: there is none that can be read.
    func report(_ key: String) async -> Kept? {
        do throws(RedisError) {
            guard case .string(let bytes) = try await redis.send(RedisCommand("GET", key)) else { return nil }
            return Self.read(bytes, key)
        } catch { return nil }
    }

    /// Keeps a report, and lets the oldest go where there are too many.
    ///
    /// That Redis cannot be asked costs nothing but making it again.
    func keep(_ report: Kept, _ key: String) async {
        guard report.body.count <= HubLimits.reportBytes, let bytes = try? Self.bytes(report, key) else { return }
        let arguments = [
            bytes, Self.text(HubLimits.reportSeconds), Self.text(report.made / 1_000_000), Self.text(HubLimits.reports),
            Self.text(HubLimits.reportsBytes),
        ]
        do throws(RedisError) {
            _ = try await redis.send(Self.keeping.evaluateWhole(keys: [Self.index, key], arguments: arguments))
        } catch {}
    }

    /// Drops all reports: what they tell of may have been purged.
    func forget() async {
        do throws(RedisError) {
            _ = try await redis.send(Self.forgetting.evaluateWhole(keys: [Self.index], arguments: []))
        } catch {}
    }

    /// Newest first, as long as they fit; the rest, and what Redis has let expire, goes.
    private static let keeping = RedisScript(
        """
        redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
        redis.call('ZADD', KEYS[1], ARGV[3], KEYS[2])
        redis.call('EXPIRE', KEYS[1], ARGV[2])
        local count, bytes = 0, 0
        for _, key in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, -1)) do
          local length = redis.call('STRLEN', key)
          count, bytes = count + 1, bytes + length
          if length == 0 or count > tonumber(ARGV[4]) or bytes > tonumber(ARGV[5]) then
            redis.call('UNLINK', key)
            redis.call('ZREM', KEYS[1], key)
          end
        end
        return count
        """
    )

    private static let forgetting = RedisScript(
        """
        for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('UNLINK', key) end
        return redis.call('UNLINK', KEYS[1])
        """
    )

    // MARK: The form

    /// - Throws: `ChunkProblem` when zstd has no memory.
    static func bytes(_ report: Kept, _ key: String) throws(ChunkProblem) -> [UInt8] {
        var body = ChunkBody()
        body.bytes.reserveCapacity(report.body.count + 16)
        body.bytes.append(version)
        body.bytes.appendZigZag(report.made)
        body.bytes.append(contentsOf: report.body)
        return try ChunkPacker().pack(body, field: field, of: key)
    }

    static func read(_ bytes: [UInt8], _ key: String) -> Kept? {
        guard bytes.count <= HubLimits.reportBytes + headerBytes,
            let body = try? ChunkPacker.unpack(bytes, field: field, of: key, limit: HubLimits.reportBytes + headerBytes)
        else { return nil }
        return body.withUnsafeBytes { body in
            do throws(FormatProblem) {
                var reader = ByteReader(body)
                guard try reader.byte() == version else { return nil }
                let made = try reader.zigZag()
                return Kept(made: made, body: Array(try reader.slice(reader.remaining)))
            } catch { return nil }
        }
    }

    private static func text(_ number: some BinaryInteger) -> [UInt8] { Array(String(number).utf8) }
}
