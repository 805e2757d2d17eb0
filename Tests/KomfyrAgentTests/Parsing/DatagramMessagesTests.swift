import Testing

@testable import KomfyrAgent

struct DatagramMessagesTests {
    private func messages(_ text: String) -> [String] {
        Array(text.utf8)
            .withUnsafeBytes { bytes in
                guard DatagramMessages.isSeveral(bytes) else { return [text] }
                var messages = DatagramMessages(bytes)
                var found: [String] = []
                while let message = messages.next() { found.append(String(decoding: message, as: UTF8.self)) }
                return found
            }
    }

    @Test(arguments: [
        ("<13>a", ["<13>a"]),
        ("<13>a\n", ["<13>a\n"]),
        ("<13>a\n<14>b", ["<13>a\n", "<14>b"]),
        ("<13>a\r\n<14>b\n<15>c\n", ["<13>a\r\n", "<14>b\n", "<15>c\n"]),
        // A line end alone is part of the message: a stack trace.
        ("<13>a\n  at b\n<14>c", ["<13>a\n  at b\n", "<14>c"]),
        ("<13>a\nb\nc", ["<13>a\nb\nc"]),
        ("<13>a\n<xml>b", ["<13>a\n<xml>b"]),
        ("\n<13>a", ["\n<13>a"]),
        // Octet counts, whole and wrong.
        ("5 <13>a6 <14>bb", ["<13>a", "<14>bb"]),
        ("5 <13>a", ["5 <13>a"]),
        ("5 <13>a7 <14>bb", ["5 <13>a7 <14>bb"]),
        ("404 not found\n<13>a", ["404 not found\n<13>a"]),
    ])
    func `a datagram holds these messages`(text: String, expected: [String]) {
        #expect(messages(text) == expected)
    }

    @Test func `of very many the last is the rest, and no byte is lost`() {
        let text = String(repeating: "<13>a\n", count: AgentLimits.messagesPerDatagram + 500)
        let found = messages(text)
        #expect(found.count == AgentLimits.messagesPerDatagram)
        #expect(found.joined() == text)
    }
}
