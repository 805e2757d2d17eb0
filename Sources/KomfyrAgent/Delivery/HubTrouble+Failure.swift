import EventLoop

/// What it means when no answer came, and what to do about it.
extension HubTrouble {
    /// No answer at all.
    static func unreachable(_ failure: HTTPFailure) -> HubTrouble {
        let words =
            switch failure.cause {
            case .tls(let fault): tls(fault, failure.description)
            case .nameUnknown:
                "the hub's name has no address (\(failure.description)): check [hub] url, and this machine's DNS"
            case .timedOut(isConnected: false):
                "the hub cannot be reached: \(failure.description). A firewall may drop the packets on the way; check "
                    + "[hub] url"
            case .timedOut(isConnected: true):
                "the hub took the connection and did not answer in time (\(failure.description)): see how it does"
            case .closed:
                "the connection to the hub ended before its whole answer was here (\(failure.description)). If this "
                    + "goes on: does a proxy before the hub cut it, does its port want https://, or a client "
                    + "certificate ([hub] cert_file)?"
            case .notHTTP:
                "what answers at [hub] url does not speak HTTP as it should (\(failure.description)): check the "
                    + "address, its port, and whether it must begin with https://"
            case .proxy(let status): proxy(status, failure.description)
            case .notReached, .badRequest, .other:
                "the hub cannot be reached: \(failure.description). Check that it runs and that [hub] url is right"
            }
        return HubTrouble(kind: .unreachable(failure.cause), words: words)
    }

    private static func proxy(_ status: Int, _ reason: String) -> String {
        switch status {
        case 0:
            "the proxy before the hub cannot be reached (\(reason)): check [hub] proxy, or https_proxy and http_proxy "
                + "of the agent's environment; no_proxy names hosts that are reached directly"
        case 407: HubTrouble.status(407, detail: nil).words
        default:
            "the proxy before the hub refuses the way there (\(status)): it must allow CONNECT to the hub's port"
        }
    }

    private static func tls(_ fault: HTTPFailure.TLSFault, _ reason: String) -> String {
        switch fault {
        case .expired:
            "the hub's certificate has expired: renew it at the hub, or see whether this machine's clock is right"
        case .notYetValid:
            "the hub's certificate is not valid yet: is this machine's clock right?"
        case .wrongName:
            "the hub's certificate is for another name (\(reason)): write a name into [hub] url that it is for"
        case .unknownAuthority:
            "the hub's certificate was issued by an authority that is not trusted here: if it is the right one, set "
                + "[hub] ca_file to a file with that authority"
        case .selfSigned:
            "the hub's certificate is self-signed: if it is the right one, set [hub] ca_file to a copy of it"
        case .notAccepted: "the hub's certificate cannot be accepted: \(reason)"
        case .clientCertificateMissing:
            "the hub asks for a client certificate: set [hub] cert_file and key_file to one that it accepts"
        case .clientCertificateRefused:
            "the hub does not accept the agent's client certificate (\(reason)): see that [hub] cert_file is of an "
                + "authority that the hub trusts, and has not expired"
        case .noCommonVersion:
            "the hub, or what stands before it, speaks no TLS that is safe (1.2 or 1.3): it has to be brought up to date"
        case .noCommonCipher:
            "the hub refuses the TLS handshake (\(reason)): it has no cipher in common with this agent, or asks for a "
                + "client certificate ([hub] cert_file and key_file)"
        case .noTLS:
            "what answers at [hub] url does not speak TLS (\(reason)): if it is the right port, write http:// and "
                + "know that logs and key travel openly"
        case .other: "no TLS connection to the hub can be made: \(reason)"
        }
    }
}
