import Glibc
import Protocol

/// A buffer's folder as it lies there, for whoever only looks: nothing is locked, changed or marked, and an agent may
/// use it meanwhile.
///
/// What the agent deletes while this reads was delivered, and is passed over.
struct BufferFolder {
    /// What stands at a place.
    enum Item {
        /// A frame with a sound header; `isWaiting`: the hub has not acknowledged it.
        case frame(FrameHeader, Cursor.Place, isWaiting: Bool)
        /// Bytes that are no frame.
        case damaged(Damage)
    }

    /// Something that cannot be read.
    struct Damage: Equatable {
        enum Kind: String {
            /// Its bytes are not what was written.
            case damaged
            /// The disk does not give them.
            case unreadable
            /// Behind the last sync of the newest segment: what a crash tore, which the next start cuts.
            case unfinished
        }

        var kind: Kind
        var path: String
        var range: Range<UInt64>
        /// The disk's words, or what is wrong.
        var words: String
    }

    let folder: String
    let files: any FileSystem
    let cursor: Cursor
    /// Whether an agent writes here now, so that the end of the newest segment may be half a frame.
    let isInUse: Bool
    /// In the order of their logs.
    let segments: [SegmentFolder.Opened]
    /// What is odd about them.
    let notices: [String]
    /// Whether the cursor could be read.
    let hasCursor: Bool

    /// Reads names, headers of segments, and the cursor.
    /// - Throws: when the folder cannot be listed.
    init(_ folder: String, _ files: any FileSystem, isInUse: Bool) throws(FileError) {
        self.folder = folder
        self.files = files
        self.isInUse = isInUse
        var cursor: Cursor?
        if let file = try? files.open(folder + "/cursor", .read) { cursor = (try? Cursor.newest(file))?.cursor }
        self.cursor = cursor ?? Cursor()
        hasCursor = cursor != nil
        let reader = SegmentFolder(folder, files)
        var opened = try files.list(folder).compactMap(Segment.number).sorted().compactMap { reader.open($0) }
        notices = reader.arrange(&opened, movesCopies: false)
        segments = opened
    }

    /// Gives everything that stands in a segment, in order, until `body` says that it is enough.
    func walk(_ segment: SegmentFolder.Opened, _ body: (Item, SegmentReader?) throws -> Bool) rethrows {
        guard let file = segment.file else {
            let words = segment.error?.description ?? ""
            let damage = Damage(kind: .unreadable, path: segment.path, range: 0..<segment.size, words: words)
            _ = try body(.damaged(damage), nil)
            return
        }
        var reader = SegmentReader(file)
        var offset = segment.firstFrame
        while offset < segment.end {
            var item: Item
            do throws(FileError) {
                switch try reader.step(at: offset, end: segment.end) {
                case .end:
                    return
                case .damaged(let range):
                    item = .damaged(damage(range, segment))
                    offset = range.upperBound
                case .frame(let header):
                    let place = Cursor.Place(segment: segment.number, offset: offset)
                    item = .frame(header, place, isWaiting: place >= cursor.place)
                    offset += UInt64(header.frameBytes)
                }
            } catch {
                let end = min(offset + AgentLimits.unreadableBytes, segment.end)
                let damage = Damage(
                    kind: .unreadable,
                    path: segment.path,
                    range: offset..<end,
                    words: error.description
                )
                item = .damaged(damage)
                offset = end
            }
            if case .damaged(let damage) = item, damage.kind == .unfinished, isInUse { return }
            guard try body(item, reader) else { return }
        }
    }

    private func damage(_ range: Range<UInt64>, _ segment: SegmentFolder.Opened) -> Damage {
        let place = Cursor.Place(segment: segment.number, offset: range.lowerBound)
        let isTorn =
            segment.number == segments.last?.number && range.upperBound == segment.end && place >= cursor.synced
        return Damage(
            kind: isTorn ? .unfinished : .damaged,
            path: segment.path,
            range: range,
            words: range.lowerBound == 0 ? "no header of a segment" : "no frame"
        )
    }
}
