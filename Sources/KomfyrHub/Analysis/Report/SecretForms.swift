/// Secrets that are known by their own form: a prefix of their issuer's, and so many letters behind it.
enum SecretForms {
    /// The letters that a key is made of.
    private enum Letters {
        /// `A` to `Z` and digits.
        case upper
        /// Letters and digits.
        case plain
        /// Letters, digits and `_`.
        case joined
        /// Letters, digits, `_` and `-`.
        case dashed
        /// Letters, digits, `_`, `-`, `.`, `~`, `+`, `/` and `=`.
        case dotted
        case hex

        func has(_ byte: UInt8) -> Bool {
            switch self {
            case .upper: SecretMask.isUpper(byte) || SecretMask.isDigit(byte)
            case .plain: SecretMask.isLetter(byte) || SecretMask.isDigit(byte)
            case .joined: SecretMask.isLetter(byte) || SecretMask.isDigit(byte) || byte == UInt8(ascii: "_")
            case .dashed: Letters.joined.has(byte) || byte == UInt8(ascii: "-")
            case .dotted: Letters.dashed.has(byte) || [0x2E, 0x7E, 0x2B, 0x2F, 0x3D].contains(byte)
            case .hex: SecretMask.isHex(byte)
            }
        }
    }

    private struct Form {
        var prefix: [UInt8]
        var letters: Letters
        var least: Int
        /// Words have the prefix too; a key has a digit behind it.
        var needsDigit: Bool
    }

    /// Prefixes, what stands behind them, and how much of it at least; by the issuers' own descriptions.
    private static let issuers: [(prefixes: String, letters: Letters, least: Int)] = [
        // Our own keys, and the tokens of sessions and shares.
        ("kmf_ kms_", .dashed, 20),
        // Amazon Web Services: ids of keys, roles and users. The secret halves have no form and are known by name.
        ("AKIA ASIA ABIA ACCA AROA AIDA AGPA ANPA AIPA", .upper, 16),
        // GitHub and GitLab.
        ("ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", .joined, 20),
        ("glpat- gldt- glrt- glcbt- glptt- glft- glsoat- glimt-", .dotted, 16),
        // Slack.
        ("xoxb- xoxp- xoxa- xoxr- xoxs- xoxe- xoxe. xoxc- xoxd- xapp-", .dotted, 10),
        // Stripe.
        ("sk_live_ sk_test_ rk_live_ rk_test_ whsec_", .plain, 10),
        // Google: keys, OAuth secrets, access and refresh tokens.
        ("AIza AQ.", .dashed, 30),
        ("GOCSPX- ya29.", .dashed, 16),
        ("1//0", .dashed, 24),
        // Models' providers.
        ("sk-", .dashed, 20),
        ("gsk_ xai- pplx- hf_ r8_", .plain, 24),
        // Registries of packages and images.
        ("npm_", .plain, 30),
        ("pypi-", .dashed, 50),
        ("rubygems_", .hex, 32),
        ("dckr_pat_", .dashed, 20),
        // Clouds, shops, mail, monitoring.
        ("dop_v1_ doo_v1_ dor_v1_ sbp_", .hex, 40),
        ("shpat_ shpss_ shppa_ shpca_ SK key- dapi", .hex, 32),
        ("sq0atp- sq0csp- hvs. hvb.", .dashed, 20),
        ("tskey-", .dashed, 16),
        ("SG.", .dotted, 40),
        ("glc_ sntrys_ ATATT3 dt0c01. pscale_tkn_", .dotted, 30),
        ("glsa_", .joined, 30),
        ("lin_api_ ntn_", .plain, 30),
        ("NRAK-", .upper, 20),
        ("AGE-SECRET-KEY-1", .upper, 40),
    ]

    private static let formsByFirst: [[Form]] = {
        var byFirst: [[Form]] = Array(repeating: [], count: 256)
        for issuer in issuers {
            for prefix in issuer.prefixes.utf8.split(separator: UInt8(ascii: " ")) {
                guard let first = prefix.first else { continue }
                let form = Form(
                    prefix: Array(prefix),
                    letters: issuer.letters,
                    least: issuer.least,
                    needsDigit: prefix.elementsEqual("sk-".utf8)
                )
                byFirst[Int(first)].append(form)
            }
        }
        return byFirst
    }()

    /// Where the secret that begins at `start`, a word's beginning, ends; nil: none begins there.
    static func end(_ text: [UInt8], _ start: Int) -> Int? {
        if let end = webTokenEnd(text, start) ?? webhookEnd(text, start) ?? botTokenEnd(text, start) { return end }
        for form in formsByFirst[Int(text[start])] {
            let body = start + form.prefix.count
            guard body <= text.count, text[start..<body].elementsEqual(form.prefix) else { continue }
            var end = body
            var hasDigit = false
            while end < text.count, form.letters.has(text[end]) {
                if SecretMask.isDigit(text[end]) { hasDigit = true }
                end += 1
                // Such a text may begin with the prefix many times: no digit by now, no key.
                if form.needsDigit, !hasDigit, end - body > 64 { break }
            }
            guard end - body >= form.least, hasDigit || !form.needsDigit else { continue }
            let isFixed = form.letters == .hex || form.letters == .upper
            if isFixed, end < text.count, SecretMask.isWord(text[end]) { continue }
            return end
        }
        return nil
    }

    /// A JSON Web Token (RFC 7519): base64 of a header that begins with `{"`, and more parts after dots.
    private static func webTokenEnd(_ text: [UInt8], _ start: Int) -> Int? {
        guard start + 3 <= text.count, text[start..<start + 3].elementsEqual("eyJ".utf8) else { return nil }
        var end = start + 3
        while end < text.count, end - start < 1_024, Letters.dashed.has(text[end]) { end += 1 }
        let dot = end
        guard dot - start >= 10, dot + 1 < text.count, text[dot] == UInt8(ascii: ".") else { return nil }
        end += 1
        while end < text.count, Letters.dashed.has(text[end]) || text[end] == UInt8(ascii: ".") { end += 1 }
        return end - dot >= 5 ? end : nil
    }

    /// The path of a webhook's address, which is its secret.
    private static func webhookEnd(_ text: [UInt8], _ start: Int) -> Int? {
        for place in ["hooks.slack.com/services/", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/"] {
            let body = start + place.utf8.count
            guard body < text.count, text[start..<body].elementsEqual(place.utf8) else { continue }
            var end = body
            while end < text.count, Letters.dashed.has(text[end]) || text[end] == UInt8(ascii: "/") { end += 1 }
            return end > body ? end : nil
        }
        return nil
    }

    /// A Telegram bot's token: its number, a colon, `AA` and 33 letters.
    private static func botTokenEnd(_ text: [UInt8], _ start: Int) -> Int? {
        var colon = start
        while colon < text.count, colon - start <= 10, SecretMask.isDigit(text[colon]) { colon += 1 }
        guard colon - start >= 8, colon + 3 < text.count, text[colon...].starts(with: ":AA".utf8) else { return nil }
        var end = colon + 1
        while end < text.count, Letters.dashed.has(text[end]) { end += 1 }
        return end - colon >= 30 ? end : nil
    }
}
