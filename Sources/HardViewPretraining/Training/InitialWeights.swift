import Checkpoints
import Foundation
import NeuralNetworks
import Objectives
import RunConfiguration
import RunRecords
import Torch

extension PretrainingParts {
  /// Gives the networks the weights that the configuration names.
  /// - Returns: Nil where it names none.
  /// - Throws: `ConfigurationError` where an encoder that begins at random would not be trained; errors of the file.
  func initialize() throws -> Initialization? {
    let path = configuration.initialization.path
    let frozen = configuration.training.frozenEncoderEpochs
    guard path.isEmpty else { return try InitialWeights(path: path).load(into: self) }
    guard frozen == 0 else {
      throw ConfigurationError(
        path: "initialization.path",
        problem: .invalid(
          "is empty, but training.frozen_encoder_epochs is \(frozen): heads would train on an encoder with random "
            + "weights. Name a run or a file with --init, or set training.frozen_encoder_epochs=0"))
    }
    return nil
  }
}

/// The weights of another run, or of a file from elsewhere, to begin a training with.
struct InitialWeights {
  private let file: WeightsFile
  /// The method that trained them; nil where that is not known.
  private let methodName: String?
  /// Newer checkpoints that are damaged.
  private let damaged: [String]

  /// Opens a run's newest checkpoint that is whole, one of its checkpoints, or a file of an encoder.
  ///
  /// - Parameter path: A run folder or a safetensors file.
  /// - Throws: `RecordError` when a folder is no run; `NoCheckpointError` when a run has no checkpoint yet;
  ///   `NoWholeCheckpointError`; `SafetensorsError` when the file is missing or damaged; `WeightsError` when it is a
  ///   pickle.
  init(path: String) throws {
    let path = (path as NSString).expandingTildeInPath
    var isFolder: ObjCBool = false
    let run: RunDirectory?
    let checkpoint: Checkpoint
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      let directory = try RunDirectory.open(at: path)
      let point = try ResumePoint(in: directory)
      guard let newest = point.checkpoint else { throw NoCheckpointError(path: path) }
      (run, checkpoint, damaged) = (directory, newest, point.damaged.map(\.path))
    } else {
      let folder = URL(filePath: path).deletingLastPathComponent().deletingLastPathComponent().path
      run = RunDirectory.isRun(at: folder) ? try RunDirectory.open(at: folder) : nil
      (checkpoint, damaged) = (try Checkpoint.ofWeights(at: path), [])
    }
    let isOwn = checkpoint.metadata["format"] == TrainingState.format
    methodName = try isOwn ? run.flatMap { try Self.methodName(of: $0) } : nil
    file = try isOwn ? WeightsFile(checkpoint, plainName: Self.modelName) : WeightsFile(checkpoint)
  }

  private static func methodName(of run: RunDirectory) throws -> String? {
    try ConfigurationTree(yaml: run.readConfiguration(), source: run.configurationPath).string(at: "method.name")
  }

  /// The name within the method of a tensor of a run's checkpoint; nil where it belongs to another part.
  private static func modelName(_ name: String) -> String? {
    let present = TrainingState.presentName(name)
    return present.hasPrefix("model.") ? String(present.dropFirst("model.".count)) : nil
  }

  /// Puts the weights into networks: with heads, teacher and centers where the file has those of the same method and
  /// shapes, else into every backbone of the method; all or none.
  /// - Throws: `WeightsError` where the encoder does not fit; `SafetensorsError`.
  func load<Method: SelfSupervisedMethod>(into parts: PretrainingParts<Method>) throws -> Initialization {
    let places = Self.places(of: parts.backbones, in: parts.method)
    let heads = try heads(of: parts.method, besides: places)
    let prefix = heads == nil ? try file.prefix(of: parts.method.encoder) : ""
    let matches = try zip(parts.backbones, places).map { backbone, place in
      try file.match(backbone, at: heads == nil ? prefix : place)
    }
    let copies = matches.flatMap(\.copies) + (heads ?? [])
    try file.load(copies)

    let encoder = zip(parts.backbones, matches).first { $0.0 === parts.method.encoder }?.1 ?? matches[0]
    let used = Set(copies.map(\.source) + matches.flatMap(\.extra))
    return Initialization(
      path: file.path, prefix: encoder.prefix, tensorCount: encoder.copies.count, method: Method.name,
      hasHeads: heads != nil, missing: encoder.missing, extra: encoder.extra,
      unused: file.storedNames.filter { !used.contains($0) },
      grids: encoder.grids.map { [$0.from, $0.to] }, damaged: damaged)
  }

  /// What the names of each backbone's tensors begin with in a method.
  private static func places(of backbones: [any Backbone], in method: some Module) -> [String] {
    let names = Dictionary(
      method.namedState().map { ($0.entry.identity, $0.name) }, uniquingKeysWith: { first, _ in first })
    return backbones.map { backbone in
      let first = backbone.namedState()[0]
      guard let name = names[first.entry.identity] else {
        preconditionFailure("a method that hides a backbone from its state")
      }
      return String(name.dropLast(first.name.count))
    }
  }

  /// Everything of a method but its backbones; nil where the file lacks a parameter of it, or has it from another
  /// method.
  ///
  /// Centers and statistics may be missing: they settle within steps.
  private func heads(of method: some SelfSupervisedMethod, besides backbones: [String]) throws -> [WeightCopy]? {
    guard methodName == nil || methodName == type(of: method).name else { return nil }
    let state = method.namedState()
    var copies: [WeightCopy] = []
    for (name, entry) in state where !backbones.contains(where: name.hasPrefix) {
      if let copy = try file.copy(of: name, to: entry.value) {
        copies.append(copy)
      } else if case .parameter = entry {
        return nil
      } else if file[name] != nil {
        return nil
      }
    }
    // A file with one network has no heads' places for two.
    let hasBackbones = backbones.allSatisfy { place in
      file.plainNames.contains { $0.hasPrefix(place) }
    }
    return hasBackbones ? copies : nil
  }
}

extension StateEntry {
  fileprivate var identity: ObjectIdentifier {
    switch self {
    case .parameter(let parameter): ObjectIdentifier(parameter)
    case .buffer(let buffer): ObjectIdentifier(buffer)
    }
  }
}

/// Which weights a training began with.
public struct Initialization: Sendable, Equatable, CustomStringConvertible {
  /// The file.
  public var path: String
  /// What the encoder's names begin with there, without what wraps networks.
  public var prefix: String
  /// Tensors of the encoder that the file has.
  public var tensorCount: Int
  /// The method that is trained.
  public var method: String
  /// Whether heads, teacher and centers came along.
  public var hasHeads: Bool
  /// The encoder's tensors that the file lacks.
  public var missing: [String]
  /// Tensors of the file's encoder that have no place here.
  public var extra: [String]
  /// Tensors of heads and other networks that were left out.
  public var unused: [String]
  /// Rows and columns of patches that position embeddings were interpolated from and to; nil where they fit.
  public var grids: [Int]?
  /// Newer checkpoints of the run that are damaged and were passed over.
  public var damaged: [String]

  /// A few lines: what was taken, what was missing, what was left out.
  public var description: String {
    let place = prefix.isEmpty || hasHeads ? path : "\(path) (\(prefix)*)"
    let heads = hasHeads ? "heads of \(method)" : "heads begin at random"
    var lines = ["weights of \(place): \(tensorCount) tensors of the encoder, \(heads)"]
    if let grids {
      lines[0] += "; positions interpolated from \(grids[0])×\(grids[0]) patches to \(grids[1])×\(grids[1])"
    }
    func list(_ names: [String], _ what: String) {
      if !names.isEmpty { lines.append("  \(what): \(names.count) (\(shortened(names)))") }
    }
    list(damaged, "damaged, so an earlier checkpoint was taken")
    list(missing, "not in the file, so as initialized")
    list(extra, "in the file's encoder, but not in this one")
    list(unused, "heads and other networks of the file, not used")
    return lines.joined(separator: "\n")
  }
}
