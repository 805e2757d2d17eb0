import EventLoop

/// A place where logs come in: a socket, or files.
///
/// Made, started, asked and stopped on the intake loop. What it reads goes into the `Batcher` as NDJSON lines. Inputs
/// that can wait (streams, files) register with `Batcher.onHold` and pause while it is held back.
protocol Input: AnyObject {
    /// The input's name, unique in the configuration: in metrics, in messages, in file positions.
    var name: String { get }
    /// What was counted since the start.
    var statistics: InputStatistics { get }
    /// Binds or opens, and begins to read.
    /// - Throws: what keeps it from starting (an address in use), in words for the operator.
    func start() throws
    /// Stops reading, hands over what was begun (the rest of a connection), and closes. Nothing is read afterwards.
    func stop()
}

/// An input that listens.
protocol SocketInput: Input {
    /// Where it listens, with the port that the system chose if 0 was asked; nil while it does not.
    var localAddress: SocketAddress? { get }
}

/// When a message came in, and of whom.
struct Arrival {
    /// The sender.
    var peer: Peer
    /// Nanoseconds since 1970.
    var time: Int64
    /// The message of its connection, or of its socket's datagrams, that comes in pieces.
    var long: LongMessage
    /// Whether the sender could be made to wait; what could not is refused when there is no room for it.
    var canWait: Bool
}

/// A message that comes in pieces, of one connection: what became of its first piece becomes of all.
final class LongMessage {
    /// A rule or the rate limit left it out.
    var isLeftOut = false
}

/// What an input counted since its start.
///
/// Plain numbers of the intake loop, copied out for `/metrics`.
struct InputStatistics: Sendable, Equatable {
    /// Messages that arrived: datagrams, frames, lines.
    var received: UInt64 = 0
    /// Their bytes.
    var bytes: UInt64 = 0
    /// Messages that could be read.
    var parsed: UInt64 = 0
    /// Messages that could not be read and were kept whole, tagged `unparsed`.
    var unparsed: UInt64 = 0
    /// Messages that were longer than the limit and came in pieces.
    var cut: UInt64 = 0
    /// Messages whose bytes were not UTF-8 and were repaired.
    var repaired: UInt64 = 0
    /// Messages whose group was replaced by `…:other` because the input had made `max_groups` groups.
    var groupsFolded: UInt64 = 0
    /// What was not kept, by reason.
    var dropped = Counts<DropReason>()
    /// TLS handshakes that came to nothing, by reason; nil where there is no TLS.
    var handshakesFailed: Counts<TLSFault>?
    /// Datagrams that the kernel dropped because nobody read them in time.
    var kernelDrops: UInt64 = 0
    /// What the kernel granted as receive buffer, in bytes; 0 where there is none.
    var receiveBufferBytes: UInt64 = 0
    /// Connections or files that are open now.
    var open: UInt64 = 0

    /// Why something that arrived was not kept.
    enum DropReason: Int, Sendable, CaseIterable {
        /// The sender is in none of the `allow` networks.
        case refusedSender
        /// The token was missing or wrong.
        case wrongToken
        /// A datagram while delivery took no batches.
        case noRoom
        /// A connection beyond the limit.
        case connectionLimit
        /// A connection that the input closed when it stopped, before all that had arrived was read.
        case closedAtStop
        /// A record that the hub would refuse whole.
        case tooLarge
        /// There was nothing in it.
        case empty
        /// The input's own `drop` and `keep` left it out: filtered, not lost.
        case rule
        /// Its source sent more than `rate_limit` keeps.
        case rateLimited
        /// The agent has written it itself.
        case ownMessage

        /// The label in metrics.
        var label: StaticString {
            switch self {
            case .refusedSender: "refused_sender"
            case .wrongToken: "wrong_token"
            case .noRoom: "no_room"
            case .connectionLimit: "connection_limit"
            case .closedAtStop: "closed_at_stop"
            case .tooLarge: "too_large"
            case .empty: "empty"
            case .rule: "rule"
            case .rateLimited: "rate_limited"
            case .ownMessage: "own_message"
            }
        }
    }

    /// Counts something that was not kept.
    mutating func countDropped(_ reason: DropReason, bytes: Int) {
        received += 1
        self.bytes += UInt64(bytes)
        dropped[reason] += 1
    }

    /// One count for each reason, whose numbers begin at 0 and have no gaps.
    struct Counts<Reason: RawRepresentable<Int> & CaseIterable>: Sendable, Equatable {
        private var counts = [UInt64](repeating: 0, count: Reason.allCases.count)

        subscript(reason: Reason) -> UInt64 {
            get { counts[reason.rawValue] }
            set { counts[reason.rawValue] = newValue }
        }

        /// The sum over all reasons.
        var total: UInt64 { counts.reduce(0, &+) }
    }
}
