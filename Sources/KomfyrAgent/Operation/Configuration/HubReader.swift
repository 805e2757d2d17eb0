import EventLoop

/// Reads `[hub]`: its addresses, the key, and what https needs.
///
/// The files are read to see that they can be used, so that a wrong one is an error here and not at the first log.
struct HubReader {
    let environment: [String: String]
    let report: ConfigurationReport
    /// Makes a path of the file absolute.
    let absolute: (String) -> String

    /// - Returns: the section, and where the key came from in words.
    func read(_ table: TableReader) -> (AgentConfiguration.HubSection, keySource: String?) {
        var section = AgentConfiguration.HubSection(urls: [])
        let addresses = readAddresses(table)
        section.urls = addresses.map(\.value)
        let (key, source) = HubKeyReader(environment: environment, report: report, absolute: absolute).read(table)
        section.apiKey = key
        readCertificates(table, &section)
        readProxy(table, &section)
        warnOfOpenKey(addresses, section)
        table.finish()
        return (section, source)
    }

    // MARK: Addresses

    private func readAddresses(_ table: TableReader) -> [TableReader.Found<String>] {
        let one = table.string("url")
        let several = table.strings("urls")
        if let one, several != nil {
            report.error(at: one.place, "both `url` and `urls` are given", "keep `urls`, the preferred address first")
            return []
        }
        guard one != nil || several != nil else {
            if !table.has("url") && !table.has("urls") {
                report.error(
                    at: table.place,
                    "[hub] has no `url`",
                    "add url = \"http://127.0.0.1:8080\", the hub's address"
                )
            }
            return []
        }
        var addresses: [TableReader.Found<String>] = []
        for found in several?.value ?? [one].compactMap({ $0 }) {
            do throws(ValueProblem) {
                let url = try NetworkSyntax.hubURL(found.value)
                if addresses.contains(where: { $0.value == url }) {
                    report.error(at: found.place, "\(url) stands twice in `urls`", "keep the first")
                }
                addresses.append(TableReader.Found(value: url, place: found.place))
            } catch {
                report.error(at: found.place, several == nil ? "url" : "urls", error)
            }
        }
        if let several, several.value.isEmpty || several.value.count > AgentLimits.hubAddresses {
            report.error(
                at: several.place,
                "`urls` has \(several.value.count) addresses",
                "give 1 to \(AgentLimits.hubAddresses), all of the same hub"
            )
        }
        return addresses
    }

    /// A key that travels openly is everybody's on the way.
    private func warnOfOpenKey(
        _ addresses: [TableReader.Found<String>],
        _ section: AgentConfiguration.HubSection
    ) {
        guard section.apiKey != nil else { return }
        for found in addresses where found.value.hasPrefix("http://") && !NetworkSyntax.isThisMachine(url: found.value)
        {
            report.warning(
                at: found.place,
                "the API key and all logs go openly over the network to \(found.value)",
                "let the hub speak TLS (TLS_CERT_FILE, TLS_KEY_FILE), and write https:// here"
            )
        }
    }

    // MARK: TLS and proxy

    private func readCertificates(_ table: TableReader, _ section: inout AgentConfiguration.HubSection) {
        let authority = table.string("ca_file")
        let certificate = table.string("cert_file")
        let key = table.string("key_file")
        section.authorityFile = authority.map { absolute($0.value) }
        if let certificate, let key {
            section.identity = TLSContext.Identity(
                certificateFile: absolute(certificate.value),
                keyFile: absolute(key.value)
            )
        } else if let lone = certificate ?? key {
            let (there, missing) = certificate == nil ? ("key_file", "cert_file") : ("cert_file", "key_file")
            report.error(at: lone.place, "`\(there)` is given without `\(missing)`", "a client certificate needs both")
            return
        }
        if let key, let file = section.identity?.keyFile { report.warnIfReadableByOthers(file, at: key.place) }
        guard let place = (authority ?? certificate ?? key)?.place else { return }
        if !section.urls.isEmpty, !section.urls.contains(where: { $0.hasPrefix("https://") }) {
            report.error(
                at: place,
                "certificates do nothing for an http:// address",
                "write https:// in the hub's address, or remove ca_file, cert_file and key_file"
            )
            return
        }
        do throws(TLSProblem) {
            _ = try HTTPCertificates(section.trust)
        } catch {
            report.error(
                at: place,
                "[hub] cannot use TLS: \(error)",
                "name PEM files that the agent's user can read; a key without a passphrase"
            )
        }
    }

    private func readProxy(_ table: TableReader, _ section: inout AgentConfiguration.HubSection) {
        guard let proxy = table.string("proxy") else { return }
        do throws(ValueProblem) {
            try NetworkSyntax.checkProxy(proxy.value)
            section.proxy = proxy.value
            if NetworkSyntax.withoutPassword(proxy.value) != proxy.value {
                let subject = "the file holds the proxy's password and"
                report.warnIfReadableByOthers(report.file, at: proxy.place, subject: subject)
            }
        } catch {
            report.error(at: proxy.place, "proxy", error)
            return
        }
        if !section.urls.isEmpty, section.urls.allSatisfy({ NetworkSyntax.isThisMachine(url: $0) }) {
            report.error(
                at: proxy.place,
                "`proxy` does nothing for a hub on this machine",
                "remove it: addresses of this machine are reached directly"
            )
        }
    }
}
