import Foundation

/// What a service manager listens with: a unix datagram socket at a path, or at an abstract name (`@name`).
package final class NoticeReceiver {
    private let descriptor: Int32

    package init(_ target: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(target.utf8)
        if name.first == UInt8(ascii: "@") { name[0] = 0 } else { name.append(0) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard code == 0 else { throw TestFailure("bind \(target): errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// The next notice, for which it waits a minute at most; nil when none comes.
    package func next() -> String? {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 60_000) == 1 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count >= 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
    }

    /// The next notice that begins so; others before it are passed over.
    package func next(beginning start: String) -> String? {
        while let notice = next() {
            if notice.hasPrefix(start) { return notice }
        }
        return nil
    }
}
