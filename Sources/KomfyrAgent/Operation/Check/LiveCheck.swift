import EventLoop
import Glibc

/// Tries what a configuration asks for on this machine, now: addresses, files, the disk, the hub.
///
/// Blocks. Nothing of a running agent is touched, nothing is sent to the hub but an empty batch, and what is written
/// to the disk is removed again.
struct LiveCheck {
    let configuration: AgentConfiguration
    /// Whether an agent uses data_dir now, and which.
    let owner: FolderOwner

    init(_ configuration: AgentConfiguration) {
        self.configuration = configuration
        owner = FolderOwner.of(configuration.agent.dataDirectory)
    }

    /// Everything, in the order in which it would matter at a start.
    func run() -> [Finding] {
        var findings = [user].compactMap { $0 }
        findings += DataDirectoryCheck(configuration, owner).run()
        for input in configuration.inputs { findings += check(input) }
        if let metrics = configuration.metrics {
            let address = SocketAddress.ip(metrics.host, port: metrics.port)
            findings.append(listener("metrics", address, "tcp://\(metrics.address)", isDatagram: false))
        }
        return findings + HubCheck(configuration).run()
    }

    /// What root can do says little about what the agent's user can.
    private var user: Finding? {
        guard geteuid() == 0, configuration.inputs.contains(where: { $0.listen == nil }) || owner == .none else {
            return nil
        }
        return .warn(
            "user",
            "this check runs as root, who may read and bind everything",
            "look as the agent's user: sudo -u komfyr komfyr-agent check --live"
        )
    }

    private func check(_ input: InputConfiguration) -> [Finding] {
        let subject = "input \"\(input.name)\""
        switch input.kind {
        case .syslog(let listen), .json(let listen, _):
            return [listener(subject, listen.address, listen.url, isDatagram: listen.isDatagram)]
        case .file(let file): return GlobCheck(subject, file).run()
        }
    }

    private func listener(
        _ subject: String,
        _ address: SocketAddress,
        _ url: String,
        isDatagram: Bool
    ) -> Finding {
        do throws(LoopError) {
            if isDatagram { try AddressProbe.datagrams(address) } else { try AddressProbe.connections(address) }
            return .ok(subject, "\(url) is free")
        } catch {
            guard -error.code == EADDRINUSE else {
                let remedy = StartFailure.remedy(error).drop { $0 == ";" || $0 == " " }
                return .fail(subject, "\(error)", remedy.isEmpty ? "give it another address" : String(remedy))
            }
            return inUse(subject, url, SocketHolder.of(address, isDatagram: isDatagram))
        }
    }

    private func inUse(_ subject: String, _ url: String, _ holder: SocketHolder.Holder?) -> Finding {
        guard let holder else {
            if owner != .none {
                return .ok(subject, "\(url) is in use, by the running agent as far as one may see")
            }
            return .fail(
                subject,
                "\(url) is in use by a program of another user",
                "run this as root to see which; stop it, or give this input another address"
            )
        }
        let words = "\(url) is in use by process \(holder.pid), \(holder.name)"
        if case .running(let pid) = owner, pid == nil || pid == holder.pid {
            return .ok(subject, words + ", this configuration's running agent")
        }
        return .fail(
            subject,
            words,
            "stop that one (`systemctl status \(holder.pid)` names it), or take another address"
        )
    }
}

/// What the globs of a file input mean now, and whether all of it can be read.
private struct GlobCheck {
    let subject: String
    let file: InputConfiguration.FileConfiguration

    init(_ subject: String, _ file: InputConfiguration.FileConfiguration) {
        self.subject = subject
        self.file = file
    }

    func run() -> [Finding] {
        let globs: [FileGlob]
        let exclude: [FileGlob]
        do throws(ValueProblem) {
            globs = try Self.globs(file.paths)
            exclude = try Self.globs(file.exclude)
        } catch {
            return [.fail(subject, error.what, error.remedy)]
        }
        // What this command writes to is nothing that the agent writes to.
        let scan = FileScanner(globs: globs, exclude: exclude, ownFiles: { [] }).scan(knownInodes: [])
        var findings = scan.problems.map { problem in
            Finding.warn(subject, problem, "let the agent's user read it (group adm, or setfacl -m u:komfyr:rx FOLDER)")
        }
        let refused = scan.files.filter { FilePath.with($0.path, { access($0, R_OK) }) != 0 }
        if let first = refused.first {
            let path = String(decoding: first.path, as: UTF8.self)
            findings.append(
                .fail(
                    subject,
                    "\(refused.count) of \(scan.files.count) files may not be read by this user, the first is \(path)",
                    "let the agent's user read them: SupplementaryGroups=adm in the unit, or setfacl -m u:komfyr:r \(path)"
                )
            )
        }
        let paths = file.paths.joined(separator: " ")
        if scan.files.isEmpty {
            findings.append(
                .warn(subject, "\(paths) means no file now", "check the path; files that appear later are read")
            )
        } else if refused.isEmpty {
            let bytes = scan.files.reduce(0 as UInt64) { $0 &+ $1.size }
            let count = scan.files.count
            findings.append(
                .ok(subject, "\(paths): \(count) file\(count == 1 ? "" : "s"), \(HumanText.bytes(bytes)), can be read")
            )
        }
        return findings
    }

    private static func globs(_ texts: [String]) throws(ValueProblem) -> [FileGlob] {
        var globs: [FileGlob] = []
        for text in texts { globs.append(try FileGlob(text)) }
        return globs
    }
}
