import HardViewPretraining

/// Curves of training, those of several runs in one picture.
struct TrainingSection {
  let runs: [RecordedRun]

  var html: HTML {
    let charts = [
      chart("Loss") { $0.loss },
      chart("Learning rate") { $0.learningRate },
      chart("Images a second") { $0.imagesPerSecond },
      chart("Deviation of the embedding", "Near 1 is healthy, near 0 is collapse.") { $0.featureStandardDeviation },
      chart("Rank of the embedding", "Effective rank of the embeddings of at most 256 images.") { $0.featureRank },
      online("Accuracy while training", "Share of sample images whose nearest neighbors have their class.") { $0.knn },
      online("Retrieval", "Share of augmented views whose nearest image is the one that they show.") { $0.retrieval },
    ].compactMap { $0 }
    guard !charts.isEmpty else { return "<p>No metrics were recorded.</p>\n" }
    return "<div class=\"grid\">\n\(HTML(charts))</div>\n"
  }

  private func chart(_ title: String, _ caption: String = "", _ value: (MetricsRecord) -> Double?) -> HTML? {
    LineChart(
      title: title, caption: caption,
      series: runs.map { LineChart.Series(name: $0.name, points: $0.curve(value)) }
    ).html
  }

  private func online(_ title: String, _ caption: String, _ value: (OnlineSignal) -> Double?) -> HTML? {
    LineChart(
      title: title, caption: caption,
      series: runs.map { run in
        let signals = run.metrics.flatMap { $0.online ?? [] }
        return LineChart.Series(
          name: run.name, points: signals.compactMap { signal in value(signal).map { (run.epochs(signal.step), $0) } })
      }
    ).html
  }
}
