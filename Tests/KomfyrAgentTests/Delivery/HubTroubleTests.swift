import Testing

@testable import EventLoop
@testable import KomfyrAgent

/// What the operator reads when no answer came.
@Suite struct HubTroubleTests {
    private static let causes: [(HTTPFailure.Cause, String)] = [
        (.nameUnknown, "DNS"), (.notReached, "Check that it runs"), (.timedOut(isConnected: false), "firewall"),
        (.timedOut(isConnected: true), "did not answer in time"), (.closed, "cert_file"), (.notHTTP, "https://"),
        (.badRequest, "[hub] url"), (.other, "[hub] url"), (.proxy(status: 0), "https_proxy"),
        (.proxy(status: 407), "USER:PASSWORD"), (.proxy(status: 403), "CONNECT"), (.tls(.expired), "renew it"),
        (.tls(.notYetValid), "clock"), (.tls(.wrongName), "write a name"), (.tls(.unknownAuthority), "[hub] ca_file"),
        (.tls(.selfSigned), "[hub] ca_file"), (.tls(.notAccepted), "cannot be accepted"),
        (.tls(.clientCertificateMissing), "[hub] cert_file"), (.tls(.clientCertificateRefused), "authority"),
        (.tls(.noCommonVersion), "1.2 or 1.3"), (.tls(.noCommonCipher), "cert_file"), (.tls(.noTLS), "http://"),
        (.tls(.other), "libcurl's words"),
    ]

    @Test(arguments: causes)
    func `every cause says what to do, and is one that another address may not have`(
        _ cause: HTTPFailure.Cause,
        _ words: String
    ) {
        let failure = HTTPFailure(code: 1, description: "libcurl's words", mayHaveArrived: false, cause: cause)
        let trouble = HubTrouble.unreachable(failure)
        #expect(trouble.words.contains(words), "\(trouble.words)")
        #expect(trouble.kind == .unreachable(cause))
        #expect(trouble.concernsAddress)
    }
}
