# Sends a board's readings to Komfyrvakt's agent: one JSON object a datagram. MicroPython 1.20 or newer, any board with
# Wi-Fi; no packages.
#
#   mpremote cp config.json main.py :      and reset the board; it goes on by itself from then on
#
# config.json, of which only host must be there:
#   {"ssid": "my wifi", "password": "...", "host": "192.168.1.10", "port": 5515, "source": "freezer-3",
#    "group": "warehouse:freezer-3", "token": "as in agent.toml", "seconds": 10, "clock": true}
#
# The agent's input:   type = "json", listen = "udp://0.0.0.0:5515", allow = ["192.168.0.0/16"]
#
# With "clock" the time is asked of the network (NTP), and each reading carries its own. Until there is a time, or without
# "clock", readings carry none: the agent then gives them the time of their arrival. While Wi-Fi or agent are away the
# newest readings wait in memory; with a clock they keep their times, without one `uptime_s` tells their order.

import gc
import json
import socket
import time

try:
    import network
except ImportError:
    network = None  # A board with a cable, or a computer.

WAITING_AT_MOST = 60
# Times count from 1970 on some boards and from 2000 on others.
EPOCH = 946684800 if time.gmtime(0)[0] == 2000 else 0


def read():
    """What is sent: numbers become series that can be drawn. Put your sensors here."""
    return {"memory_free": gc.mem_free()}


class Sender:
    def __init__(self, config):
        self.config = config
        self.wlan = None
        if network and config.get("ssid"):
            self.wlan = network.WLAN(network.STA_IF)
            self.wlan.active(True)
        self.asked = None
        self.has_clock = False
        self.socket = None
        self.waiting = []
        self.dropped = 0
        self.number = 0
        self.started = time.ticks_ms()
        self.uptime_ms = 0

    def connected(self):
        """Whether there is a network; asks for it again, every 15 s, when it has gone. Never waits for it."""
        if self.wlan is None:
            return True
        if self.wlan.isconnected():
            if self.asked is not None:
                print("wifi: connected,", self.wlan.ifconfig()[0])
                self.asked = None
            return True
        now = time.ticks_ms()
        if self.asked is None or time.ticks_diff(now, self.asked) > 15_000:
            print("wifi: connecting to", self.config["ssid"])
            self.asked = now
            self.close()
            try:
                self.wlan.disconnect()
                self.wlan.connect(self.config["ssid"], self.config.get("password", ""))
            except OSError as error:
                print("wifi:", error)
        return False

    def set_clock(self):
        if self.has_clock or not self.config.get("clock"):
            return
        try:
            import ntptime

            ntptime.settime()
            self.has_clock = True
        except (ImportError, OSError) as error:
            print("clock: not set yet,", error)

    def uptime(self):
        # The counter of milliseconds begins anew after some days: only differences mean something.
        now = time.ticks_ms()
        self.uptime_ms += time.ticks_diff(now, self.started)
        self.started = now
        return self.uptime_ms // 1000

    def log(self, members):
        """Adds one log: members of its own, or those that the hub knows (message, level, tags)."""
        self.number += 1
        # A gap in the numbers tells of a datagram that was lost on its way.
        log = {"number": self.number, "uptime_s": self.uptime()}
        for name in ("source", "group", "token"):
            if self.config.get(name):
                log[name] = self.config[name]
        if self.has_clock:
            log["timestamp"] = int(time.time()) + EPOCH
        log.update(members)
        if self.dropped:
            log["dropped"] = self.dropped
        self.waiting.append(log)
        if len(self.waiting) > WAITING_AT_MOST:
            self.waiting.pop(0)
            self.dropped += 1

    def send(self):
        """Sends what waits, oldest first; what cannot be sent stays."""
        while self.waiting:
            try:
                if self.socket is None:
                    address = socket.getaddrinfo(self.config["host"], self.config.get("port", 5515))[0][-1]
                    self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    self.socket.connect(address)
                self.socket.send(json.dumps(self.waiting[0]).encode())
            except OSError as error:
                print("send:", error)
                self.close()
                return
            self.waiting.pop(0)

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def main():
    with open("config.json") as file:
        config = json.load(file)
    sender = Sender(config)
    sender.log({"message": "started", "level": "info"})
    while True:
        reading = read()
        # Before anything is tried that takes time, so that the reading has the time at which it was made.
        sender.log(reading)
        if sender.connected():
            sender.set_clock()
            sender.send()
        time.sleep(config.get("seconds", 10))


main()
