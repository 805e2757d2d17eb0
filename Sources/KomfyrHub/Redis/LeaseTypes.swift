/// What a writing script must show: for which store, and under which grant of the lease, it was sent.
struct Fence: Sendable, Equatable {
    /// `kmf:epoch` when the lease was taken.
    let epoch: String
    /// Rises whenever the lease is taken, which is at every connection; starts anew with an epoch.
    let number: Int64

    /// `KEYS[1]` and `KEYS[2]` of every script that writes.
    static let keys = ["kmf:epoch", "kmf:hub"]
    /// `ARGV[1]` and `ARGV[2]` of every script that writes.
    var arguments: [[UInt8]] { [Array(epoch.utf8), Array(String(number).utf8)] }
}

/// The lease, as it was given.
struct LeaseGrant: Sendable, Equatable {
    /// What the store behind it is, compared with what this hub knew.
    enum Store: Sendable, Equatable {
        /// The first grant of this process; `isNew`: there was no epoch, so the store is empty.
        case first(isNew: Bool)
        /// The one of the grant before.
        case same
        /// There was no epoch any more, and a new one was made: Redis came back empty.
        case cameBackEmpty
        /// There is another epoch than before: this is another store.
        case replaced
    }
    /// What writing scripts show from now on.
    let fence: Fence
    /// The hub's id, part of every log's id and of its keys' names.
    let hub: UInt8
    /// Counts this process's grants from 1: the one way to tell that a grant is newer.
    let number: Int
    let store: Store
    /// Whether nobody else held the lease since this process's grant before: what memory holds is still all there is.
    let isUnbroken: Bool
}

/// What happens to the lease.
enum LeaseEvent: Sendable, Equatable {
    case granted(LeaseGrant)
    /// It is not held any more, and why. A new grant is tried for.
    case lost(String)
}

/// Why the lease could not be had.
enum LeaseError: Error, Sendable, CustomStringConvertible {
    /// Another hub writes: its name, and how long its lease still lives, in milliseconds.
    case heldBy(String, forMs: Int64)
    /// Redis could not be asked.
    case redis(RedisError)
    /// The token's file cannot be read or written.
    case token(String)

    /// For the operator.
    var description: String {
        switch self {
        case .heldBy(let holder, let ms):
            """
            another hub writes to this Redis: \(holder). Its lease lives for another \(max(1, (ms + 999) / 1_000)) s \
            and is renewed as long as it runs: stop it, or use a Redis or a database (REDIS_DB) of your own
            """
        case .redis(let error): "the lease could not be taken: \(error)"
        case .token(let problem): problem
        }
    }
}

extension RedisError {
    /// Why a writing script refused to write.
    enum Fencing {
        /// The store is not the one that the hub knows: Redis came back empty, or is another.
        case epoch
        /// The lease was taken again since, by another hub or by this one at a new connection.
        case fenced
    }
    /// Set when this is the answer of `Lease.fenceCheck`.
    var fencing: Fencing? {
        guard case .server(let text) = self else { return nil }
        if text.hasPrefix("KMFEPOCH") { return .epoch }
        return text.hasPrefix("KMFFENCED") ? .fenced : nil
    }
}
