import EventLoop
import Glibc
import Logging

/// How an input hears of files, finds them, meets them, and lets go of them.
extension FileInput {
    // MARK: Scans

    func scan() {
        guard !isStopped, !isFinishing else { return }
        guard !isScanning else {
            wantsScan = true
            return
        }
        isScanning = true
        wantsScan = false
        metDuringScan = []
        var inodes = Set(tails.keys.map(\.inode))
        inodes.formUnion(known.inodes)
        loop.work({ [scanner, inodes] in scanner.scan(knownInodes: inodes) }, done: { [weak self] in self?.apply($0) })
    }

    private func apply(_ scan: FileScanner.Result) {
        isScanning = false
        guard !isStopped, !isFinishing, let queue else { return }
        appliedScans += 1
        report(scan.problems)
        // Before any other file can be tried for their positions.
        for found in scan.files where tails[found.identity] == nil && known.position(of: found.identity) != nil {
            meet(found)
        }
        var seen: Set<FileIdentity> = []
        for found in scan.files {
            seen.insert(found.identity)
            if let tail = tails[found.identity] {
                update(tail, found)
            } else {
                meet(found)
            }
        }
        for tail in tails.values
        where !seen.contains(tail.identity) && !metDuringScan.contains(tail.identity) && !scan.mayHide(tail.path) {
            miss(tail)
        }
        // Without a file no position says that this input has been there.
        if isFirstStart, !hasScanned, scan.files.isEmpty, configuration.readFrom == .end {
            sink.advance(.beginning(of: name))
        }
        hasScanned = true
        watches?.watch(scan.folders)
        queue.trim()
        if wantsScan { armHintTimer() }
    }

    /// A file that no tail follows yet; it was read up to `last` when one did, a moment ago.
    func meet(_ found: FileScanner.Found, descriptor: OpenDescriptor? = nil, at last: FileMark? = nil) {
        guard tails.count < AgentLimits.positions else {
            if !hasReportedTooMany {
                logger.error(
                    "\(name): more than \(AgentLimits.positions) files; the others are not read, narrow the globs"
                )
            }
            hasReportedTooMany = true
            return
        }
        if let rival = known.rival(of: found.identity).flatMap({ tails[$0] }) {
            // Met anew as one of this scan's other files, or by the next scan, without it.
            forget(rival)
            scanSoon()
        }
        let own = known.position(of: found.identity)
        let tried = own == nil ? known.tryOne(on: found) : nil
        let position = own ?? tried
        // An inode alone does not make a file of another name ours.
        guard found.isMatched || position.map({ $0.fingerprintLength > 0 }) == true else { return }
        var mark = last ?? .beginning
        if let position {
            mark = FileMark(
                offset: position.offset,
                guardHash: position.guardHash,
                fingerprint: position.fingerprint,
                fingerprintLength: position.fingerprintLength
            )
            if own != nil { known.remove(position) }
        }
        let path = String(decoding: found.path, as: UTF8.self)
        let tail = FileTail(found, name: found.isMatched ? path : position?.path ?? path, mark: mark, nowMs: loop.nowMs)
        if position == nil, last == nil, !hasLooked, configuration.readFrom == .end {
            tail.start = .end(size: found.size)
        }
        tail.tried = tried
        // At the very first start nothing was read of which there could be a copy. A position without a byte is that of
        // whatever had the inode.
        tail.isUnchecked = mark.offset == 0 && tail.start == .mark && hasLooked
        tails[found.identity] = tail
        tailByPath[found.path] = tail
        if let descriptor { queue?.adopt(descriptor, of: tail) }
        queue?.add(tail)
    }

    private func update(_ tail: FileTail, _ found: FileScanner.Found) {
        if found.path != tail.path {
            if tailByPath[tail.path] === tail { tailByPath[tail.path] = nil }
            tail.path = found.path
        }
        tailByPath[found.path] = tail
        if tail.isMatched != found.isMatched || tail.isMissing {
            tail.lastChangeMs = loop.nowMs
            tail.isLeaving = false
        }
        tail.isMissing = false
        tail.isMatched = found.isMatched
        tail.size = found.size
        if tail.original != nil {
            copies?.look(at: tail)
            return
        }
        if !tail.isMatched, tail.mark.fingerprintLength == 0, tail.descriptor == nil, !tail.isQueued {
            // Nothing of it was ever read, so nothing tells whether this is it.
            return forget(tail)
        }
        let hasChanged = found.size != tail.seenEnd || found.modifiedNs != tail.modifiedNs
        tail.modifiedNs = found.modifiedNs
        if hasChanged {
            tail.isLeaving = false
            tail.hasLeft = false
            queue?.add(tail)
        } else if !tail.isMatched {
            leaveIfIdle(tail)
        }
    }

    /// No name was found for a file.
    private func miss(_ tail: FileTail) {
        if !tail.isMissing {
            tail.isMissing = true
            tail.isLeaving = false
            tail.hasLeft = false
            tail.lastChangeMs = loop.nowMs
            if tailByPath[tail.path] === tail { tailByPath[tail.path] = nil }
        }
        if tail.original != nil, tail.descriptor != nil {
            copies?.look(at: tail)
            return
        }
        if tail.descriptor == nil && !tail.isQueued {
            tellUnread(tail)
            forget(tail)
        } else {
            // Whoever has it open may still write.
            queue?.add(tail)
            leaveIfIdle(tail)
        }
    }

    /// Says what is lost with a file that is gone and was not open.
    private func tellUnread(_ tail: FileTail) {
        guard tail.size > tail.mark.offset else { return }
        let bytes = tail.size - tail.mark.offset
        if let original = tail.original {
            logger.warning(
                """
                \(name): \(tail.name) was removed before it was clear whether it is a copy of \(original.name): \
                \(bytes) bytes of it could not be read
                """
            )
        } else {
            logger.error("\(name): \(tail.name) was removed before \(bytes) bytes of it were read")
        }
    }

    private func leaveIfIdle(_ tail: FileTail) {
        guard !tail.hasLeft, loop.nowMs >= tail.lastChangeMs + timing.leftFileMs else { return }
        tail.isLeaving = true
        queue?.add(tail)
    }

    func forget(_ tail: FileTail) {
        settleCopies(of: tail)
        if let position = tail.tried { known.release(position) }
        tail.tried = nil
        let original = tail.original
        copies?.forget(tail)
        if let original { goOnIfClear(original) }
        queue?.forget(tail)
        remember(tail)
        tails[tail.identity] = nil
        hinted[tail.identity] = nil
        if tailByPath[tail.path] === tail { tailByPath[tail.path] = nil }
    }

    /// Notes how far a file was read that is let go of, for as long as it may have been opened by its name before.
    private func remember(_ tail: FileTail) {
        guard names?.isAsking == true, forgotten.count < AgentLimits.positions else {
            forgotten = [:]
            return
        }
        if tail.mark.offset > 0 { forgotten[tail.identity] = tail.mark }
    }

    private func report(_ problems: [String]) {
        for problem in problems where !reportedProblems.contains(problem) {
            logger.warning("\(name): \(problem)")
        }
        reportedProblems = Set(problems)
    }
}
