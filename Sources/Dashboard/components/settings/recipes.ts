// How to send the first log, for each kind of sender: lines that work as they stand, once address and key are filled in.
// docs/devices.md and examples/ have more of each. All say the same words, which `log-arrival` waits for.

/** What a first log says. */
export const greeting = "hello from komfyrvakt";
export const keyPlaceholder = "kmf_YOUR_KEY";

/** What is filled into the lines. */
export interface Places {
  /** The hub's own address, `http://HOST:PORT`. */
  hub: string;
  /** Where the agent takes messages: a name or an address. */
  agent: string;
  key: string;
}

export interface Block {
  /** Where these lines go. */
  title: string;
  lines: string;
}

export interface Recipe {
  id: string;
  name: string;
  /** The heading that it stands below. */
  kind: "Programs" | "Servers" | "Network devices" | "Boards";
  /** Straight to the hub, or by an agent of this machine or another. */
  way: "hub" | "agent" | "agent-file";
  blocks(places: Places): Block[];
  /** What one must know. */
  note: string;
}

const json = "application/json";

/** An input of the agent for senders beyond its own machine. */
function syslogInput(scheme: "udp" | "tcp", agent: string): Block {
  return { title: "In the agent\u2019s agent.toml, unless it takes them already", lines: `[[input]]\ntype = "syslog"\nlisten = "${scheme}://0.0.0.0:5514"\nallow = ["${networkOf(agent)}"]` };
}

function jsonInput(agent: string): Block {
  return { title: "In the agent\u2019s agent.toml, unless it takes them already", lines: `[[input]]\ntype = "json"\nlisten = "udp://0.0.0.0:5515"\nallow = ["${networkOf(agent)}"]` };
}

export const recipes: Recipe[] = [
  {
    id: "curl", name: "curl", kind: "Programs", way: "hub",
    blocks: ({ hub, key }) => [{
      title: "In a shell",
      lines: `curl ${hub}/api/logs \\\n  -H 'Authorization: Bearer ${key}' \\\n  -H 'Content-Type: ${json}' \\\n  -d '{"message": "${greeting}", "group": "test:curl", "level": "info",\n       "data": {"answer": 42}}'`,
    }],
    note: "A 200 means that the log is stored. Only the message is needed; numbers in data become series that can be drawn.",
  },
  {
    id: "python", name: "Python", kind: "Programs", way: "hub",
    blocks: ({ hub, key }) => [{
      title: "A program, for Python 3; no packages",
      lines: `import json, urllib.request\n\nlog = {"message": "${greeting}", "level": "warning", "group": "test:python", "data": {"free_gb": 3.2}}\nrequest = urllib.request.Request(\n    "${hub}/api/logs",\n    data=json.dumps(log).encode(),\n    headers={"Authorization": "Bearer ${key}", "Content-Type": "${json}"},\n)\nwith urllib.request.urlopen(request, timeout=10) as answer:\n    print(json.load(answer)["id"])`,
    }],
    note: "examples/python has a handler for logging that sends in batches from the background.",
  },
  {
    id: "javascript", name: "JavaScript", kind: "Programs", way: "hub",
    blocks: ({ hub, key }) => [{
      title: "first-log.mjs, for Node 18 and newer, Deno and Bun",
      lines: `const answer = await fetch("${hub}/api/logs", {\n  method: "POST",\n  headers: { Authorization: "Bearer ${key}", "Content-Type": "${json}" },\n  body: JSON.stringify({ message: "${greeting}", group: "test:javascript", data: { waiting: 12 } }),\n});\nconsole.log(answer.status, await answer.json());`,
    }],
    note: "For servers: a page that shows everyone its key lets everyone send. examples/javascript sends batches and tries again.",
  },
  {
    id: "file", name: "A log file", kind: "Programs", way: "agent-file",
    blocks: ({ hub, key }) => [
      { title: "agent.toml", lines: `[agent]\ndata_dir = "komfyr-agent-data"\n\n[hub]\nurl = "${hub}"\napi_key = "${key}"\n\n[[input]]\ntype = "file"\npaths = ["/var/log/myapp/*.log"]\ngroup = "app:myapp"` },
      { title: "Then, where agent.toml is", lines: `komfyr-agent check --live --config agent.toml\nkomfyr-agent run --config agent.toml &\necho "${greeting}" >> /var/log/myapp/app.log` },
    ],
    note: "Each line is a log; it goes on after rotation and restart. parser = \"json\", \"logfmt\", \"combined\" and others read lines. chmod 600 agent.toml: it holds the key.",
  },
  {
    id: "logger", name: "logger", kind: "Servers", way: "agent",
    blocks: ({ agent }) => [{
      title: "In a shell",
      lines: `# The priority becomes the level. By UDP, and by TCP:\nlogger -d -n ${agent} -P 5514 -t myapp -p user.warning "${greeting}"\nlogger -T -n ${agent} -P 5514 -t myapp "${greeting}"`,
    }],
    note: "make run gives an agent on this machine that takes syslog on 5514. No key is needed here: the agent has one.",
  },
  {
    id: "nc", name: "JSON by UDP", kind: "Servers", way: "agent",
    blocks: ({ agent }) => [{
      title: "In a shell",
      lines: `# One object a datagram; members that are not a log's own become its data.\necho '{"message":"${greeting}","temperature":21.5,"group":"test:nc"}' |\n  nc -u -w1 ${agent} 5515`,
    }],
    note: "A message is not needed: {\"temperature\":21.5} is a whole log.",
  },
  {
    id: "rsyslog", name: "rsyslog", kind: "Servers", way: "agent",
    blocks: ({ agent }) => [
      { title: "/etc/rsyslog.d/60-komfyrvakt.conf", lines: `*.* action(\n    type="omfwd" target="${agent}" port="5514" protocol="tcp"\n    tcp_framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"\n    action.resumeRetryCount="-1" queue.type="linkedList" queue.filename="komfyrvakt"\n    queue.maxDiskSpace="1g" queue.saveOnShutdown="on"\n)` },
      { title: "Then, in a shell", lines: `sudo rsyslogd -N1\nsudo systemctl restart rsyslog\nlogger "${greeting}"` },
      syslogInput("tcp", agent),
    ],
    note: "While the agent is away messages wait in memory, then on rsyslog\u2019s disk.",
  },
  {
    id: "syslog-ng", name: "syslog-ng", kind: "Servers", way: "agent",
    blocks: ({ agent }) => [
      { title: "/etc/syslog-ng/conf.d/komfyrvakt.conf", lines: `destination d_komfyrvakt {\n    syslog("${agent}" port(5514) transport("tcp")\n        disk-buffer(reliable(yes) disk-buf-size(1073741824)));\n};\nlog { source(s_src); destination(d_komfyrvakt); flags(flow-control); };` },
      { title: "Then, in a shell", lines: `sudo syslog-ng --syntax-only\nsudo systemctl restart syslog-ng\nlogger "${greeting}"` },
      syslogInput("tcp", agent),
    ],
    note: "s_src is the source of Debian\u2019s syslog-ng.conf; name yours if it has another.",
  },
  {
    id: "cisco", name: "Cisco IOS", kind: "Network devices", way: "agent",
    blocks: ({ agent }) => [
      { title: "On the switch", lines: `configure terminal\nservice timestamps log datetime msec show-timezone year\nlogging origin-id hostname\nlogging trap informational\nlogging host ${agent} transport udp port 5514\nend\nwrite memory\nsend log 5 ${greeting}` },
      syslogInput("udp", agent),
    ],
    note: "IOS and IOS XE; examples/cisco has NX-OS. Without year and show-timezone the agent has to guess both.",
  },
  {
    id: "mikrotik", name: "MikroTik", kind: "Network devices", way: "agent",
    blocks: ({ agent }) => [
      { title: "In a terminal of the router, RouterOS 7.18 and newer", lines: `/system logging action\nadd name=komfyrvakt target=remote remote=${agent} remote-port=5514 \\\n    remote-log-format=syslog syslog-time-format=iso8601 syslog-facility=local0\n/system logging\nadd topics=critical action=komfyrvakt\nadd topics=error action=komfyrvakt\nadd topics=warning action=komfyrvakt\nadd topics=info action=komfyrvakt\n:log info "${greeting}"` },
      syslogInput("udp", agent),
    ],
    note: "Before 7.18 write bsd-syslog=yes in place of remote-log-format and syslog-time-format.",
  },
  {
    id: "unifi", name: "UniFi", kind: "Network devices", way: "agent",
    blocks: ({ agent }) => [
      { title: "In UniFi Network 9 and newer", lines: `Settings > CyberSecure > Traffic Logging\nActivity Logging (Syslog):  SIEM Server\nServer address:             ${agent}\nPort:                       5514\nContents:                   all but what you never look at` },
      syslogInput("udp", agent),
    ],
    note: "8.x: Settings, System, Integrations, Activity Logging. 7.x: Settings, System, Advanced, Remote Logging. Menus move: search the settings for syslog.",
  },
  {
    id: "micropython", name: "MicroPython", kind: "Boards", way: "agent",
    blocks: ({ agent }) => [
      { title: "main.py, any board with Wi-Fi", lines: `import json, network, socket, time\n\nwlan = network.WLAN(network.STA_IF)\nwlan.active(True)\nwlan.connect("my wifi", "my password")\nwhile not wlan.isconnected():\n    time.sleep(1)\n\nlog = {"message": "${greeting}", "source": "freezer-3", "temperature": -18.5}\naddress = socket.getaddrinfo("${agent}", 5515)[0][-1]\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(json.dumps(log).encode(), address)` },
      jsonInput(agent),
    ],
    note: "The board needs no clock. examples/micropython keeps readings while Wi-Fi is away.",
  },
  {
    id: "arduino", name: "Arduino", kind: "Boards", way: "agent",
    blocks: ({ agent }) => [
      { title: "A sketch for ESP32; on an ESP8266 the first line is <ESP8266WiFi.h>", lines: `#include <WiFi.h>\n#include <WiFiUdp.h>\nWiFiUDP udp;\n\nvoid setup() { WiFi.begin("my wifi", "my password"); }\nvoid loop() {\n  udp.beginPacket("${agent}", 5515);\n  udp.print(R"({"message":"${greeting}","source":"freezer-3","temperature":-18.5})");\n  udp.endPacket();\n  delay(10000);\n}` },
      jsonInput(agent),
    ],
    note: "Other boards with a WiFiUDP include their own Wi-Fi library. examples/arduino has readings, messages and levels.",
  },
];

/** The recipe of an id; the first when there is none. */
export function recipeOf(id: string | null): Recipe {
  const first = recipes[0];
  if (first === undefined) throw new Error("There is no recipe.");
  return recipes.find((recipe) => recipe.id === id) ?? first;
}

/** Whether an address means the machine that uses it. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || /^127\./.test(host) || host === "[::1]" || host === "::1";
}

/** A name or an address as it may stand in a shell, in TOML and in a sketch: whatever else was typed is left out. */
export function hostText(typed: string): string {
  return typed.replace(/[^A-Za-z0-9.:_-]/g, "").slice(0, 253);
}

/** The private network that an address is likely in. */
function networkOf(host: string): string {
  if (/^10\./.test(host)) return "10.0.0.0/8";
  if (/^172\.(1[6-9]|2\d|3[01])\./.test(host)) return "172.16.0.0/12";
  return "192.168.0.0/16";
}
