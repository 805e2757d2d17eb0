import ArgumentParser
import Logging

@main
struct KomfyrAgent: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "komfyr-agent")
    mutating func run() {}
}
