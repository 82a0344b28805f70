import AtomicFiles
import Checkpoints
import Foundation
import HardViewPretraining
import NeuralNetworks
import RunRecords
import Safetensors

/// Writes an encoder into a folder as a library of Python loads it.
///
/// The folder holds `model.safetensors` with the library's names and shapes, `config.json` (and `preprocessor_config.json`
/// for transformers), `load.py`, which builds that very network, and a model card.
public struct EncoderExport {
  static let weightsName = "model.safetensors"

  private let encoder: VisionEncoder
  private let format: ExportFormat
  private let version: String

  /// Prepares an export.
  ///
  /// - Parameter version: The version of the program, for the model card.
  /// - Throws: `ExportError` where the library's class cannot hold the network.
  public init(_ encoder: VisionEncoder, to format: ExportFormat, version: String) throws(ExportError) {
    let backbone = encoder.configuration.backbone
    if let reason = format.obstacle(to: backbone) {
      throw ExportError(
        encoder: encoder.name, format: format, reason: reason,
        alternatives: ExportFormat.allCases.filter { $0.obstacle(to: backbone) == nil })
    }
    self.encoder = encoder.fitted
    self.format = format
    self.version = version
  }

  /// Writes the folder, which must not exist or be empty.
  /// - Returns: The names of its files.
  /// - Throws: `RecordError` when there is something already, or the disk refuses; `SafetensorsError`.
  public func write(to folder: String) throws -> [String] {
    let folder = (folder as NSString).expandingTildeInPath
    if let contents = try? FileManager.default.contentsOfDirectory(atPath: folder), !contents.isEmpty {
      throw RecordError(
        path: folder, reason: "is not empty", advice: "Name another folder with --output, or empty this one")
    }
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw RecordError(
        path: folder, reason: "cannot be made (\(error.localizedDescription))", advice: "Check the path")
    }
    try ExportedWeights(of: encoder, for: format).state.write(
      to: "\(folder)/\(Self.weightsName)", metadata: metadata)
    var names = [Self.weightsName]
    for file in LibraryFiles(configuration: encoder.configuration, format: format).all {
      let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try AtomicFile.write(
        JSONSerialization.data(withJSONObject: file.json, options: options) + [0x0A], to: "\(folder)/\(file.name)")
      names.append(file.name)
    }
    let loader = PythonLoader(configuration: encoder.configuration, format: format).text
    let card = ModelCard(encoder: encoder, format: format, version: version).text
    for (name, text) in [("load.py", loader), ("README.md", card)] {
      try AtomicFile.write(Data(text.utf8), to: "\(folder)/\(name)")
      names.append(name)
    }
    return names
  }

  /// Own files describe themselves; those with other names must not be taken for such.
  private var metadata: [String: String] {
    var metadata = ["format": "pt"]
    if format == .safetensors {
      metadata["architecture"] = encoder.configuration.backbone.name.rawValue
      metadata[EncoderConfiguration.metadataKey] = encoder.configuration.metadata
      if let step = encoder.step { metadata["step"] = "\(step)" }
    }
    return metadata
  }
}
