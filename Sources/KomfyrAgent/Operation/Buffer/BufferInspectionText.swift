import Protocol

/// The inspection as a person reads it.
extension BufferInspection {
    /// Its lines: what matters first, tables below.
    var lines: [String] {
        var lines = facts.map { name, text in Self.pad(name, 15) + text }
        if !segments.isEmpty { lines += [""] + segmentTable }
        if !damage.isEmpty || !notices.isEmpty {
            lines += ["", "damage:"] + notices.map { "  " + $0 }
            lines += damage.map { damage in
                "  \(damage.path): bytes \(damage.range.lowerBound) to \(damage.range.upperBound) \(damage.kind.rawValue): \(damage.words)"
            }
        }
        if !letters.isEmpty { lines += [""] + letterTable }
        return lines
    }

    private var use: String {
        switch owner {
        case .running(let pid): ", in use by \(pid.map { "process \($0)" } ?? "an agent")"
        case .none: ", not in use"
        case .unknown(let words): ", in use or not: \(words)"
        }
    }

    private var facts: [(String, String)] {
        let waiting = segments.reduce((0, 0)) { ($0.0 + $1.waitingFrames, $0.1 + $1.waitingRecords) }
        let made = segments.filter { $0.waitingFrames > 0 }
        let damaged = damage.count { $0.kind != .unfinished } + notices.count
        var facts = [
            ("buffer", folder + use),
            ("on disk", "\(segments.count) segments, \(Self.size(segments.reduce(0) { $0 + $1.bytes }))"),
            ("waiting", "\(waiting.1) logs in \(waiting.0) batches"),
        ]
        if let oldest = made.compactMap(\.oldestNs).min(), let newest = made.compactMap(\.newestNs).max() {
            facts.append(("", "the oldest made \(Timestamp.text(oldest)), the newest \(Timestamp.text(newest))"))
        }
        facts += [
            (
                "acknowledged",
                hasCursor
                    ? "up to segment \(cursor.place.segment), byte \(cursor.place.offset)"
                    : "not known: there is no cursor; all is sent again, which the hub takes once"
            ),
            ("synced", "up to segment \(cursor.synced.segment), byte \(cursor.synced.offset)"),
            ("file positions", "\(positions)"), ("damage", damaged == 0 ? "none" : "\(damaged) places, see below"),
        ]
        if let torn = damage.first(where: { $0.kind == .unfinished }) {
            let bytes = torn.range.upperBound - torn.range.lowerBound
            facts.append(("unfinished", "\(bytes) bytes at the end, which the next start cuts"))
        }
        if !setAside.isEmpty {
            facts.append(
                (
                    "set aside",
                    "\(setAside.count) files, \(Self.size(setAside.reduce(0) { $0 + $1.bytes })), in corrupt/"
                )
            )
        }
        let refused = letters.filter { !$0.isInLine }
        let logs = refused.reduce(0) { $0 + $1.entry.records }
        facts.append(("dead letters", refused.isEmpty ? "none" : "\(logs) logs in \(refused.count) letters"))
        let inLine = letters.count - refused.count
        if inLine > 0 { facts.append(("in line", "\(inLine) dead letters wait to be sent again")) }
        return facts
    }

    private var segmentTable: [String] {
        Self.table(
            ["segment", "size", "batches", "logs", "waiting", "oldest", "newest", "agent"],
            segments.map { segment in
                [
                    "\(segment.number)", Self.size(segment.bytes), "\(segment.frames)", "\(segment.records)",
                    "\(segment.waitingRecords)", segment.oldestNs.map { Timestamp.text($0) } ?? "-",
                    segment.newestNs.map { Timestamp.text($0) } ?? "-", segment.agent.isEmpty ? "?" : segment.agent,
                ]
            }
        )
    }

    private var letterTable: [String] {
        Self.table(
            ["dead letter", "logs", "status", "the hub's answer"],
            letters.map { letter in
                [
                    letter.entry.name + (letter.isInLine ? " (in line)" : ""), "\(letter.entry.records)",
                    letter.reason.map { "\($0.status)" } ?? "?",
                    letter.reason.map { Self.short($0.answer) } ?? "cannot be read",
                ]
            }
        )
    }

    /// Columns as wide as their widest entry; the last as wide as it likes.
    private static func table(_ head: [String], _ rows: [[String]]) -> [String] {
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
        return ([head] + rows)
            .map { row in
                row.indices.map { $0 == row.count - 1 ? row[$0] : pad(row[$0], widths[$0] + 2) }.joined()
            }
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(width - text.count, 1))
    }

    private static func size(_ bytes: UInt64) -> String {
        for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] as [(String, UInt64)] where bytes >= 1 << shift {
            let tenths = (bytes >> (shift - 10)) * 10 >> 10
            return "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(bytes) B"
    }

    /// The hub's words on one line, as much as a person reads.
    private static func short(_ answer: String) -> String {
        let line = answer.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : String($0) }.joined()
        return line.count > 120 ? line.prefix(117) + "..." : line
    }
}

/// The inspection as a program reads it.
extension BufferInspection {
    /// One object on one line; times are RFC 3339.
    var json: String {
        var object = JSONObjectWriter()
        object.text("buffer", folder)
        switch owner {
        case .running(let pid): object.integer("in_use_by", pid ?? 0)
        case .none, .unknown: object.null("in_use_by")
        }
        object.flag("is_sound", isSound)
        object.integer("waiting_batches", segments.reduce(0) { $0 + $1.waitingFrames })
        object.integer("waiting_logs", segments.reduce(0) { $0 + $1.waitingRecords })
        object.integer("bytes", segments.reduce(0) { $0 + $1.bytes })
        object.flag("has_cursor", hasCursor)
        object.object("acknowledged") { Self.write(cursor.place, to: &$0) }
        object.object("synced") { Self.write(cursor.synced, to: &$0) }
        object.integer("file_positions", positions)
        object.objects("segments", segments) { Self.write($0, to: &$1) }
        object.objects("damage", damage) { Self.write($0, to: &$1) }
        object.texts("notices", notices)
        object.objects("set_aside", setAside) { file, object in
            object.text("name", file.name)
            object.integer("bytes", file.bytes)
        }
        object.objects("dead_letters", letters) { Self.write($0, to: &$1) }
        return String(decoding: object.finish(), as: UTF8.self)
    }

    private static func write(_ place: Cursor.Place, to object: inout JSONObjectWriter) {
        object.integer("segment", place.segment)
        object.integer("offset", place.offset)
    }

    private static func write(_ facts: SegmentFacts, to object: inout JSONObjectWriter) {
        object.text("path", facts.path)
        object.integer("number", facts.number)
        object.integer("bytes", facts.bytes)
        object.text("agent", facts.agent)
        object.integer("batches", facts.frames)
        object.integer("logs", facts.records)
        object.integer("waiting_batches", facts.waitingFrames)
        object.integer("waiting_logs", facts.waitingRecords)
        for (name, time) in [("oldest", facts.oldestNs), ("newest", facts.newestNs)] {
            if let time { object.text(name, Timestamp.text(time)) } else { object.null(name) }
        }
    }

    private static func write(_ damage: BufferFolder.Damage, to object: inout JSONObjectWriter) {
        object.text("kind", damage.kind.rawValue)
        object.text("path", damage.path)
        object.integer("from", damage.range.lowerBound)
        object.integer("to", damage.range.upperBound)
        object.text("words", damage.words)
    }

    private static func write(_ letter: Letter, to object: inout JSONObjectWriter) {
        object.text("name", letter.entry.name)
        object.integer("logs", letter.entry.records)
        object.integer("bytes", letter.entry.bytes)
        object.flag("in_line", letter.isInLine)
        if let reason = letter.reason { object.integer("status", reason.status) } else { object.null("status") }
        object.text("answer", letter.reason?.answer ?? "")
    }
}
