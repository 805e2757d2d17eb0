import Protocol

@testable import KomfyrHub

/// A log to be searched, and the columns that hold it.
struct SearchLog: Sendable {
    var message = "hello"
    var level = Level.info
    var group: String?
    var tags: [String] = []
    var source = ""
    var data: JSONTree?

    /// Rows as a tail holds them.
    static func rows(_ logs: [SearchLog]) -> LogRows {
        var rows = LogRows()
        func add(_ bytes: [UInt8]) -> TextRange {
            let range = TextRange(offset: UInt32(rows.columns.text.count), length: UInt32(bytes.count))
            rows.columns.text += bytes
            return bytes.isEmpty ? .none : range
        }
        for (index, log) in logs.enumerated() {
            rows.columns.timestamps.append(Int64(index))
            rows.columns.levels.append(log.level.rawValue)
            rows.columns.messages.append(add(Array(log.message.utf8)))
            rows.columns.tags.append(add(log.tagBytes))
            rows.columns.data.append(add(Array((log.data?.text ?? "").utf8)))
            rows.columns.sources.append(add(Array(log.source.utf8)))
            rows.sequences.append(UInt64(index))
            rows.receivedAt.append(0)
        }
        return rows
    }

    /// The same rows as a chunk gives them: texts in columns of their own, equal ones shared, numbers taken out.
    static func chunk(_ logs: [SearchLog]) -> RowBlock {
        var block = RowBlock(
            timestamps: logs.indices.map(Int64.init),
            sequences: logs.indices.map(UInt64.init),
            isSortedByTime: true
        )
        block.levels = logs.map(\.level.rawValue)
        block.messages = column(logs.map { Array($0.message.utf8) }, isShared: false)
        block.tags = column(logs.map(\.tagBytes), isShared: true)
        block.sources = column(logs.map { Array($0.source.utf8) }, isShared: true)
        block.data = .split(split(logs))
        return block
    }

    /// What a chunk says of itself: its levels, its numbers, and its words as a set.
    static func facts(_ logs: [SearchLog]) -> (levels: UInt8, numbers: [SplitData.NumberInfo], words: Set<UInt64>) {
        var words: Set<UInt64> = []
        for log in logs {
            for text in [log.message] + (log.data?.strings ?? []) {
                Array(text.utf8).withUnsafeBytes { Words.forEachHash(in: $0) { words.insert($0) } }
            }
        }
        return (logs.reduce(0) { $0 | 1 << $1.level.rawValue }, split(logs).columns, words)
    }

    private var tagBytes: [UInt8] {
        if tags.isEmpty { return [] }
        return Array("[".utf8) + Array(tags.map(TagList.element).joined(separator: [UInt8(ascii: ",")]))
            + Array("]".utf8)
    }

    private static func column(_ texts: [[UInt8]], isShared: Bool) -> TextColumn {
        var column = TextColumn()
        var places: [[UInt8]: TextRange] = [:]
        for text in texts {
            if isShared, let place = places[text] {
                column.ranges.append(place)
                continue
            }
            let range = TextRange(offset: UInt32(column.text.count), length: UInt32(text.count))
            column.text += text
            column.ranges.append(text.isEmpty ? .none : range)
            places[text] = text.isEmpty ? TextRange.none : range
        }
        return column
    }

    private static func split(_ logs: [SearchLog]) -> SplitData {
        var paths: [String] = []
        var found: [[(column: Int, digits: String)]] = []
        var objects: [[UInt8]] = []
        for log in logs {
            var numbers: [(column: Int, digits: String)] = []
            var bytes: [UInt8] = []
            log.data?
                .write(to: &bytes) { path, digits in
                    let column = paths.firstIndex(of: path) ?? paths.count
                    guard column < HubLimits.numericColumns, !numbers.contains(where: { $0.column == column }) else {
                        return nil
                    }
                    if column == paths.count { paths.append(path) }
                    numbers.append((column, digits))
                    return column
                }
            objects.append(bytes)
            found.append(numbers)
        }
        var split = SplitData(columns: [], numbers: [:], objects: column(objects, isShared: true))
        for (index, path) in paths.enumerated() {
            let digits = found.map { row in row.first { $0.column == index }?.digits ?? "" }
            let values = digits.map { Double($0) ?? .nan }
            let finite = values.filter(\.isFinite)
            split.columns.append(
                SplitData.NumberInfo(
                    path: Array(path.utf8),
                    count: digits.filter { !$0.isEmpty }.count,
                    least: finite.min() ?? .nan,
                    most: finite.max() ?? .nan
                )
            )
            split.numbers[index] = SplitData.NumberColumn(
                values: values,
                digits: column(digits.map { Array($0.utf8) }, isShared: true)
            )
        }
        return split
    }
}

/// A JSON value as a tree, which can be written with holes.
indirect enum JSONTree: Sendable {
    case number(String)
    case string(String)
    case literal(String)
    case array([JSONTree])
    case object([(String, JSONTree)])

    var text: String {
        var bytes: [UInt8] = []
        write(to: &bytes) { _, _ in nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    var strings: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let elements): elements.flatMap(\.strings)
        case .object(let members): members.flatMap(\.1.strings)
        default: []
        }
    }

    /// All values with their dotted paths; `isElement`: within an array.
    ///
    /// The whole has none.
    func values(_ path: String? = nil, isElement: Bool = false) -> [(path: String?, value: JSONTree, isElement: Bool)] {
        var all = [(path, self, isElement)]
        switch self {
        case .array(let elements): for element in elements { all += element.values(path, isElement: true) }
        case .object(let members):
            for (name, member) in members {
                all += member.values(path.map { $0 + "." + name } ?? name, isElement: isElement)
            }
        default: break
        }
        return all
    }

    /// Writes it; `hole` says which column takes a number outside arrays, if one does.
    func write(
        to bytes: inout [UInt8],
        path: String? = nil,
        isElement: Bool = false,
        hole: (_ path: String, _ digits: String) -> Int?
    ) {
        switch self {
        case .number(let digits):
            if !isElement, let path, let column = hole(path, digits) {
                bytes += [SplitData.hole, UInt8(column)]
            } else {
                bytes += Array(digits.utf8)
            }
        case .string(let text): Self.write(text, to: &bytes)
        case .literal(let name): bytes += Array(name.utf8)
        case .array(let elements):
            bytes += Array("[".utf8)
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes += Array(", ".utf8) }
                element.write(to: &bytes, path: path, isElement: true, hole: hole)
            }
            bytes += Array("]".utf8)
        case .object(let members):
            bytes += Array("{".utf8)
            for (index, member) in members.enumerated() {
                if index > 0 { bytes += Array(",".utf8) }
                Self.write(member.0, to: &bytes)
                bytes += Array(index % 2 == 0 ? ":".utf8 : " : ".utf8)
                let inner = path.map { $0 + "." + member.0 } ?? member.0
                member.1.write(to: &bytes, path: inner, isElement: isElement, hole: hole)
            }
            bytes += Array("}".utf8)
        }
    }

    /// Some of the characters that need none are escaped too.
    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\", "/": bytes += Array("\\\(scalar)".utf8)
            case "\n": bytes += Array("\\n".utf8)
            case "å": bytes += Array("\\u00e5".utf8)
            default: bytes += Array(String(scalar).utf8)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
