import EventLoop
import Logging

/// Syslog over UDP (RFC 5426): one message a datagram.
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
        logger: Logger
    ) throws {
        intake = SyslogIntake(
            try RecordWriter.Settings(configuration, agentTags: agentTags),
            zone: configuration.zone,
            fromDatagrams: true
        )
        try super.init(loop, name: configuration.name, listen: listen, batcher: batcher, logger: logger)
    }

    override var counted: InputStatistics { intake.statistics }

    override func take(_ bytes: UnsafeRawBufferPointer, from peer: Peer, arrival: Int64, isTruncated: Bool) {
        intake.take(bytes, isTruncated ? .cut : .whole, from: peer, arrival: arrival, into: batcher)
    }

    override func drop(_ reason: InputStatistics.DropReason, bytes: Int) {
        intake.drop(reason, bytes: bytes)
    }
}
