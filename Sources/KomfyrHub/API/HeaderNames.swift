import HTTPTypes

/// Header fields that have no name in HTTPTypes. Each text is a valid name, so none of these can fail.
extension HTTPField.Name {
    /// Tells nginx not to hold events back.
    static let accelBuffering = HTTPField.Name("X-Accel-Buffering")!
    /// A batch's identity, by which a repeat is known.
    static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
    /// Set when an answer holds less than was asked for, to the part that is missing.
    static let komfyrvaktPartial = HTTPField.Name("Komfyrvakt-Partial")!
    /// The id of the last event that a reader got (WHATWG HTML §9.2.4).
    static let lastEventID = HTTPField.Name("Last-Event-ID")!
    /// Where the next page is (RFC 8288).
    static let link = HTTPField.Name("Link")!
    /// What kind of answer is wanted (RFC 7240).
    static let prefer = HTTPField.Name("Prefer")!
    /// How much of a limit is left (draft-ietf-httpapi-ratelimit-headers).
    static let rateLimit = HTTPField.Name("RateLimit")!
    /// What the limit is.
    static let rateLimitPolicy = HTTPField.Name("RateLimit-Policy")!
    /// How much of an address a browser tells other sites.
    static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
    /// Stands in the trailers of a WebSocket's answer, and becomes the code of its close frame; never sent as a field.
    static let webSocketClose = HTTPField.Name("Komfyrvakt-Close")!
}
