import EventLoop
import Protocol

/// The way to the hub: libcurl, the addresses, the key, and the certificates, which are read anew when their files
/// change.
///
/// Belongs to the delivery loop. Batches, questions to addresses and heartbeats all go through it; there is a
/// connection more than batches can take, so that a heartbeat never waits for one, nor one for it.
final class HubConnection {
    /// What is sent besides the hub's address and key.
    struct Request {
        var method: String
        /// `/api/…`.
        var path: String
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []
        /// Whether the hub's key goes with it.
        var isAuthorized = true
        var timeoutMs = AgentLimits.hubAnswerMs
        var maximumAnswerBytes = AgentLimits.hubAnswerBytes
    }

    private let loop: Loop
    private let client: HTTPClient
    private let userAgent: String
    private let report: (DeliveryReport.Level, String) -> Void
    private var section: AgentConfiguration.HubSection
    private var certificates: HTTPCertificates
    private var watch: TLSFileWatch<HTTPCertificates>?
    /// Sections that were to be used.
    private var uses = 0

    /// A connection that has not been used yet; `certificates` are those that `section` names.
    init(
        _ loop: Loop,
        section: AgentConfiguration.HubSection,
        certificates: HTTPCertificates,
        version: String,
        report: @escaping (DeliveryReport.Level, String) -> Void
    ) throws {
        self.loop = loop
        self.section = section
        self.certificates = certificates
        self.report = report
        userAgent = "komfyr-agent/" + version
        client = try HTTPClient(loop, maximumConnections: ProtocolLimits.batchesInFlight + 1)
        try watchFiles()
    }

    /// Sends to one of the addresses.
    func send(
        _ request: Request,
        to address: Int,
        done: @escaping (Result<HTTPAnswer, HTTPFailure>) -> Void
    ) -> HTTPTransfer {
        let url = section.urls.indices.contains(address) ? section.urls[address] : section.url
        var headers = request.headers
        headers.append(("User-Agent", userAgent))
        if request.isAuthorized, let key = section.apiKey { headers.append(("Authorization", "Bearer " + key)) }
        var http = HTTPRequest(
            method: request.method,
            url: url + request.path,
            headers: headers,
            body: request.body,
            connectTimeoutMs: AgentLimits.hubConnectMs,
            timeoutMs: request.timeoutMs,
            maximumAnswerBytes: request.maximumAnswerBytes
        )
        http.certificates = certificates
        http.proxy = section.proxy
        return client.send(http, done: done)
    }

    /// Reads the section's files, and uses it from then on; with files that cannot be used that of before stays.
    func use(_ section: AgentConfiguration.HubSection, done: @escaping (_ isUsed: Bool) -> Void) {
        let trust = section.trust
        uses += 1
        let use = uses
        loop.work(
            { Self.read(trust) },
            done: { [weak self] result in
                // The files of a later section may have been read sooner.
                guard let self, use == uses else { return }
                switch result {
                case .success(let certificates):
                    self.section = section
                    self.certificates = certificates
                    watch?.close()
                    do {
                        try watchFiles()
                    } catch {
                        report(.error, "changes of [hub] certificates will not be seen: \(error)")
                    }
                    done(true)
                case .failure(let problem):
                    report(.error, "[hub] stays as it was: \(problem)")
                    done(false)
                }
            }
        )
    }

    /// Closes what belongs to the loop.
    func close() {
        watch?.close()
        watch = nil
        client.close()
    }

    private static func read(_ trust: TLSContext.Client) -> Result<HTTPCertificates, TLSProblem> {
        do throws(TLSProblem) {
            return .success(try HTTPCertificates(trust))
        } catch {
            return .failure(error)
        }
    }

    private func watchFiles() throws {
        let trust = section.trust
        let files =
            [trust.authorityFile, trust.identity?.certificateFile, trust.identity?.keyFile].compactMap { $0 }
        guard !files.isEmpty else {
            watch = nil
            return
        }
        watch = try TLSFileWatch(
            loop,
            files: files,
            intervalMs: AgentLimits.certificateCheckMs,
            made: certificates,
            make: { () throws(TLSProblem) in try HTTPCertificates(trust) },
            changed: { [weak self] in self?.certificatesChanged($0) }
        )
    }

    private func certificatesChanged(_ made: Result<HTTPCertificates, TLSProblem>) {
        switch made {
        case .success(let fresh):
            guard fresh != certificates else { return }
            certificates = fresh
            report(.info, "[hub] has new certificates: they are used from now on")
        case .failure(let problem):
            report(.error, "new certificates of [hub] are not used, those of before stay: \(problem)")
        }
    }
}

@available(*, unavailable)
extension HubConnection: Sendable {}
