import HardViewSelection
import NeuralNetworks
import Objectives
import Optimization
import RunConfiguration
import Torch
import Views

/// The least memory that a training takes, worked out before anything is allocated.
///
/// What is left out (heads' activations, scoring, decoded images, the teacher's passes, libtorch's own) comes on top, so a
/// training that needs more than there is cannot run.
struct MemoryNeed {
  /// Bytes of weights and statistics, gradients, and the optimizer's memory.
  let networks: Double
  /// Bytes that the backbone's layers keep of a batch, or of a part of one with `training.accumulation`, until the
  /// backward pass.
  let activations: Double
  /// Bytes of the views that are loaded ahead.
  let views: Double

  /// Works out what a configuration needs with batches of a size.
  /// - Throws: `ConfigurationError` where a size of the method is beyond all machines.
  init(of resolved: ResolvedConfiguration, batchSize: Int) throws {
    let values = resolved.values
    let dtype = values.precision.dtype(on: .current)
    networks = try Self.networkBytes(of: resolved)
    let images = Double(batchSize)
    let selection = values.selection
    let pool = selection.poolSizes(for: resolved.views.plan)
    // Otherwise the loader hands over decoded images, or smaller views.
    let rendersPool =
      values.device == .cpu && selection.scoring.scale == 1 && !selection.dropsViews && selection.budget == 0
    var (activations, pixels) = (0.0, 0.0)
    for (drawn, group) in zip(pool, resolved.views.groups) {
      let (size, trained) = (Double(group.recipe.size), selection.policy.trainsOnAll ? drawn : group.count)
      activations += Double(trained) * values.backbone.activationCount(side: group.recipe.size)
      if rendersPool { pixels += Double(drawn) * size * size * Double(values.backbone.channels) }
    }
    self.activations = images / Double(values.training.accumulation) * activations * (dtype == .float32 ? 4 : 2)
    views = images * pixels * (dtype == .float32 ? 4 : 2) * (1 + Double(values.data.prefetchedBatches))
  }

  /// Throws where the machine has less.
  ///
  /// - Parameters:
  ///   - device: Where networks are trained; of a GPU's memory nothing is known here.
  ///   - limit: Bytes that the process can have; nil where that is not known.
  func check(on device: DeviceChoice, limit: Int? = MachineMemory.limit) throws(NotEnoughMemoryError) {
    guard let limit else { return }
    var parts = [
      NotEnoughMemoryError.Part(
        bytes: views, of: "the views that are loaded ahead",
        advice: "smaller training.batch_size, data.prefetched_batches, views.size or selection.candidates")
    ]
    if device == .cpu {
      parts += [
        .init(
          bytes: networks, of: "weights, gradients and the optimizer's memory",
          advice: "a smaller backbone.width, or smaller sizes below method"),
        .init(
          bytes: activations, of: "what the backbone's layers keep of the images that are trained on at once",
          advice: "smaller training.batch_size, views.size or backbone.width, or a larger training.accumulation"),
      ]
    }
    guard parts.reduce(0, { $0 + $1.bytes }) > Double(limit) else { return }
    throw NotEnoughMemoryError(parts: parts.sorted { $0.bytes > $1.bytes }, limit: limit)
  }

  /// Exact for the methods that come with the package; of others only the backbone is counted, because building what one
  /// does not know without its values may not work.
  private static func networkBytes(of resolved: ResolvedConfiguration) throws -> Double {
    let backbone = resolved.values.backbone.parameterCount
    let isKnown = Components.standard.methods.contains { ObjectIdentifier($0) == ObjectIdentifier(resolved.method) }
    // Shapes of tensors are limited too, so what is far too large is not made even without elements.
    guard isKnown, backbone < 1e12 else { return 4 * 3 * backbone }
    try checkSizes(of: resolved.values.method)
    return try withDevice(.meta) { try resolved.openParts(ByteCount()) }
  }

  private static func checkSizes(of method: ConfigurationTree) throws(ConfigurationError) {
    guard case .mapping(let entries) = method else { return }
    for case (let key, .integer(let size)) in entries where size > 1_000_000_000 {
      throw ConfigurationError(
        path: "method.\(key)", problem: .invalid("must be at most 1000000000, not \(size)"))
    }
  }

  /// Counts what is made of a method's networks and optimizer.
  private struct ByteCount: PartsConsumer {
    func use<Method: SelfSupervisedMethod>(_ parts: PretrainingParts<Method>) -> Double {
      func bytes(_ tensors: some Sequence<Tensor>) -> Double {
        tensors.reduce(0) { $0 + Double($1.elementCount) * Double($1.elementSize) }
      }
      return bytes(parts.method.namedState().map(\.entry.value)) + bytes(parts.method.parameters.map(\.value))
        + parts.optimizer.memoryBytes
    }
  }
}

/// A training needs more memory than there is.
public struct NotEnoughMemoryError: Error, CustomStringConvertible {
  /// Something that takes memory.
  public struct Part: Sendable {
    /// The least that it takes.
    public var bytes: Double
    /// What it is.
    public var of: String
    /// What makes it less, as the object of a sentence.
    public var advice: String
  }

  /// What takes memory, the largest first.
  public let parts: [Part]
  /// Bytes that this process can have.
  public let limit: Int

  /// One paragraph: how much is needed for what, how much there is, and which settings make it less.
  public var description: String {
    let total = parts.reduce(0) { $0 + $1.bytes }
    let list = parts.map { "\(Self.text($0.bytes)) for \($0.of)" }.joined(separator: ", ")
    return "Training needs at least \(Self.text(total)) of memory, and this process can have "
      + "\(Self.text(Double(limit))). It takes \(list). Take \(parts[0].advice)."
  }

  private static func text(_ bytes: Double) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
    var (value, unit) = (bytes / 1e3, 0)
    while value >= 999.5, unit < units.count - 1 { (value, unit) = (value / 1e3, unit + 1) }
    guard value < 1e6 else { return "more than a million \(units[unit])" }
    let tenths = Int((value * 10).rounded())
    return tenths < 100 ? "\(tenths / 10).\(tenths % 10) \(units[unit])" : "\((tenths + 5) / 10) \(units[unit])"
  }
}

extension ResolvedConfiguration {
  /// Refuses what this machine cannot train, before anything is allocated.
  ///
  /// - Parameter batchSize: Images a step.
  /// - Throws: `NotEnoughMemoryError`; `ConfigurationError` where there are far more threads than cores.
  func checkMachine(batchSize: Int) throws {
    // A few more are taken as one for each core, since a run may go on where there are fewer.
    let limit = 4 * Engine.coreCount
    guard values.threads <= limit else {
      throw ConfigurationError(
        path: "threads",
        problem: .invalid(
          "must be at most \(limit), four for each core of this machine, not \(values.threads); 0 takes "
            + "every core"))
    }
    try MemoryNeed(of: self, batchSize: batchSize).check(on: values.device)
  }
}
