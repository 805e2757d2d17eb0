/// What is known from before an input's start, of files that it has not met yet: their disk may be mounted late.
///
/// ```
///  same device and inode ──────────────────────────────► it is that file, as far as one knows: taken out
///  the inode alone ──► tried: the position stays here ─┬► fingerprint and guard fit: taken out
///                                                      └► they do not: kept for the disk that is not there yet, and
///                                                         not tried again on this one
/// ```
///
/// Devices may be numbered anew at a machine's start, and inodes of different disks are often the same: what has the
/// inode alone may be the file, or have nothing to do with it.
struct KnownPositions {
    fileprivate struct Entry {
        var position: FilePosition
        /// The device of the file that is being tried, until it was read.
        var triedOn: UInt64?
        /// Devices whose file of this inode is another one.
        var notOn: [UInt64] = []
    }

    private var byInode: [UInt64: [Entry]]

    /// All of one input.
    init(_ positions: [FilePosition]) {
        byInode = Dictionary(
            grouping: positions.filter { $0.inode != 0 }.map { Entry(position: $0) },
            by: \.position.inode
        )
    }

    /// Under which a file may be one of them.
    var inodes: some Sequence<UInt64> { byInode.keys }

    var all: [FilePosition] { byInode.values.flatMap { $0.map(\.position) } }

    /// Whether a file may be one of them.
    func mayHave(_ identity: FileIdentity) -> Bool {
        byInode[identity.inode]?.contains { $0.mayBe(on: identity.device) } ?? false
    }

    /// That of a file by its device and inode.
    func position(of identity: FileIdentity) -> FilePosition? {
        byInode[identity.inode]?.first { $0.position.device == identity.device }?.position
    }

    /// That of a file that has the inode alone.
    ///
    /// The file is to be read before it counts: `remove` or `refute` is called then, or `release`. Of several that of
    /// its name comes first: all disks of a machine may be numbered anew.
    mutating func tryOne(on found: FileScanner.Found) -> FilePosition? {
        guard let entries = byInode[found.identity.inode] else { return nil }
        let fitting = entries.indices.filter { index in
            let (entry, position) = (entries[index], entries[index].position)
            return entry.triedOn == nil && entry.mayBe(on: found.identity.device) && position.fingerprintLength > 0
                && position.offset > 0 && position.offset <= found.size
        }
        guard
            let index = fitting.first(where: { found.path.elementsEqual(entries[$0].position.path.utf8) })
                ?? fitting.first
        else { return nil }
        byInode[found.identity.inode]?[index].triedOn = found.identity.device
        return entries[index].position
    }

    /// The file that is being tried for the position which another one has by device and inode.
    func rival(of identity: FileIdentity) -> FileIdentity? {
        byInode[identity.inode]?.first { $0.position.device == identity.device }?.triedOn
            .map { FileIdentity(device: $0, inode: identity.inode) }
    }

    /// The file's tail knows it from here on.
    mutating func remove(_ position: FilePosition) { remove(position.inode) { $0 == position } }

    /// The same, of a file whose tail an input before this one had.
    mutating func remove(_ identity: FileIdentity) { remove(identity.inode) { $0.device == identity.device } }

    /// The file on this device is another one.
    mutating func refute(_ position: FilePosition, on device: UInt64) {
        change(position) { entry in
            entry.triedOn = nil
            entry.notOn.append(device)
        }
    }

    /// The file is gone, and nobody knows whether it was this one.
    mutating func release(_ position: FilePosition) { change(position) { $0.triedOn = nil } }

    private mutating func change(_ position: FilePosition, _ body: (inout Entry) -> Void) {
        guard var entries = byInode[position.inode], let index = entries.firstIndex(where: { $0.position == position })
        else { return }
        body(&entries[index])
        byInode[position.inode] = entries
    }

    private mutating func remove(_ inode: UInt64, _ isMeant: (FilePosition) -> Bool) {
        byInode[inode]?.removeAll { isMeant($0.position) }
        if byInode[inode]?.isEmpty == true { byInode[inode] = nil }
    }
}

extension KnownPositions.Entry {
    /// Whether a file of its inode on a device may be the one.
    ///
    /// Where many disks come and go its own number alone counts in the end, so that nothing grows without bound.
    fileprivate func mayBe(on device: UInt64) -> Bool {
        if position.device == device { return true }
        return notOn.count < AgentLimits.devicesTried && !notOn.contains(device)
    }
}

extension FilePosition {
    /// Of no file: says that an input has looked for files, so that what it meets from then on is new.
    static func beginning(of input: String) -> FilePosition {
        FilePosition(
            input: input,
            device: 0,
            inode: 0,
            fingerprint: 0,
            fingerprintLength: 0,
            offset: 0,
            guardHash: 0,
            path: ""
        )
    }
}
