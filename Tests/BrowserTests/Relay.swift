import Foundation
import Synchronization
import TestSupport

/// Stands between a browser and a hub, byte for byte, and can fall silent as a router does that forgets its connections:
/// nothing comes through them any more, and neither side hears of it.
final class Relay: Sendable {
    let port: UInt16
    private let target: UInt16
    private let listener: Int32
    private let state = Mutex(State())

    private struct State {
        /// All that are open; each connection has two.
        var descriptors: Set<Int32> = []
        /// Connections so far.
        var count = 0
        /// Connections up to this number are forgotten.
        var forgotten = 0
        /// New ones are forgotten as they come.
        var isSilent = false
    }

    /// Listens, and passes on to another port of this machine.
    init(to target: UInt16) throws {
        self.target = target
        (listener, port) = try Network.listen()
        Thread.detachNewThread { [self] in acceptAll() }
    }

    /// Forgets the connections that there are; new ones work.
    func forget() { state.withLock { $0.forgotten = $0.count } }

    /// Forgets these and all that come, until it is told to pass on again.
    func fallSilent(_ isSilent: Bool) {
        state.withLock {
            $0.isSilent = isSilent
            $0.forgotten = $0.count
        }
    }

    /// Ends all connections.
    func close() {
        shutdown(listener, Int32(SHUT_RDWR))
        state.withLock { for descriptor in $0.descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }

    private func acceptAll() {
        while true {
            let browser = accept(listener, nil, nil)
            guard browser >= 0 else { break }
            guard let hub = try? Network.connection(to: target) else {
                Glibc.close(browser)
                continue
            }
            let number = state.withLock { state in
                state.descriptors.formUnion([browser, hub])
                state.count += 1
                return state.count
            }
            let pair = Pair(number: number, browser: browser, hub: hub)
            Thread.detachNewThread { [self] in pass(pair, from: browser, to: hub) }
            Thread.detachNewThread { [self] in pass(pair, from: hub, to: browser) }
        }
        Glibc.close(listener)
    }

    private func pass(_ pair: Pair, from source: Int32, to sink: Int32) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            guard passes(pair) else { continue }
            var rest = buffer[..<count]
            while !rest.isEmpty {
                let sent = rest.withUnsafeBytes { send(sink, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard sent > 0 else { break }
                rest = rest.dropFirst(sent)
            }
        }
        // Of a forgotten connection no end is heard either; it is closed with its other direction.
        if passes(pair) { shutdown(sink, Int32(SHUT_RDWR)) }
        guard pair.end() else { return }
        state.withLock { $0.descriptors.subtract([pair.browser, pair.hub]) }
        Glibc.close(pair.browser)
        Glibc.close(pair.hub)
    }

    private func passes(_ pair: Pair) -> Bool { state.withLock { pair.number > $0.forgotten && !$0.isSilent } }
}

/// The two connections that make one, each direction with a thread of its own.
private final class Pair: Sendable {
    let number: Int
    let browser: Int32
    let hub: Int32
    private let open = Mutex(2)

    init(number: Int, browser: Int32, hub: Int32) {
        self.number = number
        self.browser = browser
        self.hub = hub
    }

    /// A direction has ended; answers whether both have.
    func end() -> Bool {
        open.withLock { open in
            open -= 1
            return open == 0
        }
    }
}
