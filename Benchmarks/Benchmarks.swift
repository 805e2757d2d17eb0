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

    mutating func run() throws {
        ignoreBrokenPipes()
        var table = ResultsTable()
        try HubBenchmarks(programs: programs).run(into: &table)
        try AgentBenchmarks(programs: programs).run(into: &table)
        print("")
        print(table.text)
        if let results { try writeText(table.document, to: results) }
    }
}

/// The rows and the machine they were measured on.
struct ResultsTable {
    private var rows: [(what: String, figure: String, processor: String, memory: String)] = []

    mutating func add(_ what: String, _ figure: String, processor: String = "", memory: String = "") {
        rows.append((what, figure, processor, memory))
        print("\(what): \(figure) \(processor) \(memory)")
    }

    var text: String {
        let lines = rows.map { "| \($0.what) | \($0.figure) | \($0.processor) | \($0.memory) |" }
        return (["| what | figure | CPU-s per million | resident MiB |", "|---|---|---|---|"] + lines)
            .joined(separator: "\n")
    }

    var document: String {
        """
        # Results

        Made by `make bench`. Load generator, programs and Redis share the machine's processors.

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
