import EventLoop
import Logging

/// Makes inputs of what the configuration says: one line for each kind.
struct InputFactory {
    let loop: Loop
    let batcher: Batcher
    let logger: Logger

    /// An input that has not started.
    /// - Parameters:
    ///   - input: checked already.
    ///   - tags: of the agent.
    ///   - positions: how far files were read.
    ///   - left: the files that the input of this name has left.
    /// - Returns: an input of the kind that was asked for.
    /// - Throws: what is wrong with its configuration.
    func make(
        _ input: InputConfiguration,
        tags: [String],
        positions: [FilePosition],
        left: [LeftFile]
    ) throws -> any Input {
        switch input.kind {
        case .syslog(let listen): try syslog(input, listen, tags)
        case .json(let listen, let token): try json(input, listen, token, tags)
        case .file(let file): try self.file(input, file, tags, positions, left)
        }
    }

    private func syslog(
        _ input: InputConfiguration,
        _ listen: InputConfiguration.Listen,
        _ tags: [String]
    ) throws -> any Input {
        switch listen.transport {
        case .udp, .unixgram:
            try SyslogInput(loop, input, listen: listen, agentTags: tags, batcher: batcher, logger: logger)
        case .tcp, .tls, .unix:
            try SyslogStreamInput(loop, input, listen: listen, agentTags: tags, batcher: batcher, logger: logger)
        }
    }

    private func json(
        _ input: InputConfiguration,
        _ listen: InputConfiguration.Listen,
        _ token: String?,
        _ tags: [String]
    ) throws -> any Input {
        switch listen.transport {
        case .udp, .unixgram:
            try JSONInput(
                loop,
                input,
                listen: listen,
                token: token,
                agentTags: tags,
                batcher: batcher,
                logger: logger
            )
        case .tcp, .tls, .unix:
            try JSONStreamInput(
                loop,
                input,
                listen: listen,
                token: token,
                agentTags: tags,
                batcher: batcher,
                logger: logger
            )
        }
    }

    private func file(
        _ input: InputConfiguration,
        _ file: InputConfiguration.FileConfiguration,
        _ tags: [String],
        _ positions: [FilePosition],
        _ left: [LeftFile]
    ) throws -> any Input {
        let lines = FileLineWriter.Settings(
            parser: file.parser,
            group: input.group,
            maxGroups: input.maxGroups,
            tags: tags + input.tags,
            source: HostName.current,
            zone: input.zone,
            pattern: file.pattern,
            isMultiline: file.multiline != nil,
            parsesPayload: input.parsesPayload,
            levels: input.shaping.levels,
            shaper: try Shaper.make(input, agentTags: tags, loop, batcher)
        )
        return try FileInput(
            loop,
            name: input.name,
            configuration: file,
            lines: lines,
            sink: batcher,
            positions: positions,
            left: left,
            logger: logger
        )
    }
}

@available(*, unavailable)
extension InputFactory: Sendable {}
