#!/bin/sh
# Sends syslog to the agent with logger (Debian: bsdutils), in the ways that devices do.
#
#   ./send-syslog.sh
#
# SYSLOG_HOST 127.0.0.1   SYSLOG_PORT 5514: where the agent's syslog inputs listen. No key is needed: the agent has one.
set -eu
to="--server ${SYSLOG_HOST:-127.0.0.1} --port ${SYSLOG_PORT:-5514} --tag myapp"

# Word splitting is wanted: $to is three options.
# UDP, RFC 5424. The priority becomes the level: debug, info, notice, warning, err, crit, alert, emerg.
logger --udp $to --priority user.warning "disk almost full (UDP, RFC 5424)"

# UDP in the older form that most devices send.
logger --udp $to --rfc3164 --priority user.err "disk almost full (UDP, RFC 3164)"

# TCP, a message a line: nothing is lost on the way.
logger --tcp $to "disk almost full (TCP, a line each)"

# TCP, each message with its length before it: then a message may have several lines.
logger --tcp $to --octet-count "disk almost full (TCP, octet-counted)"
