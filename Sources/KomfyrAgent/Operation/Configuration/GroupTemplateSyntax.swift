import Protocol

/// Checks a group template: text with placeholders in braces.
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
            let name = String(rest[rest.index(after: brace)..<end])
            guard placeholders.contains(name) else {
                let near = NearestWord.to(name, among: placeholders).map { "did you mean {\($0)}? " } ?? ""
                throw ValueProblem("the placeholder {\(name)} is not known here", "\(near)It is one of: \(all)")
            }
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
}
