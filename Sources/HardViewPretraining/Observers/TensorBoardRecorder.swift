import AtomicFiles
import HardViewSelection
import ImageData
import NeuralNetworks
import Objectives
import Optimization
import Pictures
import RunRecords
import TensorBoard
import Views

/// Writes what `metrics.jsonl` holds, and pictures of chosen views, as TensorBoard reads them (`records.tensorboard`).
final class TensorBoardRecorder: TrainingObserver {
  private let folder: String
  private let pictures: ChosenViewsPicture
  private var startStep = 0
  private var file: EventFile?
  /// What is not on disk yet.
  private var pending: [(values: [EventFile.Value], step: Int)] = []
  private var isFailing = false

  init(_ directory: RunDirectory, pictures: ChosenViewsPicture) {
    folder = directory.tensorBoardPath
    self.pictures = pictures
  }

  /// What follows is in a new file, which says that later steps of older ones are undone.
  func resume(at position: TrainingProgress) {
    (file, pending, startStep) = (nil, [], position.step)
  }

  func finish(at position: TrainingProgress) throws { try flush() }

  /// Draws some of the images of an epoch's last batch.
  func observe(_ step: TrainingStep, at position: TrainingProgress) throws {
    guard position.stepInEpoch == 0, let choice = step.choices.first,
      let picture = pictures.picture(
        of: choice, step.context.draw.samples, epoch: step.context.position.epoch)
    else { return }
    try add([picture], atStep: position.step)
  }

  /// Takes a line of metrics.
  func take(_ line: MetricsRecord) throws(RecordError) { try add(Self.scalars(of: line), atStep: line.step) }

  private static func scalars(of line: MetricsRecord) -> [EventFile.Value] {
    let online = line.online?.last
    let values: [(String, Double?)] = [
      ("training/loss", line.loss), ("training/learning_rate", line.learningRate),
      ("training/images_per_second", line.imagesPerSecond), ("training/epoch", Double(line.epoch + 1)),
      ("embedding/standard_deviation", line.featureStandardDeviation), ("embedding/rank", line.featureRank),
      ("selection/share", line.selectionShare), ("selection/selected_overlap", line.selectedOverlap),
      ("selection/random_overlap", line.randomOverlap), ("selection/rejected_overlap", line.rejectedOverlap),
      ("selection/least_overlap_share", line.leastOverlapShare), ("selection/selected_score", line.selectedScore),
      ("selection/random_score", line.randomScore), ("selection/captured_hardness", line.capturedHardness),
      ("selection/captured_image_hardness", line.capturedImageHardness), ("online/knn", online?.knn),
      ("online/rank", online?.rank), ("online/alignment", online?.alignment),
      ("online/uniformity", online?.uniformity), ("online/retrieval", online?.retrieval),
      ("seconds/data", line.dataSeconds), ("seconds/candidates", line.candidateSeconds),
      ("seconds/selection", line.selectionSeconds), ("seconds/training", line.trainingSeconds),
      ("seconds/audit", line.auditSeconds), ("seconds/evaluation", line.evaluationSeconds),
      ("seconds/other", line.otherSeconds),
    ]
    return values.compactMap { name, value in value.map { .scalar(name, $0) } }
  }

  private func add(_ values: [EventFile.Value], atStep step: Int) throws(RecordError) {
    pending.append((values, step))
    do throws(RecordError) {
      try flush()
    } catch {
      if isFailing { return }
      isFailing = true
      throw error
    }
  }

  private func flush() throws(RecordError) {
    do throws(FileError) {
      while let next = pending.first {
        if file == nil { file = try EventFile(in: folder, atStep: startStep) }
        try file!.append(next.values, atStep: next.step)
        pending.removeFirst()
      }
      isFailing = false
    } catch {
      throw RecordError(error)
    }
  }
}

/// Draws some images' views, a row for each, the chosen ones framed.
struct ChosenViewsPicture {
  /// The images.
  let dataset: any ImageDataset
  /// The recipe of every drawn view.
  let recipes: [ViewRecipe]

  /// Images in a picture, at most.
  private static let rows = 4

  /// The picture of a choice's first images; nil where none can be drawn.
  func picture(of choice: Choice, _ samples: [Int], epoch: Int) -> EventFile.Value? {
    guard choice.parameters.count == recipes.count else { return nil }
    let table = choice.table()
    let rows = samples.prefix(min(Self.rows, choice.imageCount)).enumerated().compactMap { place, index in
      (try? dataset.image(at: index)).map { image in
        ChosenViewsSheet.Row(
          caption: dataset.name(at: index), image: image, recipes: recipes,
          parameters: choice.parameters.map { $0[place] }, chosen: Set(table[place]))
      }
    }
    guard !rows.isEmpty else { return nil }
    let canvas = ChosenViewsSheet(epoch: epoch, rows: rows).drawn()
    return .picture("chosen_views", png: canvas.png(), width: canvas.width, height: canvas.height)
  }
}
