/// The scripts that write to the store.
///
/// Each begins with the lease's fence check, so that one which was still under way in a dead connection or a stopped
/// hub writes nothing; `KEYS` and `ARGV` 1 and 2 are the fence's.
///
/// Sequence numbers are compared and stored as text: Lua's numbers lose bits beyond 2^53.
enum StoreScripts {
    /// Takes a commit: WAL entry, seen windows, new groups and the next sequence number, all or nothing.
    ///
    /// KEYS: 3 sequence, 4 WAL, 5 seen, 6 groups, 7 group numbers. ARGV: 3 expected and 4 next sequence, 5 the entry's
    /// id, 6 its value, 7 how many seen windows, for each its field, expected revision (empty: no field) and new value,
    /// then how many new groups, for each name and number. Answers 1, or writes nothing and answers
    /// `{'sequence', the one that stands}` or `{'seen', the values that stand, null for none}`.
    static let commit = RedisScript(
        Lease.fenceCheck + """
            local sequence = redis.call('GET', KEYS[3])
            if (sequence or '1') ~= ARGV[3] then
                return {'sequence', sequence}
            end
            local count = tonumber(ARGV[7])
            local at = 8
            local isSame = true
            local stand = {'seen'}
            for index = 1, count do
                local value = redis.call('HGET', KEYS[5], ARGV[at])
                stand[index + 1] = value
                if string.sub(value or '', 1, \(SeenWindow.revisionBytes)) ~= ARGV[at + 1] then
                    isSame = false
                end
                at = at + 3
            end
            if not isSame then
                return stand
            end
            redis.call('XADD', KEYS[4], ARGV[5], '\(WALEntry.field)', ARGV[6])
            redis.call('SET', KEYS[3], ARGV[4])
            at = 8
            for index = 1, count do
                redis.call('HSET', KEYS[5], ARGV[at], ARGV[at + 2])
                at = at + 3
            end
            local groups = tonumber(ARGV[at])
            at = at + 1
            for index = 1, groups do
                redis.call('HSET', KEYS[6], ARGV[at], ARGV[at + 1])
                redis.call('HSET', KEYS[7], ARGV[at + 1], ARGV[at])
                at = at + 2
            end
            return 1
            """
    )

    /// Puts a tail into chunks: chunks, index and mark, all or nothing.
    ///
    /// KEYS: 3 index, 4 marks, then the chunks. ARGV: 3 and 4 the fields of this hub's marks (sealed, purged), 5 and 6
    /// their expected values, 7 the new sealed mark, then for each chunk its score and member, its expiry in seconds
    /// since 1970, how many words its fields and values are, and these. Answers 1, or writes nothing and answers
    /// `{'marks', sealed, purged}`.
    static let seal = RedisScript(
        // Beyond the limit too: what it puts into chunks takes less than what the WAL gives back for it.
        Lease.fenceCheck + Lease.evenWhenFull + """
            local marks = redis.call('HMGET', KEYS[4], ARGV[3], ARGV[4])
            if (marks[1] or '0') ~= ARGV[5] or (marks[2] or '0') ~= ARGV[6] then
                return {'marks', marks[1] or '0', marks[2] or '0'}
            end
            local at = 8
            for index = 5, #KEYS do
                local words = tonumber(ARGV[at + 3])
                for word = at + 4, at + 3 + words, 2 do
                    redis.call('HSET', KEYS[index], ARGV[word], ARGV[word + 1])
                end
                redis.call('EXPIREAT', KEYS[index], ARGV[at + 2])
                redis.call('ZADD', KEYS[3], ARGV[at], ARGV[at + 1])
                at = at + 4 + words
            end
            redis.call('HSET', KEYS[4], ARGV[3], ARGV[7])
            return 1
            """
    )

    /// Puts one chunk in the place of several: chunk and index, all or nothing.
    ///
    /// KEYS: 3 index, 4 marks, then the sources, then the new chunk (none: all logs are purged). ARGV: 3 the field of
    /// this hub's purge mark and 4 its expected value, 5 for how many seconds sources can still be read, 6 how many
    /// sources, their members of the index, then the new chunk's score, member and expiry, and its fields and values.
    /// Answers 1, or writes nothing and answers `{'marks', purged}` or `{'source', which}`.
    static let merge = RedisScript(
        Lease.fenceCheck + """
            local purged = redis.call('HGET', KEYS[4], ARGV[3]) or '0'
            if purged ~= ARGV[4] then
                return {'marks', purged}
            end
            local sources = tonumber(ARGV[6])
            for index = 1, sources do
                if not redis.call('ZSCORE', KEYS[3], ARGV[6 + index]) or redis.call('EXISTS', KEYS[4 + index]) == 0 then
                    return {'source', index}
                end
            end
            for index = 1, sources do
                redis.call('ZREM', KEYS[3], ARGV[6 + index])
                redis.call('EXPIRE', KEYS[4 + index], ARGV[5])
            end
            local chunk = KEYS[5 + sources]
            if chunk then
                local at = 7 + sources
                for word = at + 3, #ARGV, 2 do
                    redis.call('HSET', chunk, ARGV[word], ARGV[word + 1])
                end
                redis.call('EXPIREAT', chunk, ARGV[at + 2])
                redis.call('ZADD', KEYS[3], ARGV[at], ARGV[at + 1])
            end
            return 1
            """
    )

    /// Drops WAL entries below an id.
    ///
    /// KEYS: 3 WAL. ARGV: 3 the first id that stays. Answers how many went.
    static let trim = RedisScript(Lease.fenceCheck + "return redis.call('XTRIM', KEYS[3], 'MINID', ARGV[3])")

    /// Writes again what memory holds after Redis had lost it.
    ///
    /// KEYS: as `commit`. ARGV: 3 next sequence, 4 the entry's id (empty: none), 5 its value, 6 how many seen windows,
    /// for each field and value, then how many groups, for each name and number. Answers 1.
    static let restore = RedisScript(
        Lease.fenceCheck + Lease.evenWhenFull + """
            if ARGV[4] ~= '' then
                redis.call('XADD', KEYS[4], ARGV[4], '\(WALEntry.field)', ARGV[5])
            end
            redis.call('SET', KEYS[3], ARGV[3])
            local at = 7
            for index = 1, tonumber(ARGV[6]) do
                redis.call('HSET', KEYS[5], ARGV[at], ARGV[at + 1])
                at = at + 2
            end
            local groups = tonumber(ARGV[at])
            at = at + 1
            for index = 1, groups do
                redis.call('HSET', KEYS[6], ARGV[at], ARGV[at + 1])
                redis.call('HSET', KEYS[7], ARGV[at + 1], ARGV[at])
                at = at + 2
            end
            return 1
            """
    )

    /// Keeps a damaged WAL entry for an operator to look at, once.
    ///
    /// KEYS: 3 damaged entries. ARGV: 3 the entry's id, 4 its value, 5 how many are kept. Answers 1 when it was new.
    static let setAside = RedisScript(
        Lease.fenceCheck + """
            if redis.call('HEXISTS', KEYS[3], ARGV[3]) == 1 or redis.call('HLEN', KEYS[3]) >= tonumber(ARGV[5]) then
                return 0
            end
            return redis.call('HSET', KEYS[3], ARGV[3], ARGV[4])
            """
    )

    /// Removes index entries of expired chunks.
    ///
    /// KEYS: 3 index. ARGV: 3 the range's end (`(` before it: exclusive).
    static let sweepIndex = RedisScript(
        Lease.fenceCheck + "return redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[3])"
    )

    /// Removes a group that holds nothing.
    ///
    /// KEYS: 3 index, 4 marks, 5 groups, 6 group numbers. ARGV: 3 name, 4 number. Answers 1, or 0 when it has chunks.
    static let removeGroup = RedisScript(
        Lease.fenceCheck + """
            if redis.call('ZCARD', KEYS[3]) > 0 then
                return 0
            end
            redis.call('DEL', KEYS[3], KEYS[4])
            if redis.call('HGET', KEYS[5], ARGV[3]) == ARGV[4] then
                redis.call('HDEL', KEYS[5], ARGV[3])
            end
            redis.call('HDEL', KEYS[6], ARGV[4])
            return 1
            """
    )

    /// Removes a group's chunks up to a sequence, and notes that it is purged up to there.
    ///
    /// The chunks are listed here, inside Redis, so that one of which the hub does not know goes as well. A chunk that
    /// holds newer logs stays; sequences are compared as text, the longer one being the larger.
    ///
    /// KEYS: 3 index, 4 marks. ARGV: 3 and 4 the fields of this hub's marks (sealed, purged), 5 the new purged mark,
    /// 6 what the chunks' keys begin with. Answers the sealed mark.
    static let purge = RedisScript(
        Lease.fenceCheck + Lease.evenWhenFull + """
            local function isAbove(left, right)
                if #left ~= #right then
                    return #left > #right
                end
                return left > right
            end
            local kept = {}
            for _, member in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
                local id, last = string.match(member, '^%d+ (%S+) %S+ %S+ %d+ (%d+) ')
                if id and isAbove(last, ARGV[5]) then
                    kept[#kept + 1] = member
                elseif id then
                    redis.call('UNLINK', ARGV[6] .. id)
                    redis.call('ZREM', KEYS[3], member)
                end
            end
            if #kept == 0 then
                redis.call('UNLINK', KEYS[3])
            end
            local purged = redis.call('HGET', KEYS[4], ARGV[4])
            if not purged or isAbove(ARGV[5], purged) then
                redis.call('HSET', KEYS[4], ARGV[4], ARGV[5])
            end
            return redis.call('HGET', KEYS[4], ARGV[3]) or '0'
            """
    )

    /// Removes idle seen windows, if they are still the ones that were looked at.
    ///
    /// KEYS: 3 seen. ARGV from 3 on: for each its field and revision. Answers how many went.
    static let forgetSeen = RedisScript(
        Lease.fenceCheck + """
            local gone = 0
            for at = 3, #ARGV, 2 do
                local value = redis.call('HGET', KEYS[3], ARGV[at])
                if value and string.sub(value, 1, \(SeenWindow.revisionBytes)) == ARGV[at + 1] then
                    gone = gone + redis.call('HDEL', KEYS[3], ARGV[at])
                end
            end
            return gone
            """
    )
}
