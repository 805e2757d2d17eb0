/// Texts with secrets in them, and such as look like it and have none; none of the secrets was ever one.
enum SecretTable {
    /// What is left of the text has none of the parts, and the other parts are still there.
    struct Case: Sendable, CustomStringConvertible {
        var text: String
        var secrets: [String]
        var kept: [String]

        init(_ text: String, hides secrets: String..., keeps kept: [String] = []) {
            self.text = text
            self.secrets = secrets
            self.kept = kept
        }

        var description: String { text }
    }

    // Put together from two parts, so that no scanner of repositories takes them for real ones.
    private static let aws = "AKIA" + "IOSFODNN7EXAMPLE"
    private static let awsSecret = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
    private static let github = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
    private static let slack = "xoxb-" + "17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy"
    private static let stripe = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
    private static let google = "AIza" + "SyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe"
    private static let openAI = "sk-proj-" + "Ab12cdEFgh34IJklMNop56QRstUVwx78YZ"
    private static let webToken =
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0"
        + ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
    private static let key = "MIIEpAIBAAKCAQEA7bq3Jb0Y5vY1xkGzUoR8h0Zb3t1u9yq2yVx"

    /// What must not leave the hub.
    static let secrets: [Case] =
        forms + headers + addresses + named + privateKeys + people

    private static let forms: [Case] = [
        Case("using key \(aws) in eu-north-1", hides: aws, keeps: ["using key", "eu-north-1"]),
        Case("temporary key ASIA\("IOSFODNN7EXAMPLE"), retrying", hides: "ASIAIOSFODNN7EXAMPLE", keeps: ["retrying"]),
        Case("clone with \(github) failed", hides: github, keeps: ["clone with", "failed"]),
        Case("github_pat_\("11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz") used", hides: "11ABCDEFG0abcdefghijkl"),
        Case("gitlab glpat-\("abcdEFGH1234_-xyzABC") expired", hides: "abcdEFGH1234_-xyzABC", keeps: ["expired"]),
        Case("posting as \(slack)", hides: slack, "pdFZKVeTuE8sk7oOcHrzqqgy"),
        Case(
            "POST https://hooks.slack.com/services/\("T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX") 403",
            hides: "XXXXXXXXXXXXXXXXXXXXXXXX",
            keeps: ["POST", "403"]
        ),
        Case("charge with \(stripe): declined", hides: stripe, keeps: ["declined"]),
        Case("webhook whsec_\("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") bad", hides: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        Case("maps?v=3&sensor=false \(google) quota", hides: google, keeps: ["quota"]),
        Case("oauth ya29.\("a0AfH6SMBx1234567890abcdefgh")", hides: "a0AfH6SMBx1234567890abcdefgh"),
        Case("client GOCSPX-\("abcDEF123456_ghiJKL-789")", hides: "abcDEF123456_ghiJKL-789"),
        Case("openai said 401 for \(openAI)", hides: openAI, keeps: ["openai said 401"]),
        Case("sk-ant-\("api03-abcdefghijklmnopqrstuvwxyz0123")", hides: "api03-abcdefghijklmnopqrstuvwxyz0123"),
        Case("our kmf_\("0123456789abcdefghijklmnopqrstuv") is new", hides: "0123456789abcdefghijklmnopqrstuv"),
        Case("share kms_\("ABCDEFGHIJKLMNOPQRSTUVWXYZ-_0123")", hides: "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_0123"),
        Case("jwt \(webToken) is expired", hides: "eyJzdWIiOiIxMjM0NTY3ODkwIn0", keeps: ["is expired"]),
        Case("cut eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOi", hides: "eyJzdWIiOi"),
        Case("npm_\("abcdefghijklmnopqrstuvwxyz0123456789")", hides: "abcdefghijklmnopqrstuvwxyz0123456789"),
        Case("hf_\("abcdefghijklmnopqrstuvwxyzABCDEFGH")", hides: "abcdefghijklmnopqrstuvwxyzABCDEFGH"),
        Case("SG.\("ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf-09kqeF8tAmbihYzrnopKc-1s5cr")", hides: "TwL2iGABf9DH"),
        Case("bot 110201543:\("AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw8")", hides: "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw8"),
        Case("vault hvs.\("CAESIJlU9JMYEhOPYv4igdhm9PnZDrabYTobQ4Ymnlq1qY")", hides: "CAESIJlU9JMYEhOPYv4igdhm9"),
    ]

    private static let headers: [Case] = [
        Case("Authorization: Bearer abc.def-123456", hides: "abc.def-123456", keeps: ["Authorization: Bearer"]),
        Case("authorization=Bearer s3cr3tTokenValue status=401", hides: "s3cr3tTokenValue", keeps: ["status=401"]),
        Case("curl -H 'Authorization: Basic dXNlcjpodW50ZXIy' x", hides: "dXNlcjpodW50ZXIy", keeps: ["Basic", " x"]),
        Case("sent Basic dXNlcjpodW50ZXIy to proxy", hides: "dXNlcjpodW50ZXIy", keeps: ["to proxy"]),
        Case("header bearer mF_9.B5f-4.1JqM seen", hides: "mF_9.B5f-4.1JqM", keeps: ["seen"]),
        Case(#"{"headers":{"Authorization":"Token hunter2abc","n":5}}"#, hides: "hunter2abc", keeps: [#""n":5"#]),
        Case("Proxy-Authorization: Negotiate YIIabcDEF==", hides: "YIIabcDEF"),
        Case(
            #"Authorization: Digest username="ola", realm="x", nonce="n0nce", response="6629fae49393a05397450978507c4ef1""#,
            hides: "6629fae49393a05397450978507c4ef1"
        ),
        Case("Authorization: hunter2", hides: "hunter2"),
        Case("Authorization: Custom abcd1234", hides: "abcd1234"),
        Case("Cookie: sid=abc123; theme=dark; csrf=zzz999", hides: "abc123", "zzz999"),
        Case("Set-Cookie: sid=8f7e6d5c; Path=/; HttpOnly", hides: "8f7e6d5c"),
        Case(#""cookie": "session=eyJhIjoxfQ; a=b", "status": 200"#, hides: "eyJhIjoxfQ", keeps: [#""status": 200"#]),
        Case("X-Api-Key: 7c9e6679f", hides: "7c9e6679f"),
        Case("x-auth-token: 0123-4567-89ab", hides: "0123-4567-89ab"),
    ]

    private static let addresses: [Case] = [
        // Slashes as PHP and others write them in JSON, and those in JSON.
        Case(#"{"url":"https:\/\/app:hunter2@db.example\/x"}"#, hides: "hunter2", keeps: ["db.example"]),
        Case(#"{\"url\":\"redis:\\\/\\\/:p4ss@cache:6379\"}"#, hides: "p4ss", keeps: ["cache:6379"]),
        Case(
            "connecting to postgres://app:hunter2@db:5432/shop",
            hides: "hunter2",
            keeps: ["postgres://app:", "@db:5432"]
        ),
        Case("redis://:p4ss/w0rd@cache:6379/0 refused", hides: "p4ss", "w0rd", keeps: ["@cache:6379/0 refused"]),
        Case("amqp://guest:gu:e@st@mq/", hides: "gu:e@st", keeps: ["@mq/"]),
        Case("https://0123456789abcdef0123@github.com/a.git", hides: "0123456789abcdef0123", keeps: ["github.com"]),
        Case("mongodb+srv://u:p%40ss@cluster0.mongodb.net", hides: "p%40ss", keeps: ["cluster0"]),
        Case("http://user:pw@[::1]:8080/x", hides: ":pw@", keeps: ["[::1]:8080"]),
        Case("GET /login?user=ola&password=hunter2&next=/ 302", hides: "hunter2", keeps: ["user=ola", "302"]),
        Case("GET /cb?code=4a5b6c7d8e9f0a1b2c3d&x=1", hides: "4a5b6c7d8e9f0a1b2c3d", keeps: ["x=1"]),
        Case("?sv=2022&sig=Zm9vYmFyYmF6MTIzNDU2%3D&se=1", hides: "Zm9vYmFyYmF6MTIzNDU2", keeps: ["se=1"]),
        Case("body password%3Dhunter2%26x", hides: "hunter2"),
    ]

    private static let named: [Case] = [
        Case("password=hunter2", hides: "hunter2"),
        Case("PASSWORD = hunter2", hides: "hunter2"),
        Case("Password:hunter2 user=ola", hides: "hunter2", keeps: ["user=ola"]),
        Case("db_password: hunter2, host: db1", hides: "hunter2", keeps: ["host: db1"]),
        Case("passwd='correct horse battery' port=5432", hides: "correct", "battery", keeps: ["port=5432"]),
        Case(#"pwd="zwei Worte" level=info"#, hides: "zwei", "Worte", keeps: ["level=info"]),
        Case(
            #"{"user":"ola","password":"hun\"ter2","n":1}"#,
            hides: "hun",
            "ter2",
            keeps: [#""user":"ola""#, #""n":1"#]
        ),
        Case(#"{"password" : 12345678, "n": 1}"#, hides: "12345678", keeps: [#""n": 1"#]),
        Case(#"{"msg":"{\"password\":\"hunter2\",\"a\":1}"}"#, hides: "hunter2", keeps: [#"\"a\":1"#]),
        Case("{'password': u'hunter zwo', 'a': 1}", hides: "hunter", "zwo", keeps: ["'a': 1"]),
        Case("{:password=>\"hunter2\", :id=>7}", hides: "hunter2", keeps: [":id=>7"]),
        Case("<password>hunter2</password><id>7</id>", hides: "hunter2", keeps: ["<id>7</id>"]),
        Case("mysql --password hunter2 --host db1", hides: "hunter2", keeps: ["--host db1"]),
        Case("mysql --password=hunter2 --host db1", hides: "hunter2", keeps: ["--host db1"]),
        Case("ALTER USER app WITH PASSWORD 'hunter2'", hides: "hunter2", keeps: ["ALTER USER app"]),
        Case("CREATE USER x IDENTIFIED BY 'hunter2';", hides: "hunter2"),
        Case("if password == \"hunter2\" {", hides: "hunter2"),
        Case("password := hunter2", hides: "hunter2"),
        Case("{Password:hunter2 User:ola}", hides: "hunter2", keeps: ["User:ola"]),
        Case(#"password="cut off in the mid"#, hides: "cut", "mid"),
        Case("api_key=0a1b2c3d4e", hides: "0a1b2c3d4e"),
        Case("apiKey: '0a1b2c3d4e'", hides: "0a1b2c3d4e"),
        Case("aws_secret_access_key=\(awsSecret)", hides: awsSecret, "bPxRfiCYEXAMPLEKEY"),
        Case(
            "AccountKey=abcd1234efgh5678==;EndpointSuffix=core",
            hides: "abcd1234efgh5678",
            keeps: ["EndpointSuffix=core"]
        ),
        Case(#""client_secret": "a b c d""#, hides: "a b c d"),
        Case("secret=shh", hides: "shh"),
        Case("token=abcdef", hides: "abcdef"),
        Case("refreshToken: 1234567890", hides: "1234567890"),
        Case("session=9c8b7a", hides: "9c8b7a"),
        Case("JSESSIONID=0AAB6C8DE415 path=/", hides: "0AAB6C8DE415", keeps: ["path=/"]),
        Case("private_key: abc123", hides: "abc123"),
        Case("wifi psk=hunter22", hides: "hunter22"),
        Case("otp=123456", hides: "123456"),
        Case(#""tokens": ["abc", "def"], "n": 2"#, hides: "abc", "def", keeps: [#""n": 2"#]),
        Case("KEYSTORE_PASSWORD2=changeit", hides: "changeit"),
        Case("passphrase: open sesame", hides: "open"),
    ]

    private static let privateKeys: [Case] = [
        Case(
            "-----BEGIN RSA PRIVATE KEY-----\n\(key)\nAbC=\n-----END RSA PRIVATE KEY-----\ndone",
            hides: key,
            "AbC=",
            keeps: ["done"]
        ),
        Case("key: -----BEGIN PRIVATE KEY-----\n\(key)", hides: key),
        Case(
            #"{"k":"-----BEGIN EC PRIVATE KEY-----\n\#(key)\n-----END EC PRIVATE KEY-----\n","a":1}"#,
            hides: key,
            keeps: [#""a":1"#]
        ),
        Case("-----BEGIN OPENSSH PRIVATE KEY----- \(key) \(key) -----END OPENSSH PRIVATE KEY-----", hides: key),
        Case("\(key)\nxyzQ==\n-----END PRIVATE KEY-----\nafter", hides: key, "xyzQ==", keeps: ["after"]),
        Case("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n\(key)\n-----END PGP PRIVATE KEY BLOCK-----", hides: key),
    ]

    private static let people: [Case] = [
        Case(
            "mail from ola.nordmann+x@example.com failed",
            hides: "ola.nordmann",
            "example.com",
            keeps: ["mail from", "failed"]
        ),
        Case("<ola@example.co.uk>: bounced", hides: "ola@", keeps: ["bounced"]),
        Case("user=ola%40example.com ok", hides: "ola%40example.com", keeps: ["ok"]),
        Case("Contact ola@example.com.", hides: "ola@example", keeps: ["Contact"]),
        Case("bjørn@blåbær.no", hides: "bjørn"),
        Case("card 4111 1111 1111 1111 declined", hides: "4111 1111", "1111", keeps: ["declined"]),
        Case("pan=4111-1111-1111-1111", hides: "4111-1111"),
        Case("charged 5555555555554444 42.50", hides: "5555555555554444", keeps: ["42.50"]),
        Case("amex 3782 822463 10005", hides: "822463"),
        Case("amex 378282246310005", hides: "378282246310005"),
        Case(#"{"card":6011111111111117}"#, hides: "6011111111111117"),
        Case("to NO9386011117947 sent", hides: "NO9386011117947", keeps: ["sent"]),
        Case("IBAN DE89 3704 0044 0532 0130 00", hides: "3704 0044"),
    ]

    /// What is no secret and stays as it is.
    static let harmless: [String] = [
        "", "ordinary words, nothing else", "level=error key=user:1 monkey=banana keyboard: qwerty",
        "request 7c9e6679-7425-40de-944b-e07fc1f90ae7 took 12 ms",
        "4111a111-1111-4111-8111-111111111111", "commit 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "integrity sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC",
        "eth0 00:1a:2b:3c:4d:5e up", "2026-11-23T05:23:52.123Z 12:30:45 GET /api/logs 200",
        "1764139432123456789 1764139432 1764139432123 20261123052352", "log_20261123052352_0000040000000001",
        "0.4111111111111111 -3.14 1e-9 18446744073709551615 4.111111111111111e15", "order 4111111111111112",
        "Chrome/120.0.6099.109 v1.2.3-rc.1+build5 react@18.2.0", "connect to 10.0.0.1:5432 from [::1]:8080",
        "http://host:8080/path?a=1&b=2#top", "ssh://git@host/repo", "root@server1: command not found",
        "com.example.Main@1b2c3d4e", "tokens_in=512 tokens: 812 max_tokens=4096 token_count=7 session_count=3",
        "PWD=/home/ola ; USER=root ; COMMAND=/usr/bin/id", "password_length=8 password_attempts=3",
        "session opened for user root by (uid=0)", "pam_unix(sshd:session): session closed for user root",
        "Failed password for root from 10.0.0.5 port 22", "Unexpected token: expression of type X",
        "Bearer of bad news", "basic authentication failed, basic functionality", "bearer token expired",
        "\"password\": null, \"token\": \"\", \"secret\": false", "password= user=bob", "password:",
        "author: Bob; authorized: yes; tokenizer: bpe", "task-1 disk-usage risk-free sk-learn sk-",
        "passed=3 failed=1 bypass=true compass=12", "secret \"db-creds\" not found", "pass=12 fail=0",
        "user <*> logged in with password=<*> from <ip>", "cookies accepted: 3",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "primary key=5 foreign key: 7",
        "price 4111 USD, 1111 left", "blåbær og rømmegrøt – 100 %", "AQ. AIza sk_live_ ghp_ AKIA kmf_",
        "datacenter:server-rack-1 auth:session:worker app:token:service", "see mailto: or a@b",
        "GB29 is a code, NO93 is none", "https://example.com:443/a@b/c", "x=1;y=2&z=3,w=4",
    ]
}
