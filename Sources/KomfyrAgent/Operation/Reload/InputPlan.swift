/// What a new configuration means for the inputs that run: pure comparison.
struct InputPlan: Equatable {
    /// By name, in the order of the configurations.
    private(set) var unchanged: [String] = []
    private(set) var changed: [String] = []
    private(set) var removed: [String] = []
    private(set) var new: [String] = []
    /// Those to make, changed and new.
    private(set) var starting: [InputConfiguration] = []

    /// - Parameters:
    ///   - running: what runs, with the agent's tags that it was made with.
    ///   - inputs: what shall run.
    ///   - tags: the agent's from now on.
    init(
        _ running: [(configuration: InputConfiguration, tags: [String])],
        to inputs: [InputConfiguration],
        tags: [String]
    ) {
        for input in inputs {
            guard let old = running.first(where: { $0.configuration.name == input.name }) else {
                new.append(input.name)
                starting.append(input)
                continue
            }
            if old.configuration == input, old.tags == tags {
                unchanged.append(input.name)
            } else {
                changed.append(input.name)
                starting.append(input)
            }
        }
        removed = running.map(\.configuration.name).filter { name in !inputs.contains { $0.name == name } }
    }

    /// Whether the input of this name that runs has to stop.
    func stops(_ name: String) -> Bool { changed.contains(name) || removed.contains(name) }

    /// What changes, in words; empty when nothing does.
    var words: [String] {
        var words: [String] = []
        for (names, what) in [(new, "new"), (changed, "changed"), (removed, "removed")] where !names.isEmpty {
            let list = names.map { "\"\($0)\"" }.joined(separator: ", ")
            words.append("\(names.count == 1 ? "input" : "inputs") \(list) \(what)")
        }
        return words
    }
}
