import EventLoop
import Glibc

/// Tells what the agent itself has written, so that its own messages never enter the stream that it collects: a message
/// about a log would make another log, and so on without end.
///
/// It writes to standard error alone. That may be a file that an input's glob means; or the journal, which may hand its
/// messages on to a syslog input: as `HOST komfyr-agent[PID]: …`, or under whatever name the unit gives them, but with
/// the process that wrote them as sender.
struct OwnMessages {
    private let process: Int32
    private let processID: [UInt8]
    private let host: [UInt8]
    private static let app = Array("komfyr-agent".utf8)

    /// Those of this process.
    init() { self.init(processID: getpid(), host: HostName.current) }

    init(processID: Int32, host: String) {
        process = processID
        self.processID = Array(String(processID).utf8)
        self.host = Self.label(Array(host.utf8)[...])
    }

    /// Whether what came over a unix socket was written by this process: the kernel says so, and the journal keeps it.
    @inline(__always)
    func isSender(_ peer: Peer) -> Bool { peer.process == process && process > 0 }

    /// Whether a syslog message is one of this agent's own.
    ///
    /// By its program, its process id and, where it names one, its host: agents of other hosts are none of ours.
    @inline(__always)
    func isOwn(_ message: SyslogMessage, of bytes: UnsafeRawBufferPointer) -> Bool {
        guard message.app.count == Self.appBytes, message.processID.count == processID.count else { return false }
        return hasOwnNames(message, of: bytes)
    }

    private static let appBytes = 12

    private func hasOwnNames(_ message: SyslogMessage, of bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes[message.app.start..<message.app.end].elementsEqual(Self.app),
            bytes[message.processID.start..<message.processID.end].elementsEqual(processID)
        else { return false }
        return message.host.isEmpty || Self.label(Array(bytes[message.host.start..<message.host.end])[...]) == host
    }

    /// A host's name without its domain, in lower case.
    private static func label(_ name: ArraySlice<UInt8>) -> [UInt8] {
        name.prefix { $0 != UInt8(ascii: ".") }.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
    }

    /// The files that standard output and standard error go to now; none where they are pipes, sockets or terminals.
    static var files: Set<FileIdentity> {
        var files: Set<FileIdentity> = []
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            files.insert(FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)))
        }
        return files
    }
}
