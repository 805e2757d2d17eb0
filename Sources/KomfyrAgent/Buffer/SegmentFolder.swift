import Glibc

/// The segments of a buffer's folder with their headers, for whoever reads it from the beginning: a starting agent, and
/// `komfyr-agent buffer`.
struct SegmentFolder {
    /// A segment whose header has been read.
    struct Opened {
        var number: UInt64
        var path: String
        /// Nil when it cannot be read.
        var file: (any OpenFile)?
        /// Nil when it is damaged.
        var header: SegmentHeader?
        var firstFrame: UInt64
        var size: UInt64
        /// Where its frames end: its size, or what the next one's header says.
        var end: UInt64
        /// Why the file or its header cannot be read.
        var error: FileError?
    }

    private let folder: String
    private let files: any FileSystem

    init(_ folder: String, _ files: any FileSystem) {
        self.folder = folder
        self.files = files
    }

    /// Opens a segment and reads its header.
    /// - Returns: nil when there is no such file any more.
    func open(_ number: UInt64) -> Opened? {
        let path = folder + "/" + Segment.name(number)
        var opened = Opened(number: number, path: path, firstFrame: 0, size: 0, end: 0)
        for _ in 0..<AgentLimits.readTriesAtStart {
            read(path, &opened)
            guard let error = opened.error else { return opened }
            if error.code == ENOENT { return nil }
        }
        return opened
    }

    private func read(_ path: String, _ opened: inout Opened) {
        opened.error = nil
        do throws(FileError) {
            opened.size = try files.size(path)
            opened.end = opened.size
            let file = try files.open(path, .read)
            opened.file = file
            // Named by its first bytes, which may say anything: never more than there is.
            if let length = SegmentHeader.length(try file.read(SegmentHeader.prefixBytes, at: 0)),
                UInt64(length) <= opened.size, let header = SegmentHeader(try file.read(length, at: 0))
            {
                opened.header = header
                opened.firstFrame = UInt64(length)
            }
        } catch {
            opened.error = error
        }
    }

    /// Puts segments into the order of their headers, whatever their names are, and ends each where the next one says.
    ///
    /// Files that were renamed or swapped keep their contents' place. One that says it is what another one is, too, is
    /// a copy: it is moved to `corrupt/`.
    /// - Returns: what someone has to hear of.
    func arrange(_ segments: inout [Opened], movesCopies: Bool = true) -> [String] {
        var notices: [String] = []
        var taken: [UInt64: Opened] = [:]
        // Who is what its name says is the original.
        for segment in segments where segment.header?.number == segment.number { taken[segment.number] = segment }
        var nameless: [Opened] = []
        for segment in segments where segment.header?.number != segment.number {
            guard let number = segment.header?.number else {
                nameless.append(segment)
                continue
            }
            if taken[number] == nil {
                notices.append("\(segment.path) is \(Segment.name(number)) by its content, and is read as that")
                taken[number] = segment
                taken[number]?.number = number
            } else {
                notices.append("\(segment.path) is a copy of \(Segment.name(number)), and is left out")
                if movesCopies { setAside(segment) }
            }
        }
        let names = segments.map(\.number).sorted()
        for segment in nameless {
            let number = taken[segment.number] == nil ? segment.number : names.first { taken[$0] == nil }
            guard let number else { continue }
            taken[number] = segment
            taken[number]?.number = number
        }
        segments = taken.values.sorted { $0.number < $1.number }
        for index in segments.indices.dropLast() {
            guard let next = segments[index + 1].header, next.previous == segments[index].number else { continue }
            if next.previousEnd > segments[index].size {
                let missing = next.previousEnd - segments[index].size
                notices.append("\(segments[index].path) has lost \(missing) bytes at its end. Check the disk")
            }
            segments[index].end = min(segments[index].end, next.previousEnd)
        }
        return notices
    }

    private func setAside(_ segment: Opened) {
        try? files.makeLastingFolder(folder + "/corrupt")
        let name = segment.path.split(separator: "/").last.map(String.init) ?? ""
        try? files.rename(segment.path, to: folder + "/corrupt/" + name)
    }
}
