#!/usr/bin/env python3
"""How smooth the dashboard is while logs stream in, and how much memory it takes: a real hub, a real Chromium.

    Benchmarks/dashboard.py BIN [--rate 2000] [--seconds 300] [--page 'page=logs'] [--results FILE]

BIN is the folder of komfyr-hub (`make build`). It notes, for each second: the longest time between two frames and the
heap of the page after a collection, and tells medians, the worst, and how the heap grew from the first to the last minute.
Chromium and chromedriver as the tests use them; everything on loopback, in a folder that is removed.
"""
import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

FRAMES = """
window.frames_ = [];
let last = performance.now();
const next = now => { window.frames_.push(now - last); last = now; requestAnimationFrame(next); };
requestAnimationFrame(next);
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def send(method, url, body=None, headers=None, timeout=60):
    request = urllib.request.Request(
        url, method=method, data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **(headers or {})})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return json.loads(answer.read() or b"null")


def wait_for(what, seconds, condition):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            value = condition()
            if value:
                return value
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.1)
    raise SystemExit(f"{what} did not come about within {seconds} s")


class Driver:
    """A headless Chromium over the WebDriver protocol."""

    def __init__(self, folder):
        port = free_port()
        self.process = subprocess.Popen(
            ["chromedriver", f"--port={port}"], env=dict(os.environ, HOME=folder),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.base = f"http://127.0.0.1:{port}"
        wait_for("chromedriver", 60, lambda: send("GET", self.base + "/status")["value"]["ready"])
        arguments = [
            "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--enable-precise-memory-info", "--js-flags=--expose-gc",
            "--window-size=1440,900", f"--user-data-dir={folder}/profile"]
        capabilities = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": {"args": arguments}}}
        session = send("POST", self.base + "/session", {"capabilities": capabilities})["value"]["sessionId"]
        self.base += f"/session/{session}"

    def open(self, url):
        send("POST", self.base + "/url", {"url": url})

    def script(self, body):
        return send("POST", self.base + "/execute/sync", {"script": body, "args": []})["value"]

    def close(self):
        try:
            send("DELETE", self.base)
        except OSError:
            pass
        self.process.terminate()
        self.process.wait()


def stream(address, key, rate, stop, sent):
    """Posts logs in time, twenty batches a second."""
    begin = time.monotonic()
    groups = [f"datacenter:rack-{index}" for index in range(40)] + [f"app:service-{index}" for index in range(10)]
    levels = ["info"] * 14 + ["debug"] * 3 + ["warning"] * 2 + ["error"]
    while not stop.is_set():
        missing = int((time.monotonic() - begin) * rate) - sent[0]
        if missing > 0:
            logs = [{
                "message": f"GET /api/items/{number} 200 in {number % 97} ms", "level": levels[number % 20],
                "group": groups[number % 50], "tags": ["http", "oslo"], "source": f"host-{number % 20}",
                "data": {"duration_ms": number % 97, "status": 200, "user": {"id": number % 500}},
            } for number in range(sent[0], sent[0] + missing)]
            send("POST", address + "/api/logs/batch", logs,
                 {"Authorization": f"Bearer {key}", "Prefer": "return=minimal"})
            sent[0] += missing
        time.sleep(0.05)


def measure(driver, seconds):
    """One entry a second: the frames' times in ms, and the heap in bytes."""
    driver.script(FRAMES)
    seen = []
    begin = time.monotonic()
    for second in range(seconds):
        time.sleep(max(0, begin + second + 1 - time.monotonic()))
        frames = driver.script("return window.frames_.splice(0)")
        heap = driver.script("window.gc && gc(); return performance.memory.usedJSHeapSize") if second % 10 == 9 else None
        # Collecting all of the heap stops the page, which no reader does.
        if heap is not None:
            driver.script("window.frames_.splice(0)")
        seen.append((frames, heap))
    return seen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin")
    parser.add_argument("--rate", type=int, default=2_000)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--page", default="")
    parser.add_argument("--results")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="dashboard-bench-")
    hub = driver = None
    stop, sent = threading.Event(), [0]
    try:
        port = free_port()
        hub = subprocess.Popen(
            [os.path.abspath(options.bin) + "/komfyr-hub", "serve"], cwd=folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ, PORT=str(port)))
        address = f"http://127.0.0.1:{port}"
        wait_for("the hub", 60, lambda: send("GET", address + "/api/health"))
        with open(folder + "/.env", encoding="utf-8") as settings:
            key = re.search(r"^KOMFYRVAKT_API_KEY=(\S+)", settings.read(), re.MULTILINE).group(1)
        with open(folder + "/data/login-link", encoding="utf-8") as file:
            link = re.search(r"http\S+", file.read()).group(0)
        driver = Driver(folder)
        driver.open(link)
        wait_for("the page", 60, lambda: driver.script("return document.querySelector('app-frame') !== null"))
        if options.page:
            driver.open(f"{address}/?{options.page}")
        wait_for("the live stream", 60, lambda: driver.script("return document.querySelector('.live[data-state=live]') !== null"))
        sender = threading.Thread(target=stream, args=(address, key, options.rate, stop, sent), daemon=True)
        begin = time.monotonic()
        sender.start()
        # What is made once, for the first logs, is not what a page that hangs on a wall does all day.
        time.sleep(10)
        seen = measure(driver, options.seconds)
        stop.set()
        sender.join(timeout=30)
        elapsed = time.monotonic() - begin
        worst = [max(frames) for frames, _ in seen if frames]
        heaps = [heap for _, heap in seen if heap is not None]
        part = max(1, len(heaps) // 5)
        early, late = statistics.median(heaps[:part]), statistics.median(heaps[-part:])
        every = sorted(time for frames, _ in seen for time in frames)
        rows = driver.script("return document.querySelectorAll('.log').length")
        row = (
            f"| {options.page or 'overview'} | {sent[0] / elapsed:,.0f} | {options.seconds} | "
            f"{statistics.median(every):.1f} / {every[int(len(every) * 0.99)]:.1f} / {every[-1]:.0f} | {statistics.median(worst):.1f} | "
            f"{sum(1 for value in worst if value > 50)} | {early / 2**20:.1f} / {late / 2**20:.1f} | {rows} |")
        print(row)
        if options.results:
            with open(options.results, "a", encoding="utf-8") as file:
                file.write(row + "\n")
    finally:
        stop.set()
        if driver is not None:
            driver.close()
        if hub is not None:
            hub.send_signal(signal.SIGTERM)
            hub.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
