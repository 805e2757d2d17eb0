/// Names of members, parameters and headers that mean a secret.
enum SecretNames {
    /// How surely what follows a name is a secret.
    enum Strength {
        /// Whatever it is.
        case always
        /// Unless it is plainly none: a small number, a word of a sentence.
        case usually
        /// When letters and digits stand in it, and not few.
        case maybe
        /// When it looks like one, as a parameter of an address.
        case inAddress
        /// All that follows, in the forms of that header.
        case authorization
        /// All that follows, in the form of that header.
        case cookie
    }

    /// The name in lower case without what joins its words, its digits at the end left out: `X-Api-Key` and `apiKey2`
    /// are `xapikey` and `apikey`.
    static func normalized(_ name: ArraySlice<UInt8>) -> [UInt8] {
        var normalized: [UInt8] = []
        for byte in name.suffix(HubLimits.secretNameBytes) where SecretMask.isWord(byte) {
            normalized.append(SecretMask.lowered(byte))
        }
        while let last = normalized.last, SecretMask.isDigit(last) { normalized.removeLast() }
        return normalized
    }

    /// What a name means, or the last one of a dotted path; nil: nothing secret.
    static func strength(of name: ArraySlice<UInt8>) -> Strength? {
        if let strength = strength(normalized(name)) { return strength }
        guard let point = name.lastIndex(of: UInt8(ascii: ".")) else { return nil }
        return strength(normalized(name[(point + 1)...]))
    }

    private static func strength(_ name: [UInt8]) -> Strength? {
        guard let last = name.last else { return nil }
        if ends(name, authorization) { return .authorization }
        if cookies.contains(where: { ends(name, $0) }) { return .cookie }
        if passwords.contains(where: { contains(name, $0) }) {
            // About a password, not one: `password_length`.
            return properties.contains(where: { ends(name, $0) }) ? nil : .always
        }
        if secretsByLast[Int(last)].contains(where: { ends(name, $0) }) { return .always }
        if usualByLast[Int(last)].contains(where: { ends(name, $0) }) { return .usually }
        if secretWhole.contains(where: { $0 == name }) { return .always }
        if usualWhole.contains(where: { $0 == name }) { return .usually }
        if maybeWhole.contains(where: { $0 == name }) { return .maybe }
        return addressWhole.contains(where: { $0 == name }) ? .inAddress : nil
    }

    /// Whether the name is that of the working folder, which shells write as a password is written.
    static func isWorkingFolder(_ name: [UInt8]) -> Bool { name == Array("pwd".utf8) || name == Array("oldpwd".utf8) }

    /// Whether what stands before a quoted value with nothing but a blank between means a password.
    static func isPassword(_ name: [UInt8]) -> Bool { passwords.contains { ends(name, $0) } }

    private static let authorization = Array("authorization".utf8)
    private static let cookies = words(["cookie", "cookies"])
    private static let passwords = words(["password", "passwd", "passwort", "passord", "passphrase", "pwd"])
    private static let properties = words([
        "length", "len", "age", "expires", "expiry", "expiration", "attempts", "count", "policy", "changed",
        "changedat", "required", "enabled", "type", "min", "max", "field", "strength", "retries", "errors",
        "failures", "resets", "ms", "seconds", "days", "updatedat", "lastset", "quality",
    ])
    private static let secretsByLast = byLast([
        "apikey", "apisecret", "secretkey", "accesskey", "privatekey", "signingkey", "encryptionkey", "masterkey",
        "sharedkey", "accountkey", "authkey", "sessionkey", "servicekey", "presharedkey", "psk", "storagekey",
        "subscriptionkey", "licensekey", "sshkey", "hmackey", "aeskey", "rsakey", "wepkey", "wpakey", "clientsecret",
        "webhooksecret", "appsecret", "secretvalue", "cvv", "cvc", "authtoken", "accesstoken", "refreshtoken",
        "bearertoken", "idtoken", "apitoken", "securitytoken", "xamzsignature", "awssecret", "dbpass", "userpass",
        "mysqlpass", "smtppass", "adminpass", "rootpass", "sshpass", "ftppass", "redispass", "connectionstring",
    ])
    private static let usualByLast = byLast([
        "token", "tokens", "secret", "secrets", "session", "sessionid", "sessid", "credential", "credentials",
    ])
    private static let usualWhole = words(["pass", "sid", "jwt", "bearer"])
    private static let secretWhole = words(["otp", "passcode", "ssn"])
    private static let maybeWhole = words(["auth", "xauth", "nonce"])
    private static let addressWhole = words(["sig", "signature", "code", "key", "hmac"])

    private static func words(_ words: [String]) -> [[UInt8]] { words.map { Array($0.utf8) } }

    private static func byLast(_ list: [String]) -> [[[UInt8]]] {
        var byLast: [[[UInt8]]] = Array(repeating: [], count: 256)
        for word in words(list) {
            if let last = word.last { byLast[Int(last)].append(word) }
        }
        return byLast
    }

    private static func ends(_ name: [UInt8], _ word: [UInt8]) -> Bool {
        name.count >= word.count && name.suffix(word.count).elementsEqual(word)
    }

    private static func contains(_ name: [UInt8], _ word: [UInt8]) -> Bool {
        guard name.count >= word.count else { return false }
        for start in 0...(name.count - word.count) where name[start..<start + word.count].elementsEqual(word) {
            return true
        }
        return false
    }
}
