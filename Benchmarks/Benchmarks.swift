import ArgumentParser
import EventLoop

#if canImport(Glibc)
import Glibc
#endif

/// Measures hub and agent on this machine and writes the table to Benchmarks/RESULTS.md.
@main
struct Benchmarks: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "komfyr-bench",
        abstract: "Measures hub and agent on this machine.",
        discussion: """
            Each row starts the program anew in a temporary folder, on loopback, with nothing else configured. \
            Absolute figures move from machine to machine: compare rows of one run.
            """
    )

    @Option(help: "Where the built komfyr-hub and komfyr-agent are.")
    var programs: String

    @Option(help: "The file that the table is written to; without it, it is only printed.")
    var results: String?

    @Option(help: "Logs stored while queries are measured.")
    var logs = 5_000_000

    @Option(help: "Logs sent for each ingest row; single POSTs are a tenth of it.")
    var ingest = 1_000_000

    @Flag(help: "Leave the agent out.")
    var onlyHub = false

    @Flag(help: "Leave the hub out.")
    var onlyAgent = false

    @Option(help: "Where scripts/unpack-peers has put rsyslog and syslog-ng; without it, the agent is measured alone.")
    var peers: String?

    @Option(parsing: .upToNextOption, help: "Rows of the agent: \(AgentBenchmarks.Row.names); all without it.")
    var agentRows: [AgentBenchmarks.Row] = []

    @Flag(help: "A tenth of the agent's load and less, to see that all rows run: the figures mean nothing.")
    var quick = false

    mutating func run() throws {
        ignoreBrokenPipes()
        var table = ResultsTable()
        if !onlyAgent {
            try HubBenchmarks(programs: programs, logs: ingest).run(into: &table)
            try HubQueries(programs: programs, logs: logs).run(into: &table)
        }
        if !onlyHub {
            let agent = AgentBenchmarks(
                programs: programs,
                peers: peers,
                amounts: quick ? .quick : AgentBenchmarks.Amounts(),
                rows: agentRows.isEmpty ? AgentBenchmarks.Row.allCases : agentRows
            )
            try agent.run(into: &table)
        }
        print("")
        print(table.text)
        if let results { try writeText(table.document, to: results) }
    }
}

extension AgentBenchmarks.Row: ExpressibleByArgument {
    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

/// The rows and the machine they were measured on.
struct ResultsTable {
    private var rows: [Row] = []

    private struct Row {
        var what: String
        var figure: String
        var processor: String
        var memory: String
        var ratio: String
    }

    /// Adds a row, and prints it at once.
    mutating func add(
        _ what: String,
        _ figure: String,
        processor: String = "",
        memory: String = "",
        ratio: String = ""
    ) {
        rows.append(Row(what: what, figure: figure, processor: processor, memory: memory, ratio: ratio))
        print("\(what): \(figure) | \(processor) | \(memory) | \(ratio)")
        fflush(nil)
    }

    var text: String {
        let lines = rows.map {
            "| \($0.what) | \($0.figure) | \($0.processor) | \($0.memory) | \($0.ratio) |"
        }
        return (["| what | figure | CPU-s per million | resident MiB | compared |", "|---|---|---|---|---|"] + lines)
            .joined(separator: "\n")
    }

    var document: String {
        """
        # Results

        Made by `make bench`. Load generator, programs and Redis share the machine's processors.

        The agent's peers are Debian's packages, unpacked and not installed, with the configurations that stand in
        Benchmarks/Collector.swift: all parse the same messages, keep them in a buffer on disk (the agent's and
        syslog-ng's in any case, rsyslog's disk-assisted queue when memory is short), and send them to a sink on this
        machine that counts their numbers. rsyslog sends JSON over HTTP (omelasticsearch) or the messages as they came
        over TCP (omfwd), which is less work than the others do.

        Machine: \(Self.machine)

        \(text)

        """
    }

    private static var machine: String {
        let processor =
            readText("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }
            .flatMap { $0.split(separator: ":").last }.map { $0.drop { $0 == " " } } ?? "unknown processor"
        let memory =
            readText("/proc/meminfo").split(separator: "\n").first
            .flatMap {
                $0.split(separator: " ").dropFirst().first
            }
            .flatMap { Int($0) } ?? 0
        let kernel = readText("/proc/sys/kernel/osrelease").filter { $0 != "\n" }.split(separator: "-").first ?? ""
        return "\(sysconf(Int32(_SC_NPROCESSORS_ONLN))) x \(processor), \(memory >> 20) GiB, Linux \(kernel)"
    }
}

/// `12,345` for large numbers, one digit behind the point for small ones.
func format(_ value: Double) -> String {
    if value < 100 {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
    var digits = String(Int(value.rounded()))
    var groups: [String] = []
    while digits.count > 3 {
        groups.insert(String(digits.suffix(3)), at: 0)
        digits.removeLast(3)
    }
    return ([digits] + groups).joined(separator: ",")
}
