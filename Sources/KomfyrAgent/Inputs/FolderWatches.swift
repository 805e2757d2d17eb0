import EventLoop

/// The system's word of what changes in some folders, as far as it gives it.
///
/// Owned by its `FileInput`, on the intake loop.
final class FolderWatches {
    private let loop: Loop
    private let heard: (_ folder: [UInt8], _ name: String?, FileWatcher.Change) -> Void
    private var watchers: [[UInt8]: FileWatcher] = [:]

    /// Calls `heard` for each change; without a name anything in the folder may have changed.
    init(_ loop: Loop, heard: @escaping (_ folder: [UInt8], _ name: String?, FileWatcher.Change) -> Void) {
        self.loop = loop
        self.heard = heard
    }

    /// Watches these folders and no others.
    func watch(_ folders: [[UInt8]]) {
        let wanted = Set(folders.prefix(AgentLimits.watchedFolders))
        for folder in watchers.keys where !wanted.contains(folder) {
            watchers.removeValue(forKey: folder)?.close()
        }
        for folder in wanted where watchers[folder] == nil {
            let path = folder.isEmpty ? "/" : String(decoding: folder, as: UTF8.self)
            // Not there yet, or no watch left: scans find everything too.
            watchers[folder] = try? FileWatcher(loop, path: path) { [weak self] name, change in
                self?.heard(folder, name, change)
            }
        }
    }

    func close() {
        for watcher in watchers.values { watcher.close() }
        watchers = [:]
    }
}

@available(*, unavailable)
extension FolderWatches: Sendable {}
