/// How delivery ends: what was taken goes to disk, posts under way have until a deadline.
extension Delivery {
    func isDrained(_ nowMs: UInt64) -> Bool {
        if let drainDeadlineMs, nowMs >= drainDeadlineMs { return true }
        let isStored = queue.isEmpty && buffer.isSynced || buffer.state == .broken
        return isStored && buffer.jobUnderWay == nil && machine.underWay == 0
    }

    func stop() {
        edge.cancelPosts()
        keepMemory()
        let lost = queue.reduce(0) { $0 + $1.batch.records } + memory.records
        if lost > 0 {
            edge.report(
                .error,
                "\(lost) logs were not on disk at this stop: lines of files are read again, all others are lost. Free "
                    + "or mend the buffer's disk"
            )
        }
        buffer.writeCursorIfDue(nowMs: edge.nowMs, force: true)
        try? buffer.cursorFile?.sync()
        hearBuffer()
        for (level, words) in reports.due(nowMs: edge.nowMs, all: true) { edge.report(level, words) }
        tellIntake()
        hasStopped = true
        edge.publish(statistics)
        edge.wake(atMs: nil)
        edge.stopped()
    }

    /// Puts what is in memory alone onto the disk, with the identities that it was posted under.
    func keepMemory() {
        var isDone = memory.entries.isEmpty
        while !isDone, let entry = memory.entries.first {
            var batch = entry.batch
            batch.identity = (memory.generation, entry.sequence)
            switch buffer.append(batch, nowMs: edge.nowMs, beyondLimit: true) {
            case .appended: memory.removeFirst()
            case .busy: isDone = !runJob()
            case .full, .broken: isDone = true
            }
        }
        _ = runJob()
    }

    /// Runs the buffer's job here: nothing else is left to do meanwhile.
    /// - Returns: whether there was one.
    func runJob() -> Bool {
        guard let job = buffer.nextJob(nowMs: edge.nowMs, force: true) else { return false }
        buffer.finish(job.run(), nowMs: edge.nowMs)
        return true
    }
}
