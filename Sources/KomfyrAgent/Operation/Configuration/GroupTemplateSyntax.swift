import Protocol

/// Checks a group template: text with placeholders in braces, each one or several joined by `|`.
enum GroupTemplateSyntax {
    /// - Parameters:
    ///   - template: as `syslog:{hostname}:{app}`.
    ///   - placeholders: those that this kind of input has values for.
    /// - Throws: what is wrong with it.
    static func check(_ template: String, placeholders: [String]) throws(ValueProblem) {
        let all = placeholders.map { "{\($0)}" }.joined(separator: " ")
        var literal: [UInt8] = []
        var rest = Substring(template)
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            literal.append(contentsOf: rest[..<brace].utf8)
            guard rest[brace] == "{", let end = rest[brace...].firstIndex(of: "}") else {
                throw ValueProblem("\"\(template)\" has a brace without its partner", "a placeholder is one of: \(all)")
            }
            try check(place: rest[rest.index(after: brace)..<end], placeholders)
            // A value takes at least one byte: escaped values are never empty.
            literal.append(UInt8(ascii: "x"))
            rest = rest[rest.index(after: end)...]
        }
        literal.append(contentsOf: rest.utf8)
        do throws(GroupName.Problem) {
            let bytes = literal
            var problem: GroupName.Problem?
            bytes.withUnsafeBytes { buffer in
                do throws(GroupName.Problem) { try GroupName.check(buffer) } catch { problem = error }
            }
            if let problem { throw problem }
        } catch {
            let words =
                switch error {
                case .empty: "it is empty"
                case .tooLong: "it is longer than \(ProtocolLimits.groupBytes) bytes"
                case .emptyPart: "a part between two `:` is empty"
                case .badCharacter: "a group cannot have * or control characters"
                }
            throw ValueProblem("\"\(template)\" makes no group: \(words)", "write it like \"site:{source}\"")
        }
        do throws(GroupTemplate.Problem) {
            _ = try GroupTemplate(template)
        } catch {
            throw ValueProblem(error.description, "shorten its fixed text")
        }
    }

    /// Checks what stands between two braces.
    private static func check(place: Substring, _ placeholders: [String]) throws(ValueProblem) {
        let all = placeholders.map { "{\($0)}" }.joined(separator: " ")
        let choices = place.split(separator: "|", omittingEmptySubsequences: false)
        for (index, choice) in choices.enumerated() {
            if GroupTemplate.literal(choice) != nil {
                guard index == choices.count - 1 else {
                    throw ValueProblem("what follows \(choice) in {\(place)} is never used", "put the text last")
                }
                continue
            }
            let name = String(choice)
            if name.hasPrefix("data."), name.utf8.count > 5, placeholders.contains("data.NAME") { continue }
            if name.isEmpty, choices.count > 1 {
                throw ValueProblem("{\(place)} has an empty choice", "write it like {app|source|\"none\"}")
            }
            guard placeholders.contains(name), name != "data.NAME" else {
                if name.hasPrefix("data.") {
                    throw ValueProblem(
                        "the placeholder {\(name)} is not known here",
                        "members of data are for JSON: inputs of type = \"json\", files of parser = \"json\""
                    )
                }
                let near = NearestWord.to(name, among: placeholders).map { "did you mean {\($0)}? " } ?? ""
                throw ValueProblem("the placeholder {\(name)} is not known here", "\(near)It is one of: \(all)")
            }
        }
    }
}
