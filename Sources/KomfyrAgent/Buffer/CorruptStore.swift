/// `corrupt/`: damaged bytes of segments that were deleted since, kept for someone to look at; bounded.
///
/// A file is named by the segment and the offset that its bytes were found at. Nothing reads them again.
final class CorruptStore {
    private let folder: String
    private let files: any FileSystem
    private var keptBytes: UInt64?

    /// A store in this folder, which is made when something is kept.
    init(folder: String, files: any FileSystem) {
        self.folder = folder
        self.files = files
    }

    /// Copies a range of a file, as far as the bound allows; that it fails costs nobody anything.
    func keep(_ range: Range<UInt64>, of file: any OpenFile, name: String) {
        let size = range.upperBound - range.lowerBound
        do throws(FileError) {
            let kept: UInt64
            if let keptBytes { kept = keptBytes } else { kept = try measure() }
            keptBytes = kept
            guard kept + size <= AgentLimits.corruptBytes else { return }
            let copy = try files.open(folder + "/" + name, .createEmpty)
            var offset = range.lowerBound
            while offset < range.upperBound {
                let part = try file.read(Int(min(range.upperBound - offset, 64 << 10)), at: offset)
                if part.isEmpty { break }
                try copy.write(part, at: offset - range.lowerBound)
                offset += UInt64(part.count)
            }
            keptBytes = kept + size
        } catch {
            return
        }
    }

    /// Moves a file here that cannot be read as a whole, so that no disk is asked to read it.
    ///
    /// There is room for one whole segment beside what `keep` keeps.
    /// - Returns: whether it is here now.
    func keepWhole(_ path: String, size: UInt64) -> Bool {
        do throws(FileError) {
            let kept: UInt64
            if let keptBytes { kept = keptBytes } else { kept = try measure() }
            keptBytes = kept
            guard kept + size <= AgentLimits.corruptBytes + AgentLimits.segmentBytes else { return false }
            let name = path.split(separator: "/").last.map(String.init) ?? ""
            try files.rename(path, to: folder + "/" + name)
            keptBytes = kept + size
            return true
        } catch {
            return false
        }
    }

    private func measure() throws(FileError) -> UInt64 {
        try files.makeLastingFolder(folder)
        var bytes: UInt64 = 0
        for name in try files.list(folder) { bytes += try files.size(folder + "/" + name) }
        return bytes
    }
}

@available(*, unavailable)
extension CorruptStore: Sendable {}
