import Foundation
import FoundationNetworking

/// An HTTP answer.
package struct HTTPAnswer: Sendable {
    package var status: Int
    /// By lower-case name.
    package var headers: [String: String]
    package var body: String

    /// The body as JSON; null when it is none.
    package var json: JSON { (try? JSON(body)) ?? .null }
}

/// Requests to what a test started, on loopback.
package enum HTTP {
    /// Sends a request and waits for the whole answer, which may pause for `seconds` at most.
    package static func send(
        _ method: String,
        _ url: String,
        headers: [String: String] = [:],
        body: String? = nil,
        within seconds: Double = 20
    ) async throws -> HTTPAnswer {
        guard let address = URL(string: url) else { throw TestFailure("\(url) is no URL") }
        var request = URLRequest(url: address, timeoutInterval: seconds)
        request.httpMethod = method
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        request.httpBody = body.map { Data($0.utf8) }
        let (data, response) = try await session.data(for: request)
        guard let response = response as? HTTPURLResponse else { throw TestFailure("\(url): no HTTP answer") }
        var fields: [String: String] = [:]
        for (name, value) in response.allHeaderFields { fields["\(name)".lowercased()] = "\(value)" }
        return HTTPAnswer(status: response.statusCode, headers: fields, body: String(decoding: data, as: UTF8.self))
    }

    /// Without cookies, cache and proxies: what was asked is what is sent.
    private static let session: URLSession = {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpShouldSetCookies = false
        configuration.httpCookieStorage = nil
        configuration.urlCache = nil
        configuration.httpMaximumConnectionsPerHost = 64
        return URLSession(configuration: configuration)
    }()
}
