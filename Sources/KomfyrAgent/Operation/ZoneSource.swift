import Glibc

/// Finds time zones by name in the system's database, and the zone of this machine.
enum ZoneSource {
    /// A zone by a name of the database (`Europe/Oslo`), or a fixed offset (`+02:00`, `UTC`).
    /// - Throws: what is wrong with it and what to do.
    static func named(_ name: String) throws(ValueProblem) -> Zone {
        if let zone = fixed(name) { return zone }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isName = parts.allSatisfy { part in
            !part.isEmpty && part != "." && part != ".."
                && part.utf8.allSatisfy {
                    $0.isAlphanumeric || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+")
                }
        }
        guard isName, name.utf8.count <= 64 else {
            throw ValueProblem("\"\(name)\" is no time zone", "write it like \"Europe/Oslo\" or \"+02:00\"")
        }
        let path = "\(folder)/\(name)"
        if let zone = read(path) { return zone }
        if access(folder, F_OK) != 0 {
            throw ValueProblem(
                "this machine has no time zones in \(folder)",
                "install the package tzdata, or give an offset, as \"+02:00\""
            )
        }
        throw ValueProblem(
            "there is no time zone \"\(name)\" in \(folder)",
            "write it like \"Europe/Oslo\" or \"+02:00\""
        )
    }

    /// The zone of this machine as libc finds it: the variable TZ, then `/etc/localtime`; UTC without either.
    static func ofMachine() -> Zone {
        guard let value = getenv("TZ") else { return read("/etc/localtime") ?? .utc }
        var text = String(cString: value)
        if text.hasPrefix(":") { text.removeFirst() }
        if text.isEmpty { return .utc }
        if text.hasPrefix("/") { return read(text) ?? .utc }
        if let zone = try? named(text) { return zone }
        var bytes = text
        return bytes.withUTF8 { ZoneRule(UnsafeRawBufferPointer($0)) }.map { Zone(rule: $0) } ?? .utc
    }

    private static let folder = "/usr/share/zoneinfo"

    private static func read(_ path: String) -> Zone? {
        guard let bytes = try? SmallFile.read(path, maximumBytes: AgentLimits.zoneFileBytes) else { return nil }
        return bytes.withUnsafeBytes { ZoneFile.read($0) }
    }

    /// `Z`, `UTC`, `+02:00`, `-0330`, `+02`.
    private static func fixed(_ name: String) -> Zone? {
        if name == "Z" || name == "UTC" { return .utc }
        var text = name
        return text.withUTF8 { bytes in
            let view = ByteView(UnsafeRawBufferPointer(bytes))
            guard let (seconds, end) = SyslogTime.readNumericZone(view, at: 0), end == view.count else { return nil }
            return Zone(offset: seconds)
        }
    }
}
