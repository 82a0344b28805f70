import HardViewSelection
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import RunRecords
import Torch
import Views

/// One line of `views.jsonl`: what was drawn for an image and what was chosen.
public struct ViewsRecord: Codable, Sendable, Equatable {
  /// Steps taken before this one.
  public var step: Int
  /// The epoch, from 0.
  public var epoch: Int
  /// The image's position in the dataset.
  public var image: Int
  /// The image's name.
  public var name: String
  /// The drawn parameters of each view, including views that were dropped before scoring.
  public var views: [ViewParameters]
  /// The indices of the trained views, in slot order.
  public var selected: [Int]
  /// Which of the views were scored; absent where all were, or none.
  public var scored: [Int]?
  /// The score of each choice of scored views in lexicographic order; absent when none were computed or choices are more
  /// than 64.
  public var scores: [Float]?
}

/// Writes `views.jsonl` for a random sample of the images.
final class ViewsRecorder: TrainingObserver {
  private let log: StepLog
  private let dataset: any ImageDataset
  private let followed: Set<Int>

  /// Follows `imageCount` images, or all where there are fewer; which ones depends on their number and the seed alone.
  init(_ directory: RunDirectory, dataset: any ImageDataset, imageCount: Int, seed: UInt64) {
    log = StepLog(path: directory.viewsPath, counts: .stepsBefore)
    self.dataset = dataset
    followed = Self.sample(imageCount, of: dataset.count, seed: seed)
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
    guard samples.contains(where: followed.contains), step.loss.number.isFinite else { return }
    var start = 0
    for choice in step.choices {
      try record(choice, of: samples[start..<start + choice.imageCount], at: step.context.position)
      start += choice.imageCount
    }
  }

  private func record(_ choice: Choice, of samples: ArraySlice<Int>, at position: TrainingProgress) throws {
    let places = zip(0..., samples).filter { followed.contains($0.1) }
    guard !places.isEmpty else { return }
    let table = choice.table()
    let scores = choice.scores.flatMap { scores in
      scores.space.count <= CandidateSpace.recordedLimit ? (scores, scores.values.scores(in: scores.space)) : nil
    }
    for (place, image) in places {
      let own = scores.flatMap { scores, listed in place < listed.shape[1] ? (scores, listed) : nil }
      try log.append(
        ViewsRecord(
          step: position.step, epoch: position.epoch, image: image, name: dataset.name(at: image),
          views: choice.parameters.map { $0[place] }, selected: table[place],
          scored: own?.0.views.map { $0.map { $0[place] } },
          scores: own?.1.narrowed(along: 1, from: place, count: 1).scalars()))
    }
  }
}
