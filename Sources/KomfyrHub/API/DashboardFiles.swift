import Crypto
import FoundationEssentials
import HTTPTypes
import Hummingbird

/// The dashboard's files, read once into memory and served from there.
///
/// What is asked for is looked up among the names that were read, so no address leads out of the folder.
struct DashboardFiles: Sendable {
    private let files: [String: File]
    private let headers: HTTPFields

    private struct File: Sendable {
        var bytes: ByteBuffer
        var type: String
        /// A strong validator: part of the SHA-256 of the bytes.
        var tag: String
    }

    /// Reads a folder.
    /// - Parameters:
    ///   - folder: where `index.html` is; nil when the dashboard was not built.
    ///   - frameAncestors: who may show it in a frame, as in the content security policy.
    init(folder: String?, frameAncestors: String) {
        var files: [String: File] = [:]
        if let folder { Self.read(folder, below: "", depth: 0, into: &files) }
        self.files = files
        headers = [
            .contentSecurityPolicy: "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                + "connect-src 'self'; frame-ancestors \(frameAncestors); base-uri 'none'; form-action 'none'",
            .xContentTypeOptions: "nosniff",
            .referrerPolicy: "no-referrer",
        ]
    }

    /// Whether there is a dashboard.
    var isEmpty: Bool { files.isEmpty }

    /// Answers for an address that is no route of the API.
    func answer(_ path: String, _ request: Request) throws(APIError) -> Response {
        if path == "/" && isEmpty {
            throw APIError(.notFound, "The dashboard is not built: run make. The API is at /api.")
        }
        guard let file = files[path == "/" ? "/index.html" : path] else {
            throw APIError(.notFound, "There is nothing at \(path). The API begins at /api.")
        }
        guard request.method == .get || request.method == .head else {
            var error = APIError(.methodNotAllowed, "\(path) knows GET only.")
            error.headers[.allow] = "GET"
            throw error
        }
        var fields = headers
        fields[.eTag] = file.tag
        // Names do not change with the contents, so a browser asks each time, and mostly gets 304.
        fields[.cacheControl] = "no-cache"
        if request.headers[.ifNoneMatch]?.contains(file.tag) == true {
            return Response(status: .notModified, headers: fields)
        }
        fields[.contentType] = file.type
        return Response(status: .ok, headers: fields, body: ResponseBody(byteBuffer: file.bytes))
    }
}

extension DashboardFiles {
    /// Where the built dashboard is: beside the executable, below the build folder that holds it, or in the working
    /// folder's.
    static func folder(executable: String, workingFolder: String) -> String? {
        places("dashboard", executable: executable, workingFolder: workingFolder)
            .first { FileManager.default.fileExists(atPath: $0 + "/index.html") }
    }

    /// Where a built folder of this name may be.
    static func places(_ name: String, executable: String, workingFolder: String) -> [String] {
        var candidates: [String] = []
        var place = executable
        // .build/x86_64-unknown-linux-gnu/debug/komfyr-hub → .build/dashboard
        for _ in 0..<4 {
            guard let slash = place.lastIndex(of: "/") else { break }
            place = String(place[..<slash])
            candidates.append(place + "/" + name)
        }
        candidates.append(workingFolder + "/.build/" + name)
        return candidates
    }

    private static func read(_ folder: String, below path: String, depth: Int, into files: inout [String: File]) {
        guard depth < 4, let names = try? FileManager.default.contentsOfDirectory(atPath: folder + path) else { return }
        for name in names.sorted() where !name.hasPrefix(".") {
            let file = path + "/" + name
            var isFolder = false
            guard FileManager.default.fileExists(atPath: folder + file, isDirectory: &isFolder) else { continue }
            if isFolder {
                read(folder, below: file, depth: depth + 1, into: &files)
                continue
            }
            guard files.count < HubLimits.dashboardFiles, let type = type(of: name),
                let data = FileManager.default.contents(atPath: folder + file),
                data.count + files.values.reduce(0, { $0 + $1.bytes.readableBytes }) <= HubLimits.dashboardBytes
            else { continue }
            let tag = SHA256.hash(data: data).prefix(12).map { String($0, radix: 16) }.joined(separator: "-")
            files[file] = File(bytes: ByteBuffer(bytes: data), type: type, tag: "\"\(tag)\"")
        }
    }

    /// The media type of a file; nil for what a page has no use for, which is then not served.
    private static func type(of name: String) -> String? {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        case "ico": "image/x-icon"
        case "woff2": "font/woff2"
        case "json", "map": "application/json"
        case "txt": "text/plain; charset=utf-8"
        default: nil
        }
    }
}
