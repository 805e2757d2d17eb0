import CLibuv

/// TLS between a connection's socket and its handler.
///
/// ```
///  socket ─► loop's read buffer ─► TLSSession (holds one read at most, and a begun record) ─► read buffer ─► handler
///  socket ◄─ queued, sending ◄──── TLSSession ◄── write, in pieces
/// ```
///
/// A handler that pauses stops the decryption too, so that what is read ahead stays bounded. An end without TLS's own
/// is an error: somebody may have cut off what came last.
extension StreamConnection {
    /// Plain bytes encrypted at a time: a few records, so that the encrypted copy stays small.
    private static let pieceBytes = 64 << 10
    /// What TLS may answer by itself (alerts, key updates) while the far end does not read.
    private static let unaskedBytesAtMost = 256 << 10

    /// Whether what is written is encrypted.
    public var isSecure: Bool { tls?.isEstablished == true }

    /// Begins TLS; `done` is told once how the handshake ended, never from within this call.
    ///
    /// Until then nothing may be written, and there is no handler. After an error the connection is closed.
    func secure(_ context: TLSContext, serverName: String?, done: @escaping (LoopError?) -> Void) {
        loop.assertOnLoop()
        securing = done
        do throws(LoopError) {
            let session = try TLSSession(context, serverName: serverName)
            tls = session
            readForHandshake()
            shakeHands(session)
        } catch {
            failSoon(error)
        }
    }

    private func shakeHands(_ session: TLSSession) {
        let step = session.shakeHands()
        // Also after a failure: the far end is told why.
        sendEncrypted(session)
        switch step {
        case .wantsMore: break
        case .done:
            stopReadingForHandshake()
            loop.soon {
                guard let done = self.securing else { return }
                self.securing = nil
                done(nil)
            }
        case .failed(let failure):
            stopReadingForHandshake()
            failSoon(.tls("agree on TLS with \(description)", failure))
        }
    }

    /// Takes what the socket brought.
    func decrypt(_ bytes: UnsafeRawBufferPointer) {
        // Nobody reads any more: it is only waited for the far end's close.
        guard let tls, handler != nil || securing != nil else { return }
        tls.feed(bytes)
        if tls.isEstablished {
            deliverDecrypted()
        } else {
            shakeHands(tls)
        }
    }

    /// Hands over what can be decrypted, until the handler pauses.
    func deliverDecrypted() {
        while isReading, let handle, let tls, let handler {
            // What was read into it is in the session by now.
            let room = loop.readBuffer.bytes
            let reading = tls.read(into: room)
            sendUnasked(tls)
            switch reading {
            case .bytes(let count): handler.received(UnsafeRawBufferPointer(rebasing: room[..<count]))
            case .wantsMore: return
            case .closed: return farEndIsDone(handle)
            case .failed(let failure): return end(.tls("read from \(description)", failure))
            }
        }
    }

    /// Encrypts and sends.
    func encrypt(_ bytes: UnsafeRawBufferPointer) {
        guard let tls else { return }
        var rest = bytes
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.pieceBytes))
            if case .failed(let failure) = tls.write(piece) {
                return failSoon(.tls("write to \(description)", failure))
            }
            sendEncrypted(tls)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
        }
    }

    /// Sends what the session has made.
    func sendEncrypted(_ session: TLSSession) {
        session.takeOutput { send($0) }
    }

    /// Sends what the session answers by itself, within bounds.
    private func sendUnasked(_ session: TLSSession) {
        var count = 0
        session.takeOutput { bytes in
            count = bytes.count
            send(bytes)
        }
        guard count > 0 else { return }
        unaskedBytes = unsentBytes == 0 ? 0 : unaskedBytes + count
        if unaskedBytes > Self.unaskedBytesAtMost {
            failSoon(.tls("write to \(description)", "the far end asks for answers that it does not read"))
        }
    }
}
