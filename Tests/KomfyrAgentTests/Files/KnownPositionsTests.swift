import Testing

@testable import KomfyrAgent

/// Which file a remembered position belongs to, when disks have the same inodes or other numbers.
@Suite struct KnownPositionsTests {
    private func position(_ device: UInt64, _ inode: UInt64, offset: UInt64 = 10) -> FilePosition {
        FilePosition(
            input: "files",
            device: device,
            inode: inode,
            fingerprint: device,
            fingerprintLength: offset > 0 ? 10 : 0,
            offset: offset,
            guardHash: 0,
            path: "/\(device)/\(inode)"
        )
    }

    private func found(_ device: UInt64, _ inode: UInt64, size: UInt64 = 100, path: String = "") -> FileScanner.Found {
        FileScanner.Found(
            path: Array(path.utf8),
            identity: FileIdentity(device: device, inode: inode),
            size: size,
            modifiedNs: 0,
            isMatched: true
        )
    }

    @Test func `a file's own position is that of its device and inode`() {
        var known = KnownPositions([position(1, 5), position(2, 5)])
        #expect(known.position(of: found(2, 5).identity) == position(2, 5))
        known.remove(position(2, 5))
        #expect(known.position(of: found(2, 5).identity) == nil)
        #expect(known.all == [position(1, 5)])
        known.remove(found(1, 5).identity)
        #expect(known.all == [] && Array(known.inodes) == [])
    }

    @Test func `a position is tried on one file at a time, and stays known meanwhile`() {
        var known = KnownPositions([position(1, 5)])
        #expect(known.tryOne(on: found(7, 5)) == position(1, 5))
        #expect(known.all == [position(1, 5)])
        #expect(known.tryOne(on: found(8, 5)) == nil)
        #expect(known.rival(of: found(1, 5).identity) == found(7, 5).identity)
        known.release(position(1, 5))
        #expect(known.rival(of: found(1, 5).identity) == nil)
        #expect(known.tryOne(on: found(8, 5)) == position(1, 5))
    }

    @Test func `where all disks were numbered anew a file's name says which position comes first`() {
        for path in ["/1/5", "/2/5"] {
            var known = KnownPositions([position(1, 5), position(2, 5)])
            #expect(known.tryOne(on: found(7, 5, path: path))?.path == path)
        }
    }

    @Test func `what does not fit a file is not tried on it again, and kept for its own disk`() {
        var known = KnownPositions([position(1, 5), position(2, 5)])
        for _ in 0..<2 {
            guard let tried = known.tryOne(on: found(7, 5)) else {
                Issue.record("there are two")
                return
            }
            known.refute(tried, on: 7)
        }
        #expect(known.tryOne(on: found(7, 5)) == nil)
        #expect(!known.mayHave(found(7, 5).identity) && known.mayHave(found(8, 5).identity))
        #expect(known.position(of: found(1, 5).identity) == position(1, 5))
        #expect(known.position(of: found(2, 5).identity) == position(2, 5))
    }

    @Test func `what says nothing of a file's content is tried on none, nor what it is too short for`() {
        var known = KnownPositions([position(1, 5, offset: 0), position(1, 6)])
        #expect(known.tryOne(on: found(7, 5)) == nil)
        #expect(known.tryOne(on: found(7, 6, size: 9)) == nil)
        #expect(known.tryOne(on: found(7, 6, size: 10)) == position(1, 6))
    }

    @Test func `disks without end cost nothing without end`() {
        var known = KnownPositions([position(1, 5)])
        var tries = 0
        for device in 10..<10_000 as Range<UInt64> {
            guard let tried = known.tryOne(on: found(device, 5)) else { continue }
            tries += 1
            known.refute(tried, on: device)
        }
        #expect(tries == AgentLimits.devicesTried)
        #expect(known.position(of: found(1, 5).identity) == position(1, 5))
    }
}
