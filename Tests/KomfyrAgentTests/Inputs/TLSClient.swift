import Foundation
import Testing

import class TestSupport.Certificates

@testable import EventLoop
@testable import KomfyrAgent

/// The client end of TLS on a blocking socket, which says when what is sent.
final class TLSClient {
    let socket: TestSocket
    private let session: TLSSession

    /// Has said nothing yet.
    init(to port: UInt16, _ client: TLSContext.Client) throws {
        socket = try TestSocket(stream: true, to: port)
        session = try TLSSession(TLSContext(client: client), serverName: "localhost")
    }

    /// The first bytes of a handshake.
    func hello() -> [UInt8] {
        _ = session.shakeHands()
        return output()
    }

    /// Goes through the handshake, `piece` bytes at a time.
    /// - Returns: what was wrong with it at this end, if anything was.
    func shakeHands(piece: Int = .max) throws -> String? {
        while true {
            let step = session.shakeHands()
            send(output(), piece: piece)
            switch step {
            case .done: return nil
            case .failed(let failure): return failure.words
            case .wantsMore:
                guard let bytes = socket.receive() else { return "closed" }
                bytes.withUnsafeBytes { session.feed($0) }
            }
        }
    }

    /// What a text becomes on the wire.
    func encrypted(_ text: String) -> [UInt8] {
        Array(text.utf8).withUnsafeBytes { _ = session.write($0) }
        return output()
    }

    func send(_ text: String) { socket.send(encrypted(text)) }

    func send(_ bytes: [UInt8], piece: Int) {
        for start in stride(from: 0, to: bytes.count, by: min(piece, max(bytes.count, 1))) {
            socket.send(Array(bytes[start..<min(bytes.count, start + min(piece, bytes.count))]))
        }
    }

    /// Says that nothing more comes, and closes.
    func close() {
        session.shutDown()
        socket.send(output())
        socket.close()
    }

    private func output() -> [UInt8] {
        var bytes: [UInt8] = []
        session.takeOutput { bytes += $0 }
        return bytes
    }
}

/// A `tls://` input with certificates of its own.
struct TLSBench {
    let certificates: Certificates
    let server: (certificate: String, key: String)

    init() async throws {
        certificates = try await Certificates()
        server = try await certificates.issue("server")
    }

    var client: TLSContext.Client { TLSContext.Client(authorityFile: certificates.authority) }

    /// A client that shows this certificate.
    func client(_ files: (certificate: String, key: String)) -> TLSContext.Client {
        TLSContext.Client(authorityFile: certificates.authority, identity: Self.identity(files))
    }

    static func identity(_ files: (certificate: String, key: String)) -> TLSContext.Identity {
        TLSContext.Identity(certificateFile: files.certificate, keyFile: files.key)
    }

    /// Starts the input.
    func syslog(clientAuthority: String? = nil, allow: [String] = []) throws -> IntakeBench {
        let tls = TLSContext.Server(identity: Self.identity(server), clientAuthorityFile: clientAuthority)
        return try IntakeBench { loop, batcher, logger in
            var listen = InputConfiguration.Listen(transport: .tls, address: .ip("127.0.0.1", port: 0), allow: allow)
            listen.tls = tls
            let input = try SyslogStreamInput(
                loop,
                InputConfiguration(name: "test", group: "syslog:{hostname}:{app}", kind: .syslog(listen)),
                listen: listen,
                agentTags: [],
                batcher: batcher,
                logger: logger
            )
            input.certificateCheckMs = 10
            return input
        }
    }
}
