@testable import KomfyrAgent

/// Messages of routers, switches, firewalls and access points, as their makers document them.
extension SyslogMessagesTests {
    static let cisco: [SyslogCase] = [
        .init(
            "IOS",
            "<189>29: *Nov 23 08:00:01.483 UTC: %SYS-5-CONFIG_I: Configured from console by vty2",
            "%SYS-5-CONFIG_I: Configured from console by vty2",
            "local7",
            5,
            app: "SYS",
            more: #""msgid":"SYS-5-CONFIG_I","sequence":29"#,
            time: "2026-11-23T08:00:01.483Z"
        ),
        .init(
            "IOS with origin-id and numbers",
            "<189>29: router1: 000031: .Nov 23 08:00:01: %LINK-3-UPDOWN: down",
            "%LINK-3-UPDOWN: down",
            "local7",
            5,
            host: "router1",
            app: "LINK",
            more: #""msgid":"LINK-3-UPDOWN","sequence":"000031""#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "IOS with a year and a zone",
            "<189>30: Nov 23 2026 10:00:01.5 CET: %SYS-6-LOGOUT: bye",
            "%SYS-6-LOGOUT: bye",
            "local7",
            5,
            app: "SYS",
            more: #""msgid":"SYS-6-LOGOUT","sequence":30"#,
            time: "2026-11-23T09:00:01.500Z"
        ),
        .init(
            "IOS with uptime",
            "<189>15: 3w2d: %LINEPROTO-5-UPDOWN: up",
            "%LINEPROTO-5-UPDOWN: up",
            "local7",
            5,
            app: "LINEPROTO",
            more: #""msgid":"LINEPROTO-5-UPDOWN","sequence":15,"device_time":"3w2d""#
        ),
        .init(
            "IOS with a short uptime",
            "<189>15: 00:00:46: %LINK-3-UPDOWN: up",
            "%LINK-3-UPDOWN: up",
            "local7",
            5,
            app: "LINK",
            more: #""msgid":"LINK-3-UPDOWN","sequence":15,"device_time":"00:00:46""#
        ),
        .init(
            "NX-OS",
            "<189>: 2026 Nov 23 08:00:01 UTC: %ETHPORT-5-IF_UP: Ethernet1/1 is up",
            "%ETHPORT-5-IF_UP: Ethernet1/1 is up",
            "local7",
            5,
            app: "ETHPORT",
            more: #""msgid":"ETHPORT-5-IF_UP""#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "ASA",
            "<166>:Nov 23 08:00:01 EST: %ASA-6-305011: Built dynamic",
            "%ASA-6-305011: Built dynamic",
            "local4",
            6,
            app: "ASA",
            more: #""msgid":"ASA-6-305011""#,
            time: "2026-11-23T13:00:01.000Z"
        ),
        .init(
            "ASA with a year and a host",
            "<166>Nov 23 2026 08:00:01 fw01 : %ASA-4-106023: Deny tcp",
            "%ASA-4-106023: Deny tcp",
            "local4",
            6,
            host: "fw01",
            app: "ASA",
            more: #""msgid":"ASA-4-106023""#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "ASA with a colon at the host",
            "<166>Nov 23 2026 08:00:01 fw01: %ASA-4-106023: Deny tcp",
            "%ASA-4-106023: Deny tcp",
            "local4",
            6,
            host: "fw01",
            app: "ASA",
            more: #""msgid":"ASA-4-106023""#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "ASA without a time",
            "<166>%ASA-4-106023: Deny tcp",
            "%ASA-4-106023: Deny tcp",
            "local4",
            6,
            app: "ASA",
            more: #""msgid":"ASA-4-106023""#
        ),
        .init(
            "IOS XR",
            "<189>1204: RP/0/RSP0/CPU0:Nov 23 08:00:01.123 : config[65756]: %MGBL-CONFIG-6-DB_COMMIT : done",
            "%MGBL-CONFIG-6-DB_COMMIT : done",
            "local7",
            5,
            app: "config",
            more:
                #""pid":65756,"msgid":"MGBL-CONFIG-6-DB_COMMIT","device":"RP/0/RSP0/CPU0","sequence":1204"#,
            time: "2026-11-23T08:00:01.123Z"
        ),
        .init(
            "without a priority",
            "*Nov 23 08:00:01.483: %SYS-3-CPUHOG: busy",
            "%SYS-3-CPUHOG: busy",
            nil,
            3,
            app: "SYS",
            more: #""msgid":"SYS-3-CPUHOG""#,
            time: "2026-11-23T08:00:01.483Z"
        ),
        .init(
            "after LF and blank",
            " <189>29: *Nov 23 08:00:01: %SYS-5-RESTART: on",
            "%SYS-5-RESTART: on",
            "local7",
            5,
            app: "SYS",
            more: #""msgid":"SYS-5-RESTART","sequence":29"#,
            time: "2026-11-23T08:00:01.000Z"
        ),
    ]

    static let network: [SyslogCase] = [
        .init(
            "UniFi access point, old",
            #"<30>Nov 23 08:00:01 ("U7PG2,788a20abcdef,v4.3.20.11298") hostapd: ath0: STA"#,
            "ath0: STA",
            "daemon",
            6,
            app: "hostapd",
            more: #""device":"U7PG2,788a20abcdef,v4.3.20.11298""#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "UniFi access point",
            "<14>Nov 23 08:00:01 U7PG2,788a20abcdef,v4.3.20.11298: kernel: eth0 up",
            "eth0 up",
            "user",
            6,
            app: "kernel",
            more: #""device":"U7PG2,788a20abcdef,v4.3.20.11298""#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "UniFi access point, new",
            "<30>Nov 23 08:00:01 Loft 788a20abcdef,UAP-AC-Pro-6.5.28+14491: hostapd[2345]: ath0: STA",
            "ath0: STA",
            "daemon",
            6,
            host: "Loft",
            app: "hostapd",
            more: #""pid":2345,"device":"788a20abcdef,UAP-AC-Pro-6.5.28+14491""#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "UniFi gateway",
            "<4>Nov 23 08:00:01 UDM kernel: [WAN_LOCAL-4000-D]IN=eth8 OUT= SRC=1.2.3.4",
            "[WAN_LOCAL-4000-D]IN=eth8 OUT= SRC=1.2.3.4",
            "kern",
            4,
            host: "UDM",
            app: "kernel",
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "MikroTik",
            "<30>system,info,account user admin logged in from 10.0.0.2 via winbox",
            "user admin logged in from 10.0.0.2 via winbox",
            "daemon",
            6,
            app: "system",
            more: #""topics":"system,info,account""#
        ),
        .init(
            "MikroTik in BSD form",
            "<28>Nov 23 08:00:01 MikroTik wireless,warning AA:BB: lost",
            "AA:BB: lost",
            "daemon",
            4,
            host: "MikroTik",
            app: "wireless",
            more: #""topics":"wireless,warning""#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "MikroTik without a priority",
            "dhcp,critical,error pool is empty",
            "pool is empty",
            nil,
            3,
            app: "dhcp",
            more: #""topics":"dhcp,critical,error""#
        ),
        .init(
            "FortiGate",
            #"<189>date=2026-11-23 time=08:00:01 devname="FG1" logid="01""#,
            #"date=2026-11-23 time=08:00:01 devname=\"FG1\" logid=\"01\""#,
            "local7",
            5,
            host: "FG1",
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "Juniper, structured",
            #"<165>1 2026-11-23T08:00:01.133+02:00 r1 mgd 3046 UI_DBASE_LOGOUT_EVENT [junos@2636.1.1.1.2.18 username="regress"] User exiting"#,
            "User exiting",
            "local4",
            5,
            host: "r1",
            app: "mgd",
            more:
                #""pid":3046,"msgid":"UI_DBASE_LOGOUT_EVENT","sd":{"junos@2636.1.1.1.2.18":{"username":"regress"}}"#,
            time: "2026-11-23T06:00:01.133Z"
        ),
        .init(
            "HP ProCurve",
            "<14> Nov 23 08:00:01 10.0.0.9 00076 ports: port 1 is now on-line",
            "port 1 is now on-line",
            "user",
            6,
            host: "10.0.0.9",
            app: "ports",
            more: #""msgid":"00076""#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "Synology",
            "<14>Nov 23 08:00:01 nas01 Connection: User [admin] logged in",
            "User [admin] logged in",
            "user",
            6,
            host: "nas01",
            app: "Connection",
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "pfSense filterlog",
            "<134>Nov 23 08:00:01 filterlog[45123]: 5,,,1000000103,igb0,match,block",
            "5,,,1000000103,igb0,match,block",
            "local0",
            6,
            app: "filterlog",
            more: #""pid":45123"#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "VMware ESXi",
            "<166>2026-11-23T08:00:01.123Z esx1.lab Hostd: info hostd[2099] [Originator@6876] x",
            "info hostd[2099] [Originator@6876] x",
            "local4",
            6,
            host: "esx1.lab",
            app: "Hostd",
            time: "2026-11-23T08:00:01.123Z"
        ),
    ]
}
