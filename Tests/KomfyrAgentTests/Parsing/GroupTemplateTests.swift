import Testing

@testable import KomfyrAgent

struct GroupTemplateTests {
    private func name(
        _ template: String,
        host: String = "",
        app: String = "",
        source: String = "",
        members: [String] = []
    ) throws -> String {
        let template = try GroupTemplate(template)
        var output: [UInt8] = []
        Array(host.utf8)
            .withUnsafeBytes { host in
                Array(app.utf8)
                    .withUnsafeBytes { app in
                        Array(source.utf8)
                            .withUnsafeBytes { source in
                                var values = GroupValues()
                                values.hostname = host
                                values.app = app
                                values.source = source
                                values.members = members.map { Array($0.utf8) }
                                template.append(values, to: &output)
                            }
                    }
            }
        return String(decoding: output, as: UTF8.self)
    }

    @Test(arguments: [
        ("web1", "sshd", "syslog:web1:sshd"), ("", "", "syslog:unknown:unknown"), ("a:b", "c*d", "syslog:a_b:c_d"),
        ("a\nb", "\u{7F}", "syslog:a_b:_"), ("blåbær", "日本", "syslog:blåbær:日本"), (":::", "*", "syslog:___:_"),
    ])
    func `values stay one part each`(host: String, app: String, expected: String) throws {
        #expect(try name("syslog:{hostname}:{app}", host: host, app: app) == expected)
    }

    @Test(arguments: [
        ("s:{hostname}", "h", "", "10.0.0.1", "s:h"), ("s:{hostname}", "", "", "10.0.0.1", "s:10.0.0.1"),
        ("s:{hostname|\"none\"}", "", "", "10.0.0.1", "s:none"), ("s:{hostname|app}", "", "a", "10.0.0.1", "s:a"),
        ("s:{app|'other'}", "h", "", "", "s:other"), ("s:{app|source|'x'}", "h", "", "a:b", "s:a_b"),
        ("s:{app|hostname}", "", "", "10.0.0.1", "s:unknown"), ("s:{'a:b*c'}", "", "", "", "s:a_b_c"),
    ])
    func `the first value that a log has is taken`(
        template: String,
        host: String,
        app: String,
        source: String,
        expected: String
    ) throws {
        #expect(try name(template, host: host, app: app, source: source) == expected)
    }

    @Test func `members of data are values too`() throws {
        let template = "{data.site.name|data.site|'nowhere'}:{data.site}"
        #expect(try GroupTemplate(template).members == ["site.name", "site"])
        #expect(try name(template, members: ["oslo", "x"]) == "oslo:x")
        #expect(try name(template, members: ["", "a:b"]) == "a_b:a_b")
        #expect(try name(template, members: ["", ""]) == "nowhere:unknown")
    }

    @Test func `a name never has more than 255 bytes, and no character is cut in two`() throws {
        let long = String(repeating: "æ", count: 400)
        let name = try name("syslog:{hostname}:{app}", host: long, app: long)
        #expect(name.utf8.count <= 255)
        #expect(name.utf8.count > 240)
        #expect(!name.contains("\u{FFFD}"))
    }

    @Test(arguments: [
        "a:{nothing}", "a:{}", "a:{app|}", "a:{app|''}", "a:{data.}", "a:{hostname", "a:}", "a::b", ":a", "a:", "a*b",
        "a\u{1}", String(repeating: "x", count: 256),
        String(repeating: "x", count: 250) + ":{app}",
    ])
    func `a wrong template is refused with words`(template: String) {
        #expect(throws: GroupTemplate.Problem.self) { try GroupTemplate(template) }
    }

    @Test(arguments: [
        ("syslog:{hostname}:{app}", "syslog:other"), ("{hostname}", "other"), ("site:dev-{source}", "site:other"),
        ("a:b", "a:other"),
    ])
    func `groups beyond the limit share one name`(template: String, other: String) throws {
        #expect(String(decoding: try GroupTemplate(template).other, as: UTF8.self) == other)
    }

    @Test func `an input makes no more groups than it may, and known ones stay`() throws {
        var names = GroupNames(try GroupTemplate("s:{hostname}"), maxGroups: 3)
        func name(_ host: String) -> (String, Bool) {
            var text = ""
            let folded = Array(host.utf8)
                .withUnsafeBytes { host in
                    var values = GroupValues()
                    values.hostname = host
                    return names.withName(values) { text = String(decoding: $0, as: UTF8.self) }
                }
            return (text, folded)
        }
        for host in ["a", "b", "c", "a"] { #expect(name(host) == ("s:" + host, false)) }
        for host in ["d", "e"] { #expect(name(host) == ("s:other", true)) }
        #expect(name("b") == ("s:b", false))
    }
}
