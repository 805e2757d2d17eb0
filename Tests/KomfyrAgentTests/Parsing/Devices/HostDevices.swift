/// Firewalls on BSD, hypervisors, storage, management cards, servers and small things.
enum HostDevices {
    static let bsd = #"""
        # pfSense, RFC 5424
        < <134>1 2026-11-23T08:00:01.123456+01:00 pfSense.home.arpa filterlog 45123 - - 5,,,1000000103,igb0,match,block,in,4,0x0,,64,1,0,DF,6,tcp,60
        @ local0.info pfSense.home.arpa filterlog 07:00:01.123456
        =~ 5,,,
        + "pid":45123

        # pfSense, without a host
        < <134>Nov 23 08:00:01 filterlog: 5,,,1000000103,igb0,match,block
        @ local0.info - filterlog 08:00:01
        =~ 5,,,

        # pfSense, PHP
        < <27>Nov 23 08:00:01 php-fpm[351]: /index.php: Successful login for user 'admin' from: 10.0.0.2 (Local Database)
        @ daemon.err - php-fpm 08:00:01
        =~ /index.php
        + "pid":351

        # pfSense, nginx
        < <190>Nov 23 08:00:01 pfSense.home.arpa nginx: 10.0.0.2 - - [23/Nov/2026:08:00:01 +0100] "GET / HTTP/2.0" 200 13372
        @ local7.info pfSense.home.arpa nginx 08:00:01
        =~ 10.0.0.2

        # OPNsense, RFC 5424
        < <134>1 2026-11-23T08:00:01+01:00 OPNsense.localdomain filterlog 45123 - [meta sequenceId="1234"] 77,,,fae559338f65,vtnet0,match,block,in,4
        @ local0.info OPNsense.localdomain filterlog 07:00:01
        =~ 77,,,
        + "pid":45123,"sd":{"meta":{"sequenceId":"1234"}}

        # OPNsense, suricata
        < <173>1 2026-11-23T08:00:01+00:00 OPNsense.localdomain suricata 99 - [meta sequenceId="9"] {"timestamp":"2026-11-23T08:00:01.1+0000","flow_id":1234567890123456,"event_type":"alert","src_port":443,"alert":{"severity":2,"signature":"ET SCAN"},"host":"fw"}
        @ local5.notice OPNsense.localdomain suricata 08:00:01
        =~ {"timestamp
        + "pid":99,"sd":{"meta":{"sequenceId":"9"}},"timestamp":"2026-11-23T08:00:01.1+0000","flow_id":1234567890123456,"event_type":"alert","src_port":443,"alert":{"severity":2,"signature":"ET SCAN"},"host_2":"fw"

        # OPNsense, BSD form
        < <30>Nov 23 08:00:01 OPNsense.localdomain dhcpd[88]: DHCPACK on 10.0.0.20 to 00:53:00:11:22:33 via igb1
        @ daemon.info OPNsense.localdomain dhcpd 08:00:01
        =~ DHCPACK
        + "pid":88

        # FreeBSD kernel
        < <2>Nov 23 08:00:01 bsd1 kernel: ada0: <Disk> detached
        @ kern.crit bsd1 kernel 08:00:01
        =~ ada0
        """#

    static let virtual = #"""
        # ESXi, hostd
        < <166>2026-11-23T08:00:01.123Z esx1.lab Hostd: info hostd[2099] [Originator@6876 sub=Vimsvc.ha-eventmgr opID=1a2b] Event 117 : User root logged in
        @ local4.info esx1.lab Hostd 08:00:01.123
        =~ info hostd
        + "sub":"Vimsvc.ha-eventmgr","opID":"1a2b"

        # ESXi, kernel
        < <181>2026-11-23T08:00:01.123Z esx1.lab vmkernel: cpu3:2097)ScsiDeviceIO: 3448: Cmd(0x45a) 0x1a, CmdSN 0x2c
        @ local6.notice esx1.lab vmkernel 08:00:01.123
        =~ cpu3

        # ESXi, vobd
        < <14>2026-11-23T08:00:01.123Z esx1.lab vobd:  [UserLevelCorrelator] 123us: [esx.audit.shell.enabled] The ESXi shell is enabled
        @ user.info esx1.lab vobd 08:00:01.123
        =  [UserLevelCorrelator] 123us: [esx.audit.shell.enabled] The ESXi shell is enabled

        # ESXi, shell
        < <14>2026-11-23T08:00:01Z esx1.lab shell[2100456]: [root]: esxcli network ip interface list
        @ user.info esx1.lab shell 08:00:01
        =~ [root]
        + "pid":2100456

        # vCenter
        < <14>1 2026-11-23T08:00:01.123456+00:00 vc1 vpxd 4711 - -  2026-11-23T08:00:01.122Z info vpxd[04761] [Originator@6876 sub=vpxLro opID=7] [VpxLRO] -- BEGIN
        @ user.info vc1 vpxd 08:00:01.123456
        =  2026-11-23T08:00:01.122Z info vpxd[04761] [Originator@6876 sub=vpxLro opID=7] [VpxLRO] -- BEGIN
        + "pid":4711,"sub":"vpxLro","opID":7

        # NSX manager
        < <182>1 2026-11-23T08:00:01.417Z nsxm1 NSX 4816 - [nsx@6876 audit="true" comp="nsx-manager" level="INFO" subcomp="http"] UserName="admin", Operation="GetStatus", Operation status="success"
        @ local6.info nsxm1 NSX 08:00:01.417
        =~ UserName
        + "pid":4816,"sd":{"nsx@6876":{"audit":"true","comp":"nsx-manager","level":"INFO","subcomp":"http"}},"UserName":"admin","Operation":"GetStatus","status":"success"

        # NSX firewall
        < <14>2026-11-23T08:00:01.1Z esx1.lab FIREWALL-PKTLOG: 2a2ce9cd INET match DROP domain-c7/1001 IN 52 TCP 10.0.0.1/5000->10.0.0.2/443 S
        @ user.info esx1.lab FIREWALL-PKTLOG 08:00:01.100
        =~ 2a2ce9cd

        # NSX, without the version
        < <182>2026-11-23T08:00:01.5Z nsxm1 NSX 519 SYSTEM [nsx@6876 comp="nsx-edge"] text
        @ local6.info nsxm1 NSX 08:00:01.500
        = text
        + "pid":519,"msgid":"SYSTEM","sd":{"nsx@6876":{"comp":"nsx-edge"}}

        # Proxmox, daemon
        < <30>Nov 23 08:00:01 pve1 pvedaemon[1234]: <root@pam> successful auth for user 'root@pam'
        @ daemon.info pve1 pvedaemon 08:00:01
        =~ <root@pam>
        + "pid":1234

        # Proxmox, task
        < <30>Nov 23 08:00:01 pve1 pvedaemon[1234]: <root@pam> end task UPID:pve1:000A:0B:6:qmstart:100:root@pam: OK
        @ daemon.info pve1 pvedaemon 08:00:01
        =~ <root@pam> end
        + "pid":1234

        # Proxmox, firewall
        < <6>Nov 23 08:00:01 pve1 pvefw-logger[88]: 100 6 veth100i0-IN 23/Nov/2026:08:00:01 +0100 policy DROP: IN=fwbr100i0 SRC=10.0.0.1 DPT=22
        @ kern.info pve1 pvefw-logger 08:00:01
        =~ 100 6
        + "pid":88,"IN":"fwbr100i0","SRC":"10.0.0.1","DPT":22

        # Proxmox Backup Server
        < <30>2026-11-23T08:00:01.250000+01:00 pbs proxmox-backup-proxy[600]: starting new backup on datastore 'tank'
        @ daemon.info pbs proxmox-backup-proxy 07:00:01.250
        =~ starting
        + "pid":600
        """#

    static let storage = #"""
        # Synology, BSD form
        < <14>Nov 23 08:00:01 nas01 System admin:⇥User [bob] was created.
        @ user.info nas01 System 08:00:01
        =~ admin:

        # Synology, file service
        < <14>Nov 23 08:00:01 nas01 WinFileService Event: read, Path: /share/a.docx, File/Folder: File, Size: 24.23 KB, User: bob, IP: 10.0.0.174
        @ user.info nas01 WinFileService 08:00:01
        =~ Event: read

        # Synology, RFC 5424
        < <14>1 2026-11-23T08:00:01.123+01:00 nas01 Connection - - [synolog@6574 event_id="0x0001" synotype="Connection" username="bob"] User [bob] logged in from [10.0.0.2] via [DSM].
        @ user.info nas01 Connection 07:00:01.123
        =~ User [bob] logged
        + "sd":{"synolog@6574":{"event_id":"0x0001","synotype":"Connection","username":"bob"}}

        # Synology, kernel
        < <4>Nov 23 08:00:01 nas01 kernel: [98.1] md2: raid5: device sda3 operational
        @ kern.warning nas01 kernel 08:00:01
        =~ [98.1]

        # QNAP, connection
        < <30>Nov 23 08:00:01 nas02 qulogd[12345]: conn log: Users: admin, Source IP: 10.0.0.2, Computer name: ---, Connection type: HTTPS, Accessed resources: ---, Action: Login Success
        @ daemon.info nas02 qulogd 08:00:01
        =~ conn log
        + "pid":12345

        # QNAP, event
        < <28>Nov 23 08:00:01 nas02 qulogd[12345]: event log: Users: System, Source IP: 127.0.0.1, Computer name: localhost, Content: [Storage & Snapshots] Disk 2 read error.
        @ daemon.warning nas02 qulogd 08:00:01
        =~ event log
        + "pid":12345

        # QNAP, without qulogd
        < <13>Nov 23 08:00:01 QNAP1 conn log: Users: hans, Source IP: 10.0.0.5, Computer name: PC1, Connection type: SAMBA, Action: Read
        @ user.notice QNAP1 - 08:00:01
        =~ conn log

        # TrueNAS
        < <30>Nov 23 08:00:01 truenas.lab 1 2026-11-23T08:00:01.123+00:00 truenas.lab smartd 1520 - - Device: /dev/da0, Temperature 41
        @ daemon.info truenas.lab - 08:00:01
        =~ 1 2026
        """#

    static let management = #"""
        # APC network management card
        < <14>Nov 23 08:00:01 192.0.2.60 UPS: On battery power in response to an input power problem. 0x0109
        @ user.info 192.0.2.60 UPS 08:00:01
        =~ On battery

        # APC, system
        < <134>Nov 23 08:00:01 192.0.2.60 System: Web user 'apc' logged in from 10.0.0.2. 0x0014
        @ local0.info 192.0.2.60 System 08:00:01
        =~ Web user

        # APC, test
        < <12>APC: Test Syslog.
        @ user.warning - APC -
        =~ Test

        # APC, environment
        < <12>Nov 23 08:00:01 192.0.2.60 Environment: High temperature threshold violation on 'Rack 2'. 0x0701
        @ user.warning 192.0.2.60 Environment 08:00:01
        =~ High

        # iLO 4
        < <134>1 2026-11-23T08:00:01Z ILOCZ1234 #ILO4 - - - Browser login: Administrator - 10.0.0.2(admin.lab).
        @ local0.info ILOCZ1234 #ILO4 08:00:01
        =~ Browser

        # iLO, BSD form
        < <14>Nov 23 08:00:01 ILOCZ1234 #ILO5: XML logout: admin - 10.0.0.2(DNS name not found).
        @ user.info ILOCZ1234 #ILO5 08:00:01
        =~ XML

        # iDRAC
        < <166>Nov 23 08:00:01 idrac-1ABC2D3 Severity: Informational, Category: Audit, MessageID: USR0030, Message: Successfully logged in using root, from 10.0.0.2 and GUI.
        @ local4.info idrac-1ABC2D3 Audit 08:00:01
        =~ Severity
        + "msgid":"USR0030"

        # iDRAC, health
        < <163>Nov 23 08:00:01 idrac-1ABC2D3 Severity: Critical, Category: System Health, MessageID: PSU0003, Message: The power input for power supply 1 is lost.
        @ local4.err idrac-1ABC2D3 System·Health 08:00:01
        =~ Severity
        + "msgid":"PSU0003"

        # CMC
        < <166>Nov 23 08:00:01 cmc-1 webcgi: session close succeeds: sid=23628
        @ local4.info cmc-1 webcgi 08:00:01
        =~ session
        + "sid":23628

        # Supermicro BMC
        < <13>Nov 23 08:00:01 bmc1 IPMI: [SEL] Temperature CPU1 Upper Critical going high
        @ user.notice bmc1 IPMI 08:00:01
        =~ [SEL]
        """#

    static let servers = #"""
        # systemd without a host
        < <30>Nov 23 08:00:01 systemd[1]: Started Daily apt download activities.
        @ daemon.info - systemd 08:00:01
        =~ Started
        + "pid":1

        # systemd on a console
        < <28>systemd[1]: foo.service: Failed with result 'exit-code'.
        @ daemon.warning - systemd -
        =~ foo.service
        + "pid":1

        # systemd-netlogd
        < <30>1 2026-11-23T08:00:01.123456+01:00 h1 systemd 1 - - Stopped target Timers.
        @ daemon.info h1 systemd 07:00:01.123456
        =~ Stopped
        + "pid":1

        # systemd-journald, audit
        < <109>Nov 23 08:00:01 h1 audit[812]: USER_AUTH pid=812 uid=0 auid=4294967295 msg='op=PAM:authentication acct="bob" res=success'
        @ audit.notice h1 audit 08:00:01
        =~ USER_AUTH
        + "pid":812,"pid_2":812,"uid":0,"auid":4294967295,"msg":"op=PAM:authentication acct=\"bob\" res=success"

        # kernel, UFW
        < <4>Nov 23 08:00:01 h1 kernel: [ 1234.5] [UFW BLOCK] IN=eth0 OUT= MAC=00:53:00 SRC=192.0.2.7 DST=10.0.0.5 LEN=40 TTL=51 PROTO=TCP SPT=44123 DPT=22 SYN URGP=0
        @ kern.warning h1 kernel 08:00:01
        =~ [ 1234.5]
        + "IN":"eth0","MAC":"00:53:00","SRC":"192.0.2.7","DST":"10.0.0.5","LEN":40,"TTL":51,"PROTO":"TCP","SPT":44123,"DPT":22,"URGP":0

        # kernel, time since the start
        < <6>[12345.678901] usb 1-1: new high-speed USB device
        @ kern.info - - -
        =~ [12345

        # sudo
        < <85>Nov 23 08:00:01 h1 sudo:      bob : TTY=pts/0 ; PWD=/home/bob ; USER=root ; COMMAND=/usr/bin/apt update
        @ authpriv.notice h1 sudo 08:00:01
        =      bob : TTY=pts/0 ; PWD=/home/bob ; USER=root ; COMMAND=/usr/bin/apt update
        + "TTY":"pts/0","PWD":"/home/bob","USER":"root","COMMAND":"/usr/bin/apt update"

        # sshd, PAM
        < <86>Nov 23 08:00:01 h1 sshd[44]: pam_unix(sshd:session): session opened for user bob(uid=1000) by (uid=0)
        @ authpriv.info h1 sshd 08:00:01
        =~ pam_unix
        + "pid":44,"uid":[1000,0]

        # a program in logfmt
        < <14>Nov 23 08:00:01 h1 grafana[7]: logger=context t=2026-11-23T08:00:01Z level=info msg="Request Completed" method=GET status=302 duration=1.234567ms size=24
        @ user.info h1 grafana 08:00:01
        =~ logger=
        + "pid":7,"logger":"context","t":"2026-11-23T08:00:01Z","level":"info","msg":"Request Completed","method":"GET","status":302,"duration":"1.234567ms","size":24

        # CEE
        < <14>Nov 23 08:00:01 h1 app[7]: @cee: {"msg":"hello","pid":3,"ok":true,"n":[1,2],"e":1.5e3}
        @ user.info h1 app 08:00:01
        =~ @cee
        + "pid":7,"msg":"hello","pid_2":3,"ok":true,"n":[1,2],"e":1.5e3

        # JSON that is none
        < <14>Nov 23 08:00:01 h1 app[7]: {"msg":"hello",}
        @ user.info h1 app 08:00:01
        =~ {"msg
        + "pid":7

        # nothing to find
        < <14>Nov 23 08:00:01 h1 app[7]: GET /?a=1&b=2 --level=3 if (x == 1) base64== 12=13
        @ user.info h1 app 08:00:01
        =~ GET
        + "pid":7

        # numbers and what only looks like them
        < <14>Nov 23 08:00:01 h1 app[7]: a=-1.50 b=007 c=1.2.3 d=+1 e=1e5 f=0x1f g=.5 h=10% i=0 j="42"
        @ user.info h1 app 08:00:01
        =~ a=
        + "pid":7,"a":-1.50,"b":"007","c":"1.2.3","d":"+1","e":"1e5","f":"0x1f","g":".5","h":"10%","i":0,"j":42

        # the agent's own names
        < <14>Nov 23 08:00:01 h1 app[7]: host=a facility=b severity=3 app=c pid=8 peer=d msgid=e sd=f device_time=g host_2=h
        @ user.info h1 app 08:00:01
        =~ host=a
        + "pid":7,"host_3":"a","facility_2":"b","severity_2":3,"app_2":"c","pid_2":8,"peer_2":"d","msgid_2":"e","sd_2":"f","device_time_2":"g","host_2":"h"

        # Windows through a forwarder
        < <14>Nov 23 08:00:01 DC01 Microsoft-Windows-Security-Auditing[612]: EventID=4624 Account="LAB\\bob" Path="C:\Windows\" LogonType=3
        @ user.info DC01 Microsoft-Windows-Security-Auditing 08:00:01
        =~ EventID
        + "pid":612,"EventID":4624,"Account":"LAB\\bob","Path":"C:\\Windows\\","LogonType":3
        """#

    static let small = #"""
        # ESPHome
        < <135>Nov 23 08:00:01 kitchen sensor: [D][sensor:094]: 'Temperature': Sending state 21.50000 °C
        @ local0.debug kitchen sensor 08:00:01
        =~ [D]

        # ESPHome, clock not set
        < <133>- kitchen wifi: [I][wifi:304]: WiFi Connected!
        @ local0.notice kitchen wifi -
        =~ [I]

        # ESPHome, one digit's day
        < <132>Nov 23 08:00:01 attic-node api: [W][api.connection:1046]: Connection closed
        @ local0.warning attic-node api 08:00:01
        =~ [W]

        # Tasmota
        < <134>Nov 23 08:00:01 tasmota-4F12 ESP-MQT: tele/STATE = {"Time":"2026-11-23T08:00:01","Uptime":"0T01:00:12","Vcc":3.297}
        @ local0.info tasmota-4F12 ESP-MQT 08:00:01
        =~ tele/STATE
        + "Time":"2026-11-23T08:00:01","Uptime":"0T01:00:12","Vcc":3.297

        # Shelly
        < <14>1 - shellyplus1 - - - - shelly_notification:163 Status change of switch:0: {"id":0,"output":true}
        @ user.info shellyplus1 - -
        =~ shelly_notification
        + "id":0,"output":true

        # Home Assistant
        < <14>1 2026-11-23T08:00:01.123456+01:00 homeassistant addon_core_mosquitto - - - 1795420801: New client connected
        @ user.info homeassistant addon_core_mosquitto 07:00:01.123456
        =~ 1795420801

        # AXIS camera
        < <29>Nov 23 08:00:01 axis-00408c vaconfig: Privacy mask changed
        @ daemon.notice axis-00408c vaconfig 08:00:01
        =~ Privacy

        # a printer
        < <14>printer: offline or intervention needed
        @ user.info - printer -
        =~ offline

        # a Fritz!Box-like line without a tag
        < <30>Nov 23 08:00:01 fritz.box Internetverbindung wurde erfolgreich hergestellt.
        @ daemon.info fritz.box - 08:00:01
        =~ Internet
        """#
}
