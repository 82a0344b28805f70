/// A self-contained page: no script, no file beside it, no network; readable on a phone, on paper, light and dark.
struct Page {
  /// A part with a heading of its own.
  struct Section {
    /// What links name it by: letters and hyphens.
    var anchor: String
    /// The heading.
    var title: String
    /// What it says.
    var body: HTML
  }

  /// The title.
  var title: String
  /// One paragraph below it.
  var lead: HTML
  /// The parts, in order.
  var sections: [Section]

  /// The whole document.
  var html: HTML {
    let links = HTML(sections.map { "<a href=\"#\(HTML(text: $0.anchor))\">\($0.title)</a>\n" })
    let parts = HTML(
      sections.map {
        "<section id=\"\(HTML(text: $0.anchor))\">\n<h2>\($0.title)</h2>\n\($0.body)</section>\n"
      })
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(title)</title>
      <style>\(Self.style)</style>
      </head>
      <body>
      <header>
      <h1>\(title)</h1>
      <p class="lead">\(lead)</p>
      <nav>\(links)</nav>
      </header>
      <main>
      \(parts)</main>
      </body>
      </html>

      """
  }

  private static let style: HTML = """

    :root { --ground: #fff; --text: #1c1c1e; --quiet: #66676b; --line: #d9dade; --panel: #f5f6f8; --accent: #0072b2;
      --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #cc79a7; --c4: #b58900; --c5: #56b4e9; --warn: #b3261e; }
    @media (prefers-color-scheme: dark) {
      :root { --ground: #17181a; --text: #e8e8ea; --quiet: #a0a2a8; --line: #3a3c40; --panel: #212327; --accent: #5cb3e6;
        --c0: #5cb3e6; --c1: #f08c4a; --c2: #3cc79d; --c3: #e39cc4; --c4: #e0b84a; --c5: #9ad4f2; --warn: #ff8a80; }
    }
    @media print {
      :root { --ground: #fff; --text: #000; --quiet: #444; --line: #bbb; --panel: #fff; }
      nav { display: none; }
      figure, table, .images > div { break-inside: avoid; }
    }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--ground); color: var(--text);
      font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
    header, main { max-width: 62rem; margin: 0 auto; padding: 0 1rem; }
    header { padding-top: 1.5rem; }
    h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; overflow-wrap: anywhere; }
    h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
    h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
    p { margin: .5rem 0; max-width: 46rem; }
    .lead { color: var(--quiet); }
    .quiet { color: var(--quiet); font-size: .9rem; }
    .warn { border-left: 4px solid var(--warn); padding: .1rem .8rem; margin: .6rem 0; }
    nav { display: flex; flex-wrap: wrap; gap: .3rem 1rem; margin: .8rem 0; }
    a { color: var(--accent); }
    .grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 1fr)); gap: 1rem; }
    figure { margin: .6rem 0; min-width: 0; }
    figcaption { color: var(--quiet); font-size: .85rem; }
    svg { width: 100%; height: auto; display: block; font: 11px system-ui, "DejaVu Sans", sans-serif; }
    svg text { fill: var(--quiet); }
    svg .axis { stroke: var(--line); stroke-width: 1; }
    svg .curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
    svg .mark { stroke-width: 1.2; stroke-dasharray: 4 3; }
    .keys { font-size: .85rem; margin: .3rem 0; }
    .key { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin: 0 .3em 0 .8em; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; font-size: .9rem; margin: .5rem 0; }
    th, td { padding: .2rem .7rem .2rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
    th { color: var(--quiet); font-weight: 500; }
    td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
    code { font: .9em ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
    .images > div { display: flex; flex-wrap: wrap; gap: .5rem; align-items: flex-start; margin: .3rem 0 .9rem; }
    .images figure { margin: 0; width: 6rem; }
    .images svg, .images img { width: 6rem; height: 6rem; object-fit: contain; image-rendering: auto; }
    .images .chosen img { outline: 3px solid var(--c1); outline-offset: -1px; }

    """
}
