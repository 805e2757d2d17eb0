import Glibc

/// Finds the hub's API key: `KOMFYRVAKT_API_KEY`, else `api_key`, else the file that `api_key_file` names.
///
/// The environment wins, as it does for the hub, so that one file serves several agents. The key itself is never part
/// of an error.
struct HubKeyReader {
    let environment: [String: String]
    let report: ConfigurationReport
    /// Makes a path of the file absolute.
    let absolute: (String) -> String

    static let variable = "KOMFYRVAKT_API_KEY"

    /// - Returns: the key and where it came from, or nothing after an error was reported.
    func read(_ table: TableReader) -> (key: String?, source: String?) {
        let inline = table.string("api_key")
        let file = table.string("api_key_file")
        if let inline, file != nil {
            report.error(
                at: inline.place,
                "both `api_key` and `api_key_file` are given",
                "keep `api_key_file`, so that the key stands in one file of mode 600"
            )
            return (nil, nil)
        }
        if let key = environment[Self.variable], !key.isEmpty {
            guard Self.isKey(key) else {
                report.error(at: nil, "\(Self.variable) is not a key", "it is one word, as the hub printed it: kmf_…")
                return (nil, nil)
            }
            return (key, "the environment (\(Self.variable))")
        }
        if let inline {
            report.warnIfReadableByOthers(report.file, at: inline.place, subject: "the file holds `api_key` and")
            guard Self.isKey(inline.value) else {
                report.error(at: inline.place, "`api_key` is not a key", "it is one word, as the hub printed it: kmf_…")
                return (nil, nil)
            }
            return (inline.value, "`api_key`")
        }
        if let file { return readFile(file) }
        if !table.has("api_key") && !table.has("api_key_file") {
            report.warning(
                at: table.place,
                "there is no API key, so the hub will refuse the logs and they stay in the buffer",
                "make one with `komfyr-hub keys create NAME --scope ingest`, put it into a file and name that as `api_key_file`"
            )
        }
        return (nil, nil)
    }

    private func readFile(_ file: TableReader.Found<String>) -> (key: String?, source: String?) {
        let path = absolute(file.value)
        let bytes: [UInt8]
        do throws(FileFailure) {
            bytes = try SmallFile.read(path, maximumBytes: AgentLimits.keyFileBytes)
        } catch {
            let remedy =
                switch error.code {
                case ENOENT: "write the hub's key into it: install -m 600 /dev/stdin \(path)"
                case EACCES: "let the agent's user read it: chown USER \(path) && chmod 600 \(path)"
                default: "name a file that holds the key alone"
                }
            report.error(at: file.place, "`api_key_file` \(path) cannot be read: \(error.words)", remedy)
            return (nil, nil)
        }
        report.warnIfReadableByOthers(path, at: file.place)
        let isBlank = { (byte: UInt8) in byte <= 0x20 }
        let trimmed = bytes.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
        let key = String(decoding: Array(trimmed), as: UTF8.self)
        guard Self.isKey(key) else {
            report.error(
                at: file.place,
                "`api_key_file` \(path) holds \(trimmed.isEmpty ? "nothing" : "no key")",
                "it is one word, as the hub printed it: kmf_…"
            )
            return (nil, nil)
        }
        return (key, path)
    }

    /// Printable ASCII without blanks: what an `Authorization` header can carry.
    private static func isKey(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= AgentLimits.keyFileBytes && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}
