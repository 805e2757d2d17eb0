import Protocol
import Testing

@testable import KomfyrHub

@Suite struct CSVTests {
    @Test(arguments: [
        ("plain", "plain"), ("", ""), ("a,b", "\"a,b\""), ("say \"no\"", "\"say \"\"no\"\"\""), ("a\nb", "\"a\nb\""),
        ("a\rb", "\"a\rb\""), ("=1+1", "\"'=1+1\""), ("+1", "\"'+1\""), ("-1", "\"'-1\""), ("@a", "\"'@a\""),
        ("\t=1", "\"'\t=1\""), ("\r=1", "\"'\r=1\""), ("a=1", "a=1"), ("'=1", "'=1"), (" =1", " =1"), ("æ,", "\"æ,\""),
        ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
    ])
    func `a cell is quoted as RFC 4180 has it, and is never a formula`(_ text: String, _ cell: String) {
        var bytes: [UInt8] = []
        CSVRow.cell(Array(text.utf8), to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == cell)
    }

    @Test(arguments: [
        ([], "all"), (["*"], "all"), (["a:b-c"], "a-b-c"), (["a:*"], "a"), (["../../etc/passwd"], "etc-passwd"),
        (["a\"; rm -rf"], "a-rm-rf"), (["a", "b"], "groups"), (["æøå"], "group"),
        (["\r\nSet-Cookie: x"], "Set-Cookie-x"),
        ([String(repeating: "a", count: 250)], String(repeating: "a", count: HubLimits.exportNameBytes)),
    ])
    func `an export's file name has safe characters alone`(_ groups: [String], _ name: String) {
        let file = ExportRoute.fileName(groups.map { GroupPattern($0) }, now: 1_795_410_000_125_000_000)
        #expect(file == "komfyrvakt-\(name)-20261123T050000Z")
    }
}
