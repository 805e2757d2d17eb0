/// Finds that what reported regularly has stopped.
enum SilenceScan {
    /// Where a silence begins that lasts to the end, if there is one.
    ///
    /// Every pause so far says what is regular: a silence is several times longer than the longest of them, the one
    /// before the first report included. So a group that speaks by day alone is not silent at night, if the night
    /// before is in the series, and one that speaks once an hour is silent after some hours.
    static func start(reports: [Bool]) -> Int? {
        var count = 0
        var longest = 0
        var pause = 0
        for reported in reports {
            if reported {
                longest = max(longest, pause)
                pause = 0
                count += 1
            } else {
                pause += 1
            }
        }
        guard count >= HubLimits.silenceReports else { return nil }
        guard pause >= max(HubLimits.silenceIntervals, HubLimits.silencePauses * longest + 1) else { return nil }
        return reports.count - pause
    }
}
