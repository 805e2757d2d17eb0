#!/bin/sh
# Sends logs with curl. A 200 means that they are stored.
#
#   KOMFYRVAKT_API_KEY=kmf_… ./send-logs.sh
set -eu
url=${KOMFYRVAKT_URL:-http://127.0.0.1:8080}
: "${KOMFYRVAKT_API_KEY:?set it to a key that may ingest}"

# The key goes by a file descriptor: arguments can be read by everyone on this machine. Each body gets a name of its own,
# drawn anew: when curl tries again because an answer was lost, the hub knows the body and stores nothing twice.
post() {
    curl --fail-with-body --silent --show-error --max-time 10 --retry 3 \
        --config - --request POST "$@" <<CONFIG
header = "Authorization: Bearer $KOMFYRVAKT_API_KEY"
header = "Idempotency-Key: curl.$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')/1"
CONFIG
    echo
}

# One log. Only the message is needed; the level is info when it is left out.
post "$url/api/logs" --header 'Content-Type: application/json' --data '
    {"message": "backup finished", "level": "info", "group": "backup:nightly", "tags": ["oslo"],
     "data": {"files": 18230, "seconds": 412.5}}'

# A reading. The data alone is a log: its numbers become time series.
post "$url/api/logs" --header 'Content-Type: application/json' --data '
    {"group": "warehouse:freezer-3", "data": {"temperature": -18.5, "humidity": 45}}'

# Many: a log a line. What lines lack can be given once, in the address.
printf '%s\n' \
    '{"message": "first of a batch"}' \
    '{"message": "second of a batch", "level": "warning"}' |
    post "$url/api/logs/batch?group=backup:nightly&source=curl-example" \
        --header 'Content-Type: application/x-ndjson' --data-binary @/dev/fd/3 3<&0
