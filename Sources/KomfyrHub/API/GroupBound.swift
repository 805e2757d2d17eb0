import Protocol

extension GroupPattern {
    /// Whether every group that another pattern means is one that this pattern means; nil is no bound at all.
    func covers(_ other: GroupPattern?) -> Bool {
        switch (self, other ?? .all) {
        case (.all, _): true
        case (_, .all): false
        case (.exact(let name), .exact(let inner)): name.utf8.elementsEqual(inner.utf8)
        case (.exact, .tree): false
        case (.tree, .exact(let inner)), (.tree, .tree(let inner)): matches(inner)
        }
    }

    /// Reads a pattern that is to bound a key: a group's name, one with `:*`, or `*`.
    /// - Returns: nil when it is none, so that a mistyped bound makes no key that can see nothing.
    static func bound(_ text: String) -> GroupPattern? {
        let pattern = GroupPattern(text)
        let name: String
        switch pattern {
        case .all: return .all
        case .exact(let text), .tree(let text): name = text
        }
        do throws(GroupName.Problem) {
            try Array(name.utf8)
                .withUnsafeBufferPointer { bytes throws(GroupName.Problem) in
                    try GroupName.check(UnsafeRawBufferPointer(bytes))
                }
            return pattern
        } catch {
            return nil
        }
    }

    /// What a pattern that bounds a key looks like.
    static let boundForm =
        "a group, like a:b, or one with all below it, like a:*; at most \(ProtocolLimits.groupBytes) bytes"
}
