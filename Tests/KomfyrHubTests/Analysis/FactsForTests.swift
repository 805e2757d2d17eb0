import Protocol

@testable import KomfyrHub

/// Facts made by hand.
enum MadeFacts {
    static let minute: Int64 = 60 * Timestamp.second
    static let hour = 60 * minute
    /// 2026-11-23T12:00:00Z.
    static let now: Int64 = 1_795_435_200 * Timestamp.second

    static func levels(info: Int = 0, warning: Int = 0, error: Int = 0, critical: Int = 0) -> LevelCounts {
        var levels = LevelCounts()
        levels[1] = info
        levels[2] = warning
        levels[3] = error
        levels[4] = critical
        return levels
    }

    /// A window of so many hours before now.
    static func facts(
        _ scope: String = "*",
        hours: Int64 = 24,
        levels: LevelCounts = levels(info: 10_000),
        trends: [Trend] = [],
        patterns: [Pattern] = []
    ) -> AnalysisFacts {
        AnalysisFacts(
            scope: scope,
            since: now - hours * hour,
            until: now,
            interval: 5 * minute,
            levels: levels,
            groups: [],
            groupCount: 1,
            tags: [],
            fields: [],
            trends: trends,
            patterns: patterns,
            newestErrors: [],
            isPartial: false
        )
    }

    /// A trend from so many minutes before now to so many.
    static func trend(
        _ kind: Trend.Kind,
        _ subject: Trend.Subject,
        in group: String? = "shop:api",
        from: Int64,
        to: Int64 = 0,
        _ before: Double,
        _ after: Double,
        confidence: Double = 0.95
    ) -> Trend {
        Trend(
            subject: subject,
            group: group,
            kind: kind,
            from: now - from * minute,
            to: now - to * minute,
            before: before,
            after: after,
            confidence: confidence,
            isOngoing: to == 0
        )
    }

    /// A pattern whose first log came so many minutes before now.
    static func pattern(
        _ template: String,
        _ levels: LevelCounts,
        first: Int64,
        last: Int64 = 0,
        isNew: Bool = true,
        group: UInt32 = 1,
        message: String? = nil
    ) -> Pattern {
        Pattern(
            template: template,
            count: levels.total,
            levels: levels,
            firstSeen: now - first * minute,
            lastSeen: now - last * minute,
            isNew: isNew,
            example: LogID(timestamp: now - last * minute, hub: 1, group: group, sequence: 7),
            exampleMessage: message ?? template
        )
    }

    static func log(
        _ message: String,
        _ level: Level = .error,
        group: String? = "shop:api",
        minutes: Int64 = 1,
        data: String = "",
        tags: String = "",
        source: String = "",
        number: UInt32 = 1
    ) -> StoredLog {
        let time = now - minutes * minute
        return StoredLog(
            id: LogID(timestamp: time, hub: 1, group: number, sequence: 9),
            sequence: 9,
            timestamp: time,
            receivedAt: time,
            level: level,
            group: group,
            message: Array(message.utf8),
            tags: Array(tags.utf8),
            data: Array(data.utf8),
            source: Array(source.utf8)
        )
    }
}
