@testable import KomfyrAgent

/// Messages of programs on Unix systems, and of relays. Those of `logger` are captured.
extension SyslogMessagesTests {
    static let timeQuality = #""sd":{"timeQuality":{"tzKnown":"1","isSynced":"0"}}"#

    /// `logger` of util-linux 2.38, every mode; captured.
    static let utilLinux: [SyslogCase] = [
        .init(
            "logger -t",
            #"<13>1 2026-11-23T08:13:14.017309+00:00 vm myapp - - [timeQuality tzKnown="1" isSynced="0"] disk almost full"#,
            "disk almost full",
            "user",
            5,
            host: "vm",
            app: "myapp",
            more: timeQuality,
            time: "2026-11-23T08:13:14.017309Z"
        ),
        .init(
            "logger --rfc3164 -t",
            "<13>Nov 23 08:13:14 vm myapp: disk almost full",
            "disk almost full",
            "user",
            5,
            host: "vm",
            app: "myapp",
            time: "2026-11-23T08:13:14.000Z"
        ),
        .init(
            "logger --rfc5424=notime",
            "<13>1 - vm root - - - hello",
            "hello",
            "user",
            5,
            host: "vm",
            app: "root"
        ),
        .init(
            "logger --rfc5424=notq -p kern.err",
            "<11>1 2026-11-23T08:13:14.077736+00:00 vm root - - - hello",
            "hello",
            "user",
            3,
            host: "vm",
            app: "root",
            time: "2026-11-23T08:13:14.077736Z"
        ),
        .init("logger --rfc5424=notime,nohost", "<13>1 - - root - - - hi", "hi", "user", 5, app: "root"),
        .init(
            "logger --rfc5424=nohost",
            #"<13>1 2026-11-23T08:13:14.101366+00:00 - root - - [timeQuality tzKnown="1" isSynced="0"] hi"#,
            "hi",
            "user",
            5,
            app: "root",
            more: timeQuality,
            time: "2026-11-23T08:13:14.101366Z"
        ),
        .init(
            "logger --id=4711 -p local3.warning",
            #"<156>1 2026-11-23T08:13:14.126253+00:00 vm root 4711 - [timeQuality tzKnown="1" isSynced="0"] hi"#,
            "hi",
            "local3",
            4,
            host: "vm",
            app: "root",
            more: #""pid":4711,"# + timeQuality,
            time: "2026-11-23T08:13:14.126253Z"
        ),
        .init(
            "logger --sd-id --msgid",
            #"<13>1 2026-11-23T08:13:14.131431+00:00 vm a 24455 M1 [timeQuality tzKnown="1" isSynced="0"][zoo@123 tiger="hungry" zebra="running \"x\""] m"#,
            "m",
            "user",
            5,
            host: "vm",
            app: "a",
            more:
                #""pid":24455,"msgid":"M1","sd":{"timeQuality":{"tzKnown":"1","isSynced":"0"},"zoo@123":{"tiger":"hungry","zebra":"running \"x\""}}"#,
            time: "2026-11-23T08:13:14.131431Z"
        ),
        .init(
            "logger --rfc3164 -i -p mail.debug",
            "<23>Nov 23 08:13:14 vm root[24456]: x",
            "x",
            "mail",
            7,
            host: "vm",
            app: "root",
            more: #""pid":24456"#,
            time: "2026-11-23T08:13:14.000Z"
        ),
        .init(
            "logger in Norwegian",
            "<13>1 2026-11-23T08:13:16.165320+00:00 vm root - - - blåbærsyltetøy",
            "blåbærsyltetøy",
            "user",
            5,
            host: "vm",
            app: "root",
            time: "2026-11-23T08:13:16.165320Z"
        ),
        .init(
            "logger -T",
            "<13>Nov 23 08:13:16 vm q: z\n",
            "z",
            "user",
            5,
            host: "vm",
            app: "q",
            time: "2026-11-23T08:13:16.000Z"
        ),
    ]

    /// C libraries, language libraries, small system loggers.
    static let libraries: [SyslogCase] = [
        .init("Python SysLogHandler", "<12>low battery\0", "low battery", "user", 4),
        .init("Python SysLogHandler with ident", "<11>myapp: boom\nline2\0", #"boom\nline2"#, "user", 3, app: "myapp"),
        .init(
            "Python SysLogHandler with asctime",
            "<11>2026-11-23 08:13:16,239 x ERROR boom\0",
            "x ERROR boom",
            "user",
            3,
            time: "2026-11-23T08:13:16.239Z"
        ),
        .init(
            "Python SysLogHandler with a tag",
            "<11>app[24385]: boom",
            "boom",
            "user",
            3,
            app: "app",
            more: #""pid":24385"#
        ),
        .init(
            "glibc to /dev/log",
            "<13>Nov 23 08:00:01 CRON[1234]: (root) CMD (run-parts)",
            "(root) CMD (run-parts)",
            "user",
            5,
            app: "CRON",
            more: #""pid":1234"#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "busybox without a host",
            "<30>Nov 23 08:00:01 dnsmasq-dhcp[712]: DHCPACK(br-lan) 192.168.1.20",
            "DHCPACK(br-lan) 192.168.1.20",
            "daemon",
            6,
            app: "dnsmasq-dhcp",
            more: #""pid":712"#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "busybox mark",
            "<46>Nov 23 08:00:01 -- MARK --",
            "-- MARK --",
            "syslog",
            6,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "syslogd of BSD repeats",
            "<13>Nov 23 08:00:01 last message repeated 2 times",
            "last message repeated 2 times",
            "user",
            5,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "OpenWrt logd",
            "<30>Nov 23 08:00:01 OpenWrt hostapd: phy0-ap0: STA 00:11:22:33:44:55 associated",
            "phy0-ap0: STA 00:11:22:33:44:55 associated",
            "daemon",
            6,
            host: "OpenWrt",
            app: "hostapd",
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "musl without a time",
            "<86>sshd[99]: Accepted publickey",
            "Accepted publickey",
            "authpriv",
            6,
            app: "sshd",
            more: #""pid":99"#
        ),
        .init(
            "a host without a time",
            "<30>OpenWrt netifd[1420]: Interface 'lan' is up",
            "Interface 'lan' is up",
            "daemon",
            6,
            host: "OpenWrt",
            app: "netifd",
            more: #""pid":1420"#
        ),
        .init(
            "kernel",
            "<4>Nov 23 08:00:01 pi kernel: [12345.678] usb 1-1: reset",
            "[12345.678] usb 1-1: reset",
            "kern",
            4,
            host: "pi",
            app: "kernel",
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "postfix",
            "<22>Nov 23 08:00:01 mail postfix/smtpd[3]: connect",
            "connect",
            "mail",
            6,
            host: "mail",
            app: "postfix/smtpd",
            more: #""pid":3"#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "PAM of old",
            "<86>Nov 23 08:00:01 h sshd(pam_unix)[44]: session opened",
            "session opened",
            "authpriv",
            6,
            host: "h",
            app: "sshd(pam_unix)",
            more: #""pid":44"#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "systemd",
            "<30>Nov 23 08:00:01 h systemd[1]: Started Session 3 of user root.",
            "Started Session 3 of user root.",
            "daemon",
            6,
            host: "h",
            app: "systemd",
            more: #""pid":1"#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "Docker's syslog driver",
            "<30>Nov 23 08:00:01 node1 dockerd/web/3f4e[812]: GET / 200",
            "GET / 200",
            "daemon",
            6,
            host: "node1",
            app: "dockerd/web/3f4e",
            more: #""pid":812"#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "log4j, RFC 5424",
            #"<131>1 2026-11-23T08:00:01.123+01:00 app01 orders - Audit [Q@18060 id="7" id="8"][a@1] placed"#,
            "placed",
            "local0",
            3,
            host: "app01",
            app: "orders",
            more: #""msgid":"Audit","sd":{"Q@18060":{"id":["7","8"]},"a@1":{}}"#,
            time: "2026-11-23T07:00:01.123Z"
        ),
        .init(
            "RFC 5424 §6.5 example 1",
            "<34>1 2026-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{FEFF}'su root' failed on /dev/pts/8",
            "'su root' failed on /dev/pts/8",
            "auth",
            2,
            host: "mymachine.example.com",
            app: "su",
            more: #""msgid":"ID47","device_time":"2026-10-11T22:14:15.003Z""#
        ),
        .init(
            "RFC 5424 §6.5 example 4, no text",
            #"<165>1 2026-11-23T08:00:01.003Z m evntslog - ID47 [e@32473 iut="3" eventSource="A"]"#,
            nil,
            "local4",
            5,
            host: "m",
            app: "evntslog",
            more: #""msgid":"ID47","sd":{"e@32473":{"iut":"3","eventSource":"A"}}"#,
            time: "2026-11-23T08:00:01.003Z"
        ),
    ]

    static let relays: [SyslogCase] = [
        .init(
            "rsyslog RSYSLOG_ForwardFormat",
            "<38>2026-11-23T08:00:01.123456+01:00 web1 sshd[812]: Accepted password",
            "Accepted password",
            "auth",
            6,
            host: "web1",
            app: "sshd",
            more: #""pid":812"#,
            time: "2026-11-23T07:00:01.123456Z"
        ),
        .init(
            "rsyslog RSYSLOG_SyslogProtocol23Format",
            "<38>1 2026-11-23T08:00:01.123456+01:00 web1 sshd 812 - -  Accepted password",
            " Accepted password",
            "auth",
            6,
            host: "web1",
            app: "sshd",
            more: #""pid":812"#,
            time: "2026-11-23T07:00:01.123456Z"
        ),
        .init(
            "a relay doubled the host",
            "<38>Nov 23 08:00:01 web1 web1 sshd[812]: hi",
            "hi",
            "auth",
            6,
            host: "web1",
            app: "sshd",
            more: #""pid":812"#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "syslog-ng with an IPv6 host",
            "<38>Nov 23 08:00:01 fe80::1 sshd[812]: hi",
            "hi",
            "auth",
            6,
            host: "fe80::1",
            app: "sshd",
            more: #""pid":812"#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "the host is the peer",
            "<38>Nov 23 08:00:01 10.0.0.9 sshd[812]: hi",
            "hi",
            "auth",
            6,
            host: "10.0.0.9",
            app: "sshd",
            more: #""pid":812"#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "RFC 5424 without its version",
            "<34>2026-11-23T08:00:01Z h app 12 ID1 - text",
            "text",
            "auth",
            2,
            host: "h",
            app: "app",
            more: #""pid":12,"msgid":"ID1""#,
            time: "2026-11-23T08:00:01.000Z"
        ),
        .init(
            "neither version nor time",
            #"<34>- h app 12 - [a@1 x="1"] text"#,
            "text",
            "auth",
            2,
            host: "h",
            app: "app",
            more: #""pid":12,"sd":{"a@1":{"x":"1"}}"#
        ),
        .init(
            "a zone of its own",
            "<38>Nov 23 08:00:01 h a: b",
            "b",
            "auth",
            6,
            host: "h",
            app: "a",
            time: "2026-11-23T06:00:01.000Z",
            zoneOffset: 7_200
        ),
        .init(
            "Meraki",
            "<134>1 1795420801.774247467 MX84 flows src=10.0.0.1 dst=1.1.1.1",
            "src=10.0.0.1 dst=1.1.1.1",
            "local0",
            6,
            host: "MX84",
            app: "flows",
            time: "2026-11-23T08:00:01.774247467Z"
        ),
    ]
}
