/// Firewalls: Fortinet, Palo Alto, Check Point, SonicWall, Sophos, Juniper, Zyxel.
enum FirewallDevices {
    static let fortinet = #"""
        # FortiGate, traffic
        < <189>date=2026-11-23 time=09:00:01 devname="FG1" devid="FG100ETK18" eventtime=1795420801123456789 tz="+0100" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=10.1.1.11 srcport=58012 dstport=80 policyid=1 service="HTTP" duration=116 sentbyte=1188
        @ local7.notice FG1 traffic 08:00:01
        =~ date=
        + "date":"2026-11-23","time":"09:00:01","devname":"FG1","devid":"FG100ETK18","eventtime":1795420801123456789,"tz":"+0100","logid":"0000000013","type":"traffic","subtype":"forward","level":"notice","vd":"root","srcip":"10.1.1.11","srcport":58012,"dstport":80,"policyid":1,"service":"HTTP","duration":116,"sentbyte":1188

        # FortiGate, event with quotes and a message
        < <190>date=2026-11-23 time=08:00:01 devname="FG1" tz="+0000" type="event" subtype="system" level="information" msg="Administrator \"admin\" logged in from GUI(10.0.0.2)" user="admin" ui="GUI(10.0.0.2)"
        @ local7.info FG1 event 08:00:01
        =~ date=
        + "date":"2026-11-23","time":"08:00:01","devname":"FG1","tz":"+0000","type":"event","subtype":"system","level":"information","msg":"Administrator \"admin\" logged in from GUI(10.0.0.2)","user":"admin","ui":"GUI(10.0.0.2)"

        # FortiGate of old, no zone, no quotes
        < <188>date=2026-11-23 time=08:00:01 devname=FG200B device_id=FG200B39 log_id=0038000004 type=traffic pri=warning vd=root
        @ local7.warning FG200B traffic 08:00:01
        =~ date=
        + "date":"2026-11-23","time":"08:00:01","devname":"FG200B","device_id":"FG200B39","log_id":"0038000004","type":"traffic","pri":"warning","vd":"root"

        # FortiGate behind a relay
        < <189>Nov 23 08:00:02 192.0.2.1 date=2026-11-23 time=08:00:01 devname="FG1" tz="+0000" type="utm" level="alert"
        @ local7.notice FG1 utm 08:00:01
        =~ date=
        + "date":"2026-11-23","time":"08:00:01","devname":"FG1","tz":"+0000","type":"utm","level":"alert"

        # FortiGate with commas
        < <189>date=2026-11-23,time=08:00:01,devname="FG1",tz="+0000",type="event",action="login",status="failed"
        @ local7.notice FG1 event 08:00:01
        =~ date=
        + "date":"2026-11-23","time":"08:00:01","devname":"FG1","tz":"+0000","type":"event","action":"login","status":"failed"

        # FortiGate without a priority
        < date=2026-11-23 time=08:00:01 devname="FG1" tz="+0000" type="event" level="notice"
        @ - FG1 event 08:00:01
        =~ date=
        + "date":"2026-11-23","time":"08:00:01","devname":"FG1","tz":"+0000","type":"event","level":"notice"

        # FortiGate, CEF
        < <189>Nov 23 08:00:01 FG1 CEF:0|Fortinet|Fortigate|v7.4.1|00013|traffic:forward close|3|deviceExternalId=FGT5HD src=10.1.1.11 spt=54190 act=close
        @ local7.notice FG1 Fortigate 08:00:01
        =~ CEF:0
        + "deviceVendor":"Fortinet","deviceProduct":"Fortigate","deviceVersion":"v7.4.1","deviceEventClassId":"00013","name":"traffic:forward close","cefSeverity":3,"deviceExternalId":"FGT5HD","src":"10.1.1.11","spt":54190,"act":"close"

        # FortiGate, CEF with a blank
        < <189>Nov 23 08:00:01 FG1 CEF: 0|Fortinet|Fortigate|v5.6|13|traffic|3|act=deny
        @ local7.notice FG1 Fortigate 08:00:01
        =~ CEF: 0
        + "deviceVendor":"Fortinet","deviceProduct":"Fortigate","deviceVersion":"v5.6","deviceEventClassId":13,"name":"traffic","cefSeverity":3,"act":"deny"

        # FortiGate, RFC 5424
        < <189>1 2026-11-23T08:00:01Z FG1 - - - - date=2026-11-23 time=08:00:01 devname="FG1" tz="+0000" type="event"
        @ local7.notice FG1 event 08:00:01
        =~ date=
        + "date":"2026-11-23","time":"08:00:01","devname":"FG1","tz":"+0000","type":"event"

        # FortiWeb
        < <190>date=2026-11-23 time=09:00:01 log_id=11003701 device_id=FV-1KD vd="root" timezone="(GMT+1:00)Amsterdam" type=event subtype="system" pri=information
        @ local7.info - event 08:00:01
        =~ date=
        + "date":"2026-11-23","time":"09:00:01","log_id":11003701,"device_id":"FV-1KD","vd":"root","timezone":"(GMT+1:00)Amsterdam","type":"event","subtype":"system","pri":"information"
        """#

    static let paloAlto = #"""
        # PAN-OS, traffic
        < <14>Nov 23 08:00:02 PA-220 1,2026/11/23 08:00:01,012801096514,TRAFFIC,end,2560,2026/11/23 08:00:01,10.1.1.1,192.0.2.8,,,allow-all
        @ user.info PA-220 TRAFFIC 08:00:02
        =~ 1,2026

        # PAN-OS, threat without a host
        < <12>Nov 23 08:00:02 1,2026/11/23 08:00:01,012801096514,THREAT,url,2560,2026/11/23 08:00:01,10.1.1.1
        @ user.warning - THREAT 08:00:02
        =~ 1,2026

        # PAN-OS, RFC 5424
        < <14>1 2026-11-23T08:00:01+01:00 PA-220 - - - - 1,2026/11/23 08:00:01,012801096514,SYSTEM,general,0,2026/11/23 08:00:01,,general,,0,0,general,informational,"User admin logged in"
        @ user.info PA-220 SYSTEM 07:00:01
        =~ 1,2026

        # PAN-OS, header alone
        < <14>1,2026/11/23 08:00:01,012801096514,CONFIG,0,0,2026/11/23 08:00:01,10.0.0.2,,set,admin
        @ user.info - CONFIG 08:00:01
        =~ 1,2026

        # PAN-OS, LEEF
        < <14>Nov 23 08:00:01 PA-220 LEEF:1.0|Palo Alto Networks|PAN-OS Syslog Integration|8.1|allow|cat=TRAFFIC⇥srcPort=5000⇥src=10.0.0.1⇥action=allow
        @ user.info PA-220 PAN-OS·Syslog·Integration 08:00:01
        =~ LEEF
        + "deviceVendor":"Palo Alto Networks","deviceProduct":"PAN-OS Syslog Integration","deviceVersion":8.1,"eventId":"allow","cat":"TRAFFIC","srcPort":5000,"src":"10.0.0.1","action":"allow"
        """#

    static let checkPoint = #"""
        # Check Point, log exporter
        < <134>1 2026-11-23T08:00:01Z gw1 CheckPoint 16953 - [action:"Drop"; flags:"409600"; origin:"192.0.2.100"; rule_name:"Cleanup rule"; policy:"name=Standard\]"; empty:""; s_port:"51000"]
        @ local0.info gw1 CheckPoint 08:00:01
        =~ [action
        + "pid":16953,"action":"Drop","flags":409600,"origin":"192.0.2.100","rule_name":"Cleanup rule","policy":"name=Standard]","s_port":51000

        # Check Point, structured data
        < <134>1 2026-11-23T08:00:01Z gw1 CheckPoint 1930 - [Fields@1.3.6.1.4.1.2620 Action="Accept" src="10.0.0.1"]
        @ local0.info gw1 CheckPoint 08:00:01
        + "pid":1930,"sd":{"Fields@1.3.6.1.4.1.2620":{"Action":"Accept","src":"10.0.0.1"}}

        # Check Point, bars
        < <134>1 2026-11-23T08:00:01Z gw1 CheckPoint 1930 - - time=1795420801|hostname=gw1|product=Firewall|layer_name=Net work|ifdir=inbound
        @ local0.info gw1 CheckPoint 08:00:01
        =~ time=
        + "pid":1930,"time":1795420801,"hostname":"gw1","product":"Firewall","layer_name":"Net","ifdir":"inbound"

        # Check Point, CEF
        < <134>Nov 23 08:00:01 gw1 CEF:0|Check Point|VPN-1 & FireWall-1|Check Point|Log|Drop|Unknown|act=Drop dst=192.0.2.7 cs2Label=Rule Name cs2=Clean \= up proto=6
        @ local0.info gw1 VPN-1·&·FireWall-1 08:00:01
        =~ CEF
        + "deviceVendor":"Check Point","deviceProduct":"VPN-1 & FireWall-1","deviceVersion":"Check Point","deviceEventClassId":"Log","name":"Drop","cefSeverity":"Unknown","act":"Drop","dst":"192.0.2.7","cs2Label":"Rule Name","cs2":"Clean = up","proto":6

        # Check Point, LEEF 2 with a delimiter
        < <134>Nov 23 08:00:01 gw1 LEEF:2.0|Check Point|VPN|1.0|Accept|^|src=10.0.0.1^msg=two words^dstPort=443
        @ local0.info gw1 VPN 08:00:01
        =~ LEEF
        + "deviceVendor":"Check Point","deviceProduct":"VPN","deviceVersion":1.0,"eventId":"Accept","src":"10.0.0.1","msg":"two words","dstPort":443

        # LEEF 2 with a delimiter in hexadecimal
        < <134>Nov 23 08:00:01 gw1 LEEF:2.0|Vendor|Box|1.2.3|E1|0x5E|src=10.0.0.1^usrName=bob
        @ local0.info gw1 Box 08:00:01
        =~ LEEF
        + "deviceVendor":"Vendor","deviceProduct":"Box","deviceVersion":"1.2.3","eventId":"E1","src":"10.0.0.1","usrName":"bob"
        """#

    static let sonicWall = #"""
        # SonicWall
        < <134>  id=firewall sn=0017C5000001 time="2026-11-23 08:00:01 UTC" fw=203.0.113.1 pri=6 c=262144 m=98 msg="Connection Opened" n=1234 src=10.0.0.5:51000:X0 dst=192.0.2.9:443:X1 proto=tcp/https sent=60
        @ local0.info 203.0.113.1 - 08:00:01
        =~ id=
        + "id":"firewall","sn":"0017C5000001","time":"2026-11-23 08:00:01 UTC","fw":"203.0.113.1","pri":6,"c":262144,"m":98,"msg":"Connection Opened","n":1234,"src":"10.0.0.5:51000:X0","dst":"192.0.2.9:443:X1","proto":"tcp/https","sent":60

        # SonicWall in its own zone
        < <129>id=firewall sn=0017C5000001 time="2026-11-23 08:00:01" fw=203.0.113.1 pri=1 c=32 m=82 msg="Possible port scan detected" note="TCP scanned port list, 33159, 7847"
        @ local0.alert 203.0.113.1 - 08:00:01
        =~ id=
        + "id":"firewall","sn":"0017C5000001","time":"2026-11-23 08:00:01","fw":"203.0.113.1","pri":1,"c":32,"m":82,"msg":"Possible port scan detected","note":"TCP scanned port list, 33159, 7847"

        # SonicWall behind a relay
        < <134>Nov 23 08:00:02 172.16.2.1 id=firewall sn=0017C5000001 time="2026-11-23 08:00:01 UTC" fw=203.0.113.1 pri=6 m=97 op=1
        @ local0.info 203.0.113.1 - 08:00:01
        =~ id=
        + "id":"firewall","sn":"0017C5000001","time":"2026-11-23 08:00:01 UTC","fw":"203.0.113.1","pri":6,"m":97,"op":1
        """#

    static let sophos = #"""
        # Sophos UTM, packet filter
        < <30>2026:11:23-08:00:01 utm1 ulogd[4711]: id="2001" severity="info" sys="SecureNet" sub="packetfilter" name="Packet dropped" action="drop" fwrule="60001" srcmac="00:53:00:aa:bb:cc" length="52" srcport="44123"
        @ daemon.info utm1 ulogd 08:00:01
        =~ id=
        + "pid":4711,"id":2001,"severity_2":"info","sys":"SecureNet","sub":"packetfilter","name":"Packet dropped","action":"drop","fwrule":60001,"srcmac":"00:53:00:aa:bb:cc","length":52,"srcport":44123

        # Sophos UTM, DHCP
        < <30>2026:11:23-08:00:01 utm1 dhcpd: DHCPACK on 10.0.0.129 to 00:53:cb:a1:d2:93 (CLIENTHOST) via eth1
        @ daemon.info utm1 dhcpd 08:00:01
        =~ DHCPACK

        # Sophos UTM without a priority
        < 2026:11:23-08:00:01 utm-1 httpproxy[8]: id="0001" statuscode="200"
        @ - utm-1 httpproxy 08:00:01
        =~ id=
        + "pid":8,"id":"0001","statuscode":200

        # Sophos XG of old
        < <30>device="SFW" date=2026-11-23 time=09:00:01 timezone="CET" device_name="XG115" device_id=C1A01 log_id=010101600001 log_type="Firewall" log_component="Firewall Rule" status="Allow" priority=Information duration=10 src_port=5353
        @ daemon.info - Firewall 08:00:01
        =~ device=
        + "device_2":"SFW","date":"2026-11-23","time":"09:00:01","timezone":"CET","device_name":"XG115","device_id":"C1A01","log_id":"010101600001","log_type":"Firewall","log_component":"Firewall Rule","status":"Allow","priority":"Information","duration":10,"src_port":5353

        # Sophos Firewall, newer
        < <30>device_name="SFW" timestamp="2026-11-23T09:00:01+0100" device_model="XGS116" device_serial_id="X11" log_id="063411660020" log_type="Event" log_component="DHCP Server" severity="Information" message="Lease renewed" lease_time="345600"
        @ daemon.info - Event 08:00:01
        =~ device_name
        + "device_name":"SFW","timestamp":"2026-11-23T09:00:01+0100","device_model":"XGS116","device_serial_id":"X11","log_id":"063411660020","log_type":"Event","log_component":"DHCP Server","severity_2":"Information","message":"Lease renewed","lease_time":345600

        # Sophos Firewall behind a relay
        < <30>Nov 23 08:00:02 sophos1 device_name="SFW" timestamp="2026-11-23T08:00:01+0000" log_type="Event" status="Renew"
        @ daemon.info sophos1 Event 08:00:01
        =~ device_name
        + "device_name":"SFW","timestamp":"2026-11-23T08:00:01+0000","log_type":"Event","status":"Renew"
        """#

    static let juniper = #"""
        # Junos, a daemon
        < <28>Nov 23 08:00:01 r1-re0 rpd[1234]: bgp_listen_accept: Connection attempt from unconfigured neighbor: 10.0.0.2+179
        @ daemon.warning r1-re0 rpd 08:00:01
        =~ bgp_listen
        + "pid":1234

        # Junos, a message's name
        < <29>Nov 23 08:00:01 r1 rpd[1234]: BGP_PREFIX_THRESH_EXCEEDED: 10.0.0.2 (External AS 65001): Configured maximum prefix-limit threshold
        @ daemon.notice r1 rpd 08:00:01
        =~ BGP_PREFIX
        + "pid":1234,"msgid":"BGP_PREFIX_THRESH_EXCEEDED"

        # Junos, explicit-priority
        < <189>Nov 23 08:00:01 r1 mgd[4153]: %INTERACT-5-UI_DBASE_LOGIN_EVENT: User 'admin' entering configuration mode
        @ local7.notice r1 mgd 08:00:01
        =~ %INTERACT
        + "pid":4153,"msgid":"INTERACT-5-UI_DBASE_LOGIN_EVENT"

        # Junos, the year behind the time
        < <28>Nov 23 08:00:01 2026 r1 chassisd[52]: CHASSISD_SNMP_TRAP7: SNMP trap generated: Fan failed
        @ daemon.warning r1 chassisd 08:00:01
        =~ CHASSISD
        + "pid":52,"msgid":"CHASSISD_SNMP_TRAP7"

        # Junos, milliseconds and year
        < <28>Nov 23 08:00:01.123 2026 r1 /kernel: em0: link state changed
        @ daemon.warning r1 /kernel 08:00:01.123
        =~ em0

        # SRX, session
        < <14>Nov 23 08:00:01 srx1 RT_FLOW: RT_FLOW_SESSION_CREATE: session created 10.0.0.1/58662->192.0.2.8/53 junos-dns-udp
        @ user.info srx1 RT_FLOW 08:00:01
        =~ RT_FLOW_SESSION
        + "msgid":"RT_FLOW_SESSION_CREATE"

        # SRX, web filter
        < <14>Nov 23 08:00:01 srx1 RT_UTM: WEBFILTER_URL_PERMITTED: WebFilter: ACTION="URL Permitted" 10.0.0.1(62054)->192.0.2.1(443) CATEGORY="IT" URL=example.com OBJ=/ username N/A
        @ user.info srx1 RT_UTM 08:00:01
        =~ WEBFILTER
        + "msgid":"WEBFILTER_URL_PERMITTED","ACTION":"URL Permitted","CATEGORY":"IT","URL":"example.com","OBJ":"/"

        # SRX, intrusion
        < <14>Nov 23 08:00:01 srx1 RT_IDP: IDP_ATTACK_LOG_EVENT: IDP: at 1303673404, attack: repeat=0, action=DROP, threat-severity=HIGH, inbytes=0
        @ user.info srx1 RT_IDP 08:00:01
        =~ IDP_ATTACK
        + "msgid":"IDP_ATTACK_LOG_EVENT","repeat":0,"action":"DROP","threat-severity":"HIGH","inbytes":0

        # SRX, structured
        < <14>1 2026-11-23T08:00:01.123Z srx1 RT_FLOW - RT_FLOW_SESSION_DENY [junos@2636.1.1.1.2.129 source-address="10.0.0.1" source-port="5000" policy-name="deny-all"]
        @ user.info srx1 RT_FLOW 08:00:01.123
        + "msgid":"RT_FLOW_SESSION_DENY","sd":{"junos@2636.1.1.1.2.129":{"source-address":"10.0.0.1","source-port":"5000","policy-name":"deny-all"}}

        # EX, a member's line card
        < <29>Nov 23 08:00:01 ex1 fpc0 dcd[7]: interface down
        @ daemon.notice ex1 - 08:00:01
        =~ fpc0

        # Junos, last message
        < <38>Nov 23 08:00:01 r1 last message repeated 2 times
        @ auth.info r1 - 08:00:01
        =~ last message

        # ScreenOS
        < <133>ns5gt: NetScreen device_id=ns5gt  [Root]system-notification-00257(traffic): start_time="2026-11-23 08:00:01" duration=0 policy_id=320001 action=Deny
        @ local0.notice - ns5gt -
        =~ NetScreen
        + "device_id":"ns5gt","start_time":"2026-11-23 08:00:01","duration":0,"policy_id":320001,"action":"Deny"
        """#

    static let zyxel = #"""
        # Zyxel USG
        < <142>Nov 23 08:00:01 2026 usgflex700h src="0.0.0.0:68" dst="255.255.255.255:67" msg="Match default rule DROP" note="ACCESS BLOCK" user="" devID="f44d5c94f517" cat="Security Policy Control" action="Drop"
        @ local1.info usgflex700h Security·Policy·Control 08:00:01
        =~ src=
        + "src":"0.0.0.0:68","dst":"255.255.255.255:67","msg":"Match default rule DROP","note":"ACCESS BLOCK","devID":"f44d5c94f517","cat":"Security Policy Control","action":"Drop"

        # Zyxel USG, user
        < <142>Nov 23 08:00:01 usg60 src="10.0.0.2:0" dst="10.0.0.1:0" msg="Administrator admin(MAC=-) from http/https has logged in Device" note="Account: admin" user="admin" devID="bccf4f000000" cat="User"
        @ local1.info usg60 User 08:00:01
        =~ src=
        + "src":"10.0.0.2:0","dst":"10.0.0.1:0","msg":"Administrator admin(MAC=-) from http/https has logged in Device","note":"Account: admin","user":"admin","devID":"bccf4f000000","cat":"User"

        # Zyxel switch
        < <14>Nov 23 08:00:01 GS1920 interface: Port 1 link up
        @ user.info GS1920 interface 08:00:01
        =~ Port 1

        # Zyxel DSL router
        < <30>Nov 23 08:00:01 VMG8924 dnsmasq-dhcp[3456]: DHCPREQUEST(br0) 10.0.0.33 00:53:11:22:33:44
        @ daemon.info VMG8924 dnsmasq-dhcp 08:00:01
        =~ DHCPREQUEST
        + "pid":3456
        """#
}
