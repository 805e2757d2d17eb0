import Protocol

/// The names that an object has so far, so that each is written once.
struct MemberNames {
    /// By hash, how often a name was taken.
    ///
    /// Two names with one hash only mean that one is numbered needlessly.
    private var counts: [UInt64: Int] = [:]
    /// The first few, for most objects are small.
    private var first: [UInt64] = []
    private static let few = 24

    /// Forgets all.
    mutating func reset() {
        first.removeAll(keepingCapacity: true)
        if !counts.isEmpty { counts.removeAll(keepingCapacity: counts.capacity < 1_024) }
    }

    /// Takes a name, as it stands in JSON.
    /// - Returns: 1 when it is new, else the number that makes it unique.
    mutating func take(_ name: UnsafeRawBufferPointer) -> Int {
        let hash = Self.hash(name)
        // Numbered names are among the counts alone.
        let isNew = !first.contains(hash) && (counts.isEmpty || counts[hash] == nil)
        if isNew {
            if first.count < Self.few { first.append(hash) } else { counts[hash] = 1 }
            return 1
        }
        var number = counts[hash] ?? 1
        // A name with that number may have been sent as well.
        while true {
            number += 1
            let numbered = Self.hash(name, number: number)
            if !first.contains(numbered) && counts[numbered] == nil {
                counts[hash] = number
                counts[numbered] = 1
                return number
            }
        }
    }

    private static func hash(_ name: UnsafeRawBufferPointer, number: Int? = nil) -> UInt64 {
        if number == nil && !name.contains(UInt8(ascii: "\\")) { return PlainText.hash(name, seed: 0) }
        var text: [UInt8] = []
        JSONText.appendUnescaped(name, to: &text)
        if let number { text.append(contentsOf: "_\(number)".utf8) }
        return text.withUnsafeBytes { PlainText.hash($0, seed: 0) }
    }
}
