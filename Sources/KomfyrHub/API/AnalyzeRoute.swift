import HTTPTypes
import Hummingbird
import Protocol

/// `POST /api/analyze`: a report of what is going wrong, and since when.
struct AnalyzeRoute: Sendable {
    let analysis: AnalysisService
    let bodies: RequestBodyReader
    let retentionHours: Int

    var routes: [Route] {
        [
            Route(
                method: .post,
                path: "/api/analyze",
                access: .scope(.read),
                parameters: ["group", "hours", "refresh"],
                documentation: Self.documentation
            ) { call throws(APIError) in try await analyze(call) }
        ]
    }

    /// What a request asks for, by its address or its body.
    private struct Wanted: Sendable {
        var group: String?
        var hours: Int?
        var isRefresh: Bool?
    }

    private func analyze(_ call: APICall) async throws(APIError) -> Response {
        var wanted = Wanted()
        wanted.group = try call.query.value("group")
        wanted.hours = try call.query.number("hours", 1...retentionHours)
        wanted.isRefresh = try call.query.word(
            "refresh",
            [("true", true), ("1", true), ("false", false), ("0", false)]
        )
        let inBody = try await bodies.read(call.request, upTo: HubLimits.analysisBodyBytes) {
            [retentionHours] bytes throws(APIError) in try Self.wanted(bytes, retentionHours: retentionHours)
        }
        wanted.group = try Self.one(wanted.group, inBody.group, "group")
        wanted.hours = try Self.one(wanted.hours, inBody.hours, "hours")
        wanted.isRefresh = try Self.one(wanted.isRefresh, inBody.isRefresh, "refresh")
        if let group = wanted.group, group.utf8.count > ProtocolLimits.groupBytes + 2 {
            throw .parameter("group", type: "too_long", "A group has at most \(ProtocolLimits.groupBytes) bytes.")
        }
        let group = GroupPattern(wanted.group ?? "*")
        let isShare = call.caller?.key?.isShare == true
        let question = AnalysisQuestion(
            group: group,
            // Who sees all of a group gets the report that others who do have ordered.
            bound: call.bound.flatMap { $0.covers(group) ? nil : $0 },
            hours: wanted.hours ?? min(HubLimits.analysisHoursDefault, retentionHours)
        )
        let answer: AnalysisService.Answer
        do throws(AnalysisService.Problem) {
            answer = try await analysis.report(question, isRefresh: wanted.isRefresh ?? false, mayOrder: !isShare)
        } catch {
            throw Self.error(error)
        }
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string("success")
        json.key("cached")
        json.boolean(answer.isCached)
        json.key("logs_since")
        json.integer(answer.logsSince)
        json.key("analysis")
        // Where the model is and what a day may cost is nothing for those who see a part of the hub.
        let seesHub = call.bound == nil && !isShare
        let analysis = seesHub ? answer.analysis : answer.neutral ?? answer.analysis
        json.value { $0.append(contentsOf: analysis) }
        json.endObject()
        return .json(json.bytes, adding: .partial(answer.isPartial))
    }

    private static func wanted(_ bytes: [UInt8], retentionHours: Int) throws(APIError) -> Wanted {
        if bytes.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) { return Wanted() }
        let body = try BodyObject(
            bytes,
            known: ["group", "hours", "refresh"],
            form: #"{"group": "a:*", "hours": 24, "refresh": true}, or no body"#
        )
        var wanted = Wanted()
        wanted.group = try body.text("group", upTo: ProtocolLimits.groupBytes + 2).flatMap { $0.isEmpty ? nil : $0 }
        wanted.hours = try body.integer("hours", 1...retentionHours)
        wanted.isRefresh = try body.flag("refresh")
        return wanted
    }

    /// What is said in the address or in the body; what is said twice must be the same.
    private static func one<Value: Equatable>(
        _ inQuery: Value?,
        _ inBody: Value?,
        _ name: String
    ) throws(APIError) -> Value? {
        guard let inQuery, let inBody, inQuery != inBody else { return inQuery ?? inBody }
        throw APIError([
            APIError.Issue(
                type: "conflict",
                location: ["body", .name(name)],
                message: "\(name) is another one in the address; give it once."
            )
        ])
    }

    private static func error(_ problem: AnalysisService.Problem) -> APIError {
        switch problem {
        case .store(let error): APIError(error)
        case .busy:
            .passing(
                "\(HubLimits.analysesWaiting) requests wait for analyses already; please try again.",
                retryAfter: 10
            )
        case .stopping: .passing("The hub is stopping; please try again.")
        }
    }
}
