import EventLoop
import Glibc

/// Finds the program that has a port, as `ss -lp` does: from the kernel's tables of sockets to the descriptors of the
/// processes that one may look at.
enum SocketHolder {
    /// A program and its process id.
    struct Holder: Equatable {
        var pid: Int32
        var name: String
    }

    /// Who listens on an address of this machine.
    /// - Returns: nil when nobody does, or when it is another user's and one may not look.
    static func of(_ address: SocketAddress, isDatagram: Bool) -> Holder? {
        switch address {
        case .ip(_, let port): return of(port: port, isDatagram: isDatagram)
        case .unix(let path):
            let inodes = inodes(text(of: "/proc/net/unix"), path: path)
            return inodes.isEmpty ? nil : process(withSockets: Set(inodes))
        }
    }

    /// Who listens on a port of this machine.
    /// - Parameters:
    ///   - port: of any of its addresses.
    ///   - isDatagram: UDP, else TCP.
    /// - Returns: nil when nobody does, or when it is another user's and one may not look.
    static func of(port: UInt16, isDatagram: Bool) -> Holder? {
        let tables = isDatagram ? ["/proc/net/udp", "/proc/net/udp6"] : ["/proc/net/tcp", "/proc/net/tcp6"]
        var inodes: Set<String> = []
        for table in tables { inodes.formUnion(Self.inodes(text(of: table), port: port, isDatagram: isDatagram)) }
        return inodes.isEmpty ? nil : process(withSockets: inodes)
    }

    /// The inodes of a table's sockets that have this port.
    ///
    /// `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …`, addresses as `HEX:PORT` in hex.
    static func inodes(_ table: String, port: UInt16, isDatagram: Bool) -> [String] {
        table.split(separator: "\n").dropFirst()
            .compactMap { line in
                let fields = line.split(separator: " ")
                guard fields.count > 9, let colon = fields[1].lastIndex(of: ":"),
                    UInt16(fields[1][fields[1].index(after: colon)...], radix: 16) == port,
                    // 0A is a TCP socket that listens.
                    isDatagram || fields[3] == "0A"
                else { return nil }
                return String(fields[9])
            }
    }

    /// The inodes of a table's unix sockets that are bound to this path.
    ///
    /// `Num: RefCount Protocol Flags Type St Inode Path`.
    static func inodes(_ table: String, path: String) -> [String] {
        table.split(separator: "\n").dropFirst()
            .compactMap { line in
                let fields = line.split(separator: " ", maxSplits: 7)
                return fields.count == 8 && fields[7] == path ? String(fields[6]) : nil
            }
    }

    private static func process(withSockets inodes: Set<String>) -> Holder? {
        let links = Set(inodes.map { "socket:[\($0)]" })
        for name in entries(of: "/proc") {
            guard let pid = Int32(name) else { continue }
            let folder = "/proc/\(name)/fd"
            for descriptor in entries(of: folder) {
                guard let target = link("\(folder)/\(descriptor)"), links.contains(target) else { continue }
                return Holder(pid: pid, name: Self.name(of: pid))
            }
        }
        return nil
    }

    /// What a process calls itself; 15 bytes at most.
    static func name(of pid: Int32) -> String {
        String(text(of: "/proc/\(pid)/comm").prefix { $0 != "\n" })
    }

    private static func entries(of folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func link(_ path: String) -> String? {
        var target = [CChar](repeating: 0, count: 64)
        let count = readlink(path, &target, target.count)
        return count > 0 ? String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }

    /// A file of /proc; empty when it cannot be read.
    private static func text(of path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < AgentLimits.socketTableBytes {
            let count = read(descriptor, &buffer, buffer.count)
            if count <= 0 { break }
            bytes += buffer.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
