import CLibuv

/// Calls back when something changes in a folder or a file (inotify).
///
/// A hint, not a log: changes may be joined.
///
/// What is watched is the inode that `path` named at the start, not the name: it goes on across a rename, and a file
/// that replaces it under the same name needs a new watcher.
public final class FileWatcher: HandleOwner {
    let loop: Loop
    private var handle: UnsafeMutablePointer<uv_fs_event_t>?
    private var action: (String?, Change) -> Void

    /// What happened.
    public enum Change: Sendable {
        /// A file's content, or what the system keeps with it.
        case content
        /// An entry came, went, or got another name.
        case entry
    }

    /// Starts watching `path` at once.
    ///
    /// `name` is the entry within a watched folder, if the system tells; in a watched file its own last name.
    public init(_ loop: Loop, path: String, _ action: @escaping (_ name: String?, _ change: Change) -> Void)
        throws(LoopError)
    {
        self.loop = loop
        self.action = action
        let handle = try adopt(uv_fs_event_t.self, "watch \(path)") { uv_fs_event_init($0, $1) }
        self.handle = handle
        do {
            try check(
                uv_fs_event_start(
                    handle,
                    { handle, name, events, _ in
                        let change: Change = UInt32(bitPattern: events) & UV_RENAME.rawValue != 0 ? .entry : .content
                        owner(of: handle, as: FileWatcher.self)?.changed(name.map { String(cString: $0) }, change)
                    },
                    path,
                    0
                ),
                "watch \(path)"
            )
        } catch {
            close()
            throw error
        }
    }

    /// Stops watching.
    public func close() {
        guard let closing = handle else { return }
        handle = nil
        release(closing)
        action = { _, _ in }
    }

    private func changed(_ name: String?, _ change: Change) { action(name, change) }
}

@available(*, unavailable)
extension FileWatcher: Sendable {}
