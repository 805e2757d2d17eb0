import Protocol

/// The groups of one input: a template, and the names that it has made so far, of which there are at most `max_groups`.
///
/// The names are a bounded set, so that a sender who forges host names cannot fill the hub with groups: beyond the
/// limit every new one is `…:other`.
struct GroupNames {
    let template: GroupTemplate
    /// How many logs were put into `…:other`.
    private(set) var folded: UInt64 = 0

    /// The names made so far, and those that it was begun with.
    private(set) var known: Set<[UInt8]>

    private let limit: Int
    private var scratch: [UInt8] = []

    /// Begins with the names that the input has made elsewhere: they count too.
    init(_ template: GroupTemplate, maxGroups: Int, known: Set<[UInt8]> = []) {
        self.template = template
        self.known = known
        limit = min(max(maxGroups, 1), AgentLimits.groupsPerInput)
    }

    /// Finds the name for these values and hands it over, valid during the call.
    ///
    /// Allocates only for a name that is new.
    /// - Returns: whether it is the shared `…:other`.
    mutating func withName(_ values: GroupValues, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        scratch.removeAll(keepingCapacity: true)
        template.append(values, to: &scratch)
        return withScratch(isFree: template.isConstant, body)
    }

    /// As `withName(_:_:)` for a group that the sender named itself; nil when it is no group's name.
    mutating func withName(given name: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool? {
        guard Self.isName(name) else { return nil }
        scratch.removeAll(keepingCapacity: true)
        scratch.append(contentsOf: name)
        return withScratch(isFree: false, body)
    }

    private mutating func withScratch(isFree: Bool, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        if isFree || known.contains(scratch) {
            scratch.withUnsafeBytes(body)
            return false
        }
        if known.count < limit {
            known.insert(scratch)
            // `known` shares the storage now: the next name gets its own.
            scratch.withUnsafeBytes(body)
            scratch = []
            return false
        }
        template.other.withUnsafeBytes(body)
        return true
    }

    /// Whether a log may have this group.
    static func isName(_ name: UnsafeRawBufferPointer) -> Bool {
        do {
            try GroupName.check(name)
            return true
        } catch {
            return false
        }
    }

    /// Counts one more log in `…:other`.
    mutating func countFolded() { folded += 1 }
}
