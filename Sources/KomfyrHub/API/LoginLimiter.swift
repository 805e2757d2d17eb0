import EventLoop
import HTTPTypes
import NIOCore
import Synchronization

/// Counts failed logins by minute, from each address and from all, so that codes and keys cannot be guessed.
final class LoginLimiter: Sendable {
    private let state = Mutex(State())

    private struct State {
        /// Minutes since 1970.
        var minute: Int64 = 0
        var total = 0
        var addresses: [String: Int] = [:]
    }

    /// Counts an attempt as failed until `succeeded` takes it back, so that attempts at the same moment count too.
    /// - Throws: 429 when there were too many.
    func attempt(from peer: NIOCore.SocketAddress?, now: Int64 = WallClock.now() / 1_000_000_000) throws(APIError) {
        let address = Self.name(peer)
        let isAllowed = state.withLock { state in
            if state.minute != now / 60 { state = State(minute: now / 60) }
            let failed = state.addresses[address, default: 0]
            guard state.total < HubLimits.failedLogins, failed < HubLimits.failedLoginsPerAddress else { return false }
            state.total += 1
            if failed > 0 || state.addresses.count < HubLimits.failedLoginAddresses {
                state.addresses[address] = failed + 1
            }
            return true
        }
        if !isAllowed {
            var error = APIError(.tooManyRequests, "Too many failed logins; please wait a minute.")
            error.headers[.retryAfter] = String(60 - now % 60)
            throw error
        }
    }

    /// Takes an attempt back: it was none to guess.
    func succeeded(from peer: NIOCore.SocketAddress?) {
        let address = Self.name(peer)
        state.withLock { state in
            state.total = max(0, state.total - 1)
            guard let failed = state.addresses[address] else { return }
            state.addresses[address] = failed > 1 ? failed - 1 : nil
        }
    }

    /// An address without its port; of IPv6 the network, since one host has 2⁶⁴ addresses in it.
    private static func name(_ peer: NIOCore.SocketAddress?) -> String {
        switch peer {
        case .v4: return peer?.ipAddress ?? ""
        case .v6:
            // sockaddr_in6 (RFC 3493 §3.3): family, port, flow, then the address, whose first half is the network.
            return peer?
                .withSockAddr { address, size in
                    let bytes = UnsafeRawBufferPointer(start: address, count: size)
                    return bytes.dropFirst(8).prefix(8).map { String($0) }.joined(separator: ".")
                } ?? ""
        default: return ""
        }
    }
}
