#if canImport(Glibc)
import Glibc
#endif

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers from the same seed on every machine.
struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// A number from 0 to below `bound`.
    mutating func below(_ bound: Int) -> Int { Int(next() >> 11) % bound }

    /// A number from 0 to below 1, uniform.
    mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A place in a list of cumulated probabilities.
    mutating func pick(_ cumulated: [Double]) -> Int {
        let value = fraction()
        var low = 0
        var high = cumulated.count - 1
        while low < high {
            let middle = (low + high) / 2
            if cumulated[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

    /// Log-normal (Box and Muller 1958): durations are.
    mutating func logNormal(mean: Double, deviation: Double) -> Double {
        let radius = (-2 * log(1 - fraction())).squareRoot()
        return exp(mean + deviation * radius * cos(2 * .pi * fraction()))
    }
}
