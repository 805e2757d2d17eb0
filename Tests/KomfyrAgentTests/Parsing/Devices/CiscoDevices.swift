/// Cisco: IOS, NX-OS, ASA and FTD, wireless controllers, Small Business, ISE, Meraki.
enum CiscoDevices {
    static let ios = #"""
        # IOS, origin-id and two sequence numbers
        < <174>15162564: EDGE-B: 29391555: Nov 23 08:00:01.802 CET: %FMANFP-6-IPACCESSLOGP: F0/0: fman_fp_image: list acl_in denied tcp 10.1.1.1(56279) -> 10.2.2.2(45240), 1 packet
        @ local5.info EDGE-B FMANFP 07:00:01.802
        =~ %FMANFP
        + "msgid":"FMANFP-6-IPACCESSLOGP","sequence":29391555

        # IOS behind a relay's header
        < <190>Nov 23 08:00:02 192.0.2.2 585917: Nov 23 08:00:01.272: %SEC-6-IPACCESSLOGRP: list 177 denied igmp 10.0.0.1 -> 224.0.0.22, 1 packet
        @ local7.info 192.0.2.2 SEC 08:00:01.272
        =~ %SEC
        + "msgid":"SEC-6-IPACCESSLOGRP","sequence":585917

        # IOS in a relay's file, no priority
        < Nov 23 08:00:02 rtr-7 1991219: Nov 23 08:00:01.424 UTC: %SEC_LOGIN-5-LOGIN_SUCCESS: Login Success [user: bob] [Source: 10.2.55.3] [localport: 22]
        @ -.notice rtr-7 SEC_LOGIN 08:00:01.424
        =~ %SEC_LOGIN
        + "msgid":"SEC_LOGIN-5-LOGIN_SUCCESS","sequence":1991219

        # IOS behind a relay, with its own name
        < <190>Nov 23 08:00:02 192.0.2.2 sw01: 3132779: Nov 23 2026 08:00:01.398 UTC: %SYS-6-BAR: text
        @ local7.info sw01 SYS 08:00:01.398
        =~ %SYS
        + "msgid":"SYS-6-BAR","sequence":3132779

        # IOS, a header within a header
        < <190>3132517: Nov 23 08:00:02 192.0.2.2 sw01: 3132779: Nov 23 2026 08:00:01.398 UTC: %SYS-6-BAR: text
        @ local7.info sw01 SYS 08:00:01.398
        =~ %SYS
        + "msgid":"SYS-6-BAR","sequence":3132779

        # IOS, an IPv6 origin
        < <190>3132783: 2001:db8::7: 3132779: Nov 23 2026 08:00:01 UTC: %SYS-6-BAR: text
        @ local7.info 2001:db8::7 SYS 08:00:01
        =~ %SYS
        + "msgid":"SYS-6-BAR","sequence":3132779

        # IOS, origin alone
        < <190>sw01: Nov 23 2026 08:00:01.398 UTC: %SYS-6-BAR: text
        @ local7.info sw01 SYS 08:00:01.398
        =~ %SYS
        + "msgid":"SYS-6-BAR"

        # IOS, a colon and the origin
        < <190>: sw01: Nov 23 2026 08:00:01.398 UTC: %SYS-6-BAR: text
        @ local7.info sw01 SYS 08:00:01.398
        =~ %SYS
        + "msgid":"SYS-6-BAR"

        # IOS, years of uptime
        < <190>3132517: sw01: 3132513: 2y10w: %SYS-6-BAR: text
        @ local7.info sw01 SYS -
        =~ %SYS
        + "msgid":"SYS-6-BAR","sequence":3132513,"device_time":"2y10w"

        # IOS, clock not set
        < <189>42: *Mar  1 00:00:12.483: %LINK-3-UPDOWN: Interface Gi0/1, changed state to up
        @ local7.notice - LINK -
        =~ %LINK
        + "msgid":"LINK-3-UPDOWN","sequence":42,"device_time":"Mar  1 00:00:12.483"

        # IOS, clock lost
        < <189>43: .Nov 23 08:00:01 PST: %SYS-5-CONFIG_I: Configured from console by vty2
        @ local7.notice - SYS 2026-11-23T16:00:01.000Z
        =~ %SYS
        + "msgid":"SYS-5-CONFIG_I","sequence":43

        # IOS, year before the clock and an offset
        < <189>44: Nov 23 2026 08:00:01.5 +02:00: %SYS-5-RESTART: System restarted --
        @ local7.notice - SYS 06:00:01.500
        =~ %SYS
        + "msgid":"SYS-5-RESTART","sequence":44

        # IOS, a zone nobody knows
        < <189>45: Nov 23 08:00:01 LAB: %SYS-5-CONFIG_I: text
        @ local7.notice - SYS 08:00:01
        =~ %SYS
        + "msgid":"SYS-5-CONFIG_I","sequence":45

        # IOS, India's zone before a colon
        < <189>46: Nov 23 08:00:01 IST: %SYS-5-CONFIG_I: text
        @ local7.notice - SYS 02:30:01
        =~ %SYS
        + "msgid":"SYS-5-CONFIG_I","sequence":46

        # IOS XE with a slot in the facility
        < <190>47: Nov 23 08:00:01.001: %PIM-SW1-6-INVALID_RP_JOIN: Received (*, 10.36.2.78) Join
        @ local7.info - PIM-SW1 08:00:01.001
        =~ %PIM
        + "msgid":"PIM-SW1-6-INVALID_RP_JOIN","sequence":47

        # IOS XE, RFC 5424
        < <189>1 2026-11-23T08:00:01.123Z 192.0.2.2 - - - - %SYS-5-CONFIG_I: Configured from console
        @ local7.notice 192.0.2.2 SYS 08:00:01.123
        =~ %SYS
        + "msgid":"SYS-5-CONFIG_I"

        # IOS, message counted again
        < <187>48: Nov 23 08:00:01.739: last message repeated 5 times
        @ local7.err - - 08:00:01.739
        =~ last message
        + "sequence":48

        # IOS without sequence, mark or zone
        < <189>Nov 23 08:00:01.483: %LINEPROTO-5-UPDOWN: Line protocol on Interface Gi0/1, changed state to up
        @ local7.notice - LINEPROTO 08:00:01.483
        =~ %LINEPROTO
        + "msgid":"LINEPROTO-5-UPDOWN"

        # IOS XR with a slot
        < <190>5611: RP/0/RP0/CPU0:Nov 23 08:00:01.123 UTC: SSHD_[65734]: %SECURITY-SSHD-6-INFO_SUCCESS : Successfully authenticated user
        @ local7.info - SSHD_ 08:00:01.123
        =~ %SECURITY
        + "pid":65734,"msgid":"SECURITY-SSHD-6-INFO_SUCCESS","device":"RP/0/RP0/CPU0","sequence":5611

        # Small Business, a letter for the severity
        < <190>%AAA-I-CONNECT: New http connection for user admin, source 10.0.0.2 ACCEPTED
        @ local7.info - AAA -
        =~ %AAA
        + "msgid":"AAA-I-CONNECT"

        # Small Business, lower case
        < <185>%HAL_config_poe-A-POEFailDetected: POE ERROR was detected: POE is disabled
        @ local7.alert - HAL_config_poe -
        =~ %HAL
        + "msgid":"HAL_config_poe-A-POEFailDetected"

        # wireless controller
        < <132>WLC-1: *spamApTask7: Nov 23 08:00:01.994: %CAPWAP-3-DTLS_CLOSED_ERR: capwap_ac_sm.c:7126 connection closed for AP
        @ local0.warning WLC-1 CAPWAP 08:00:01.994
        =~ %CAPWAP
        + "pid":"spamApTask7","msgid":"CAPWAP-3-DTLS_CLOSED_ERR"

        # wireless controller named by its address
        < <132>Cisco-00f8.2c26.6580: *apfMsConnTask_2: Nov 23 08:00:01.358: %APF-4-MOBILESTATION_NOT_FOUND: apf_api.c:57734 Could not find the mobile
        @ local0.warning Cisco-00f8.2c26.6580 APF 08:00:01.358
        =~ %APF
        + "pid":"apfMsConnTask_2","msgid":"APF-4-MOBILESTATION_NOT_FOUND"
        """#

    static let nexus = #"""
        # NX-OS, last message repeated
        < <187>: 2026 Nov 23 08:00:01 UTC: last message repeated 1 times
        @ local7.err - - 08:00:01
        =~ last message

        # NX-OS with its address
        < <189>192.0.2.32: 2026 Nov 23 08:00:01 UTC: %ETHPORT-5-IF_ADMIN_UP: Interface Ethernet1/42 is admin up .
        @ local7.notice 192.0.2.32 ETHPORT 08:00:01
        =~ %ETHPORT
        + "msgid":"ETHPORT-5-IF_ADMIN_UP"

        # NX-OS with its name, repeated
        < <187>nx-1: 2026 Nov 23 08:00:01 UTC: last message repeated 3 time
        @ local7.err nx-1 - 08:00:01
        =~ last message

        # NX-OS behind a relay
        < <189>Nov 23 08:00:02 nx-1 : 2026 Nov 23 08:00:01.206 UTC: %ETHPORT-5-IF_DUPLEX: Interface Ethernet1/33, operational duplex mode changed to Full
        @ local7.notice nx-1 ETHPORT 08:00:01.206
        =~ %ETHPORT
        + "msgid":"ETHPORT-5-IF_DUPLEX"

        # NX-OS behind a relay without a colon
        < <189>Nov 23 08:00:02 nx-1 2026 Nov 23 08:00:01.928 AEST: %VSHD-5-VSHD_SYSLOG_CONFIG_I: Configured from vty by admin on 10.1.1.1@pts/0
        @ local7.notice nx-1 VSHD 2026-11-22T22:00:01.928Z
        =~ %VSHD
        + "msgid":"VSHD-5-VSHD_SYSLOG_CONFIG_I"

        # NX-OS in a file
        < 2026 Nov 23 08:00:01 nx-1 %LLDP-3-DETECT_MULTIPLE_PEERS: Multiple peers detected on Eth1/14
        @ -.err nx-1 LLDP 08:00:01
        =~ %LLDP
        + "msgid":"LLDP-3-DETECT_MULTIPLE_PEERS"

        # NX-OS, sudo
        < <189>: 2026 Nov 23 08:00:01 UTC: %AUTHPRIV-5-SYSTEM_MSG:    admin : TTY=pts/0 ; PWD=/var/sysmgr ; USER=root ; COMMAND=/isanboot/bin/imghdr Debug - sudo
        @ local7.notice - AUTHPRIV 08:00:01
        =~ %AUTHPRIV
        + "msgid":"AUTHPRIV-5-SYSTEM_MSG","TTY":"pts/0","PWD":"/var/sysmgr","USER":"root","COMMAND":"/isanboot/bin/imghdr Debug - sudo"

        # NX-OS, a failed login
        < <189>: 2026 Nov 23 08:00:01 UTC: %AUTHPRIV-5-SYSTEM_MSG: pam_unix(aaa:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=  user=admin - aaad
        @ local7.notice - AUTHPRIV 08:00:01
        =~ %AUTHPRIV
        + "msgid":"AUTHPRIV-5-SYSTEM_MSG","uid":0,"euid":0,"user":"admin"

        # NX-OS with a virtual device
        < <189>: 2026 Nov 23 08:00:01 CET: %$ VDC-1 %$ %DAEMON-3-SYSTEM_MSG: error: PAM: Authentication failure - sshd[10020]
        @ local7.notice - DAEMON 07:00:01
        =~ %DAEMON
        + "msgid":"DAEMON-3-SYSTEM_MSG"

        # NX-OS, sequence and address
        < <188>109692: 192.0.2.36: Nov 23 08:00:01.903: %L2FM-4-L2FM_MAC_MOVE2: Mac 0010.dbff.100f in vlan 3949 has moved
        @ local7.warning 192.0.2.36 L2FM 08:00:01.903
        =~ %L2FM
        + "msgid":"L2FM-4-L2FM_MAC_MOVE2","sequence":109692
        """#

    static let security = #"""
        # ASA, no host and no colon before
        < <164>Nov 23 2026 08:00:01: %ASA-4-402119: IPSEC: Received an ESP packet (SPI= 0x0C190BF9, sequence number= 0x598243) from 192.0.2.1 (user= 192.0.2.1)
        @ local4.warning - ASA 08:00:01
        =~ %ASA
        + "msgid":"ASA-4-402119"

        # ASA, ISO time
        < <166>2026-11-23T08:00:01Z asa : %ASA-3-710003: TCP access denied by ACL from 203.0.113.7/8949 to outside:198.51.100.18/23
        @ local4.info asa ASA 08:00:01
        =~ %ASA
        + "msgid":"ASA-3-710003"

        # ASA, ISO time and a version
        < <166>1 2026-11-23T08:00:01Z asa : %ASA-6-302015: Built outbound UDP connection 22340 for outside
        @ local4.info asa ASA 08:00:01
        =~ %ASA
        + "msgid":"ASA-6-302015"

        # ASA, zone behind a colon
        < <111>:Nov 23 08:00:01 UTC: %ASA-6-302015: Built outbound UDP connection 2234 for outside:10.1.1.1/53
        @ audit.debug - ASA 08:00:01
        =~ %ASA
        + "msgid":"ASA-6-302015"

        # ASA through a relay
        < <166>Nov 23 08:00:01 192.168.12.1 : %ASA-5-111010: User 'john', running 'CLI' from IP 0.0.0.0, executed 'dir disk0:/dap.xml'
        @ local4.info 192.168.12.1 ASA 08:00:01
        =~ %ASA
        + "msgid":"ASA-5-111010"

        # ASA, space after the priority
        < <166> Nov 23 2026 08:00:01 fw01 : %ASA-6-305012: Teardown dynamic TCP translation
        @ local4.info fw01 ASA 08:00:01
        =~ %ASA
        + "msgid":"ASA-6-305012"

        # FTD
        < <118>2026-11-23T08:00:01Z ftd1 : %FTD-6-430003: DeviceUUID: 90e14378, AccessControlRuleAction: Allow, SrcIP: 10.1.1.1, DstPort: 8027
        @ alert.info ftd1 FTD 08:00:01
        =~ %FTD
        + "msgid":"FTD-6-430003"

        # FTD without a host
        < <118>2026-11-23T08:00:01Z %FTD-6-430003: DeviceUUID: 90e14378, AccessControlRuleAction: Allow
        @ alert.info - FTD 08:00:01
        =~ %FTD
        + "msgid":"FTD-6-430003"

        # FTD without a priority
        < 2026-11-23T08:00:01Z ftd1  %FTD-6-430002: AccessControlRuleAction: Block
        @ -.info ftd1 FTD 08:00:01
        =~ %FTD
        + "msgid":"FTD-6-430002"

        # ISE, first part
        < <181>Nov 23 08:00:01 ise01 CISE_Passed_Authentications 0001939187 4 0 2026-11-23 08:00:01.610 +00:00 0042009748 5200 NOTICE Passed-Authentication: Authentication succeeded, ConfigVersionId=128, Device IP Address=10.6.64.15, DestinationPort=1812, UserName=90-1B-0E-34-EA-92, Service-Type=Call Check, EAP-Key-Name=, cisco-av-pair=method=mab,
        @ local6.notice ise01 CISE_Passed_Authentications 08:00:01
        =~ 0001939187
        + "ConfigVersionId":128,"Device IP Address":"10.6.64.15","DestinationPort":1812,"UserName":"90-1B-0E-34-EA-92","Service-Type":"Call Check","cisco-av-pair":"method=mab"

        # ISE, further part
        < <181>Nov 23 08:00:01 ise01 CISE_Passed_Authentications 0001939187 4 1  AcsSessionID=ise01/341/7, Step=11001, Step=11017, UseCase=Host Lookup, IdentityGroup=Groups:Unknown,
        @ local6.notice ise01 CISE_Passed_Authentications 08:00:01
        =~ 0001939187
        + "AcsSessionID":"ise01/341/7","Step":[11001,11017],"UseCase":"Host Lookup","IdentityGroup":"Groups:Unknown"

        # ISE, ISO time
        < <181>2026-11-23T08:00:01+01:00 ise02 CISE_RADIUS_Accounting 0018032501 1 0 2026-11-23 08:00:01.095 +01:00 0221 3002 NOTICE Radius-Accounting: watchdog update, RequestLatency=2,
        @ local6.notice ise02 CISE_RADIUS_Accounting 07:00:01
        =~ 0018032501
        + "RequestLatency":2
        """#

    static let meraki = #"""
        # Meraki, flows
        < <134>1 1795420801.774247467 MX84 flows src=10.0.0.1 dst=1.1.1.1 protocol=tcp sport=5000 dport=443 pattern: allow all
        @ local0.info MX84 flows 08:00:01.774247467
        =~ src=10
        + "src":"10.0.0.1","dst":"1.1.1.1","protocol":"tcp","sport":5000,"dport":443

        # Meraki, security event
        < <134>1 1795420801.348361125 MX84 security_event ids_alerted signature=1:29708:4 priority=1 timestamp=1795420801.330873 dhost=00:53:00:7B:43:73 direction=ingress message: BROWSER-IE attempt
        @ local0.info MX84 security_event 08:00:01.348361125
        =~ ids_alerted
        + "signature":"1:29708:4","priority":1,"timestamp":1795420801.330873,"dhost":"00:53:00:7B:43:73","direction":"ingress"

        # Meraki, air marshal
        < <134>1 1795420801.315779167 MX84_1 airmarshal_events type=ssid_spoofing_detected ssid='Bob's Guest' vap='1' bssid='00:53:C8:C7:E1:41' rssi='15' fc_type='0'
        @ local0.info MX84_1 airmarshal_events 08:00:01.315779167
        =~ type=
        + "type":"ssid_spoofing_detected","ssid":"Bob's Guest","vap":1,"bssid":"00:53:C8:C7:E1:41","rssi":15,"fc_type":0

        # Meraki, urls
        < <134>1 1795420801.1 MX84 urls src=10.0.3.162:39387 dst=192.0.2.5:80 mac=00:53:00:AA:BB:CC request: GET http://example.com/?a=1
        @ local0.info MX84 urls 08:00:01.100
        =~ src=10
        + "src":"10.0.3.162:39387","dst":"192.0.2.5:80","mac":"00:53:00:AA:BB:CC"

        # Meraki switch
        < <134>1 1795420801.0 MS220_8P events port 3 status changed from 100fdx to down
        @ local0.info MS220_8P events 08:00:01
        =~ port 3

        # Meraki, start of a flow
        < <134>1 1795420801.25 MX67 ip_flow_start src=10.0.0.7 dst=192.0.2.9 protocol=udp sport=53 dport=53 translated_src_ip=203.0.113.4
        @ local0.info MX67 ip_flow_start 08:00:01.250
        =~ src=10
        + "src":"10.0.0.7","dst":"192.0.2.9","protocol":"udp","sport":53,"dport":53,"translated_src_ip":"203.0.113.4"

        # Meraki behind a relay
        < <134>Nov 23 08:00:02 relay1 1 1795420801.5 MR36 events type=disassociation radio='1'
        @ local0.info relay1 - 08:00:02
        =~ 1 1795420801.5
        + "type":"disassociation","radio":1
        """#
}
