/// What the logs of `Workload` speak of: one kind of place, with its groups, 50 message templates and five numbers.
struct Vocabulary {
    var groups: [String]
    /// `%d` a number, `%n` a small one, `%x` a hex id, `%i` an address, `%t` a duration, `%p` percent, `%%` itself.
    var subjects: [String]
    var predicates: [String]
    /// Names in `fields`.
    var numbers: [String]

    /// A numeric member of `data`: where its values lie, and how many digits they have behind the point.
    struct Field {
        var name: String
        var lowest: Double
        var highest: Double
        var digits: Int
    }

    static let all = [datacenter, app, warehouse, home, factory, iot]

    private static let datacenter = Vocabulary(
        groups: (1...40).map { "datacenter:server-rack-\($0)" } + (1...10).map { "datacenter:switch-\($0)" }
            + (1...4).map { "datacenter:ups-\($0)" },
        subjects: [
            "Fan speed on slot %n for node %x", "Power draw of PSU %n on node-%d",
            "Disk sda%n SMART check on host %i", "Link flap detected on port %n towards %i",
            "Kernel watchdog on node-%d", "IPMI sensor poll from %i", "RAID array md%n on host node-%d",
            "Inlet air probe %n", "Network uplink %i", "Backup agent on node-%d",
        ],
        predicates: [
            "completed within %t, all values nominal", "reported warning threshold exceeded by %p%%",
            "timeout after %t, retrying (%n/5)", "changed state from active to standby in %t",
            "returned status %n, connection stable for %ds",
        ],
        numbers: [
            "temperature", "cpu_percent", "mem_percent", "fan_rpm", "power_w",
        ]
    )

    private static let app = Vocabulary(
        groups: ["api", "web", "auth", "billing", "search", "worker", "mailer", "scheduler", "gateway", "notifier"]
            .flatMap { service in ["prod", "staging", "dev"].map { "app:\(service):\($0)" } },
        subjects: [
            "Request %x from %i to /v1/orders/%d", "GET /api/users/%d by user-%d",
            "Payment intent pi_%x for customer %d", "Database query on shard %n for tenant %d",
            "Session %x of user-%d", "Background job #%d on worker-%n", "Cache lookup for key user:%d",
            "Login attempt for user-%d from %i", "Webhook delivery %x to %i", "Email to user-%d via smtp %i",
        ],
        predicates: [
            "completed with status 200 in %t", "failed: connection reset by peer after %t",
            "timeout waiting for upstream %i after %t", "retried %n times, total time %t",
            "accepted, queue depth %d, waited %t",
        ],
        numbers: [
            "duration_ms", "status", "bytes", "retries", "queue_depth",
        ]
    )

    private static let warehouse = Vocabulary(
        groups: (1...30).map { "warehouse:freezer-\($0)" } + (1...8).map { "warehouse:gate-\($0)" }
            + (1...12).map { "warehouse:conveyor-\($0)" },
        subjects: [
            "Freezer compartment %n", "Door contact %n at bay %n", "Compressor unit C%n",
            "Pallet %d scanned at dock %n", "Forklift F-%n with load %d", "Conveyor belt motor %n",
            "Cooling circuit %n pressure probe", "Gate controller at %i", "Inventory count for sku %d",
            "Defrost cycle %d of evaporator %n",
        ],
        predicates: [
            "reading within limits, drift %p%%", "opened for %t, seal check completed",
            "exceeded setpoint by %p%% for %t", "timeout waiting for ack from %i", "completed cycle %d in %t",
        ],
        numbers: [
            "temperature", "humidity", "door_seconds", "pressure_kpa", "battery",
        ]
    )

    private static let home = Vocabulary(
        groups: [
            "kitchen", "livingroom", "bedroom", "bathroom", "garage", "attic", "basement", "hallway", "office",
            "garden",
            "laundry", "porch",
        ]
        .map { "home:\($0)" },
        subjects: [
            "Thermostat zone %n", "Motion detector %n", "Smoke alarm %x", "Smart plug %x at %i", "Window contact %n",
            "Stove guard sensor %n", "Dishwasher program %n", "Water leak probe %n", "Light scene %n by user-%d",
            "Vacuum robot job %d",
        ],
        predicates: [
            "changed to state %n after %t", "reported value within range (%p%%)", "timeout, no response for %t",
            "triggered automation %d in %t", "battery level at %p%%, connection ok",
        ],
        numbers: [
            "temperature", "humidity", "lux", "battery", "watt",
        ]
    )

    private static let factory = Vocabulary(
        groups: (1...12).flatMap { line in (1...3).map { "factory:line-\(line):robot-\($0)" } },
        subjects: [
            "Robot arm axis %n move %d", "Welding program %d on station %n", "Torque check for part %d",
            "Vision inspection of part %x", "Gripper %n pick cycle %d", "Safety light curtain %n",
            "PLC %i heartbeat", "Spindle %n tool %d", "Pneumatic valve V%n pulse %d",
            "Operator user-%d acknowledged alarm %n",
        ],
        predicates: [
            "completed in %t, deviation %p%%", "stopped: safety interlock %n active for %t",
            "timeout after %t, operator call %d", "calibrated with offset %p%% at step %n",
            "running at %p%% of nominal speed",
        ],
        numbers: [
            "cycle_ms", "torque_nm", "speed_rpm", "deviation", "temperature",
        ]
    )

    private static let iot = Vocabulary(
        groups: (1...18).map { "iot:sensor-\($0)" },
        subjects: [
            "Sensor reading %d", "LoRa uplink frame %d via gateway %i", "Battery report of device %x",
            "Firmware slot %n on device %x", "MQTT session %x from %i", "Air quality sample %d",
            "GPS fix %d with %n satellites", "Soil probe %n sample %d", "Rain gauge tick %d",
            "Device %x rejoin through %i",
        ],
        predicates: [
            "received, rssi -%n dBm, latency %t", "dropped: checksum mismatch on frame %d",
            "timeout after %t, backoff %n", "stored, next report in %t", "value changed by %p%% since sample %d",
        ],
        numbers: [
            "temperature", "battery", "rssi", "voltage", "seq",
        ]
    )

    /// All numeric members.
    static let fields = [
        Field(name: "temperature", lowest: -25, highest: 45, digits: 1),
        Field(name: "cpu_percent", lowest: 0, highest: 100, digits: 1),
        Field(name: "mem_percent", lowest: 10, highest: 98, digits: 1),
        Field(name: "fan_rpm", lowest: 1200, highest: 9800, digits: 0),
        Field(name: "power_w", lowest: 80, highest: 640, digits: 1),
        Field(name: "duration_ms", lowest: 1, highest: 3000, digits: 2),
        Field(name: "status", lowest: 200, highest: 504, digits: 0),
        Field(name: "bytes", lowest: 120, highest: 90000, digits: 0),
        Field(name: "retries", lowest: 0, highest: 5, digits: 0),
        Field(name: "queue_depth", lowest: 0, highest: 900, digits: 0),
        Field(name: "humidity", lowest: 10, highest: 95, digits: 1),
        Field(name: "door_seconds", lowest: 0, highest: 300, digits: 0),
        Field(name: "pressure_kpa", lowest: 90, highest: 420, digits: 1),
        Field(name: "battery", lowest: 0, highest: 100, digits: 0),
        Field(name: "lux", lowest: 0, highest: 2000, digits: 0),
        Field(name: "watt", lowest: 0, highest: 2200, digits: 1),
        Field(name: "cycle_ms", lowest: 200, highest: 9000, digits: 0),
        Field(name: "torque_nm", lowest: 1, highest: 120, digits: 2),
        Field(name: "speed_rpm", lowest: 10, highest: 3000, digits: 0),
        Field(name: "deviation", lowest: 0, highest: 5, digits: 3),
        Field(name: "rssi", lowest: -120, highest: -30, digits: 0),
        Field(name: "voltage", lowest: 2.8, highest: 4.2, digits: 2),
        Field(name: "seq", lowest: 0, highest: 1_000_000, digits: 0),
    ]

    static let tags = [
        "network", "disk", "cpu", "memory", "power", "security", "auth", "http", "database", "cache", "queue",
        "email", "billing", "deploy", "backup", "cron", "sensor", "temperature", "humidity", "door", "motion",
        "battery", "firmware", "maintenance", "alert", "audit", "api", "frontend", "backend", "payment", "customer",
        "inventory", "shipping", "robot", "calibration", "safety", "scheduled", "manual", "retry", "slow",
    ]

    /// Members of `data` that are strings.
    static let strings: [(name: String, values: [String])] = [
        ("host", (0..<64).map { $0 < 10 ? "node-0\($0)" : "node-\($0)" }),
        ("region", ["eu-north-1", "eu-west-1", "us-east-1"]),
        ("firmware", (0..<10).map { "2.14.\($0)" }),
        ("operator", ["anna", "bjorn", "carl", "dina", "erik"]),
        ("method", ["GET", "POST", "PUT", "DELETE"]),
    ]

    static let levels = ["debug", "info", "warning", "error", "critical"]
}
