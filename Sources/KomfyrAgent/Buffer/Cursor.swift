/// What the hub has acknowledged, and what is on disk for certain: one small file of two slots.
///
/// ```
///  0                                     4096                                  8192
///  ┌─────────────────────────────────────┬─────────────────────────────────────┐
///  │ slot: odd turns                     │ slot: even turns                    │
///  └─────────────────────────────────────┴─────────────────────────────────────┘
///   slot: "KFRCUR" 1 0 · u64 turn · u64 segment, u64 offset (first not acknowledged) · u64 segment, u64 offset
///         (synced up to) · u32 CRC of all before
/// ```
///
/// Slots are written in turn, so that a torn write leaves the one before; the reader takes the sound one with the
/// highest turn. An older cursor only means that batches are sent again, which the hub answers as duplicates.
/// Everything before the place is acknowledged, since frames are acknowledged in the order of the disk.
struct Cursor: Sendable, Equatable {
    /// A place in the buffer: a segment's number and an offset in it.
    struct Place: Sendable, Comparable {
        var segment: UInt64
        var offset: UInt64

        static func < (left: Place, right: Place) -> Bool {
            (left.segment, left.offset) < (right.segment, right.offset)
        }
    }

    /// The first frame that is not acknowledged.
    var place = Place(segment: 0, offset: 0)
    /// Up to where frames are on disk for certain.
    var synced = Place(segment: 0, offset: 0)
    private static let magic: [UInt8] = Array("KFRCUR".utf8) + [1, 0]
    /// Apart by a page, the unit that disks and caches tear at.
    static let slotBytes: UInt64 = 4_096

    /// The slot's bytes.
    func encoded(turn: UInt64) -> [UInt8] {
        var bytes = Self.magic
        for number in [turn, place.segment, place.offset, synced.segment, synced.offset] {
            bytes.append(littleEndian: number)
        }
        bytes.append(littleEndian: CRC32C.checksum(bytes, in: 0..<bytes.count))
        return bytes
    }

    /// Where the slot of a turn stands in the file.
    static func offset(turn: UInt64) -> UInt64 { turn % 2 == 1 ? 0 : slotBytes }

    /// Reads a slot.
    /// - Returns: nil when it is empty or damaged.
    static func read(_ slot: UnsafeRawBufferPointer) -> (cursor: Cursor, turn: UInt64)? {
        guard slot.starts(with: magic) else { return nil }
        var reader = LittleEndianReader(slot)
        _ = reader.run(magic.count)
        let turn = reader.number(UInt64.self)
        var cursor = Cursor()
        cursor.place = Place(segment: reader.number(), offset: reader.number())
        cursor.synced = Place(segment: reader.number(), offset: reader.number())
        let covered = reader.offset
        guard reader.isWhole else { return nil }
        let checksum = reader.number(UInt32.self)
        guard reader.isWhole, CRC32C.checksum(UnsafeRawBufferPointer(rebasing: slot[..<covered])) == checksum,
            max(cursor.place.segment, cursor.synced.segment) <= AgentLimits.segmentNumber
        else { return nil }
        return (cursor, turn)
    }
}

extension Cursor {
    /// The cursor in a file, and its turn.
    /// - Returns: nil when neither slot is sound.
    static func newest(_ file: any OpenFile) throws(FileError) -> (cursor: Cursor, turn: UInt64)? {
        let bytes = try file.read(Int(slotBytes) * 2, at: 0)
        var newest: (cursor: Cursor, turn: UInt64)?
        bytes.withUnsafeBytes { raw in
            for start in [0, Int(slotBytes)] where start < raw.count {
                guard let found = read(UnsafeRawBufferPointer(rebasing: raw[start...])) else { continue }
                if newest.map({ $0.turn < found.turn }) ?? true { newest = found }
            }
        }
        return newest
    }
}

/// The cursor's file.
///
/// Written without a sync: what a crash undoes is only sent again.
struct CursorFile {
    private let file: any OpenFile
    private var turn: UInt64

    /// Opens or makes the file.
    /// - Returns: the cursor it holds; a new one when there is none, or none is sound.
    static func open(_ path: String, _ files: any FileSystem) throws(FileError) -> (CursorFile, Cursor) {
        let file = try files.open(path, .readWriteCreating)
        let newest = try Cursor.newest(file)
        return (CursorFile(file: file, turn: newest?.turn ?? 0), newest?.cursor ?? Cursor())
    }

    /// Writes the cursor into the slot whose turn it is.
    mutating func write(_ cursor: Cursor) throws(FileError) {
        let next = turn &+ 1
        try file.write(cursor.encoded(turn: next), at: Cursor.offset(turn: next))
        turn = next
    }

    /// Forces it to disk.
    func sync() throws(FileError) {
        try file.sync()
    }
}
