import Foundation
import Protocol
import Testing

@testable import KomfyrAgent

/// Bounds of what is read of a text; what is read stands in the tables of devices.
struct PayloadTests {
    private func record(_ text: String) throws -> [String: Any] {
        let line = try DeviceTests.line(of: Array("<13>Nov 23 08:00:01 h1 app: \(text)".utf8))
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
        return try #require(object as? [String: Any])
    }

    private func data(_ text: String) throws -> [String: Any] {
        try #require(try record(text)["data"] as? [String: Any])
    }

    @Test func `of more members than the limit the first are taken`() throws {
        let text = (0..<300).map { "k\($0)=\($0)" }.joined(separator: " ")
        let data = try data(text)
        #expect(data["k255"] as? Int == 255)
        #expect(data["k256"] == nil)
        let json = "{" + (0..<300).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}"
        let object = try self.data(json)
        #expect(object["k255"] as? Int == 255)
        #expect(object["k256"] == nil)
    }

    @Test func `members that would be larger than a log's data are left in the text`() throws {
        // Each byte of the value takes six when it is escaped.
        let text = "a=1 b=\"" + String(repeating: "\u{1}", count: 60_000) + "\""
        let record = try record(text)
        #expect((record["data"] as? [String: Any])?["a"] == nil)
        #expect(record["message"] as? String == text)
    }

    @Test func `what lies behind the first 64 KiB is not looked at, and stays`() throws {
        let text = "a=1 " + String(repeating: "x", count: AgentLimits.payloadBytes) + " b=2"
        let record = try record(text)
        let data = try #require(record["data"] as? [String: Any])
        #expect(data["a"] as? Int == 1)
        #expect(data["b"] == nil)
        #expect(record["message"] as? String == text)
    }

    @Test func `JSON that is nested too deep, or not closed, stays text`() throws {
        let deep = "{\"a\":" + String(repeating: "[", count: 200) + String(repeating: "]", count: 200) + "}"
        #expect(try data(deep)["a"] == nil)
        #expect(try data("{\"a\":1")["a"] == nil)
        #expect(try data("{\"a\":{\"b\":[1,{\"c\":null}]}}")["a"] != nil)
    }

    @Test func `names that are escaped in JSON are told from the agent's own`() throws {
        let data = try data(#"{"\u0068ost":1,"host_2":2,"a\"b":3}"#)
        #expect(data["host"] as? String == "h1")
        #expect(data["host_2"] as? Int == 2)
        #expect(data["host_3"] as? Int == 1)
        #expect(data["a\"b"] as? Int == 3)
        let twins = try self.data(#"{"\u006A":1,"j":2,"\u006a":3,"\u006A":4}"#)
        #expect(twins["j"] as? Int == 2)
        #expect(twins["j_2"] as? [Int] == [1, 4])
        #expect(twins["j_3"] as? Int == 3)
    }

    @Test func `lines between JSON's parts do not end the record`() throws {
        let data = try data("{\n \"a\" : {\r\n\"b\" : 1\n}\n}")
        #expect((data["a"] as? [String: Any])?["b"] as? Int == 1)
    }
}
