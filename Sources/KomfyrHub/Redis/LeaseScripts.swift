extension Lease {
    /// The Lua that every script which writes to the store begins with: it compares epoch and fence, and on a mismatch
    /// answers with an error and writes nothing.
    ///
    /// Its convention: `KEYS[1]` is `kmf:epoch`, `KEYS[2]` is `kmf:hub`, `ARGV[1]` the epoch, `ARGV[2]` the fence
    /// (`Fence.keys` and `Fence.arguments`, in this order); the script's own keys and arguments follow from 3 on.
    /// `RedisError.fencing` tells such an error.
    static let fenceCheck = """
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then
            return redis.error_reply('KMFEPOCH the store is not the one that this hub knows')
        end
        if redis.call('HGET', KEYS[2], 'fence') ~= ARGV[2] then
            return redis.error_reply('KMFFENCED the lease was taken again since')
        end

        """

    /// Lua that lets the rest of its script write although Redis is at `maxmemory`: for scripts that must get through.
    ///
    /// Redis refuses what may need memory only as the first write of a script, so that none stops half-way; deleting a
    /// field is never refused, and one that is not there changes nothing. Follows `fenceCheck`.
    static let evenWhenFull = """
        redis.call('HDEL', KEYS[2], '-')

        """

    /// Takes the lease, unless another's lives.
    ///
    /// KEYS: `kmf:epoch`, `kmf:hub`. ARGV: token, lease in ms, holder's name, a new epoch, the fence held last
    /// (0: none). Answers `{0, holder, ms left}`, or `{1, epoch, whether it was made, fence, hub, whether nobody else
    /// held it since the fence held last}`.
    static let acquireScript = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local held = redis.call('HMGET', KEYS[2], 'token', 'until', 'fence', 'holder', 'id')
        local ends = tonumber(held[2]) or 0
        if held[1] and held[1] ~= ARGV[1] and ends > now then
            return {0, held[4] or 'unknown', ends - now}
        end
        redis.call('HDEL', KEYS[2], '-') -- as evenWhenFull
        local epoch = redis.call('GET', KEYS[1])
        local made = 0
        if not epoch then
            epoch = ARGV[4]
            made = 1
            redis.call('SET', KEYS[1], epoch)
        end
        local id = held[5] or '1'
        local fence = redis.call('HINCRBY', KEYS[2], 'fence', 1)
        redis.call('HSET', KEYS[2], 'id', id, 'token', ARGV[1], 'holder', ARGV[3],
            'until', string.format('%.0f', now + tonumber(ARGV[2])))
        local unbroken = 0
        if held[3] and held[3] == ARGV[5] then unbroken = 1 end
        return {1, epoch, made, fence, tonumber(id), unbroken}
        """
    )

    /// Makes the lease live on.
    ///
    /// KEYS and ARGV as `fenceCheck` has them, then ARGV[3]: lease in ms. Answers with the lease's end, in ms.
    static let renewScript = RedisScript(
        fenceCheck + evenWhenFull + """
            local time = redis.call('TIME')
            local ends = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[3])
            redis.call('HSET', KEYS[2], 'until', string.format('%.0f', ends))
            return ends
            """
    )

    /// Gives the lease up: it ends now, and the fence rises, so that nothing under way is written after it.
    ///
    /// KEYS and ARGV as `fenceCheck` has them.
    static let releaseScript = RedisScript(
        fenceCheck + evenWhenFull + """
            redis.call('HINCRBY', KEYS[2], 'fence', 1)
            redis.call('HSET', KEYS[2], 'until', '0')
            return 1
            """
    )
}
