import struct TestSupport.SeededRandom
import Testing

@testable import KomfyrHub

/// How well patterns are the statements that wrote the messages.
@Suite struct GroupingTests {
    /// The grouping accuracy of the literature (Zhu et al., ICSE-SEIP 2019): the part of the messages whose group holds
    /// exactly the messages of their statement.
    private func accuracy(_ logs: LabelledLogs) -> (value: Double, wrong: [String]) {
        var mask = MessageMask()
        var forms = FormTable()
        let formOfMessage = logs.messages.map { message in
            Array(message.text.utf8).withUnsafeBytes { mask.mask($0) }
            return forms.index(of: mask.form)
        }
        let outcome = Drain.group(forms.all)
        var byTemplate: [Int: Set<Int>] = [:]
        var byKind: [Int: Set<Int>] = [:]
        for (index, message) in logs.messages.enumerated() {
            byTemplate[outcome.templateOfForm[formOfMessage[index]], default: []].insert(index)
            byKind[message.kind, default: []].insert(index)
        }
        var right = 0
        var wrong: [String] = []
        for (template, members) in byTemplate {
            let kinds = Set(members.map { logs.messages[$0].kind })
            if kinds.count == 1, let kind = kinds.first, byKind[kind] == members {
                right += members.count
            } else {
                wrong.append(
                    "\(members.count) of \(kinds.count): \(outcome.templates[template].withUnsafeBytes(MaskCode.readable))"
                )
            }
        }
        return (Double(right) / Double(logs.messages.count), wrong.sorted())
    }

    /// What the documentation states, rounded down; a change of masks or grouping may not make it worse.
    private static let expected = [
        "sshd": 1, "web": 0.95, "java": 0.99, "kernel": 1, "router": 1, "database": 1, "cluster": 1, "mail": 0.95,
        "devices": 0.98, "firewall": 0.9, "storage": 0.9,
    ]

    @Test(arguments: LabelledLogs.known + LabelledLogs.mended + LabelledLogs.unknown)
    func `messages of a statement are one pattern`(_ system: (name: String, statements: [String])) {
        var sum = 0.0
        for seed: UInt64 in 1...5 {
            let logs = LabelledLogs(system.name, system.statements, count: 2_000, seed: seed)
            let (value, wrong) = accuracy(logs)
            sum += value
            if value < 0.9 { Issue.record("\(seed): \(value)\n\(wrong.joined(separator: "\n"))") }
        }
        let least = Self.expected[system.name] ?? 1
        #expect(sum / 5 >= least, "\(sum / 5)")
    }
}
