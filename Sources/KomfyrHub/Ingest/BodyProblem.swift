import Protocol

/// Why a whole body is refused.
enum BodyProblem: Error, Equatable {
    /// It is not what its Content-Encoding says (400).
    case undecodable(String)
    /// It is larger than it may be after decompression, or has too many logs (413); the words name the limit.
    case tooLarge(String)
    /// It is not JSON (400).
    case notJSON(JSONProblem)
    /// It is JSON, but not logs (422).
    case invalid(type: String, location: [String], message: String)
}
