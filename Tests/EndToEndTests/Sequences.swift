import TestSupport

/// Numbered messages (`seq=0000000042`), counted at the end: each once, none twice.
enum Sequences {
    static func text(_ number: Int) -> String {
        let digits = String(number)
        return "seq=" + String(repeating: "0", count: 10 - digits.count) + digits
    }

    /// How often each number is stored, by all pages of the listing.
    static func count(in hub: HubProcess) async throws -> [Int: Int] {
        var counts: [Int: Int] = [:]
        var path: String? = "/api/logs?limit=1000"
        while let next = path {
            let answer = try await hub.send("GET", next)
            guard answer.status == 200, answer.headers["komfyrvakt-partial"] == nil else {
                throw TestFailure("the listing is not whole: \(answer.status) \(answer.headers)")
            }
            for number in numbers(in: Array(answer.body.utf8)) { counts[number, default: 0] += 1 }
            path = answer.headers["link"].flatMap { link in
                guard let from = link.firstIndex(of: "/"), let to = link.firstIndex(of: ">") else { return nil }
                let address = String(link[from..<to])
                guard address.hasPrefix("//") else { return address }
                return "/" + address.split(separator: "/").dropFirst().joined(separator: "/")
            }
        }
        return counts
    }

    /// The numbers behind each `seq=` of a text: a scan, since decoding hundreds of megabytes takes minutes here.
    private static func numbers(in bytes: [UInt8]) -> [Int] {
        var found: [Int] = []
        bytes.withUnsafeBufferPointer { bytes in
            var index = 0
            while index + 14 <= bytes.count {
                guard bytes[index] == UInt8(ascii: "s"), bytes[index + 1] == UInt8(ascii: "e"),
                    bytes[index + 2] == UInt8(ascii: "q"), bytes[index + 3] == UInt8(ascii: "=")
                else {
                    index += 1
                    continue
                }
                var number = 0
                for offset in 4..<14 { number = number * 10 + Int(bytes[index + offset] &- UInt8(ascii: "0")) }
                found.append(number)
                index += 14
            }
        }
        return found
    }
}
