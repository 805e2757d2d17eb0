import ArgumentParser
import Crypto
import Hummingbird

@main
struct KomfyrHub: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "komfyr-hub")
    mutating func run() async {}
}
