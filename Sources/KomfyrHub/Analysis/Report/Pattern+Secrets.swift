extension Pattern {
    /// The same with the secrets of its messages masked, in its template too.
    ///
    /// A template does not show any more what was a secret: with its numbers masked a key has another form. So it is the
    /// example that is looked at, which has all that the template has; where it holds a secret, the template is made
    /// anew of what is left of it.
    var withoutSecrets: Pattern {
        var pattern = self
        guard !exampleMessage.isEmpty else {
            pattern.template = "<*>"
            return pattern
        }
        var text = exampleMessage
        if text.utf8.count + 8 >= HubLimits.patternExampleBytes {
            // It was cut, perhaps within a secret, half of which nobody would know.
            text = String(text.unicodeScalars.dropLast(Self.halfSecret))
        }
        let masked = SecretMask.masked(text)
        pattern.exampleMessage = masked
        guard masked != text else { return pattern }
        var mask = MessageMask()
        Array(masked.utf8).withUnsafeBytes { mask.mask($0) }
        pattern.template = mask.form.withUnsafeBytes { MaskCode.readable($0) }
        return pattern
    }

    /// Characters at a cut that may be the begin of a secret too short to be known for one.
    private static let halfSecret = 64
}
