/// Medians and quantiles.
enum OrderStatistics {
    /// The value at a rank (0 the least), in expected linear time (Hoare's selection); the array is reordered.
    static func select(_ values: inout [Double], rank: Int) -> Double {
        var low = 0
        var high = values.count - 1
        while low < high {
            // The median of three as pivot: sorted and constant input stay linear.
            let middle = low + (high - low) / 2
            if values[middle] < values[low] { values.swapAt(middle, low) }
            if values[high] < values[low] { values.swapAt(high, low) }
            if values[high] < values[middle] { values.swapAt(high, middle) }
            let pivot = values[middle]
            var left = low
            var right = high
            while left <= right {
                while values[left] < pivot { left += 1 }
                while values[right] > pivot { right -= 1 }
                if left <= right {
                    values.swapAt(left, right)
                    left += 1
                    right -= 1
                }
            }
            if rank <= right {
                high = right
            } else if rank >= left {
                low = left
            } else {
                return values[rank]
            }
        }
        return values[rank]
    }

    /// The median of finite values, the mean of the two in the middle; 0 of none.
    static func median(_ values: some Sequence<Double>) -> Double {
        var copy = Array(values)
        guard !copy.isEmpty else { return 0 }
        let upper = select(&copy, rank: copy.count / 2)
        if copy.count % 2 == 1 { return upper }
        let lower = copy[..<(copy.count / 2)].max() ?? upper
        return lower + (upper - lower) / 2
    }

    /// The value below which a part of the values lies; 0 of none.
    static func quantile(_ values: [Double], _ part: Double) -> Double {
        guard !values.isEmpty else { return 0 }
        var copy = values
        return select(&copy, rank: Int(Double(copy.count - 1) * part))
    }

    /// The sample's median absolute deviation from a centre, as the standard deviation of normal noise that has it.
    static func deviation(_ values: [Double], around center: Double) -> Double {
        1.4826 * median(values.lazy.map { abs($0 - center) })
    }

    /// Medians and deviations in a window that moves along; at the ends it stands still.
    ///
    /// The window is kept sorted, so that a step costs as many moves as the window has values.
    static func rolling(_ values: [Double], window: Int) -> (medians: [Double], deviations: [Double]) {
        let size = min(window, values.count)
        guard size > 0 else { return ([], []) }
        var sorted = values[..<size].sorted()
        var medians = [Double](repeating: 0, count: values.count)
        var deviations = medians
        var median = sorted[size / 2]
        var deviation = deviationOfSorted(sorted, around: median)
        var start = 0
        for index in values.indices {
            let wanted = min(max(index - size / 2, 0), values.count - size)
            if wanted > start {
                sorted.remove(at: position(of: values[start], in: sorted))
                let new = values[start + size]
                sorted.insert(new, at: position(of: new, in: sorted))
                start = wanted
                median = sorted[size / 2]
                deviation = deviationOfSorted(sorted, around: median)
            }
            medians[index] = median
            deviations[index] = deviation
        }
        return (medians, deviations)
    }

    /// The first place that holds no less than the value.
    private static func position(of value: Double, in sorted: [Double]) -> Int {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The deviation of sorted values: from the centre outwards, the nearer side first, until half of them are passed.
    private static func deviationOfSorted(_ sorted: [Double], around center: Double) -> Double {
        var right = sorted.count / 2
        var left = right - 1
        var distance = 0.0
        for _ in 0...(sorted.count / 2) {
            let below = left >= 0 ? center - sorted[left] : .infinity
            let above = right < sorted.count ? sorted[right] - center : .infinity
            if below < above {
                distance = below
                left -= 1
            } else if above < .infinity {
                distance = above
                right += 1
            }
        }
        return 1.4826 * distance
    }
}
