import HardViewSelection
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import RunRecords
import Torch
import ViewRecords
import Views

/// Writes `views.jsonl`, or `views.sqlite`, for a random sample of the images, whichever worker trains on them.
final class ViewsRecorder: TrainingObserver {
  private let log: any ViewsLog
  private let dataset: any ImageDataset
  private let followed: Set<Int>

  /// Follows `records.views_of_images` images, or all where there are fewer; which ones depends on their number and the
  /// seed alone.
  init(_ directory: RunDirectory, dataset: any ImageDataset, _ records: RecordsConfiguration, seed: UInt64) {
    log = directory.viewsLog(records.viewsFormat)
    self.dataset = dataset
    followed = Self.sample(records.viewsOfImages, of: dataset.count, seed: seed)
  }

  /// Positions drawn from all alike: images of a sorted folder are of every class.
  static func sample(_ count: Int, of total: Int, seed: UInt64) -> Set<Int> {
    guard count > 0 else { return [] }
    var random = ViewRandom(seed: seed, epoch: 0, sample: 0, view: 0, stream: RandomStream.followedImages)
    return Set(random.permutation(of: total).prefix(count))
  }

  func resume(at position: TrainingProgress) throws { try log.cut(atStep: position.step) }

  func finish(at position: TrainingProgress) throws { try log.flush() }

  func observe(_ step: TrainingStep, at position: TrainingProgress) throws {
    let samples = step.context.draw.samples
    guard !followed.isEmpty else { return }
    var records: [ViewsRecord] = []
    if samples.contains(where: followed.contains), step.loss.number.isFinite {
      var start = 0
      for choice in step.choices {
        records += self.records(of: choice, samples[start..<start + choice.imageCount], at: step.context.position)
        start += choice.imageCount
      }
    }
    for record in try records.gathered() { try log.append(record) }
  }

  private func records(
    of choice: Choice, _ samples: ArraySlice<Int>, at position: TrainingProgress
  ) -> [ViewsRecord] {
    let places = zip(0..., samples).filter { followed.contains($0.1) }
    guard !places.isEmpty else { return [] }
    let table = choice.table()
    // Read at once: a row for each choice, a column for each image that was scored.
    let scores = choice.scores.flatMap { scores in
      scores.space.count <= CandidateSpace.recordedLimit
        ? scores.values.scores(in: scores.space).scalars(as: Float.self) : nil
    }
    let scoredCount = choice.selectedCount
    return places.map { place, image in
      let isScored = scores != nil && place < scoredCount
      return ViewsRecord(
        step: position.step, epoch: position.epoch, image: image, name: dataset.name(at: image),
        views: choice.parameters.map { $0[place] }, selected: table[place],
        scored: isScored ? choice.scores?.views.map { $0.map { $0[place] } } : nil,
        scores: isScored
          ? scores.map { scores in stride(from: place, to: scores.count, by: scoredCount).map { scores[$0] } } : nil)
    }
  }
}

extension [ViewsRecord] {
  /// The records of all workers, in the order of their numbers.
  fileprivate func gathered() throws -> [ViewsRecord] {
    let workers = Workers.current
    guard workers.count > 1 else { return self }
    return try workers.gathered(map(JSONLines.text).joined(separator: "\n")).flatMap { text in
      text.split(separator: "\n").compactMap { JSONLines.value(ViewsRecord.self, from: String($0)) }
    }
  }
}
