import Glibc

/// Shows what opens the hub: to a terminal, and otherwise by way of a file that only its owner can read, since what is
/// printed elsewhere ends in logs.
enum LoginLink {
    /// The link that signs a browser in, once, within 10 minutes.
    ///
    /// The code stands behind `#`, which browsers send to nobody.
    static func link(address: String, code: String) -> String { "\(address)/#login=\(code)" }

    /// Prints a secret's line, or where the file with it is.
    /// - Parameters:
    ///   - title: what it is.
    ///   - secret: the link or key.
    ///   - file: where it goes when nobody looks.
    /// - Throws: when the file cannot be written.
    static func show(_ title: String, _ secret: String, file: String) throws(DotEnvironment.Problem) {
        if isatty(STDOUT_FILENO) == 1 {
            print("\(title): \(secret)")
        } else {
            try PrivateFile.write(secret + "\n", to: file)
            print("\(title): see the file \(file)")
        }
        // What is piped on should be there at once.
        fflush(nil)
    }
}
