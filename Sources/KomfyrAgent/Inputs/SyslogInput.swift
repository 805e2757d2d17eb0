import EventLoop
import Logging

/// Syslog in datagrams: UDP (RFC 5426), or a unix socket as `/dev/log`.
final class SyslogInput: DatagramInput {
    private var intake: SyslogIntake

    /// An input that listens once it is started.
    /// - Throws: what is wrong with its group or its networks.
    init(
        _ loop: Loop,
        _ configuration: InputConfiguration,
        listen: InputConfiguration.Listen,
        agentTags: [String],
        batcher: Batcher,
        logger: Logger,
        own: OwnMessages = OwnMessages()
    ) throws {
        intake = SyslogIntake(
            try RecordWriter.Settings(configuration, agentTags: agentTags),
            zone: configuration.zone,
            // Network devices gather lines; what a program of this machine says in one call is one message.
            splitsDatagrams: !listen.isUnix,
            shaper: try Shaper.make(configuration, agentTags: agentTags, loop, batcher),
            own: own
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

/// Syslog in streams: TCP (RFC 6587) or TLS (RFC 5425), both framings told apart per frame, or a unix socket.
final class SyslogStreamInput: StreamInput {
    private var intake: SyslogIntake

    /// An input that listens once it is started.
    /// - Throws: what is wrong with its group or its networks.
    init(
        _ loop: Loop,
        _ configuration: InputConfiguration,
        listen: InputConfiguration.Listen,
        agentTags: [String],
        batcher: Batcher,
        logger: Logger,
        own: OwnMessages = OwnMessages()
    ) throws {
        intake = SyslogIntake(
            try RecordWriter.Settings(configuration, agentTags: agentTags),
            zone: configuration.zone,
            splitsDatagrams: false,
            shaper: try Shaper.make(configuration, agentTags: agentTags, loop, batcher),
            own: own
        )
        try super
            .init(
                loop,
                name: configuration.name,
                listen: listen,
                countsOctets: true,
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
