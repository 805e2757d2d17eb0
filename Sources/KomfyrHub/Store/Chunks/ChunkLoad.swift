/// A chunk on its way from Redis: what of it is wanted, and what has come.
struct ChunkLoad: Sendable {
    let address: ChunkReader.Address
    /// Fields to ask for next.
    private(set) var missing: [String] = []
    private let caches: ChunkCaches
    /// Fields that have come.
    private var raw: [String: [UInt8]] = [:]
    /// Parts that were cached when they were asked for: they stay, even if the cache lets go of them meanwhile.
    private var held: [ChunkCache.Key.Part: ChunkCache.Value] = [:]
    private var isMissing = false
    private var problem: ChunkProblem?

    init(_ address: ChunkReader.Address, _ caches: ChunkCaches) {
        self.address = address
        self.caches = caches
    }

    var isReadable: Bool { !isMissing && problem == nil }

    private var rows: Int { address.entry.count }

    // MARK: Wanting

    /// Wants a part, which stands in this field.
    mutating func want(_ part: ChunkCache.Key.Part, _ field: String) {
        guard held[part] == nil, raw[field] == nil, !missing.contains(field) else { return }
        if let value = caches.of(part).value(key(part)) {
            held[part] = value
        } else {
            missing.append(field)
        }
    }

    /// Wants the columns of a request that can be named before the catalogue is known.
    mutating func wantColumns(_ request: ColumnRequest) {
        want(.times, Chunk.Field.times)
        let columns = request.columns
        if columns.contains(.levels) { want(.levels, Chunk.Field.levels) }
        if columns.contains(.messages) { want(.messages, Chunk.Field.messages) }
        if columns.contains(.tags) { want(.tags, Chunk.Field.tags) }
        if columns.contains(.sources) { want(.sources, Chunk.Field.sources) }
        if columns.contains(.receivedAt) { want(.receivedAt, Chunk.Field.receivedAt) }
        guard request.hasNumbers else { return }
        want(.catalogue, Chunk.Field.catalogue)
        want(.presence, Chunk.Field.presence)
        guard columns.contains(.data) else { return }
        want(.objects, Chunk.Field.objects)
        if held[.catalogue] == nil {
            // Most chunks have a few columns: they come along, so that no second round trip is needed.
            missing.append(Chunk.Field.smallNumbers)
            for column in 0..<HubLimits.guessedColumns { missing.append(Chunk.Field.numbers(column)) }
        }
    }

    /// Wants the numbers of a request, once the catalogue is there.
    mutating func wantNumbers(_ request: ColumnRequest) {
        guard isReadable, request.hasNumbers, let catalogue = try? catalogue() else { return }
        let withDigits = request.columns.contains(.data)
        for column in columns(request, catalogue) {
            want(
                .numbers(column, withDigits: withDigits),
                catalogue.isSmall[column] ? Chunk.Field.smallNumbers : Chunk.Field.numbers(column)
            )
        }
        if needsObjects(request, catalogue) { want(.objects, Chunk.Field.objects) }
    }

    /// Wants what summaries begin with.
    mutating func wantIntervals() {
        want(.intervals, Chunk.Field.intervals)
        want(.catalogue, Chunk.Field.catalogue)
        // Most chunks of busy groups have them, and then no second round trip is needed.
        if held[.catalogue] == nil { want(.summaries, Chunk.Field.summaries) }
    }

    /// Wants the summary of the messages' forms, or what it is made of.
    ///
    /// That is asked for even where it is cached in columns: only the stored field knows the chunk's templates, and
    /// what is read for this alone must not push out what a listing has read.
    mutating func wantPatterns() {
        if let value = caches.of(.patterns).value(key(.patterns)) {
            held[.patterns] = value
        } else {
            missing += [Chunk.Field.messages, Chunk.Field.levels, Chunk.Field.times]
        }
    }

    /// Wants summaries, or what they can be made of, once the catalogue is there.
    mutating func wantSummaries(_ request: ColumnRequest) {
        guard isReadable, let catalogue = try? catalogue(), !isBeyondColumns(request, catalogue) else { return }
        if catalogue.hasSummaries && !needsObjects(request, catalogue) {
            want(.summaries, Chunk.Field.summaries)
        } else if !columns(request, catalogue).isEmpty || needsObjects(request, catalogue) {
            want(.times, Chunk.Field.times)
            want(.presence, Chunk.Field.presence)
            wantNumbers(request)
        }
    }

    /// Whether every number is wanted of a chunk that has some in its objects alone: summaries do not tell of them.
    private func isBeyondColumns(_ request: ColumnRequest, _ catalogue: ChunkCatalogue) -> Bool {
        catalogue.hasOthers && request.columns.contains(.numbers)
    }

    /// The columns that a request needs.
    private func columns(_ request: ColumnRequest, _ catalogue: ChunkCatalogue) -> [Int] {
        if !request.columns.isDisjoint(with: [.data, .numbers]) { return Array(catalogue.columns.indices) }
        return catalogue.columns.indices.filter { request.numbers.contains(catalogue.columns[$0].path) }
    }

    /// Whether a wanted number can be in the objects alone.
    private func needsObjects(_ request: ColumnRequest, _ catalogue: ChunkCatalogue) -> Bool {
        catalogue.hasOthers
            && (request.columns.contains(.numbers)
                || request.numbers.contains { path in !catalogue.columns.contains { $0.path == path } })
    }

    // MARK: Arriving

    /// Takes HMGET's answer: the version, then the fields that were missing.
    mutating func take(_ answer: RedisValue) {
        let fields = missing
        missing = []
        guard case .array(let values) = answer, values.count == fields.count + 1 else {
            problem = .damaged("the key is no hash")
            return
        }
        guard case .string(let version) = values[0] else {
            let isGone = values.allSatisfy { if case .null = $0 { true } else { false } }
            if isGone { isMissing = true } else { problem = .missingField(Chunk.versionField) }
            return
        }
        do throws(ChunkProblem) {
            try Chunk.check(version: version)
        } catch {
            problem = error
        }
        for (field, value) in zip(fields, values.dropFirst()) {
            if case .string(let bytes) = value { raw[field] = bytes }
        }
    }

    /// What has come, made into something.
    func result<Part>(
        _ make: (ChunkLoad) throws(ChunkProblem) -> Part
    ) -> ChunkReader.Fetched<Part> {
        if isMissing { return .missing }
        if let problem { return .damaged(problem.description) }
        do throws(ChunkProblem) {
            return .found(try make(self))
        } catch {
            return .damaged(error.description)
        }
    }

    // MARK: Parts

    private func key(_ part: ChunkCache.Key.Part) -> ChunkCache.Key {
        ChunkCache.Key(group: address.group, id: address.entry.id, part: part)
    }

    /// A part: held, or unpacked and decoded, and cached then.
    private func part(
        _ part: ChunkCache.Key.Part,
        _ field: String,
        _ decode: (UnsafeRawBufferPointer) throws(FormatProblem) -> ChunkCache.Value
    ) throws(ChunkProblem) -> ChunkCache.Value {
        if let value = held[part] { return value }
        let value = try read(field, decode)
        caches.of(part).insert(value, key(part))
        return value
    }

    private func body(_ field: String) throws(ChunkProblem) -> [UInt8] {
        guard let bytes = raw[field] else { throw .missingField(field) }
        return try ChunkPacker.unpack(bytes, field: field, of: address.entry.id, limit: HubLimits.chunkPlainBytes)
    }

    private func text(
        _ part: ChunkCache.Key.Part,
        _ field: String,
        _ decode: (UnsafeRawBufferPointer) throws(FormatProblem) -> TextColumn
    ) throws(ChunkProblem) -> TextColumn {
        let value = try self.part(part, field) { bytes throws(FormatProblem) in .text(try decode(bytes)) }
        guard case .text(let column) = value else { throw .damaged(field) }
        return column
    }

    func times() throws(ChunkProblem) -> ChunkTimes {
        let value = try part(.times, Chunk.Field.times) { bytes throws(FormatProblem) in
            let times = try ChunkTimes(bytes, rows: rows)
            guard times.isRising(within: address.entry) else { throw .invalid("times", at: 0) }
            return .times(times)
        }
        guard case .times(let times) = value else { throw .damaged(Chunk.Field.times) }
        return times
    }

    func catalogue() throws(ChunkProblem) -> ChunkCatalogue {
        let value = try part(.catalogue, Chunk.Field.catalogue) { bytes throws(FormatProblem) in
            .catalogue(try ChunkCatalogue(bytes, rows: rows))
        }
        guard case .catalogue(let catalogue) = value else { throw .damaged(Chunk.Field.catalogue) }
        return catalogue
    }

    func words() throws(ChunkProblem) -> BloomFilter {
        let value = try part(.words, Chunk.Field.words) { bytes throws(FormatProblem) in
            .words(try BloomFilter(bytes))
        }
        guard case .words(let words) = value else { throw .damaged(Chunk.Field.words) }
        return words
    }

    private func presence() throws(ChunkProblem) -> ChunkPresence {
        let value = try part(.presence, Chunk.Field.presence) { bytes throws(FormatProblem) in
            .presence(try ChunkPresence(bytes, rows: rows))
        }
        guard case .presence(let presence) = value else { throw .damaged(Chunk.Field.presence) }
        return presence
    }

    private func numbers(
        _ column: Int,
        _ catalogue: ChunkCatalogue,
        withDigits: Bool
    ) throws(ChunkProblem) -> SplitData.NumberColumn {
        let isSmall = catalogue.isSmall[column]
        let field = isSmall ? Chunk.Field.smallNumbers : Chunk.Field.numbers(column)
        let presence = try presence()
        let value = try part(.numbers(column, withDigits: withDigits), field) { bytes throws(FormatProblem) in
            var bytes = bytes
            if isSmall { bytes = try Self.small(bytes, catalogue, column) }
            let decoded = try ChunkNumbers.decode(bytes, count: catalogue.columns[column].count, withDigits: withDigits)
            return .numbers(try presence.column(column, decoded))
        }
        guard case .numbers(let numbers) = value else { throw .damaged(field) }
        return numbers
    }

    /// The part of the field `n` that is a column's.
    private static func small(
        _ bytes: UnsafeRawBufferPointer,
        _ catalogue: ChunkCatalogue,
        _ column: Int
    ) throws(FormatProblem) -> UnsafeRawBufferPointer {
        var reader = ByteReader(bytes)
        for other in 0..<column where catalogue.isSmall[other] {
            _ = try reader.slice(try reader.count("length", atMost: bytes.count))
        }
        return try reader.slice(try reader.count("length", atMost: bytes.count))
    }

    // MARK: Wholes

    /// The rows with the columns of a request.
    func block(_ request: ColumnRequest) throws(ChunkProblem) -> RowBlock {
        let times = try times()
        let rows = rows
        var block = RowBlock(timestamps: times.timestamps, sequences: times.sequences, isSortedByTime: true)
        if request.columns.contains(.levels) {
            let value = try part(.levels, Chunk.Field.levels) { bytes throws(FormatProblem) in
                .levels(try ChunkLevels.decode(bytes, rows: rows))
            }
            if case .levels(let levels) = value { block.levels = levels }
        }
        if request.columns.contains(.messages) {
            block.messages = try text(.messages, Chunk.Field.messages) { bytes throws(FormatProblem) in
                try ChunkMessages.decode(bytes, rows: rows)
            }
        }
        if request.columns.contains(.tags) {
            block.tags = try text(.tags, Chunk.Field.tags) { bytes throws(FormatProblem) in
                try ChunkTexts.decode(bytes, rows: rows)
            }
        }
        if request.columns.contains(.sources) {
            block.sources = try text(.sources, Chunk.Field.sources) { bytes throws(FormatProblem) in
                try ChunkTexts.decode(bytes, rows: rows)
            }
        }
        if request.columns.contains(.receivedAt) {
            let value = try part(.receivedAt, Chunk.Field.receivedAt) { bytes throws(FormatProblem) in
                .integers(try ChunkTimes.receivedAt(bytes, rows: rows))
            }
            if case .integers(let times) = value { block.receivedAt = times }
        }
        if request.hasNumbers { block.data = .split(try data(request)) }
        return block
    }

    private func data(_ request: ColumnRequest) throws(ChunkProblem) -> SplitData {
        let catalogue = try catalogue()
        let presence = try presence()
        var data = SplitData(columns: catalogue.columns, numbers: [:], objects: nil)
        let withDigits = request.columns.contains(.data)
        for column in columns(request, catalogue) {
            data.numbers[column] = try numbers(column, catalogue, withDigits: withDigits)
        }
        if withDigits || needsObjects(request, catalogue) {
            data.objects = try text(.objects, Chunk.Field.objects) { bytes throws(FormatProblem) in
                try presence.objects(bytes)
            }
        }
        return data
    }

    /// The summary of the messages' forms.
    func patterns() throws(ChunkProblem) -> PatternSummary {
        if case .patterns(let summary) = held[.patterns] { return summary }
        let rows = rows
        let times = try read(Chunk.Field.times) { bytes throws(FormatProblem) in try ChunkTimes(bytes, rows: rows) }
        let levels = try read(Chunk.Field.levels) { bytes throws(FormatProblem) in
            try ChunkLevels.decode(bytes, rows: rows)
        }
        let summary = try read(Chunk.Field.messages) { bytes throws(FormatProblem) in
            try ChunkMessages.summary(bytes, times: times, levels: levels)
        }
        caches.of(.patterns).insert(.patterns(summary), key(.patterns))
        return summary
    }

    /// Reads a field without caching it.
    private func read<Part>(
        _ field: String,
        _ decode: (UnsafeRawBufferPointer) throws(FormatProblem) -> Part
    ) throws(ChunkProblem) -> Part {
        let body = try body(field)
        let result: Result<Part, FormatProblem> = body.withUnsafeBytes { bytes in
            Result { () throws(FormatProblem) in try decode(bytes) }
        }
        do throws(FormatProblem) {
            return try result.get()
        } catch {
            throw .format(error)
        }
    }

    /// The counts of five minutes.
    func intervals() throws(ChunkProblem) -> [ChunkInterval] {
        let value = try part(.intervals, Chunk.Field.intervals) { bytes throws(FormatProblem) in
            .intervals(try ChunkInterval.decode(bytes, rows: rows))
        }
        guard case .intervals(let intervals) = value else { throw .damaged(Chunk.Field.intervals) }
        return intervals
    }

    /// The counts of five minutes, and the summaries of a request's numbers.
    func summaries(_ request: ColumnRequest) throws(ChunkProblem) -> ChunkSummaries {
        var result = ChunkSummaries(intervals: try intervals())
        let catalogue = try catalogue()
        result.isWhole = !isBeyondColumns(request, catalogue)
        let columns = columns(request, catalogue)
        let needsObjects = needsObjects(request, catalogue)
        guard result.isWhole, !columns.isEmpty || needsObjects else { return result }
        if catalogue.hasSummaries && !needsObjects {
            let count = result.intervals.count
            let value = try part(.summaries, Chunk.Field.summaries) { bytes throws(FormatProblem) in
                .summaries(
                    try ChunkInterval.decodeSummaries(
                        bytes,
                        columns: catalogue.columns.count,
                        intervals: count,
                        rows: rows
                    )
                )
            }
            guard case .summaries(let summaries) = value else { throw .damaged(Chunk.Field.summaries) }
            result.numbers = columns.map { (catalogue.columns[$0].path, summaries[$0]) }
            return result
        }
        let times = try times()
        let data = try data(request)
        var paths = columns.map { catalogue.columns[$0].path }
        if needsObjects { paths += request.numbers.filter { data.column($0) == nil } }
        for path in paths {
            let values = data.values(path, rows: rows)
            result.numbers.append((path, ChunkInterval.summarize(times.timestamps, values, result.intervals)))
        }
        return result
    }
}
