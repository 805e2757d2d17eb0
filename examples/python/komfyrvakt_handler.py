#!/usr/bin/env python3
"""A handler for Python's logging that sends to Komfyrvakt. Standard library only.

    import logging
    from komfyrvakt_handler import KomfyrvaktHandler

    logging.getLogger().addHandler(KomfyrvaktHandler(group="app:shop"))
    logging.warning("disk almost full", extra={"data": {"free_gb": 3.2}})

It never blocks the program: logs wait in a bounded queue, and a thread sends them in batches. When the program ends,
what waits is sent first. The address and the key come from KOMFYRVAKT_URL and KOMFYRVAKT_API_KEY.
"""

import atexit
import json
import logging
import os
import queue
import secrets
import sys
import threading
import time
import urllib.error
import urllib.request


class KomfyrvaktHandler(logging.Handler):
    """Sends log records to a hub."""

    def __init__(self, group=None, source=None, url=None, key=None, queued_at_most=10_000):
        super().__init__()
        self.url = (url or os.environ.get("KOMFYRVAKT_URL", "http://127.0.0.1:8080")).rstrip("/")
        self.key = key or os.environ["KOMFYRVAKT_API_KEY"]
        self.group = group
        self.source = source
        self.dropped = 0
        self._queue = queue.Queue(queued_at_most)
        # With the number of the batch it names a batch, so that one that was sent twice is stored once.
        self._identity = "python." + secrets.token_hex(16)
        self._sequence = 0
        self._trouble = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="komfyrvakt", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def emit(self, record):
        log = {
            "message": self.format(record),
            "level": record.levelname.lower(),
            "timestamp": record.created,
            "tags": [record.name],
            "data": {**getattr(record, "data", {}), "file": record.pathname, "line": record.lineno},
        }
        if self.group:
            log["group"] = self.group
        if self.source:
            log["source"] = self.source
        try:
            self._queue.put_nowait(json.dumps(log, default=str))
        except queue.Full:
            self.dropped += 1

    def close(self):
        """Sends what waits, for 10 seconds at most."""
        self._closing.set()
        if self._thread is not threading.current_thread():
            self._thread.join(10)
        super().close()

    def _run(self):
        while not (self._closing.is_set() and self._queue.empty()):
            batch = self._next_batch()
            if batch:
                self._sequence += 1
                self._send("\n".join(batch).encode(), f"{self._identity}/{self._sequence}")

    def _next_batch(self):
        """Waits for a log, and takes with it what else is there: a thousand at most."""
        batch = []
        try:
            batch.append(self._queue.get(timeout=0.2))
            while len(batch) < 1_000:
                batch.append(self._queue.get_nowait())
        except queue.Empty:
            pass
        return batch

    def _send(self, body, identity):
        """Tries until the hub has the batch, or says that it never will."""
        request = urllib.request.Request(
            self.url + "/api/logs/batch",
            data=body,
            headers={
                "Authorization": "Bearer " + self.key,
                "Content-Type": "application/x-ndjson",
                "Idempotency-Key": identity,
            },
        )
        pause = 0.5
        while True:
            try:
                with urllib.request.urlopen(request, timeout=10):
                    self._tell(None)
                    return
            except urllib.error.HTTPError as error:
                answer = error.read(2_000).decode(errors="replace")
                if error.code in (400, 413, 415, 422):
                    print("komfyrvakt refused a batch:", answer, file=sys.stderr)
                    return
                if error.code in (401, 403):
                    self._tell(f"the hub refuses the key ({error.code}): set KOMFYRVAKT_API_KEY to one that may ingest")
                else:
                    self._tell(f"the hub answers {error.code}: {answer}")
            except OSError as error:
                self._tell(f"the hub is away: {error}")
            if self._closing.wait(pause):
                time.sleep(pause)
            pause = min(pause * 2, 30)

    def _tell(self, trouble):
        """Says once what keeps the logs waiting, and once that it is over."""
        if trouble == self._trouble:
            return
        self._trouble = trouble
        print("komfyrvakt:", f"{trouble}; the logs wait" if trouble else "the hub takes logs again", file=sys.stderr)


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG, handlers=[KomfyrvaktHandler(group="example:python")])
    log = logging.getLogger("shop")
    log.info("started")
    log.warning("disk almost full", extra={"data": {"free_gb": 3.2}})
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("order 4711 failed")
