import ArgumentParser

/// `komfyr-hub`: keeps, finds and shows logs.
@main
struct KomfyrHub: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "komfyr-hub",
        abstract: "Keeps the last days of logs, answers at once, and shows them in a browser.",
        discussion: """
            Start it with `komfyr-hub serve`. Without further settings it listens on http://127.0.0.1:8080, runs a \
            Redis of its own in ./data, makes an API key into .env, and prints a link to the dashboard. Then

              curl -H "Authorization: Bearer kmf_…" -d '{"message":"hello","group":"test"}' http://127.0.0.1:8080/api/logs

            stores a log. Settings are environment variables, or lines NAME=value in the .env of the working folder \
            (the environment wins):

              HOST, PORT                    where to listen (127.0.0.1, 8080)
              TLS_CERT_FILE, TLS_KEY_FILE   certificate and key in PEM form: then it is https (none)
              KOMFYRVAKT_DATA_DIR           what must survive a restart (./data)
              KOMFYRVAKT_API_KEY            the key that may everything (made by the first start)
              REDIS_HOST, REDIS_PORT, REDIS_USERNAME, REDIS_PASSWORD, REDIS_DB, or REDIS_URL
                                            a Redis to use instead of the hub's own
              KOMFYRVAKT_FSYNC              always, or everysec: faster on slow disks, can lose 2 s (always)
              LOG_RETENTION_HOURS           how long logs are kept (48)
              KOMFYRVAKT_MEMORY_LIMIT       what the logs may take in memory, as 2GiB (half of what there is)
              AI_PROVIDER                   who writes reports: gemini, openai (Ollama, llama.cpp), statistics, or
                                            auto: whichever of these is set up (auto)
              GEMINI_API_KEY, GEMINI_MODEL, GEMINI_BASE_URL
                                            Google's Gemini (gemini-3.5-flash-lite)
              OPENAI_BASE_URL, OPENAI_MODEL, OPENAI_API_KEY
                                            a server of your own, like http://127.0.0.1:11434
              AI_DAILY_TOKENS               what a model may cost in a day, in tokens (500000)
              KOMFYRVAKT_FRAME_ANCESTORS    sites that may show the dashboard in a frame ('self')
              LOG_LEVEL                     trace, debug, info, notice, warning, error, critical (info)
            """,
        version: "komfyr-hub \(HubVersion.text)",
        subcommands: [ServeCommand.self, KeysCommand.self, LoginCommand.self]
    )
}
