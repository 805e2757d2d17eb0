import FoundationEssentials
import Glibc

/// How much memory there is for the hub: the machine's, or less when a cgroup (a container, a systemd unit) says so.
enum MachineMemory {
    /// In bytes.
    static func bytes() -> Int {
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let machine = pages > 0 ? pages * sysconf(Int32(_SC_PAGESIZE)) : 1 << 30
        return min(machine, cgroupLimit(root: "/sys/fs/cgroup", membership: "/proc/self/cgroup") ?? machine)
    }

    /// The smallest limit of the cgroups that this process is in; nil when there is none.
    ///
    /// Version 2 has `memory.max` in each folder from the own one up; version 1 has a tree of its own for memory.
    static func cgroupLimit(root: String, membership: String) -> Int? {
        guard let data = FileManager.default.contents(atPath: membership) else { return nil }
        var smallest: Int?
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
            // hierarchy:controllers:path
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let isVersion2 = parts[1].isEmpty
            guard isVersion2 || parts[1].split(separator: ",").contains("memory") else { continue }
            let tree = isVersion2 ? root : root + "/memory"
            let file = isVersion2 ? "memory.max" : "memory.limit_in_bytes"
            var folder = parts[2]
            while true {
                if let limit = number(tree + folder + (folder.hasSuffix("/") ? "" : "/") + file) {
                    smallest = min(smallest ?? limit, limit)
                }
                guard let slash = folder.lastIndex(of: "/"), folder.count > 1 else { break }
                folder = slash == folder.startIndex ? "/" : folder[..<slash]
            }
        }
        return smallest
    }

    private static func number(_ file: String) -> Int? {
        guard let data = FileManager.default.contents(atPath: file) else { return nil }
        return Int(String(decoding: data, as: UTF8.self).prefix { $0.isNumber })
    }
}
