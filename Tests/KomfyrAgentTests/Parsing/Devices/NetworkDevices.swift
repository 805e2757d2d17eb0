/// Routers, switches, access points and load balancers.
enum NetworkDevices {
    static let ubiquiti = #"""
        # UniFi AP, station tracker
        < <30>Nov 23 08:00:01 Loft 788a20abcdef,UAP-AC-Lite-5.60.9+12980: : stahtd[1790]: [STA-TRACKER].stahtd_dump_event(): {"message_type":"STA_ASSOC_TRACKER","mac":"00:53:00:11:22:33","vap":"ath0","event_type":"fixup","assoc_status":0}
        @ daemon.info Loft stahtd 08:00:01
        =~ [STA-TRACKER]
        + "pid":1790,"device":"788a20abcdef,UAP-AC-Lite-5.60.9+12980","message_type":"STA_ASSOC_TRACKER","mac":"00:53:00:11:22:33","vap":"ath0","event_type":"fixup","assoc_status":0

        # UniFi switch of old
        < <27>Nov 23 08:00:01 US8P60,18e8294876c3,v4.0.66.10832 switch: DOT1S: dot1sBpduReceive(): Discarding the BPDU on port 0/7
        @ daemon.err - switch 08:00:01
        =~ DOT1S
        + "device":"US8P60,18e8294876c3,v4.0.66.10832"

        # UniFi AP with its model and a colon
        < <30>Nov 23 08:00:01 U7PG2,788a2056b181,v4.0.66.10832: logread[5495]: Logread connected to 10.2.0.9:514
        @ daemon.info - logread 08:00:01
        =~ Logread
        + "pid":5495,"device":"U7PG2,788a2056b181,v4.0.66.10832"

        # UniFi gateway, firewall
        < <4>Nov 23 08:00:01 USG kernel: [LAN_LOCAL-default-A]IN=eth0.2004 OUT= MAC= SRC=10.254.3.1 DST=224.0.0.251 LEN=348 TOS=0x00 TTL=255 DF PROTO=UDP SPT=5353 DPT=5353 LEN=328
        @ kern.warning USG kernel 08:00:01
        =~ [LAN_LOCAL
        + "IN":"eth0.2004","SRC":"10.254.3.1","DST":"224.0.0.251","LEN":[348,328],"TOS":"0x00","TTL":255,"PROTO":"UDP","SPT":5353,"DPT":5353

        # UniFi OS, CEF
        < <14>Nov 23 08:00:01 UDM CEF:0|Ubiquiti|UniFi Network|9.0.114|400|WiFi Client Connected|1|UNIFIcategory=Monitoring UNIFIhost=UDM msg=Bob's phone connected to Guest
        @ user.info UDM UniFi·Network 08:00:01
        =~ CEF
        + "deviceVendor":"Ubiquiti","deviceProduct":"UniFi Network","deviceVersion":"9.0.114","deviceEventClassId":400,"name":"WiFi Client Connected","cefSeverity":1,"UNIFIcategory":"Monitoring","UNIFIhost":"UDM","msg":"Bob's phone connected to Guest"

        # EdgeRouter
        < <30>Nov 23 08:00:01 edge dhcpd: DHCPDISCOVER from 00:53:00:11:22:33 via eth1
        @ daemon.info edge dhcpd 08:00:01
        =~ DHCPDISCOVER

        # airOS
        < <30>Nov 23 08:00:01 bullet wireless: ath0     Sending disassoc to 00:53:00:11:22:33. Reason: Disassociated due to inactivity (4).
        @ daemon.info bullet wireless 08:00:01
        =~ ath0
        """#

    static let mikrotik = #"""
        # RouterOS firewall
        < <30>firewall,info drop input: in:ether1 out:(unknown 0), connection-state:new src-mac 00:53:00:aa:bb:cc, proto TCP (SYN), 198.51.100.7:40000->203.0.113.9:22, len 60
        @ daemon.info - firewall -
        =~ drop input
        + "topics":"firewall,info","in":"ether1","out":"(unknown 0)","connection-state":"new","src-mac":"00:53:00:aa:bb:cc","proto":"TCP","flags":"SYN","srcport":40000,"src":"198.51.100.7","dstport":22,"dst":"203.0.113.9","len":60

        # RouterOS firewall with NAT, BSD form
        < <30>Nov 23 08:00:01 gw firewall,info forward: in:bridge out:ether1, connection-state:new,snat proto TCP (ACK,FIN), 10.0.0.2:57916->192.0.2.4:443, NAT (10.0.0.2:57916->203.0.113.8:57916)->192.0.2.4:443, len 52
        @ daemon.info gw firewall 08:00:01
        =~ forward:
        + "topics":"firewall,info","in":"bridge","out":"ether1","connection-state":"new,snat","proto":"TCP","flags":"ACK,FIN","srcport":57916,"src":"10.0.0.2","dstport":443,"dst":"192.0.2.4","nat":"(10.0.0.2:57916->203.0.113.8:57916)->192.0.2.4:443","len":52

        # RouterOS firewall, ICMP
        < firewall,info prerouting: in:sfp1 out:(unknown 0), proto ICMP (type 8, code 0), 192.0.2.1->203.0.113.1, len 56
        @ -.info - firewall -
        =~ prerouting
        + "topics":"firewall,info","in":"sfp1","out":"(unknown 0)","proto":"ICMP","flags":"type 8, code 0","src":"192.0.2.1","dst":"203.0.113.1","len":56

        # RouterOS with a colon behind the host
        < <30>Nov 23 08:00:01 edge-router : interface,info ether1 link up (speed 1G, full duplex)
        @ daemon.info edge-router interface 08:00:01
        =~ ether1 link
        + "topics":"interface,info"

        # RouterOS, ISO time
        < <30>2026-11-23T09:00:01.250+0100 MikroTik dhcp,info defconf assigned 10.0.0.254 for 00:53:00:AA:BB:CC phone
        @ daemon.info MikroTik dhcp 08:00:01.250
        =~ defconf
        + "topics":"dhcp,info"

        # RouterOS, login failure
        < system,error,critical login failure for user root from 198.51.100.23 via ssh
        @ -.crit - system -
        =~ login failure
        + "topics":"system,error,critical"

        # RouterOS, wireless
        < <30>wireless,info 00:53:00:AA:BB:CC@wlan1: connected, signal strength -61
        @ daemon.info - wireless -
        =~ 00:53
        + "topics":"wireless,info"

        # RouterOS, script
        < script,warning backup took 12 s
        @ -.warning - script -
        =~ backup
        + "topics":"script,warning"

        # RouterOS, l2tp
        < <30>Nov 23 08:00:01 gw l2tp,ppp,info l2tp-bob: authenticated
        @ daemon.info gw l2tp 08:00:01
        =~ l2tp-bob
        + "topics":"l2tp,ppp,info"
        """#

    static let openWrt = #"""
        # OpenWrt, logd without a host
        < <30>Nov 23 08:00:01 dnsmasq[1]: started, version 2.90 cachesize 1000
        @ daemon.info - dnsmasq 08:00:01
        =~ started
        + "pid":1

        # OpenWrt, logread in a file
        < Mon Nov 23 08:00:01 2026 daemon.notice netifd: Network device 'eth0' link is up
        @ daemon.notice - netifd 08:00:01
        =~ Network

        # OpenWrt, kernel in a file
        < Mon Nov 23 08:00:01 2026 kern.info kernel: [   12.345678] br-lan: port 1(eth0) entered forwarding state
        @ kern.info - kernel 08:00:01
        =~ [   12

        # OpenWrt, hostapd
        < <30>Nov 23 08:00:01 ap1 hostapd: phy1-ap0: AP-STA-CONNECTED 00:53:00:11:22:33 auth_alg=open
        @ daemon.info ap1 hostapd 08:00:01
        =~ phy1
        + "auth_alg":"open"

        # OpenWrt, dropbear
        < <86>Nov 23 08:00:01 OpenWrt dropbear[2112]: Password auth succeeded for 'root' from 10.0.0.2:50001
        @ authpriv.info OpenWrt dropbear 08:00:01
        =~ Password
        + "pid":2112

        # BusyBox, facility in words
        < Nov 23 08:00:01 box daemon.err udhcpc[88]: sending discover
        @ daemon.err box udhcpc 08:00:01
        =~ sending
        + "pid":88

        # BusyBox, small
        < user.info crond[9]: USER root pid  11 cmd run-parts
        @ user.info - crond -
        =~ USER
        + "pid":9

        # BusyBox, authentication in words
        < Nov 23 08:00:01 box auth.notice login[31]: root login on 'ttyS0'
        @ auth.notice box login 08:00:01
        =~ root login
        + "pid":31

        # BusyBox, syslogd starts
        < <46>Nov 23 08:00:01 box syslogd started: BusyBox v1.36.1
        @ syslog.info box - 08:00:01
        =~ syslogd started

        # BusyBox, priority and words
        < <30>Nov 23 08:00:01 RuckusAP daemon.info hostapd: wlan0: STA associated
        @ daemon.info RuckusAP hostapd 08:00:01
        =~ wlan0
        """#

    static let wireless = #"""
        # ArubaOS controller
        < <187>Nov 23 08:00:01 2026 ARUBA-MC1 authmgr[4130]: <124198> <4130> <ERRS> <ARUBA-MC1 10.10.10.10>  Missing server in attribute list, auth=VPN, utype=L3
        @ local7.err ARUBA-MC1 authmgr 08:00:01
        =~ <124198>
        + "pid":4130,"msgid":"124198","auth":"VPN","utype":"L3"

        # Aruba AP
        < <188>Nov 23 08:00:01 2026 10.0.0.9 sapd[1362]: <127037> <WARN> |AP 00:53:86:eb:4e:32@10.10.10.10 sapd| |ids-ap| Station Associated to Rogue AP
        @ local7.warning 10.0.0.9 sapd 08:00:01
        =~ <127037>
        + "pid":1362,"msgid":"127037"

        # Aruba, without a pid
        < <191>Nov 23 08:00:01 2026 10.0.0.9 dnsmasq: reading /etc/resolv.conf
        @ local7.debug 10.0.0.9 dnsmasq 08:00:01
        =~ reading

        # ArubaOS-CX
        < <190>1 2026-11-23T08:00:01.123456+00:00 cx6300 hpe-restd 1234 - - Event|4608|LOG_INFO|AMM|-|Session created for user admin
        @ local7.info cx6300 hpe-restd 08:00:01.123456
        =~ Event|
        + "pid":1234

        # ArubaOS-Switch
        < <46> Nov 23 08:00:01 192.168.1.254  00179 mgr:  SME SSH from 192.168.1.22 - MANAGER Mode
        @ syslog.info 192.168.1.254 mgr 08:00:01
        =~ SME SSH
        + "msgid":"00179"

        # ArubaOS-Switch, ports
        < <14>Nov 23 08:00:01 10.0.0.9 00435 ports: ST1-CMDR: port 1/1 is Blocked by STP
        @ user.info 10.0.0.9 ports 08:00:01
        =~ ST1
        + "msgid":"00435"

        # Comware
        < <189>Nov 23 08:00:01 2026 sw1 %%10IFNET/5/LINK_UPDOWN: Line protocol state on the interface GE1/0/1 changed to up.
        @ local7.notice sw1 IFNET 08:00:01
        =~ %%10
        + "msgid":"IFNET/5/LINK_UPDOWN"

        # ClearPass, CEF
        < <143>Nov 23 08:00:01 cppm1 CEF:0|Aruba Networks|ClearPass|6.10.0|2001|RADIUS|4|cat=Session Logs dvc=10.0.0.3 duser=bob
        @ local1.debug cppm1 ClearPass 08:00:01
        =~ CEF
        + "deviceVendor":"Aruba Networks","deviceProduct":"ClearPass","deviceVersion":"6.10.0","deviceEventClassId":2001,"name":"RADIUS","cefSeverity":4,"cat":"Session Logs","dvc":"10.0.0.3","duser":"bob"

        # Ruckus SmartZone
        < <134>Nov 23 08:00:01 SZ100 Core: @@306,apChannelChanged,"apMac"="00:53:2F:35:99:50","radio"="11g/n","fromChannel"="1","apName"="Loft AP"
        @ local0.info SZ100 Core 08:00:01
        =~ @@306
        + "apMac":"00:53:2F:35:99:50","radio":"11g/n","fromChannel":1,"apName":"Loft AP"

        # Ruckus ZoneDirector
        < <14>Nov 23 08:00:01 ZD1200 syslog: eventd_to_syslog():User[00:53:bb:cc:dd:ee] joins WLAN[guest] from AP[lobby]
        @ user.info ZD1200 syslog 08:00:01
        =~ eventd

        # Ruckus ICX
        < <14>Nov 23 08:00:01 ICX7150 System: Interface ethernet 1/1/1, state up
        @ user.info ICX7150 System 08:00:01
        =~ Interface

        # Ruckus ICX, login
        < <14>Nov 23 08:00:01 ICX7150 Security: SSH login by admin from src IP 10.0.0.2, src MAC 0053.288d.ec40 to USER EXEC mode
        @ user.info ICX7150 Security 08:00:01
        =~ SSH login

        # Ruckus Unleashed
        < <30>Nov 23 08:00:01 unleashed stamgr[1800]: stamgr_handle_remote_ipc():STA JOIN
        @ daemon.info unleashed stamgr 08:00:01
        =~ stamgr_handle
        + "pid":1800
        """#

    static let balancers = #"""
        # F5, notice before the tag
        < <133>Nov 23 08:00:01 bigip1.lab notice mcpd[10653]: 01070638:5: Pool /Common/web member /Common/go3:4000 monitor status down.
        @ local0.notice bigip1.lab mcpd 08:00:01
        =~ 01070638
        + "pid":10653,"msgid":"01070638"

        # F5, err in a file
        < Nov 23 08:00:01 bigip1 err tmm[23068]: 01220001:3: TCL error: /Common/stg <HTTP_REQUEST> - ERR_NOT_SUPPORTED
        @ -.err bigip1 tmm 08:00:01
        =~ 01220001
        + "pid":23068,"msgid":"01220001"

        # F5, audit
        < <142>Nov 23 08:00:01 bigip1 info httpd(pam_audit)[16784]: 01070417:6: AUDIT - user bob - RAW: httpd(pam_audit): user=bob(bob) partition=[All] level=Administrator tty=(unknown) host=10.77.1.22 attempts=1 start="Mon Nov 23 08:00:00 2026"
        @ local1.info bigip1 httpd(pam_audit) 08:00:01
        =~ 01070417
        + "pid":16784,"msgid":"01070417","user":"bob(bob)","partition":"[All]","level":"Administrator","tty":"(unknown)","host_2":"10.77.1.22","attempts":1,"start":"Mon Nov 23 08:00:00 2026"

        # F5, systemd
        < <134>Nov 23 08:00:01 bigip1 info systemd-journal[626]: Suppressed 1255 messages from /system.slice
        @ local0.info bigip1 systemd-journal 08:00:01
        =~ Suppressed
        + "pid":626

        # F5 ASM
        < <131>Nov 23 08:00:01 bigip1 ASM:unit_hostname="bigip1.lab",http_class_name="/Common/x",attack_type="SQL-Injection",violation_rating="4",uri="/a?b=1"
        @ local0.err bigip1 ASM 08:00:01
        =~ unit_hostname
        + "unit_hostname":"bigip1.lab","http_class_name":"/Common/x","attack_type":"SQL-Injection","violation_rating":4,"uri":"/a?b=1"

        # F5, RFC 5424
        < <134>1 2026-11-23T08:00:01.5+01:00 bigip1.lab tmm 12345 23003142 [F5@12276 action="Drop" date_time="Nov 23 2026 08:00:01"] Drop
        @ local0.info bigip1.lab tmm 07:00:01.500
        = Drop
        + "pid":12345,"msgid":"23003142","sd":{"F5@12276":{"action":"Drop","date_time":"Nov 23 2026 08:00:01"}}

        # F5, a slot
        < <134>Nov 23 08:00:01 slot1/bigip2 warning tmm1[9]: 01260009:4: Connection error: ssl_passthru:5234: not SSL (40)
        @ local0.info slot1/bigip2 tmm1 08:00:01
        =~ 01260009
        + "pid":9,"msgid":"01260009"

        # HAProxy
        < <134>Nov 23 08:00:01 lb1 haproxy[14389]: 10.0.1.2:33317 [23/Nov/2026:08:00:01.123] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0
        @ local0.info lb1 haproxy 08:00:01
        =~ 10.0.1.2
        + "pid":14389

        # NetScaler
        < <134>Nov 23 08:00:01 192.0.2.44 ns1 0-PPE-0 : default TCP CONN_TERMINATE 134 0 :  Source 10.0.0.1:80
        @ local0.info 192.0.2.44 - 08:00:01
        =~ ns1 0-PPE
        """#
}
