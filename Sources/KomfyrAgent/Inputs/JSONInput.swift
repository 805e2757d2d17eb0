import EventLoop
import Logging

/// JSON over UDP: one object a datagram, as microcontrollers send it.
final class JSONInput: DatagramInput {
    private var reader: JSONDatagramReader
    private var statisticsOfIntake = InputStatistics()

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
        reader = JSONDatagramReader(try RecordWriter.Settings(configuration, agentTags: agentTags), token: token)
        try super.init(loop, name: configuration.name, listen: listen, batcher: batcher, logger: logger)
    }

    override var counted: InputStatistics {
        var statistics = statisticsOfIntake
        statistics.repaired = reader.repaired
        statistics.groupsFolded = reader.folded
        return statistics
    }

    override func take(_ bytes: UnsafeRawBufferPointer, from peer: Peer, arrival: Int64, isTruncated: Bool) {
        let origin = RecordWriter.Origin(peer: peer, arrival: arrival, isTruncated: isTruncated)
        var outcome = JSONDatagramReader.Outcome.empty
        batcher.append(fromDatagrams: true) { output in
            outcome = reader.append(bytes, from: origin, to: &output)
            return outcome == .parsed || outcome == .unparsed
        }
        switch outcome {
        case .parsed: statisticsOfIntake.parsed += 1
        case .unparsed: statisticsOfIntake.unparsed += 1
        case .wrongToken:
            drop(.wrongToken, bytes: bytes.count)
            reportDropped("refused, for their token is missing or wrong", from: peer)
            return
        case .empty:
            drop(.empty, bytes: bytes.count)
            return
        }
        if isTruncated { statisticsOfIntake.cut += 1 }
        statisticsOfIntake.received += 1
        statisticsOfIntake.bytes += UInt64(bytes.count)
    }

    override func drop(_ reason: InputStatistics.DropReason, bytes: Int) {
        statisticsOfIntake.received += 1
        statisticsOfIntake.bytes += UInt64(bytes)
        statisticsOfIntake.dropped[reason] += 1
    }
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
            parsesPayload: configuration.parsesPayload
        )
    }
}
