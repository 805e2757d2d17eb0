/// The names of the store's keys; DESIGN.md §5.1 lists what each holds.
struct StoreKeys: Sendable {
    let hub: UInt8

    static let epoch = "kmf:epoch"
    static let groups = "kmf:groups"
    static let groupIDs = "kmf:groupids"

    let sequence: String
    let wal: String
    let seen: String
    /// WAL entries that could not be read, kept for an operator: a hash of at most `HubLimits.damagedKept`, by entry
    /// id.
    let damaged: String

    init(hub: UInt8) {
        self.hub = hub
        sequence = "kmf:sequence:\(hub)"
        wal = "kmf:wal:\(hub)"
        seen = "kmf:seen:\(hub)"
        damaged = "kmf:damaged:\(hub)"
    }

    /// The index of a group's chunks.
    ///
    /// The braces are Redis Cluster's hash tag: all keys of a group lie together.
    static func chunks(_ group: UInt32) -> String { "kmf:{\(group)}:chunks" }

    static func chunk(_ group: UInt32, _ id: String) -> String { "kmf:{\(group)}:chunk:\(id)" }

    static func marks(_ group: UInt32) -> String { "kmf:{\(group)}:marks" }

    /// An answer that can be made again, with an expiry.
    static func cache(_ name: String) -> String { "kmf:cache:\(name)" }

    /// Field of the marks: the sequence up to which this hub's logs of the group are in chunks.
    var sealedMark: String { "sealed:\(hub)" }

    /// Field of the marks: the sequence up to which this hub's logs of the group are purged.
    var purgedMark: String { "purged:\(hub)" }

    /// The id of the WAL entry that begins with a sequence number.
    static func entryID(_ sequence: UInt64, part: Int = 0) -> String { "\(sequence)-\(part)" }
}
