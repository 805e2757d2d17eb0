import CCurl

/// One request under way.
///
/// Owns libcurl's easy handle and all the memory that libcurl reads from until the transfer's end; the client keeps it
/// for that time.
public final class HTTPTransfer {
    /// nil when it was refused before libcurl had it, and after its end.
    private(set) var easy: UnsafeMutableRawPointer?
    /// nil after its end.
    private(set) var done: ((Result<HTTPAnswer, HTTPFailure>) -> Void)?
    private weak var client: HTTPClient?
    private var answer: HTTPAnswerReader
    private let body: UnsafeMutableRawPointer
    private let bodyCount: Int
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var headerList: UnsafeMutablePointer<curl_slist>?
    /// For telling failures apart.
    private var host = ""
    private let isTLS: Bool

    init(_ request: HTTPRequest, client: HTTPClient, done: @escaping (Result<HTTPAnswer, HTTPFailure>) -> Void) {
        self.client = client
        self.done = done
        answer = HTTPAnswerReader(maximumBodyBytes: request.maximumAnswerBytes)
        isTLS = request.url.lowercased().hasPrefix("https:")
        // A copy at an address of its own: libcurl reads from it long after `send` has returned.
        bodyCount = request.body.count
        body = .allocate(byteCount: max(1, bodyCount), alignment: 16)
        UnsafeMutableRawBufferPointer(start: body, count: bodyCount).copyBytes(from: request.body)
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        free()
        body.deallocate()
        errorText.deallocate()
    }

    /// Ends it; `done` is not called.
    public func cancel() {
        guard done != nil else { return }
        client?.loop.assertOnLoop()
        client?.forget(self)
        _ = finish()
    }

    /// Makes libcurl's handle.
    /// - Returns: libcurl's code when it does not take the request.
    func prepare(_ request: HTTPRequest) -> CURLcode {
        guard let easy = curl_easy_init() else { return CURLE_OUT_OF_MEMORY }
        self.easy = easy
        guard HTTPTransfer.isToken(request.method), !request.url.utf8.contains(0) else { return CURLE_URL_MALFORMAT }
        // Before all else: what follows may leave its words there.
        ccurl_easy_setopt_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        let code = setURL(request.url, of: easy)
        guard code == CURLE_OK else { return code }
        setLimits(request, of: easy)
        setTrust(request.certificates, of: easy)
        setProxy(request.proxy, of: easy)
        setMethod(request.method, of: easy)
        setHeaders(request.headers, of: easy)
        setCallbacks(of: easy)
        return CURLE_OK
    }

    /// Ends it and gives libcurl's handle back.
    /// - Returns: whom to tell, nil if that was done.
    func finish() -> ((Result<HTTPAnswer, HTTPFailure>) -> Void)? {
        defer { done = nil }
        free()
        return done
    }

    /// What came of it, when libcurl says that it has ended.
    func result(_ code: CURLcode) -> Result<HTTPAnswer, HTTPFailure> {
        var status = 0
        var sentBytes = 0
        if let easy {
            ccurl_easy_getinfo_long(easy, CURLINFO_RESPONSE_CODE, &status)
            // Of head and body, counted as the socket takes them.
            ccurl_easy_getinfo_long(easy, CURLINFO_REQUEST_SIZE, &sentBytes)
        }
        if code == CURLE_OK || code == CURLE_WRITE_ERROR && answer.isCut {
            return .success(HTTPAnswer(status: status, headers: answer.headers, body: answer.body))
        }
        return .failure(failure(code, mayHaveArrived: sentBytes > 0))
    }

    func failure(_ code: CURLcode, mayHaveArrived: Bool) -> HTTPFailure {
        var words = String(cString: errorText)
        if words.isEmpty { words = curl_easy_strerror(code).map { String(cString: $0) } ?? "unknown" }
        var details = HTTPFailure.Details(host: host, isTLS: isTLS)
        if let easy {
            ccurl_easy_getinfo_long(easy, CURLINFO_SSL_VERIFYRESULT, &details.verifyResult)
            ccurl_easy_getinfo_long(easy, CURLINFO_HTTP_CONNECTCODE, &details.proxyStatus)
        }
        return HTTPFailure(code, words: words, mayHaveArrived: mayHaveArrived, details: details)
    }

    private func free() {
        if let easy { curl_easy_cleanup(easy) }
        easy = nil
        curl_slist_free_all(headerList)
        headerList = nil
    }
}

@available(*, unavailable)
extension HTTPTransfer: Sendable {}

// MARK: - Options

extension HTTPTransfer {
    private func setURL(_ text: String, of easy: UnsafeMutableRawPointer) -> CURLcode {
        guard let url = curl_url() else { return CURLE_OUT_OF_MEMORY }
        defer { curl_url_cleanup(url) }
        guard curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK else { return CURLE_URL_MALFORMAT }
        var host: UnsafeMutablePointer<CChar>?
        guard curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK, let host else { return CURLE_URL_MALFORMAT }
        defer { curl_free(host) }
        let name = String(cString: host)
        self.host = name.hasPrefix("[") ? String(name.dropFirst().dropLast()) : name
        ccurl_easy_setopt_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        return ccurl_easy_setopt_string(easy, CURLOPT_URL, text)
    }

    private func setLimits(_ request: HTTPRequest, of easy: UnsafeMutableRawPointer) {
        // libcurl takes 0 as "no limit", or its own default.
        ccurl_easy_setopt_long(easy, CURLOPT_CONNECTTIMEOUT_MS, max(1, request.connectTimeoutMs))
        ccurl_easy_setopt_long(easy, CURLOPT_TIMEOUT_MS, max(1, request.timeoutMs))
        // Signals are the program's; libcurl would use them for time-outs of names being looked up.
        ccurl_easy_setopt_long(easy, CURLOPT_NOSIGNAL, 1)
        // A name that is being looked up on libcurl's thread is forgotten at the end, instead of blocking the loop.
        ccurl_easy_setopt_long(easy, CURLOPT_QUICK_EXIT, 1)
        ccurl_easy_setopt_long(easy, CURLOPT_FOLLOWLOCATION, 0)
        ccurl_easy_setopt_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        ccurl_easy_setopt_long(easy, CURLOPT_TCP_KEEPALIVE, 1)
    }

    private func setTrust(_ certificates: HTTPCertificates, of easy: UnsafeMutableRawPointer) {
        // libcurl's defaults, written down because the module promises them.
        ccurl_easy_setopt_long(easy, CURLOPT_SSL_VERIFYPEER, 1)
        ccurl_easy_setopt_long(easy, CURLOPT_SSL_VERIFYHOST, 2)
        ccurl_easy_setopt_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        ccurl_easy_setopt_long(easy, CURLOPT_PROXY_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        setBlob(certificates.authorities, CURLOPT_CAINFO_BLOB, of: easy)
        setBlob(certificates.certificate, CURLOPT_SSLCERT_BLOB, of: easy)
        setBlob(certificates.key, CURLOPT_SSLKEY_BLOB, of: easy)
    }

    /// libcurl copies it; connections that were made with another one are not used again.
    private func setBlob(_ bytes: [UInt8]?, _ option: CURLoption, of easy: UnsafeMutableRawPointer) {
        guard var bytes else { return }
        bytes.withUnsafeMutableBytes { bytes in
            var blob = curl_blob(data: bytes.baseAddress, len: bytes.count, flags: UInt32(CURL_BLOB_COPY))
            _ = ccurl_easy_setopt_pointer(easy, option, &blob)
        }
    }

    private func setProxy(_ proxy: String?, of easy: UnsafeMutableRawPointer) {
        if HTTPTransfer.isLoopback(host) {
            // A proxy would look for the server on its own machine.
            ccurl_easy_setopt_string(easy, CURLOPT_PROXY, "")
        } else if let proxy {
            ccurl_easy_setopt_string(easy, CURLOPT_PROXY, proxy)
        }
        // The request's own headers, keys among them, are the server's alone: never part of a CONNECT.
        ccurl_easy_setopt_long(easy, CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
        ccurl_easy_setopt_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    }

    private func setMethod(_ method: String, of easy: UnsafeMutableRawPointer) {
        if method == "HEAD" {
            // An answer without a body, whatever its Content-Length says.
            ccurl_easy_setopt_long(easy, CURLOPT_NOBODY, 1)
        } else if bodyCount > 0 || method == "POST" || method == "PUT" || method == "PATCH" {
            ccurl_easy_setopt_long(easy, CURLOPT_POST, 1)
            ccurl_easy_setopt_off(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bodyCount))
            ccurl_easy_setopt_pointer(easy, CURLOPT_POSTFIELDS, body)
            ccurl_easy_setopt_string(easy, CURLOPT_CUSTOMREQUEST, method)
        } else {
            ccurl_easy_setopt_string(easy, CURLOPT_CUSTOMREQUEST, method)
        }
    }

    private func setHeaders(_ headers: [(name: String, value: String)], of easy: UnsafeMutableRawPointer) {
        // `Name:` takes a header out that libcurl would add: waiting for `100 Continue` costs a round trip, and what
        // kind a body is only the caller knows.
        var lines = ["Expect:"]
        if !headers.contains(where: { $0.name.lowercased() == "content-type" }) { lines.append("Content-Type:") }
        for (name, value) in headers where HTTPTransfer.isToken(name) {
            guard !value.utf8.contains(where: { $0 == 0 || $0 == 0x0a || $0 == 0x0d }) else { continue }
            let isEmpty = value.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 }
            lines.append(isEmpty ? "\(name);" : "\(name): \(value)")
        }
        for line in lines { headerList = curl_slist_append(headerList, line) ?? headerList }
        ccurl_easy_setopt_pointer(easy, CURLOPT_HTTPHEADER, headerList)
    }

    private func setCallbacks(of easy: UnsafeMutableRawPointer) {
        let this = Unmanaged.passUnretained(self).toOpaque()
        ccurl_easy_setopt_pointer(easy, CURLOPT_PRIVATE, this)
        ccurl_easy_setopt_pointer(easy, CURLOPT_WRITEDATA, this)
        ccurl_easy_setopt_pointer(easy, CURLOPT_HEADERDATA, this)
        // The element's size is 1 by libcurl's word.
        ccurl_easy_setopt_write(easy, CURLOPT_WRITEFUNCTION) { bytes, _, count, this in
            HTTPTransfer.of(this)?.takeBody(UnsafeRawBufferPointer(start: bytes, count: count)) == true ? count : 0
        }
        ccurl_easy_setopt_write(easy, CURLOPT_HEADERFUNCTION) { bytes, _, count, this in
            HTTPTransfer.of(this)?.takeHeaderLine(UnsafeRawBufferPointer(start: bytes, count: count)) == true
                ? count : 0
        }
    }

    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool { answer.takeBody(bytes) }
    private func takeHeaderLine(_ line: UnsafeRawBufferPointer) -> Bool { answer.takeHeaderLine(line) }

    static func of(_ this: UnsafeMutableRawPointer?) -> HTTPTransfer? {
        this.map { Unmanaged<HTTPTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Whether a name is one of RFC 9110, 5.6.2: nothing that could end a header line or its name.
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    private static func isLoopback(_ host: String) -> Bool {
        if host.lowercased() == "localhost" || host.lowercased().hasSuffix(".localhost") { return true }
        return SocketAddress.ip(host, port: 0).isLoopback
    }
}
