/// What the parser found in one syslog message: numbers, and ranges of the message's bytes.
struct SyslogMessage: Equatable {
    /// How the message was read.
    enum Form: UInt8 {
        /// RFC 5424, also without its version.
        case rfc5424
        /// RFC 3164, or what devices make of it.
        case rfc3164
        /// Neither: `message` is all of it.
        case unparsed
        /// No syslog at all: a line of text, `message` is all of it.
        case plain
    }

    var form = Form.unparsed
    /// The number between `<` and `>`: facility × 8 + severity; nil without one.
    var priority: Int?
    /// The device's time in nanoseconds since 1970; nil when it gave none that can be understood.
    var timestamp: Int64?
    /// The time as the device wrote it, understood or not.
    var time = Field.none
    var host = Field.none
    var app = Field.none
    /// PROCID, or what stood in brackets behind the tag.
    var processID = Field.none
    /// MSGID, or Cisco's `FACILITY-SEVERITY-MNEMONIC`.
    var messageID = Field.none
    /// All elements with their brackets, checked: see `StructuredData`.
    var structuredData = Field.none
    /// What a device says about itself beside its host name (UniFi's model and firmware, a Cisco line card).
    var device = Field.none
    /// A sequence number before the time (Cisco): digits.
    var sequence = Field.none
    /// The topics of RouterOS (`system,info,account`).
    var topics = Field.none
    /// The text, without line ends or NUL behind it.
    var message = Field.none
    /// The severity that the text tells when the priority is missing.
    var severityOfText: Int?

    /// 0 (emergency) to 7 (debug); nil when the message does not tell.
    var severity: Int? {
        if let priority { return priority & 7 }
        return severityOfText
    }

    /// 0 to 23; nil when the message does not tell.
    var facility: Int? {
        guard let priority, priority < 24 * 8 else { return nil }
        return priority >> 3
    }
}

/// The names of facilities and severities as rsyslog and syslog-ng write them (RFC 5424 §6.2.1 has the numbers).
enum SyslogNames {
    /// The name of a severity from 0 to 7.
    static func severity(_ severity: Int) -> StaticString {
        switch severity {
        case 0: "emerg"
        case 1: "alert"
        case 2: "crit"
        case 3: "err"
        case 4: "warning"
        case 5: "notice"
        case 6: "info"
        default: "debug"
        }
    }

    /// The name of a facility from 0 to 23.
    static func facility(_ facility: Int) -> StaticString {
        switch facility {
        case 0: "kern"
        case 1: "user"
        case 2: "mail"
        case 3: "daemon"
        case 4: "auth"
        case 5: "syslog"
        case 6: "lpr"
        case 7: "news"
        case 8: "uucp"
        case 9: "cron"
        case 10: "authpriv"
        case 11: "ftp"
        case 12: "ntp"
        case 13: "audit"
        case 14: "alert"
        case 15: "clock"
        case 16: "local0"
        case 17: "local1"
        case 18: "local2"
        case 19: "local3"
        case 20: "local4"
        case 21: "local5"
        case 22: "local6"
        default: "local7"
        }
    }
}
