/// Groups forms into templates (Drain: He, Zhu, Zheng, Lyu, "Drain: An Online Log Parsing Approach with Fixed Depth
/// Tree", ICWS 2017).
///
/// ```
///  how many words ─▶ the first word ─▶ the second word ─▶ leaf: templates, the most similar one takes the form,
///                     (what varies shares a branch)             or a new one is made
/// ```
///
/// Different from the paper:
/// - Words that are variables by their mask tell nothing of how similar two forms are; only the others are compared.
/// - Forms come all at once and are sorted, so the outcome depends on which forms there are, and neither on their order
///   nor on how often each came.
/// - Whether a word that differs is a variable is decided at the end, by how many words there are at its place: from
///   `variants` on it is one, so templates of different leaves that differ there become one as well; below, each word
///   is a template of its own. `link up` and `link down` are two, `login of anna`, `… bob`, `… carl` and more are one.
///
/// Everything is bounded: children of a node, templates of a leaf, templates altogether. What finds no room goes to a
/// template that stands for the rest of its length, and that is told.
struct Drain {
    /// The paper's similarity threshold.
    static let similarity = 0.5
    /// How many different words at one place make a variable.
    static let variants = 5

    /// What the forms became.
    struct Outcome {
        /// As forms: what varies is `MaskCode.any`.
        var templates: [[UInt8]] = []
        /// For each form, in the order in which they were given, which template it has.
        var templateOfForm: [Int] = []
        /// Some forms found no room.
        var isCut = false
    }

    /// A template: words as a form has them.
    private struct Template {
        var words: [Int32]
        /// It stands for forms that found no room, and says nothing of them.
        var isRest = false
    }

    private struct Node {
        var children: [Int32: Int] = [:]
        var templates: [Int32] = []
    }

    private var words = WordTable()
    /// The words of all forms, form by form, and where those of each begin.
    private var formWords: [Int32] = []
    private var starts: [Int] = []
    private var nodes = [Node()]
    private var templates: [Template] = []
    private var restByLength: [Int: Int] = [:]
    private var isCut = false

    private init() {}

    /// Groups forms.
    static func group(_ forms: [ArraySlice<UInt8>]) -> Outcome {
        var drain = Drain()
        let order = forms.indices.sorted { forms[$0].lexicographicallyPrecedes(forms[$1]) }
        for form in order {
            drain.starts.append(drain.formWords.count)
            for word in forms[form].split(separator: 0x20) { drain.formWords.append(drain.words.index(of: word)) }
        }
        drain.starts.append(drain.formWords.count)
        var templates = order.indices.map { drain.take($0) }
        drain.tellApart(&templates)
        let (places, texts) = drain.merged()
        var outcome = Outcome(templates: texts, templateOfForm: templates, isCut: drain.isCut)
        for (place, form) in order.enumerated() { outcome.templateOfForm[form] = places[templates[place]] }
        return outcome
    }

    private func form(_ place: Int) -> ArraySlice<Int32> { formWords[starts[place]..<starts[place + 1]] }

    // MARK: The tree

    /// The template that takes a form.
    private mutating func take(_ place: Int) -> Int {
        let form = form(place)
        let leaf = leaf(form)
        if let found = mostSimilar(to: form, in: leaf) {
            generalize(found, form)
            return found
        }
        guard nodes[leaf].templates.count < HubLimits.patternsPerLeaf, templates.count < HubLimits.patterns else {
            return rest(form.count)
        }
        templates.append(Template(words: Array(form)))
        nodes[leaf].templates.append(Int32(templates.count - 1))
        return templates.count - 1
    }

    private mutating func leaf(_ form: ArraySlice<Int32>) -> Int {
        // Lengths are few: a form has at most `HubLimits.patternTokens` words, and one for the cut.
        var node = child(of: 0, Int32(form.count), most: .max)
        for word in form.prefix(HubLimits.patternDepth) {
            let key = words.isConstant(word) ? word : WordTable.any
            node = child(of: node, key, most: HubLimits.patternChildren)
        }
        return node
    }

    private mutating func child(of node: Int, _ key: Int32, most: Int) -> Int {
        if let child = nodes[node].children[key] { return child }
        if key != WordTable.any, nodes[node].children.count >= most {
            return child(of: node, WordTable.any, most: most)
        }
        nodes.append(Node())
        nodes[node].children[key] = nodes.count - 1
        return nodes.count - 1
    }

    /// The template of a leaf that shares the most words with the form, if these are enough.
    private func mostSimilar(to form: ArraySlice<Int32>, in leaf: Int) -> Int? {
        var best: Int?
        var bestLikeness = 0.0
        for template in nodes[leaf].templates {
            let likeness = likeness(templates[Int(template)].words, form)
            if likeness >= Self.similarity, likeness > bestLikeness {
                best = Int(template)
                bestLikeness = likeness
            }
        }
        return best
    }

    /// Which part of the words of a template the form has too, of those that are no variables.
    private func likeness(_ template: [Int32], _ form: ArraySlice<Int32>) -> Double {
        var same = 0.0
        var different = 0.0
        for (own, other) in zip(template, form) {
            let (ownShape, otherShape) = (words.shape(own), words.shape(other))
            if ownShape == otherShape {
                if ownShape != WordTable.any { same += 1 }
            } else {
                // What has varied already counts for less, so that a template with much of it stays one.
                different += ownShape == WordTable.any || otherShape == WordTable.any ? 0.5 : 1
            }
        }
        return different == 0 ? 1 : same / (same + different)
    }

    /// Makes a template fit a form.
    private mutating func generalize(_ template: Int, _ form: ArraySlice<Int32>) {
        for (place, word) in form.enumerated() {
            templates[template].words[place] = words.common(templates[template].words[place], word)
        }
    }

    /// The template for what finds no room.
    private mutating func rest(_ length: Int) -> Int {
        isCut = true
        if let rest = restByLength[length] { return rest }
        templates.append(Template(words: [Int32](repeating: WordTable.any, count: length), isRest: true))
        restByLength[length] = templates.count - 1
        return templates.count - 1
    }

    // MARK: Few words at a place

    /// Makes templates of their own of forms that differ where there are few words.
    private mutating func tellApart(_ templateOfForm: inout [Int]) {
        var members = [[Int]](repeating: [], count: templates.count)
        for (place, template) in templateOfForm.enumerated() { members[template].append(place) }
        for template in members.indices where !templates[template].isRest {
            let places = templates[template].words.indices
                .filter { place in
                    templates[template].words[place] == WordTable.any
                        && areFew(members[template], at: place)
                }
            if places.isEmpty { continue }
            let keys = members[template].map { form in places.map { words.shape(formWords[starts[form] + $0]) } }
            // The first part stays where it is, the others need room; without it they stay one, with a variable there.
            guard templates.count + Set(keys).count - 1 <= HubLimits.patterns else {
                isCut = true
                continue
            }
            var parts: [[Int32]: Int] = [:]
            for (form, key) in zip(members[template], keys) {
                if let part = parts[key] {
                    for place in places {
                        let word = formWords[starts[form] + place]
                        templates[part].words[place] = words.common(templates[part].words[place], word)
                    }
                    templateOfForm[form] = part
                    continue
                }
                var part = template
                if !parts.isEmpty {
                    part = templates.count
                    templates.append(templates[template])
                }
                parts[key] = part
                templateOfForm[form] = part
                for place in places { templates[part].words[place] = formWords[starts[form] + place] }
            }
        }
    }

    /// Whether the words of forms at a place are no variable: few different ones, and none that is one by its mask.
    private func areFew(_ forms: [Int], at place: Int) -> Bool {
        var seen: [Int32] = []
        for form in forms {
            let shape = words.shape(formWords[starts[form] + place])
            if shape == WordTable.any { return false }
            if seen.contains(shape) { continue }
            seen.append(shape)
            if seen.count >= Self.variants { return false }
        }
        return true
    }

    // MARK: Many words at a place

    /// Makes one of templates that differ at one place only, in many words, and of those that another one covers.
    ///
    /// - Returns: for each template which of the texts it became.
    private mutating func merged() -> (places: [Int], texts: [[UInt8]]) {
        var parents = Array(templates.indices)
        let longest = templates.map(\.words.count).max() ?? 0
        for place in 0..<longest { merge(at: place, &parents) }
        absorb(&parents)
        var places = [Int](repeating: 0, count: templates.count)
        var texts: [[UInt8]] = []
        var placeOfText: [[UInt8]: Int] = [:]
        for template in templates.indices {
            var root = template
            while parents[root] != root { root = parents[root] }
            let text = words.form(templates[root].words)
            if let place = placeOfText[text] {
                places[template] = place
            } else {
                placeOfText[text] = texts.count
                places[template] = texts.count
                texts.append(text)
            }
        }
        return (places, texts)
    }

    private mutating func merge(at place: Int, _ parents: inout [Int]) {
        var groups: [[Int32]: [Int]] = [:]
        for template in templates.indices where parents[template] == template && !templates[template].isRest {
            guard place < templates[template].words.count else { continue }
            var key = templates[template].words.map(words.shape)
            key[place] = WordTable.any
            // What is left must say something.
            guard key.contains(where: words.isConstant) else { continue }
            groups[key, default: []].append(template)
        }
        for members in groups.values where members.count > 1 {
            let shapes = Set(members.map { words.shape(templates[$0].words[place]) })
            guard shapes.count >= Self.variants || shapes.contains(WordTable.any) else { continue }
            for member in members.dropFirst() {
                for place in templates[member].words.indices {
                    let (own, other) = (templates[members[0]].words[place], templates[member].words[place])
                    templates[members[0]].words[place] = words.common(own, other)
                }
                parents[member] = members[0]
            }
        }
    }

    /// Gives to a template that has variables the others that it covers, which lay in other leaves.
    private mutating func absorb(_ parents: inout [Int]) {
        var byLength: [Int: [Int]] = [:]
        for template in templates.indices where parents[template] == template && !templates[template].isRest {
            byLength[templates[template].words.count, default: []].append(template)
        }
        func variables(_ template: Int) -> Int { templates[template].words.count { $0 == WordTable.any } }
        for alike in byLength.values {
            // The most particular first.
            let covering =
                alike.filter { template in
                    templates[template].words.contains(WordTable.any)
                        && templates[template].words.contains(where: words.isConstant)
                }
                .map { (template: $0, variables: variables($0)) }
                .sorted { ($0.variables, $0.template) < ($1.variables, $1.template) }
            for template in alike {
                let own = variables(template)
                let found = covering.first { candidate in
                    candidate.variables > own && covers(candidate.template, template)
                }
                if let found { parents[template] = found.template }
            }
        }
    }

    private func covers(_ template: Int, _ other: Int) -> Bool {
        for (own, other) in zip(templates[template].words, templates[other].words) where own != WordTable.any {
            if words.shape(own) != words.shape(other) { return false }
        }
        return true
    }
}

/// The words of forms, each once, by number.
private struct WordTable {
    /// The word `<*>`.
    static let any: Int32 = 0

    private var forms = FormTable()
    /// For each word the one with `<*>` for each of its variables; itself when it has none.
    private var shapes: [Int32] = []

    init() {
        _ = index(of: [MaskCode.any])
    }

    mutating func index(of word: ArraySlice<UInt8>) -> Int32 {
        let index = forms.index(of: word)
        if index < shapes.count { return Int32(index) }
        shapes.append(Int32(index))
        if word.contains(where: { MaskCode.all.contains($0) && $0 != MaskCode.any }) {
            var shape: [UInt8] = []
            for byte in word { shape.append(MaskCode.all.contains(byte) ? MaskCode.any : byte) }
            shapes[index] = self.index(of: shape[...])
        }
        return Int32(index)
    }

    func shape(_ word: Int32) -> Int32 { shapes[Int(word)] }

    /// Whether a word has no variable in it.
    func isConstant(_ word: Int32) -> Bool {
        word != Self.any && shape(word) == word && !forms[Int(word)].contains(MaskCode.any)
    }

    /// What stands for both of two words.
    func common(_ first: Int32, _ second: Int32) -> Int32 {
        if first == second { return first }
        return shape(first) == shape(second) ? shape(first) : Self.any
    }

    /// Words as a form.
    func form(_ words: [Int32]) -> [UInt8] {
        var form: [UInt8] = []
        for word in words {
            if !form.isEmpty { form.append(0x20) }
            form.append(contentsOf: forms[Int(word)])
        }
        return form
    }
}
