import Foundation
import HardViews

/// The choice of a rank by loss: 1 is the hardest, 2 the one after it.
struct RankedChoice: SelectorComponent {
  struct Settings: ComponentSettings { var rank = 2 }
  static let name = "ranked"
  static let summary = "the choice of a rank by loss (settings.rank)"
  private let rank: Int
  init(_ settings: Settings) { rank = settings.rank }
  func choose(_ scores: ViewScores?, in context: SelectionContext) -> Tensor {
    let rank = min(rank, context.space.count)
    let row = scores!.scores(in: context.space).largest(rank, along: 0).indices
      .narrowed(along: 0, from: rank - 1, count: 1).reshaped([-1])
    return ViewScores.slots(of: row, in: context.space.candidates)
  }
}

/// Rounds some views' values to a few levels, on processors and GPUs.
struct Posterize: ViewOperationComponent, TensorViewOperation {
  struct Settings: ComponentSettings { var probability = 0.2, levels = 4.0 }
  static let name = "posterize"
  static let summary = "rounds the values of some views to a few levels"
  private let settings: Settings
  private var step: Double { 255 / (settings.levels - 1) }
  init(_ settings: Settings) { self.settings = settings }
  func draw(using random: inout ViewRandom) -> [Double]? { random.uniform() < settings.probability ? [step] : nil }
  func apply(_ drawn: [Double], to pixels: ViewPixels) {
    let step = Float(drawn[0])
    pixels.forEachRow { row in for x in row.indices { row[x] = (row[x] / step).rounded(.toNearestOrEven) * step } }
  }
  func apply(_ drawn: [[Double]], to planes: Tensor, scale: Double) -> Tensor {
    (planes / step).rounded(.toNearestOrEven) * step
  }
}

/// Gray square images in `train.csv` and `test.csv`: a line an image, its class and then its values.
struct CSVImages: DatasetReader, ImageDataset {
  static let name = "csv"
  static let summary = "train.csv and test.csv with a class and the values of a gray square image in each line"
  let labels: [Int]?, classNames: [String]? = nil
  let summary: String
  private let images: [Image]
  var count: Int { images.count }

  static func recognizes(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path + "/train.csv") }

  static func open(path: String, split: DataSplit, options: DecodingOptions) throws -> any ImageDataset {
    let lines = try String(contentsOfFile: "\(path)/\(split.rawValue).csv", encoding: .utf8).split(separator: "\n")
    let rows = lines.map { $0.split(separator: ",").compactMap { UInt8($0) } }
    let side = Int(Double((rows.first?.count ?? 1) - 1).squareRoot())
    guard side > 0, rows.allSatisfy({ $0.count == side * side + 1 }) else {
      throw ConfigurationError(path: "data.path", problem: .invalid("\(path) holds lines that are no square images"))
    }
    return CSVImages(
      labels: rows.map { Int($0[0]) }, summary: "\(rows.count) images of a CSV file",
      images: rows.map { Image(width: side, height: side, channels: 1, pixels: Array($0.dropFirst())) })
  }

  func source(at index: Int) throws(ImageError) -> any ImageSource { images[index] }
  func name(at index: Int) -> String { "line \(index + 1)" }
}

/// Counts how often each drawn view is trained on; the counts go on in a run that is resumed.
final class Census: ObserverComponent {
  struct Settings: ComponentSettings { var everySteps = 10 }
  private struct Line: Encodable { var step: Int, counts: [Int] }
  static let name = "census"
  static let summary = "counts how often each drawn view is trained on"
  private let everySteps: Int
  private let log: StepLog
  private let counts = Buffer(.zeros([16], dtype: .int64))
  init(_ settings: Settings, of run: ObservedRun) {
    everySteps = settings.everySteps
    log = StepLog(path: run.directory.path + "/census.jsonl", counts: .stepsTaken)
  }
  var tensors: [(name: String, value: Tensor)] { [("counts", counts.value)] }
  func resume(at position: TrainingProgress) throws { try log.cut(atStep: position.step) }
  func observe(_ step: TrainingStep, at position: TrainingProgress) throws {
    var sums = counts.value.scalars(as: Int.self)
    for view in step.choices.flatMap({ $0.table().joined() }) { sums[view] += 1 }
    counts.update(Tensor(sums))
    if position.step % everySteps == 0 { try log.append(Line(step: position.step, counts: sums)) }
  }
}
