/// One of the `SyslogPeers` at work, with an input of its own on loopback.
package final class SyslogPeer {
    /// Where it takes messages.
    package let port: UInt16
    private let name: String
    private let module: String
    private let folder: String
    private let output: String
    private let arguments: (_ modules: String) -> [String]
    private var program: ChildProgram?

    /// A daemon that does not run yet.
    ///
    /// - Parameters:
    ///   - name: of its program.
    ///   - module: one of its modules, whose folder `arguments` gets.
    ///   - port: where its configuration makes it listen.
    ///   - folder: where it works.
    ///   - output: the file of its messages.
    ///   - arguments: of its program.
    package init(
        _ name: String,
        module: String,
        port: UInt16,
        folder: String,
        output: String,
        arguments: @escaping (_ modules: String) -> [String]
    ) {
        self.name = name
        self.module = module
        self.port = port
        self.folder = folder
        self.output = output
        self.arguments = arguments
    }

    /// Starts it, and waits until it listens.
    package func start() async throws {
        let program = try ChildProgram(
            SyslogPeers.program(name),
            arguments(try SyslogPeers.folder(of: module)),
            environment: SyslogPeers.environment(),
            folder: folder,
            output: output
        )
        self.program = program
        _ = try await eventually("\(name) listens") {
            guard program.isRunning else { throw TestFailure("\(name) ended:\n\(program.output.suffix(2_000))") }
            try Network.sendStream([], to: port)
            return true
        }
    }

    /// Ends it as an operator does.
    package func stop() async throws {
        try await program?.stop()
        program = nil
    }

    /// Ends it at once.
    package func kill() {
        program?.kill()
        program = nil
    }

    /// Sends as a program of this machine does, until it has read all: what still lay in the socket would die with it.
    package func send(_ text: String) throws {
        try Network.sendStream(Array(text.utf8), to: port, untilRead: true)
    }
}
