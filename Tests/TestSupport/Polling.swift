/// Asks again and again until there is an answer; nil or an error means: not yet.
///
/// When the time is up, a `TestFailure` says what did not come about, with the last error. The time is generous, since
/// a machine under test load is slow, and nobody waits for success.
package func eventually<Answer>(
    _ what: String,
    within seconds: Double = 60,
    _ question: () async throws -> Answer?
) async throws -> Answer {
    let clock = ContinuousClock()
    let deadline = clock.now.advanced(by: .seconds(seconds))
    var last = ""
    var isOver = false
    while true {
        do {
            if let answer = try await question() { return answer }
            last = ""
        } catch {
            last = " (\(error))"
        }
        if isOver { break }
        try await Task.sleep(for: .milliseconds(20))
        // Once more after a pause that took all the time: other tests may have held the threads up.
        isOver = clock.now >= deadline
    }
    throw TestFailure("did not come about within \(seconds) s: \(what)\(last)")
}
