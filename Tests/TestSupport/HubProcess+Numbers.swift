import Foundation

extension HubProcess {
    /// The numbers of all stored messages that are a word and a number (`number 17`), as often as they are stored,
    /// oldest first.
    ///
    /// Reads whole listings, page by page, as bytes: a hundred thousand logs take seconds.
    package func numbers(_ word: String, _ query: String = "") async throws -> [Int] {
        let start = Array("\"message\":\"\(word) ".utf8)
        var numbers: [Int] = []
        var next: String? = "/api/logs?limit=1000&order=asc" + (query.isEmpty ? "" : "&\(query)")
        while let path = next {
            let answer = try await send("GET", path)
            guard answer.status == 200 else { throw TestFailure("GET \(path): \(answer.status) \(answer.body)") }
            Self.scan(Array(answer.body.utf8), start, &numbers)
            next = try Self.nextPath(answer)
        }
        return numbers
    }

    /// Where a listing goes on, from its Link header; nil when that was all.
    package static func nextPath(_ answer: HTTPAnswer) throws -> String? {
        guard let link = answer.headers["link"] else { return nil }
        guard let from = link.firstIndex(of: "<"), let to = link.firstIndex(of: ">") else {
            throw TestFailure("this is no Link: \(link)")
        }
        let address = String(link[link.index(after: from)..<to])
        guard let parts = URLComponents(string: address) else { throw TestFailure("this is no address: \(address)") }
        return parts.percentEncodedPath + (parts.percentEncodedQuery.map { "?\($0)" } ?? "")
    }

    private static func scan(_ bytes: [UInt8], _ start: [UInt8], _ numbers: inout [Int]) {
        var place = 0
        while place + start.count < bytes.count {
            guard bytes[place] == start[0], bytes[place..<place + start.count].elementsEqual(start) else {
                place += 1
                continue
            }
            place += start.count
            var number = 0
            while place < bytes.count, case let digit = Int(bytes[place]) - 48, (0...9).contains(digit) {
                number = number * 10 + digit
                place += 1
            }
            numbers.append(number)
        }
    }
}
