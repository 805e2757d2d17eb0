/// Positions of a body (rising) as runs: `count`, then for each run the gap since the end of the one before and its
/// length, all varints.
///
/// A body of which every log is refused takes four bytes.
enum PositionRuns {
    struct Run: Sendable, Equatable {
        var start: UInt32
        var length: UInt32
    }

    /// The runs of rising positions.
    static func runs(of positions: [UInt32]) -> [Run] {
        var runs: [Run] = []
        for position in positions {
            if let last = runs.last, last.start + last.length == position {
                runs[runs.count - 1].length += 1
            } else {
                runs.append(Run(start: position, length: 1))
            }
        }
        return runs
    }

    /// The positions of runs.
    static func positions(of runs: [Run]) -> [UInt32] {
        var positions: [UInt32] = []
        for run in runs { positions.append(contentsOf: run.start..<run.start + run.length) }
        return positions
    }

    static func append(_ runs: [Run], to bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(runs.count))
        var end: UInt32 = 0
        for run in runs {
            bytes.appendVarint(UInt64(run.start - end))
            bytes.appendVarint(UInt64(run.length))
            end = run.start + run.length
        }
    }

    /// Reads them; runs beyond `positionCount`, where the positions end, are damage.
    static func read(
        _ reader: inout ByteReader,
        positionCount: Int
    ) throws(FormatProblem) -> [Run] {
        let count = try reader.count("runs", atMost: positionCount)
        var runs: [Run] = []
        var end = 0
        for _ in 0..<count {
            let gap = try reader.count("gap", atMost: positionCount - end)
            let length = try reader.count("run", atMost: positionCount - end - gap)
            guard length > 0 else { throw .invalid("run", at: reader.offset) }
            runs.append(Run(start: UInt32(end + gap), length: UInt32(length)))
            end += gap + length
        }
        return runs
    }
}
