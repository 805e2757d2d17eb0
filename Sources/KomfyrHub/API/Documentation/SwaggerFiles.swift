import Crypto
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// Swagger UI, read once into memory: two files of its package, and a page and a few lines of ours around them.
///
/// The package's files come with `scripts/set-up` and are not part of this repository. Nothing is fetched from
/// anywhere else: a policy of the page's own sees to it.
struct SwaggerFiles: Sendable {
    private let files: [String: File]

    private struct File: Sendable {
        var bytes: ByteBuffer
        var type: String
        /// A strong validator: part of the SHA-256 of the bytes.
        var tag: String

        init(_ bytes: [UInt8], _ name: String) {
            self.bytes = ByteBuffer(bytes: bytes)
            tag = "\"" + SHA256.hash(data: bytes).prefix(12).map { String($0, radix: 16) }.joined(separator: "-") + "\""
            type =
                switch name.split(separator: ".").last {
                case "js": "text/javascript; charset=utf-8"
                case "css": "text/css; charset=utf-8"
                default: "text/plain; charset=utf-8"
                }
        }
    }

    /// What the page is made of; the first three are the package's.
    static let names = ["swagger-ui-bundle.js", "swagger-ui.css", "LICENSE", "initializer.js"]
    private static let packageNames = names.prefix(3)

    /// Reads a folder; nil, or one that lacks a file: there is no Swagger UI.
    init(folder: String?) {
        var files: [String: File] = [:]
        if let folder {
            for name in Self.packageNames {
                guard let data = FileManager.default.contents(atPath: folder + "/" + name),
                    data.count <= HubLimits.swaggerFileBytes
                else { continue }
                files[name] = File(Array(data), name)
            }
        }
        if files.count == Self.packageNames.count {
            files["initializer.js"] = File(Array(Self.initializer.utf8), "initializer.js")
            self.files = files
        } else {
            self.files = [:]
        }
    }

    var isEmpty: Bool { files.isEmpty }

    func page() throws(APIError) -> Response {
        if isEmpty { throw Self.missing }
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/html; charset=utf-8",
                .cacheControl: "no-cache",
                .contentSecurityPolicy: Self.policy,
                .xContentTypeOptions: "nosniff",
                .referrerPolicy: "no-referrer",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: Self.html))
        )
    }

    func file(_ name: String, _ request: Request) throws(APIError) -> Response {
        guard let file = files[name] else {
            if Self.names.contains(name) { throw Self.missing }
            throw APIError(.notFound, "There is no such file; the page is at /api/docs.")
        }
        var headers: HTTPFields = [
            .eTag: file.tag, .cacheControl: "no-cache", .xContentTypeOptions: "nosniff",
        ]
        if request.headers[.ifNoneMatch]?.contains(file.tag) == true {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = file.type
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: file.bytes))
    }

    private static let missing = APIError(
        .notFound,
        "Swagger UI is not here: make run (or scripts/set-up run) fetches it, then start the hub again. "
            + "The description itself is at /api/openapi.json."
    )

    /// Styles may stand in the page, since Swagger UI sets them on its elements.
    ///
    /// Scripts may not.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        + "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

    /// Addresses are relative, so that a proxy may put the hub below a path of its own.
    private static let html = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Komfyrvakt: the API</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="docs/swagger-ui.css">
        <script src="docs/swagger-ui-bundle.js" defer></script>
        <script src="docs/initializer.js" defer></script>
        </head>
        <body>
        <div id="swagger-ui"></div>
        <noscript>This page needs JavaScript; the description itself is at <a href="openapi.json">openapi.json</a>.</noscript>
        </body>
        </html>

        """

    /// Without a validator: Swagger UI would ask one on the network about the description.
    private static let initializer = """
        SwaggerUIBundle({
          url: 'openapi.json',
          dom_id: '#swagger-ui',
          deepLinking: true,
          validatorUrl: null,
          presets: [SwaggerUIBundle.presets.apis],
          layout: 'BaseLayout'
        });

        """
}

extension SwaggerFiles {
    /// Where its files are: beside the built dashboard, wherever that is looked for.
    static func folder(executable: String, workingFolder: String) -> String? {
        DashboardFiles.places("swagger-ui", executable: executable, workingFolder: workingFolder)
            .first { FileManager.default.fileExists(atPath: $0 + "/swagger-ui-bundle.js") }
    }
}
