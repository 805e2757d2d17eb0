import Protocol
import RegularExpressions

/// An input's `keep` and `drop`, made ready to look at its logs.
///
/// It looks at a log as it was written for the hub, so that a rule's field means the same for every input and parser,
/// and just what the hub shows. Members are found in one walk over the line; a line whose members cannot be found is
/// kept.
///
/// Regular expressions take linear time whatever the pattern. Serves one input on one thread.
struct RuleSet: ~Copyable {
    private let keep: [CompiledRule]
    private let drop: [CompiledRule]
    private let fields: RecordFields
    private var scanner = JSONScanner()
    /// By slot, the values that the log has.
    private var values: [[JSONValue]]
    /// A value whose escapes were resolved.
    private var text: [UInt8] = []

    /// - Throws: RE2's words about a pattern that was not checked.
    init(keep: [Rule], drop: [Rule]) throws(RegularExpression.Problem) {
        var fields = RecordFields()
        var memory = PatternMemory(of: keep + drop)
        let compiledKeep = try Self.compile(keep, &fields, &memory)
        let compiledDrop = try Self.compile(drop, &fields, &memory)
        self.keep = compiledKeep
        self.drop = compiledDrop
        values = Array(repeating: [], count: fields.count)
        self.fields = fields
    }

    private static func compile(
        _ rules: [Rule],
        _ fields: inout RecordFields,
        _ memory: inout PatternMemory
    ) throws(RegularExpression.Problem) -> [CompiledRule] {
        var compiled: [CompiledRule] = []
        for rule in rules { compiled.append(try CompiledRule(rule, &fields, &memory)) }
        return compiled
    }

    /// Whether a log goes on: one line as `POST /api/logs/batch` takes it.
    mutating func keeps(_ record: UnsafeRawBufferPointer) -> Bool {
        for slot in values.indices { values[slot].removeAll(keepingCapacity: true) }
        do throws(JSONProblem) {
            var cursor = try scanner.indexCopy(of: record)
            try fields.find(&cursor, &values)
            if !keep.isEmpty, !matchesAny(keep, cursor) { return false }
            return !matchesAny(drop, cursor)
        } catch {
            return true
        }
    }

    private mutating func matchesAny(_ rules: [CompiledRule], _ cursor: JSONCursor) -> Bool {
        for rule in rules where holds(rule.conditions, cursor) {
            if rule.exceptions.isEmpty || !holds(rule.exceptions, cursor) { return true }
        }
        return false
    }

    private mutating func holds(_ conditions: [CompiledCondition], _ cursor: JSONCursor) -> Bool {
        for condition in conditions where !holds(condition, cursor) { return false }
        return true
    }

    private mutating func holds(_ condition: CompiledCondition, _ cursor: JSONCursor) -> Bool {
        if condition.slot == RecordFields.level, values[condition.slot].isEmpty {
            // The hub's default.
            return condition.holds(PlainText.bytes(Level.info.name), .string)
        }
        for value in values[condition.slot] {
            let bytes = cursor.bytes(value)
            guard value.hasEscapes else {
                if condition.holds(bytes, value.kind) { return true }
                continue
            }
            text.removeAll(keepingCapacity: true)
            JSONText.appendUnescaped(bytes, to: &text)
            if text.withUnsafeBytes({ condition.holds($0, value.kind) }) { return true }
        }
        return false
    }
}

/// Which members of a written log some rules look at.
private struct RecordFields {
    /// The places of a log's own members; those of `data` follow.
    static let message = 0
    static let level = 1
    static let group = 2
    static let source = 3
    static let tag = 4
    static let hostname = 5
    static let own = 6

    private var paths: [String: Int] = [:]
    private var usesHostname = false
    private var finder = MemberFinder(wanted: [])

    /// How many slots there are.
    var count: Int { Self.own + paths.count }

    /// The slot of a field, made when it is new.
    mutating func slot(of field: RuleField) -> Int {
        switch field {
        case .message: return Self.message
        case .level: return Self.level
        case .group: return Self.group
        case .source: return Self.source
        case .tag: return Self.tag
        case .hostname:
            usesHostname = true
            rebuild()
            return Self.hostname
        case .severity: return slot(of: .data("severity"))
        case .data(let path):
            if let slot = paths[path] { return slot }
            let slot = count
            paths[path] = slot
            rebuild()
            return slot
        }
    }

    private mutating func rebuild() {
        var wanted = paths.map { MemberFinder.Wanted(path: $0.key, slot: $0.value) }
        if usesHostname { wanted.append(MemberFinder.Wanted(path: "host", slot: Self.hostname)) }
        finder = MemberFinder(wanted: wanted)
    }

    /// Walks over a log and puts what is asked for into its slots.
    func find(_ cursor: inout JSONCursor, _ values: inout [[JSONValue]]) throws(JSONProblem) {
        try cursor.enter(UInt8(ascii: "{"))
        var isFirst = true
        while let key = try cursor.nextKey(isFirst: &isFirst) {
            let name = cursor.bytes(key)
            if isName(name, "data"), cursor.peek == UInt8(ascii: "{"), !finder.wanted.isEmpty {
                try finder.find(&cursor) { values[$0].append($1) }
            } else if isName(name, "tags"), cursor.peek == UInt8(ascii: "[") {
                try MemberFinder.elements(of: &cursor) { values[Self.tag].append($0) }
            } else if let slot = Self.slot(of: name) {
                values[slot].append(try cursor.readValue())
            } else {
                _ = try cursor.readValue()
            }
        }
        if values[Self.hostname].isEmpty { values[Self.hostname] = values[Self.source] }
    }

    private static func slot(of name: UnsafeRawBufferPointer) -> Int? {
        if isName(name, "message") { return message }
        if isName(name, "level") { return level }
        if isName(name, "group") { return group }
        return isName(name, "source") ? source : nil
    }

    private func isName(_ name: UnsafeRawBufferPointer, _ text: StaticString) -> Bool { Self.isName(name, text) }

    @inline(__always)
    private static func isName(_ name: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        PlainText.equal(name, PlainText.bytes(text))
    }
}

/// A rule whose cheap conditions come first.
private struct CompiledRule {
    let conditions: [CompiledCondition]
    let exceptions: [CompiledCondition]

    init(
        _ rule: Rule,
        _ fields: inout RecordFields,
        _ memory: inout PatternMemory
    ) throws(RegularExpression.Problem) {
        conditions = try Self.compile(rule.conditions, &fields, &memory)
        exceptions = try Self.compile(rule.exceptions, &fields, &memory)
    }

    private static func compile(
        _ conditions: [Rule.Condition],
        _ fields: inout RecordFields,
        _ memory: inout PatternMemory
    ) throws(RegularExpression.Problem) -> [CompiledCondition] {
        var compiled: [CompiledCondition] = []
        for condition in conditions {
            compiled.append(
                try CompiledCondition(condition, slot: fields.slot(of: condition.field), memory: &memory)
            )
        }
        return compiled.filter { !$0.hasPatterns } + compiled.filter(\.hasPatterns)
    }
}
