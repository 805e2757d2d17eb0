import Glibc

/// Looks through folders for the files that an input's globs mean, and for files that it knows under other names.
///
/// Runs on the thread pool: a value without state.
struct FileScanner: Sendable {
    /// One file.
    struct Found: Sendable, Hashable {
        var path: [UInt8]
        var identity: FileIdentity
        var size: UInt64
        /// When it was last written, in nanoseconds since 1970.
        var modifiedNs: Int64
        /// Whether a glob means this name; else it is a known file under another name (`app.log.1`).
        var isMatched: Bool
    }

    struct Result: Sendable {
        var files: [Found] = []
        /// The folders in which files were looked for: those to watch.
        var folders: [[UInt8]] = []
        /// Folders that could not be read.
        var unreadable: [[UInt8]] = []
        /// Whether it ended before everything was looked at.
        var isCutShort = false
        /// What could not be looked at, in words.
        var problems: [String] = []

        /// Whether a file that was last seen at this path may be there although it was not found.
        func mayHide(_ path: [UInt8]) -> Bool {
            isCutShort || unreadable.contains { path.starts(with: $0) && path.dropFirst($0.count).first == 0x2F }
        }
    }

    var globs: [FileGlob]
    var exclude: [FileGlob]
    var maximumEntries = AgentLimits.scannedEntries
    /// The files that this agent writes to, which it never reads; asked anew with every scan, since they are rotated.
    var ownFiles: @Sendable () -> Set<FileIdentity> = { OwnMessages.files }

    /// What is never read: the same lines, packed after rotation.
    static let packedSuffixes = [".gz", ".bz2", ".xz", ".zst"].map { Array($0.utf8) }

    /// Whether a path is one that this input reads.
    func matches(_ path: [UInt8]) -> Bool {
        guard !Self.packedSuffixes.contains(where: { path.suffix($0.count).elementsEqual($0) }) else { return false }
        return globs.contains { $0.matches(path) } && !exclude.contains { $0.matches(path) }
    }

    /// Looks through all folders.
    /// - Parameter knownInodes: files to find under any name.
    /// - Returns: what was found, each file once.
    func scan(knownInodes: Set<UInt64>) -> Result {
        var walk = Walk(scanner: self, knownInodes: knownInodes)
        for glob in globs { walk.visit(glob, part: 0, folder: [], depth: 0) }
        for folder in walk.result.folders { walk.list(folder) }
        return walk.result
    }

    /// One scan under way.
    private struct Walk {
        let scanner: FileScanner
        let knownInodes: Set<UInt64>
        var result = Result()
        private var visited: Set<[UInt8]> = []
        private var indexByIdentity: [FileIdentity: Int] = [:]
        private var entries = 0
        private let ownFiles: Set<FileIdentity>

        init(scanner: FileScanner, knownInodes: Set<UInt64>) {
            self.scanner = scanner
            self.knownInodes = knownInodes
            ownFiles = scanner.ownFiles()
        }

        /// Collects the folders in which the glob's files may lie.
        ///
        /// `folder` has no slash at its end; the root is empty.
        mutating func visit(_ glob: FileGlob, part: Int, folder: [UInt8], depth: Int) {
            guard depth <= AgentLimits.globDepth else { return }
            if part == glob.parts.count - 1 {
                if visited.insert(folder).inserted { result.folders.append(folder) }
                return
            }
            switch glob.parts[part] {
            case .name(let name):
                visit(glob, part: part + 1, folder: folder + [UInt8(ascii: "/")] + name, depth: depth + 1)
            case .pattern:
                for name in subfolders(folder, followingLinks: true) where FileGlob.matches(glob.parts[part], name[...])
                {
                    visit(glob, part: part + 1, folder: folder + [UInt8(ascii: "/")] + name, depth: depth + 1)
                }
            case .anyDepth:
                visit(glob, part: part + 1, folder: folder, depth: depth)
                // Links are not followed here: they may lead back up.
                for name in subfolders(folder, followingLinks: false) where name.first != UInt8(ascii: ".") {
                    visit(glob, part: part, folder: folder + [UInt8(ascii: "/")] + name, depth: depth + 1)
                }
            }
        }

        /// Finds the files of one folder.
        mutating func list(_ folder: [UInt8]) {
            forEachEntry(of: folder) { walk, name, inode, type in
                let path = folder + [UInt8(ascii: "/")] + name
                let isKnown = walk.knownInodes.contains(inode) && (type == DT_REG || type == DT_UNKNOWN)
                guard type == DT_REG || type == DT_LNK || type == DT_UNKNOWN else { return }
                let isMatched = walk.scanner.matches(path)
                guard isMatched || isKnown else { return }
                walk.add(path, isMatched: isMatched)
            }
        }

        private mutating func add(_ path: [UInt8], isMatched: Bool) {
            if !isMatched, FileScanner.packedSuffixes.contains(where: { path.suffix($0.count).elementsEqual($0) }) {
                return
            }
            var status = stat()
            guard FilePath.with(path, { stat($0, &status) }) == 0, status.isFile else { return }
            let found = Found(
                path: path,
                identity: status.identity,
                size: UInt64(clamping: status.st_size),
                modifiedNs: status.modifiedNs,
                isMatched: isMatched
            )
            guard !ownFiles.contains(found.identity) else {
                let name = String(decoding: path, as: UTF8.self)
                return problem("\(name) is where this agent's own messages go: it is not read")
            }
            // A file may have several names; one that a glob means is its name.
            if let index = indexByIdentity[found.identity] {
                if isMatched, !result.files[index].isMatched { result.files[index] = found }
                return
            }
            indexByIdentity[found.identity] = result.files.count
            result.files.append(found)
        }

        private mutating func subfolders(_ folder: [UInt8], followingLinks: Bool) -> [[UInt8]] {
            var names: [[UInt8]] = []
            forEachEntry(of: folder) { _, name, _, type in
                if type == DT_DIR { return names.append(name) }
                guard type == DT_UNKNOWN || (type == DT_LNK && followingLinks) else { return }
                var status = stat()
                let path = folder + [UInt8(ascii: "/")] + name
                let code = FilePath.with(path) { followingLinks ? stat($0, &status) : lstat($0, &status) }
                if code == 0, status.st_mode & S_IFMT == S_IFDIR { names.append(name) }
            }
            return names
        }

        private mutating func forEachEntry(
            of folder: [UInt8],
            _ body: (inout Walk, _ name: [UInt8], _ inode: UInt64, _ type: Int) -> Void
        ) {
            guard let stream = FilePath.with(folder.isEmpty ? [UInt8(ascii: "/")] : folder, { opendir($0) }) else {
                // A folder that is not there yet, or no more, is no fault.
                let code = errno
                if code != ENOENT && code != ENOTDIR {
                    let words = String(cString: strerror(code))
                    result.unreadable.append(folder)
                    problem("the folder \(String(decoding: folder, as: UTF8.self)) cannot be read: \(words)")
                }
                return
            }
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                entries += 1
                guard entries <= scanner.maximumEntries else {
                    result.isCutShort = true
                    return problem(
                        "more than \(scanner.maximumEntries) entries are in the folders of the globs: narrow them"
                    )
                }
                let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in Array(bytes.prefix { $0 != 0 }) }
                if name == [UInt8(ascii: ".")] || name == [UInt8(ascii: "."), UInt8(ascii: ".")] { continue }
                body(&self, name, UInt64(entry.pointee.d_ino), Int(entry.pointee.d_type))
            }
        }

        private mutating func problem(_ words: String) {
            if result.problems.count < 10, !result.problems.contains(words) { result.problems.append(words) }
        }
    }
}
