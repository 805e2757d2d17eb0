/// Selects rows by their text in one column.
enum TextRows {
    /// Rows whose text holds a needle.
    ///
    /// Where most of a stretch of the column is looked at and the rows lie in it in order, the stretch is scanned as
    /// one, which for short texts is several times as fast as one by one; a place that is found is then given to its
    /// row. Where rows share texts the column is short for what they have together, and all of it is scanned first.
    static func holding(_ needle: Needle, _ column: TextColumn, _ rows: [UInt32]) -> [UInt32] {
        guard needle.left != .value, needle.right != .value, !needle.folded.isEmpty else {
            return each(column, rows) { needle.isIn($0) }
        }
        let isShared: Bool
        let stretch: Range<Int>
        if let inOrder = Self.stretch(of: column, rows) {
            (stretch, isShared) = (inOrder, false)
        } else if isWorthScanning(column, rows) {
            (stretch, isShared) = (0..<column.text.count, true)
        } else {
            return each(column, rows) { needle.isIn($0) }
        }
        return column.text.withUnsafeBytes { text in
            let whole = UnsafeRawBufferPointer(rebasing: text[stretch])
            if needle.folded == [UInt8(ascii: "\\")], ByteSearch.first(needle.folded, in: whole) == nil { return [] }
            if !needle.isASCII {
                return FoldedText.isASCII(whole) ? [] : each(column, rows) { needle.isIn($0) }
            }
            if needle.meetsFoldedASCII, FoldedText.hasASCII(in: whole) {
                return each(column, rows) { needle.isIn($0) }
            }
            if isShared {
                return find(needle, text, column.ranges, rows) ?? each(column, rows) { needle.isIn($0) }
            }
            return scan(needle, text, stretch, column.ranges, rows)
        }
    }

    /// Whether a needle surely stands nowhere in the texts of some rows in two columns that lie in one text, as messages
    /// and objects of a tail do: one look at it instead of one for each column.
    ///
    /// Escapes may hide what stands in JSON strings, so with any of them nothing is sure.
    static func areWithout(_ needle: Needle, _ first: TextColumn, _ second: TextColumn, _ rows: [UInt32]) -> Bool {
        guard needle.isASCII, needle.left != .value, needle.right != .value, !needle.folded.isEmpty,
            let left = stretch(of: first, rows), let right = stretch(of: second, rows)
        else { return false }
        return first.text.withUnsafeBytes { text in
            let isOneText = second.text.withUnsafeBytes { $0.baseAddress == text.baseAddress && $0.count == text.count }
            let part = min(left.lowerBound, right.lowerBound)..<max(left.upperBound, right.upperBound)
            guard isOneText, part.count <= 2 * (left.count + right.count) else { return false }
            var isFound = false
            needle.forEachPlace(in: text, from: part.lowerBound, to: part.upperBound) { _ in
                isFound = true
                return part.upperBound
            }
            let whole = UnsafeRawBufferPointer(rebasing: text[part])
            if isFound || ByteSearch.first([UInt8(ascii: "\\")], in: whole) != nil { return false }
            return !needle.meetsFoldedASCII || !FoldedText.hasASCII(in: whole)
        }
    }

    /// Whether a column is hardly longer than the texts of some rows together.
    private static func isWorthScanning(_ column: TextColumn, _ rows: [UInt32]) -> Bool {
        let wanted = column.text.count / 2
        var bytes = 0
        for row in rows where Int(row) < column.ranges.count {
            bytes += Int(column.ranges[Int(row)].length)
            if bytes >= wanted { return true }
        }
        return false
    }

    /// Looks through the whole text, then for each row among the places that were found.
    ///
    /// - Returns: nil when there are so many places that row by row is faster.
    private static func find(
        _ needle: Needle,
        _ text: UnsafeRawBufferPointer,
        _ ranges: [TextRange],
        _ rows: [UInt32]
    ) -> [UInt32]? {
        var places: [Int] = []
        let most = 64 + rows.count * 2
        needle.forEachPlace(in: text, from: 0, to: text.count) { place in
            places.append(place)
            return places.count > most ? text.count : place + 1
        }
        if places.isEmpty { return [] }
        if places.count > most { return nil }
        var found: [UInt32] = []
        var answers = Answers(count: rows.count)
        for row in rows where Int(row) < ranges.count {
            let range = ranges[Int(row)]
            let end = Int(range.offset) + Int(range.length)
            guard end <= text.count else { continue }
            var holds = answers[range]
            if holds == nil {
                holds = hasPlace(needle, places, text, from: Int(range.offset), to: end)
                answers[range] = holds
            }
            if holds == true { found.append(row) }
        }
        return found
    }

    /// Whether one of some places, which rise, is right for the value from `start` to `end`.
    private static func hasPlace(
        _ needle: Needle,
        _ places: [Int],
        _ text: UnsafeRawBufferPointer,
        from start: Int,
        to end: Int
    ) -> Bool {
        var next = RowFilter.partition(0..<places.count) { places[$0] < start }
        while next < places.count, places[next] + needle.folded.count <= end {
            if needle.fits(text, at: places[next], from: start, to: end) { return true }
            next += 1
        }
        return false
    }

    /// Rows whose text passes a test; rows that share a text share its answer.
    @inline(__always)
    static func each(
        _ column: TextColumn,
        _ rows: [UInt32],
        _ test: (UnsafeRawBufferPointer) -> Bool
    ) -> [UInt32] {
        column.text.withUnsafeBytes { text in
            var found: [UInt32] = []
            var answers = Answers(count: rows.count)
            for row in rows where Int(row) < column.ranges.count {
                let range = column.ranges[Int(row)]
                let start = Int(range.offset)
                guard start + Int(range.length) <= text.count else { continue }
                let holds: Bool
                if let known = answers[range] {
                    holds = known
                } else {
                    holds = test(UnsafeRawBufferPointer(rebasing: text[start..<start + Int(range.length)]))
                    answers[range] = holds
                }
                if holds { found.append(row) }
            }
            return found
        }
    }

    /// The part of the column that holds the rows' texts; nil when they are not in order, overlap, or are few in it.
    private static func stretch(of column: TextColumn, _ rows: [UInt32]) -> Range<Int>? {
        var start: Int?
        var end = 0
        var bytes = 0
        for row in rows {
            guard Int(row) < column.ranges.count else { return nil }
            let range = column.ranges[Int(row)]
            if range.isNone { continue }
            guard Int(range.offset) >= end else { return nil }
            if start == nil { start = Int(range.offset) }
            end = Int(range.offset) + Int(range.length)
            bytes += Int(range.length)
        }
        guard let start, end <= column.text.count, bytes * 6 >= end - start else { return nil }
        return start..<end
    }

    private static func scan(
        _ needle: Needle,
        _ text: UnsafeRawBufferPointer,
        _ stretch: Range<Int>,
        _ ranges: [TextRange],
        _ rows: [UInt32]
    ) -> [UInt32] {
        var found: [UInt32] = []
        rows.withUnsafeBufferPointer { rows in
            ranges.withUnsafeBufferPointer { ranges in
                var index = 0
                needle.forEachPlace(in: text, from: stretch.lowerBound, to: stretch.upperBound) { place in
                    while index < rows.count {
                        let range = ranges[Int(rows[index])]
                        if Int(range.offset) + Int(range.length) > place { break }
                        index += 1
                    }
                    guard index < rows.count else { return stretch.upperBound }
                    let start = Int(ranges[Int(rows[index])].offset)
                    let end = start + Int(ranges[Int(rows[index])].length)
                    guard place >= start, place + needle.folded.count <= end,
                        needle.fits(text, at: place, from: start, to: end)
                    else { return place + 1 }
                    found.append(rows[index])
                    index += 1
                    return end
                }
            }
        }
        return found
    }

    /// The answers for texts that were met lately: as many as fit, the newer one where two want the same place.
    private struct Answers {
        private var ranges: [TextRange]
        private var answers: [Bool]
        private let mask: UInt32

        /// `count`: of rows; few need no more places.
        init(count: Int) {
            var places = 16
            while places < count, places < 1_024 { places *= 2 }
            ranges = Array(repeating: .none, count: places)
            answers = Array(repeating: false, count: places)
            mask = UInt32(places - 1)
        }

        /// Nil: it is not known.
        subscript(range: TextRange) -> Bool? {
            get {
                let place = Int((range.offset &* 0x9E37_79B1) >> 16 & mask)
                return !range.isNone && ranges[place] == range ? answers[place] : nil
            }
            set {
                let place = Int((range.offset &* 0x9E37_79B1) >> 16 & mask)
                ranges[place] = range
                answers[place] = newValue ?? false
            }
        }
    }
}
