import EventLoop

/// What an input does when the system tells of a change, before the next scan.
extension FileInput {
    func hint(_ folder: [UInt8], _ name: String?, _ change: FileWatcher.Change) {
        guard !isStopped else { return }
        guard let name, !name.isEmpty else { return scanSoon() }
        let path = folder + [UInt8(ascii: "/")] + Array(name.utf8)
        if let tail = tailByPath[path] {
            hinted[tail.identity] = tail
            armHintTimer()
        } else if scanner.matches(path) {
            scanSoon()
        }
        if change == .entry, scanner.matches(path) {
            names?.open(path, seen: tailByPath[path]?.identity, scan: appliedScans)
        }
    }

    func scanSoon() {
        wantsScan = true
        armHintTimer()
    }

    func armHintTimer() {
        guard let hintTimer, !hintTimer.isActive, !isStopped else { return }
        hintTimer.start(afterMs: timing.hintMs)
    }

    /// Reads what was hinted at, and looks whether its name still means it.
    func lookAtHints() {
        for tail in hinted.values { queue?.add(tail) }
        if wantsScan {
            // It looks at all names.
            scan()
        } else {
            for tail in hinted.values { names?.look(at: tail) }
        }
        hinted.removeAll(keepingCapacity: true)
    }

    /// How many more files may be open now.
    var room: Int { maximumOpen - Int(clamping: statistics.open) }

    /// Follows a file that had a new name a moment ago.
    ///
    /// Its descriptor keeps the inode from being given to another file meanwhile.
    func opened(_ file: FileNames.Opened) {
        let identity = file.found.identity
        guard !isStopped, !isFinishing, room > 0, tails[identity] == nil, tails.count < AgentLimits.positions else {
            return
        }
        // One that is known from before the start is checked first, as the read queue does it when it opens it.
        guard !known.mayHave(identity) else { return }
        metDuringScan.insert(identity)
        let named = tailByPath[file.found.path]
        meet(file.found, descriptor: file.descriptor, at: forgotten.removeValue(forKey: identity))
        // A scan has seen what the name means by now, which may be newer.
        guard let named, file.scan != appliedScans, named.identity != file.seen else { return }
        tailByPath[file.found.path] = named
        scanSoon()
    }
}
