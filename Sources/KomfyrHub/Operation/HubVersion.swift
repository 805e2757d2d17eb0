/// The version that `--version` and `GET /api` tell.
enum HubVersion {
    static let text = "0.1.0"
}
