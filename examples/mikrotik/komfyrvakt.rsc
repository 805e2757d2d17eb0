# RouterOS 7.18 and newer: sends the router's log to Komfyrvakt's agent at 192.168.1.10.
#
#   /import komfyrvakt.rsc          after setting the address, or paste the lines into a terminal
#
# The agent's input:   type = "syslog", listen = "udp://0.0.0.0:514", allow = ["192.168.0.0/16"]
#
# remote-log-format=syslog adds a header with time and name; without it a message is its topics and text alone, and the
# source is the router's address. iso8601 is a time with year and zone. The topics give app and level, and are
# `data.topics`; where this version knows add-topics-string, set it to yes, or they are left out.

/system logging action
add name=komfyrvakt target=remote remote=192.168.1.10 remote-port=514 remote-log-format=syslog \
    syslog-time-format=iso8601 syslog-facility=local0

# RouterOS 6 and 7 before 7.18 call it otherwise; take this line instead:
# add name=komfyrvakt target=remote remote=192.168.1.10 remote-port=514 bsd-syslog=yes syslog-facility=local0

/system logging
add topics=critical action=komfyrvakt
add topics=error action=komfyrvakt
add topics=warning action=komfyrvakt
add topics=info action=komfyrvakt

# A router without a clock sends 1970: the agent then keeps the time of arrival.
/system ntp client set enabled=yes

# To see that it works:
:log info "hello from komfyrvakt"
