/// What breaks the RFCs, whoever sends it.
enum BrokenMessages {
    static let headers = #"""
        # a version before BSD's header
        < <134>1 Nov 23 08:00:01 host1 app[9]: text
        @ local0.info host1 app 08:00:01
        = text
        + "pid":9

        # a version before BSD's header with a year
        < <134>1 Nov 23 2026 08:00:01 host1 app: text
        @ local0.info host1 app 08:00:01
        = text

        # a version, an ISO time and BSD's tag
        < <134>1 2026-11-23T08:00:01Z host1 app[9]: text
        @ local0.info host1 app 08:00:01
        = text
        + "pid":9

        # all nil
        < <13>1 - - - - - -
        @ user.notice - - -

        # all nil and a text
        < <13>1 - - - - - - text
        @ user.notice - - -
        = text

        # all nil without a version
        < <13>- - - - - - text
        @ user.notice - - -
        = text

        # nil host in BSD's header
        < <13>Nov 23 08:00:01 - app: text
        @ user.notice - app 08:00:01
        = text

        # 5424 without a version, nil fields
        < <13>2026-11-23T08:00:01Z h1 app - - - text
        @ user.notice h1 app 08:00:01
        = text

        # 5424 with two blanks
        < <13>1  2026-11-23T08:00:01Z  h1  app  -  -  -  text
        @ user.notice h1 app 08:00:01
        =  text

        # 5424, ISO time without a zone
        < <13>1 2026-11-23T08:00:01.5 h1 app - - - text
        @ user.notice h1 app 08:00:01.500
        = text

        # a byte order mark before the priority
        < ﻿<13>Nov 23 08:00:01 h1 app: text
        @ user.notice h1 app 08:00:01
        = text

        # an octet count in a datagram
        < 40 <13>Nov 23 08:00:01 h1 app: text
        @ user.notice h1 app 08:00:01
        = text

        # line ends before
        < ␍␊<13>Nov 23 08:00:01 h1 app: text␍␊
        @ user.notice h1 app 08:00:01
        = text

        # line ends within
        < <13>Nov 23 08:00:01 h1 app: one␊two␍␊three␊␊
        @ user.notice h1 app 08:00:01
        = one␊two␍␊three

        # NUL at the end
        < <13>Nov 23 08:00:01 h1 app: text␊␀
        @ user.notice h1 app 08:00:01
        = text

        # a header within a header
        < <13>Nov 23 08:00:02 relay Nov 23 08:00:01 h1 app[3]: text
        @ user.notice h1 app 08:00:01
        = text
        + "pid":3

        # a message within a message
        < <13>Nov 23 08:00:02 relay <30>Nov 23 08:00:01 h1 app[3]: text
        @ daemon.info h1 app 08:00:01
        = text
        + "pid":3

        # an address in brackets
        < <13>Nov 23 08:00:01 [192.0.2.7] app: text
        @ user.notice 192.0.2.7 app 08:00:01
        = text

        # an IPv6 address in brackets
        < <13>Nov 23 08:00:01 [2001:db8::7] app: text
        @ user.notice 2001:db8::7 app 08:00:01
        = text

        # host twice
        < <13>Nov 23 08:00:01 h1 h1 app: text
        @ user.notice h1 app 08:00:01
        = text

        # neither host nor tag
        < <13>Nov 23 08:00:01 (nobody) said anything
        @ user.notice - - 08:00:01
        = (nobody) said anything

        # a tag without a blank behind
        < <13>Nov 23 08:00:01 h1 app[7]:text
        @ user.notice h1 app 08:00:01
        = text
        + "pid":7

        # a tag without a colon
        < <13>Nov 23 08:00:01 h1 app[7] text
        @ user.notice h1 app 08:00:01
        = text
        + "pid":7

        # a word in upper case that is a level
        < <13>Nov 23 08:00:01 ERROR: text
        @ user.notice - - 08:00:01
        = ERROR: text

        # the highest priority
        < <191>Nov 23 08:00:01 h1 app: text
        @ local7.debug h1 app 08:00:01
        = text

        # the lowest priority
        < <0>Nov 23 08:00:01 h1 app: text
        @ kern.emerg h1 app 08:00:01
        = text

        # a priority beyond 191
        < <200>Nov 23 08:00:01 h1 app: text
        @ -.emerg h1 app 08:00:01
        = text

        # a priority with zeros
        < <007>Nov 23 08:00:01 h1 app: text
        @ kern.debug h1 app 08:00:01
        = text

        # a negative priority
        < <-1>Nov 23 08:00:01 h1 app: text
        @ unparsed

        # no priority, no header
        < something happened at 08:00
        @ unparsed

        # no priority, but members
        < temperature=21.5 humidity=45 sensor="attic"
        @ unparsed
        + "temperature":21.5,"humidity":45,"sensor":"attic"

        # no priority, JSON
        < {"temperature":21.5,"id":"a"}
        @ unparsed
        + "temperature":21.5,"id":"a"

        # no priority, CEF
        < CEF:0|Vendor|Box|1.0|7|Something bad|9|src=10.0.0.1
        @ -.crit - Box -
        =~ CEF
        + "deviceVendor":"Vendor","deviceProduct":"Box","deviceVersion":1.0,"deviceEventClassId":7,"name":"Something bad","cefSeverity":9,"src":"10.0.0.1"
        """#

    static let times = #"""
        # a comma before the fraction
        < <13>Nov 23 08:00:01,250 h1 app: text
        @ user.notice h1 app 08:00:01.250
        = text

        # an ISO time with a blank and a comma
        < <13>2026-11-23 08:00:01,123 h1 app: text
        @ user.notice h1 app 08:00:01.123
        = text

        # an ISO time with slashes
        < <13>2026/11/23 08:00:01 h1 app: text
        @ user.notice h1 app 08:00:01
        = text

        # an offset without a colon
        < <13>2026-11-23T08:00:01+0530 h1 app: text
        @ user.notice h1 app 02:30:01
        = text

        # an offset of hours
        < <13>2026-11-23T08:00:01-05 h1 app: text
        @ user.notice h1 app 13:00:01
        = text

        # a weekday
        < <13>Mon Nov 23 08:00:01 h1 app: text
        @ user.notice h1 app 08:00:01
        = text

        # the year behind
        < <13>Nov 23 08:00:01 2026 h1 app: text
        @ user.notice h1 app 08:00:01
        = text

        # the year before the month
        < <13>2026 Nov 23 08:00:01 h1 app: text
        @ user.notice h1 app 08:00:01
        = text

        # a zone's name
        < <13>Nov 23 08:00:01 CET h1 app: text
        @ user.notice h1 app 07:00:01
        = text

        # a zone of summer
        < <13>Nov 23 08:00:01 PDT h1 app: text
        @ user.notice h1 app 15:00:01
        = text

        # a zone with half an hour
        < <13>Nov 23 2026 08:00:01 ACST h1 app: text
        @ user.notice h1 app 2026-11-22T22:30:01.000Z
        = text

        # a host in upper case is no zone
        < <13>Nov 23 08:00:01 ROUTER app: text
        @ user.notice ROUTER app 08:00:01
        = text

        # a host of three letters is no zone
        < <13>Nov 23 08:00:01 IST app: text
        @ user.notice IST app 08:00:01
        = text

        # a leap second
        < <13>Nov 23 08:00:60 h1 app: text
        @ user.notice h1 app 08:00:59
        = text

        # December, read in November
        < <13>Dec 31 23:59:59 h1 app: text
        @ user.notice h1 app -
        = text
        + "device_time":"Dec 31 23:59:59"

        # a day that is none
        < <13>Feb 30 08:00:01 h1 app: text
        @ user.notice - - -
        = Feb 30 08:00:01 h1 app: text

        # February 29 in another year
        < <13>Feb 29 08:00:01 h1 app: text
        @ user.notice h1 app -
        = text
        + "device_time":"Feb 29 08:00:01"

        # small letters
        < <13>nov 23 08:00:01 h1 app: text
        @ user.notice h1 app 08:00:01
        = text

        # hours beyond the day
        < <13>Nov 23 25:00:01 h1 app: text
        @ user.notice - - -
        = Nov 23 25:00:01 h1 app: text
        """#
}
