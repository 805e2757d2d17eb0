import Glibc

/// Whether data_dir can be written, and whether its disk has room for the buffer.
struct DataDirectoryCheck {
    private let path: String
    private let maxBytes: UInt64
    private let owner: FolderOwner

    init(_ configuration: AgentConfiguration, _ owner: FolderOwner) {
        path = configuration.agent.dataDirectory
        maxBytes = configuration.buffer.maxBytes
        self.owner = owner
    }

    func run() -> [Finding] { [folder, room].compactMap { $0 } }

    private var folder: Finding {
        let subject = "data_dir"
        switch owner {
        case .running(let pid):
            let who = pid.map { "process \($0), \(SocketHolder.name(of: $0))" } ?? "an agent"
            return .ok(subject, "\(path) is in use by \(who)")
        case .unknown(let words):
            return .fail(subject, "\(words)", "run this as the agent's user, or: chown -R komfyr \(path)")
        case .none: break
        }
        var status = stat()
        guard stat(path, &status) == 0 else { return missing(errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            return .fail(subject, "\(path) is no folder", "name a folder, or remove what is there")
        }
        if let code = writeFailure() {
            return .fail(
                subject,
                "\(path) cannot be written: \(String(cString: strerror(code)))",
                "give it to the agent's user: chown -R komfyr \(path); on a full or read-only disk mend that"
            )
        }
        return .ok(subject, "\(path) can be written")
    }

    private func missing(_ code: Int32) -> Finding {
        let subject = "data_dir"
        guard code == ENOENT else {
            return .fail(
                subject,
                "\(path) cannot be looked at: \(String(cString: strerror(code)))",
                "run this as the agent's user, or name another folder"
            )
        }
        let parent = existingParent
        guard access(parent, W_OK | X_OK) == 0 else {
            return .fail(
                subject,
                "\(path) is not there, and this user may not make it in \(parent)",
                "make it: install -d -m 700 -o komfyr \(path)"
            )
        }
        return .ok(subject, "\(path) is not there yet; the agent makes it")
    }

    /// Writes a file, syncs and removes it.
    /// - Returns: errno, nil when all went well.
    private func writeFailure() -> Int32? {
        let file = "\(path)/.check-\(getpid())"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return errno }
        defer {
            close(descriptor)
            unlink(file)
        }
        guard write(descriptor, "check\n", 6) == 6, fsync(descriptor) == 0 else { return errno }
        return nil
    }

    private var room: Finding? {
        var status = statvfs()
        guard statvfs(existingParent, &status) == 0 else { return nil }
        let free = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue
        let used = DataDirectoryCheck.bytes(in: path + "/buffer")
        let wanted = maxBytes > used ? maxBytes - used : 0
        let words = "\(HumanText.bytes(free)) free, the buffer may take \(HumanText.bytes(wanted)) more"
        guard free < wanted else { return .ok("disk", words) }
        return .warn(
            "disk",
            words,
            "make room, or lower max_bytes: at a full disk files and TCP senders wait, and UDP goes on in memory alone"
        )
    }

    /// The path itself, or the first folder above it that is there.
    private var existingParent: String {
        var parent = path
        while access(parent, F_OK) != 0, let slash = parent.lastIndex(of: "/"), slash != parent.startIndex {
            parent = String(parent[..<slash])
        }
        return access(parent, F_OK) == 0 ? parent : "/"
    }

    /// What the files of a folder take; 0 when it cannot be read.
    private static func bytes(in folder: String) -> UInt64 {
        guard let stream = opendir(folder) else { return 0 }
        defer { closedir(stream) }
        var sum: UInt64 = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            var status = stat()
            guard FilePath.with(Array(folder.utf8) + [0x2F] + name, { lstat($0, &status) }) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFREG { sum &+= UInt64(max(0, status.st_size)) }
        }
        return sum
    }
}
