import Foundation
import TestSupport
import Testing

@testable import Reports

/// The page as a browser shows it.
@Suite(.enabled(if: Browser.path != nil, "there is no chromium")) struct BrowserTests {
  /// No picture is empty or missing, nothing is wider than a phone, and the browser complains of nothing.
  @Test func aBrowserShowsEverything() throws {
    try withTemporaryDirectory { folder in
      let run = try RunReportTests.train(
        "run", in: folder, classes: [(name: "a", count: 8, stripes: 0), (name: "<b>\"'&", count: 8, stripes: 2)])
      let page = "\(folder)/page.html"
      // The page itself has no script; this copy counts what it shows.
      let probe = """
        <script>
        addEventListener("load", () => {
          const pictures = [...document.images], charts = [...document.querySelectorAll("svg")];
          const inner = [...document.querySelectorAll("svg image")];
          document.title = JSON.stringify({
            pictures: pictures.length, broken: pictures.filter(p => !(p.naturalWidth > 0)).length,
            charts: charts.length, inner: inner.length,
            empty: charts.filter(c => { const b = c.getBoundingClientRect(), i = c.getBBox();
              return !(b.width > 20 && b.height > 3 && i.width > 0) }).length,
            sections: [...document.querySelectorAll("section")].map(s => s.id),
            links: [...document.querySelectorAll("nav a")].filter(a => !document.querySelector(a.hash)).length,
            wide: document.documentElement.scrollWidth - document.documentElement.clientWidth })
        })
        </script>
        """
      let html = try RunReport(runs: [run]).html.replacingOccurrences(of: "</body>", with: probe + "</body>")
      try Data(html.utf8).write(to: URL(filePath: page))
      let shown = try Browser.show(page, width: 390, in: folder)
      #expect(!shown.log.contains("CONSOLE"), "\(shown.log)")
      struct Counts: Decodable {
        var pictures, broken, charts, inner, empty, links, wide: Int
        var sections: [String]
      }
      let title = try #require(shown.document.firstMatch(of: /<title>(\{.*?\})<\/title>/)?.1)
      let counts = try JSONDecoder().decode(Counts.self, from: Data(title.utf8))
      #expect(counts.pictures == 60 + 12 + 60 && counts.inner == 15 && counts.charts > 25)
      #expect(counts.broken == 0 && counts.empty == 0 && counts.links == 0 && counts.wide == 0)
      #expect(
        counts.sections == ["runs", "health", "training", "selection", "importances", "gallery", "embedding", "images"])
    }
  }
}

/// Chromium without a window.
enum Browser {
  static let path = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// Opens a file; the document after it was loaded, and what the browser wrote.
  static func show(_ page: String, width: Int, in folder: String) throws -> (document: String, log: String) {
    let process = Process()
    process.executableURL = URL(filePath: path!)
    process.arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=\(folder)/profile",
      "--window-size=\(width),900", "--enable-logging=stderr", "--virtual-time-budget=10000", "--dump-dom",
      "file://\(page)",
    ]
    let (document, log) = (folder + "/document", folder + "/log")
    for file in [document, log] { FileManager.default.createFile(atPath: file, contents: nil) }
    process.standardOutput = FileHandle(forWritingAtPath: document)
    process.standardError = FileHandle(forWritingAtPath: log)
    try process.run()
    process.waitUntilExit()
    return (try String(contentsOfFile: document, encoding: .utf8), try String(contentsOfFile: log, encoding: .utf8))
  }
}
