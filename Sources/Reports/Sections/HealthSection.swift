import HardViewPretraining

/// What was found to be wrong, in words.
struct HealthSection {
  let runs: [RecordedRun]

  var html: HTML {
    HTML(
      runs.map { run in
        let name: HTML = runs.count > 1 ? "<h3>\(run.name)</h3>\n" : .empty
        guard !run.findings.isEmpty else { return name + "<p>Nothing was found to be wrong.</p>\n" }
        return name
          + HTML(
            run.findings.map { finding in
              """
              <div class="warn"><p><strong>Epoch \(finding.epoch + 1), step \(finding.step):</strong> \(finding.message)</p>
              <p class="quiet">\(finding.advice).</p></div>

              """
            })
      })
  }
}
