import EventLoop
import Logging

/// JSON in datagrams (UDP, unix): one object each, as microcontrollers send it.
final class JSONInput: DatagramInput {
    private var intake: JSONIntake

    /// An input that listens once it is started.
    /// - Throws: what is wrong with its group or its networks.
    init(
        _ loop: Loop,
        _ configuration: InputConfiguration,
        listen: InputConfiguration.Listen,
        token: String?,
        agentTags: [String],
        batcher: Batcher,
        logger: Logger
    ) throws {
        intake = JSONIntake(
            try RecordWriter.Settings(configuration, agentTags: agentTags),
            token: token,
            shaper: try Shaper.make(configuration, agentTags: agentTags, loop, batcher)
        )
        try super.init(loop, name: configuration.name, listen: listen, batcher: batcher, logger: logger)
    }

    override var counted: InputStatistics { intake.statistics }

    override func take(_ bytes: UnsafeRawBufferPointer, _ part: StreamFramer.Part, _ arrival: Arrival)
        -> InputStatistics.DropReason?
    { intake.take(bytes, part, arrival, into: batcher) }

    override func drop(_ reason: InputStatistics.DropReason, bytes: Int) { intake.drop(reason, bytes: bytes) }

    override func finish() { intake.close() }
}

/// JSON in streams (TCP, TLS, unix): one object a line (NDJSON).
final class JSONStreamInput: StreamInput {
    private var intake: JSONIntake

    /// An input that listens once it is started.
    /// - Throws: what is wrong with its group or its networks.
    init(
        _ loop: Loop,
        _ configuration: InputConfiguration,
        listen: InputConfiguration.Listen,
        token: String?,
        agentTags: [String],
        batcher: Batcher,
        logger: Logger
    ) throws {
        intake = JSONIntake(
            try RecordWriter.Settings(configuration, agentTags: agentTags),
            token: token,
            shaper: try Shaper.make(configuration, agentTags: agentTags, loop, batcher)
        )
        try super
            .init(
                loop,
                name: configuration.name,
                listen: listen,
                countsOctets: false,
                batcher: batcher,
                logger: logger
            )
    }

    override var counted: InputStatistics { intake.statistics }

    override func take(_ bytes: UnsafeRawBufferPointer, _ part: StreamFramer.Part, _ arrival: Arrival)
        -> InputStatistics.DropReason?
    { intake.take(bytes, part, arrival, into: batcher) }

    override func drop(_ reason: InputStatistics.DropReason, bytes: Int) { intake.drop(reason, bytes: bytes) }

    override func finish() { intake.close() }
}

extension RecordWriter.Settings {
    /// What an input's configuration says about its logs.
    /// - Parameters:
    ///   - configuration: of the input.
    ///   - agentTags: come before the input's own.
    /// - Throws: `GroupTemplate.Problem`.
    init(_ configuration: InputConfiguration, agentTags: [String]) throws(GroupTemplate.Problem) {
        self.init(
            group: try GroupTemplate(configuration.group),
            maxGroups: configuration.maxGroups,
            tags: agentTags + configuration.tags,
            levels: configuration.shaping.levels,
            parsesPayload: configuration.parsesPayload,
            source: HostName.current
        )
    }
}
