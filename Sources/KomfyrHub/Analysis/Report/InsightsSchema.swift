/// The form of a model's answer, in the two dialects that are asked for.
///
/// Limits of lengths and numbers are the prompt's and `InsightsReader`'s: strict servers refuse schemas with them, and
/// Gemini those whose limits make too many states.
enum InsightsSchema {
    /// Gemini's `responseSchema`: a subset of OpenAPI 3.0's schema object, with its names of types
    /// (https://ai.google.dev/api/caching#Schema); `propertyOrdering` makes the model write the findings before it
    /// judges the whole.
    static let gemini = Array(
        """
        {"type":"OBJECT",\
        "properties":{\
        "findings":{"type":"ARRAY","items":{"type":"OBJECT",\
        "properties":{\
        "title":{"type":"STRING","description":"\(title)"},\
        "description":{"type":"STRING","description":"\(description)"},\
        "severity":{"type":"STRING","format":"enum","enum":["info","warning","critical"]},\
        "since":{"type":"STRING","nullable":true,"description":"\(since)"}},\
        "required":["title","description","severity","since"],\
        "propertyOrdering":["title","description","severity","since"]}},\
        "recommendations":{"type":"ARRAY","items":{"type":"OBJECT",\
        "properties":{\
        "action":{"type":"STRING","description":"\(action)"},\
        "priority":{"type":"STRING","format":"enum","enum":["low","medium","high"]}},\
        "required":["action","priority"],\
        "propertyOrdering":["action","priority"]}},\
        "severity":{"type":"STRING","format":"enum","enum":["normal","warning","critical"]},\
        "summary":{"type":"STRING","description":"\(summary)"}},\
        "required":["findings","recommendations","severity","summary"],\
        "propertyOrdering":["findings","recommendations","severity","summary"]}
        """
        .utf8
    )

    /// JSON Schema for OpenAI-compatible servers: every member required, no others allowed, as their strict form asks.
    static let jsonSchema = Array(
        """
        {"type":"object",\
        "properties":{\
        "findings":{"type":"array","items":{"type":"object",\
        "properties":{\
        "title":{"type":"string","description":"\(title)"},\
        "description":{"type":"string","description":"\(description)"},\
        "severity":{"type":"string","enum":["info","warning","critical"]},\
        "since":{"type":["string","null"],"description":"\(since)"}},\
        "required":["title","description","severity","since"],\
        "additionalProperties":false}},\
        "recommendations":{"type":"array","items":{"type":"object",\
        "properties":{\
        "action":{"type":"string","description":"\(action)"},\
        "priority":{"type":"string","enum":["low","medium","high"]}},\
        "required":["action","priority"],\
        "additionalProperties":false}},\
        "severity":{"type":"string","enum":["normal","warning","critical"]},\
        "summary":{"type":"string","description":"\(summary)"}},\
        "required":["findings","recommendations","severity","summary"],\
        "additionalProperties":false}
        """
        .utf8
    )

    private static let title = "One line: what happened, and where."
    private static let description = "What changed from what to what, when, and what shows it."
    private static let since = "When it began, RFC 3339 in UTC like 2026-11-23T05:23:00Z; null when not known."
    private static let action = "What to look at or do, naming the group, field or message."
    private static let summary = "Two to four sentences: how things stand, what is gravest, since when."
}
