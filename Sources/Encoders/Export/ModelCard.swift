import Foundation
import HardViewPretraining
import ImageData
import NeuralNetworks
import RunConfiguration
import RunRecords
import Views

/// The README of an exported encoder: what it is, how it was trained, how good it is, how it is loaded.
struct ModelCard {
  let encoder: VisionEncoder
  let format: ExportFormat
  let version: String

  private var configuration: EncoderConfiguration { encoder.configuration }
  private var backbone: BackboneConfiguration { configuration.backbone }

  /// Markdown with the front matter that model hubs read.
  var text: String {
    ([frontMatter, "# \(title)", network, images, training, results, use, licence] as [String])
      .joined(separator: "\n\n") + "\n"
  }

  private var frontMatter: String {
    let library = format == .huggingface ? "transformers" : format == .timm ? "timm" : "pytorch"
    return """
      ---
      library_name: \(library)
      pipeline_tag: image-feature-extraction
      tags: [self-supervised-learning, hard-views]
      license: other  # Choose one.
      ---
      """
  }

  private var title: String {
    let start = "An image encoder (\(backbone.name.rawValue))"
    guard let run = encoder.run, case .run = encoder.origin else { return start }
    return "\(start), pretrained with \(run.values.method.string(at: "name") ?? "")"
  }

  private var network: String {
    var rows = [("network", backbone.name.rawValue), ("width", "\(backbone.width)")]
    if backbone.isTransformer {
      rows += [
        ("blocks, heads", "\(backbone.depth), \(backbone.headCount)"),
        ("patches", "\(backbone.patchSize) px of \(configuration.preprocessing.crop) px"),
        ("register tokens", "\(backbone.registerTokens)"),
      ]
    } else {
      rows.append(("stem", backbone.stem == .cifar ? "3×3, no pooling (CIFAR)" : "7×7, pooling (ImageNet)"))
    }
    rows += [("channels", "\(backbone.channels)"), ("features", "\(backbone.featureCount)")]
    return "## Network\n\n" + table(["", ""], rows.map { [$0.0, $0.1] })
  }

  private var images: String {
    let preprocessing = configuration.preprocessing
    let channels = backbone.channels == 1 ? "gray" : backbone.channels == 3 ? "RGB" : "\(backbone.channels) channels"
    return """
      ## Images

      Images are read as \(channels), resized so that the shorter side is \(preprocessing.resize) px \
      (\(preprocessing.interpolation.rawValue), with antialiasing, on 8-bit values as Pillow does), cropped to the middle \
      \(preprocessing.crop) px, and normalized with mean \(preprocessing.mean) and standard deviation \
      \(preprocessing.standardDeviation). `load.py` does this.
      """
  }

  private var training: String {
    guard let run = encoder.run, case .run = encoder.origin else {
      let origin =
        switch encoder.origin {
        case .random(let seed): "The weights are random (seed \(seed)); nothing was trained."
        case .file(let path, _): "The weights are from `\((path as NSString).lastPathComponent)`."
        case .run: ""
        }
      return "## Training\n\n\(origin)"
    }
    let values = run.values
    // The name alone: the path is that of the machine that trained.
    let data = (values.data.path as NSString).lastPathComponent
    var settings = run.tree
    settings.set(.string(data), at: "data.path")
    let steps = encoder.step.map { ", \($0) steps" } ?? ""
    let policy = run.tree.string(at: "selection.policy") ?? "none"
    let views = policy == "none" ? "random views" : "views chosen by the policy `\(policy)`"
    return """
      ## Training

      Self-supervised with HardViews \(version): `\(values.method.string(at: "name") ?? "")` on \(views), images of \
      `\(data)`, \(quantity(values.training.epochs, "epoch")) of batches of \(values.training.batchSize)\(steps), seed \
      \(values.seed).\(values.summary.isEmpty ? "" : " Recipe: \(values.summary)")

      <details><summary>All settings</summary>

      ```yaml
      \(settings.yaml.trimmingCharacters(in: .newlines))
      ```

      </details>
      """
  }

  /// What a record of an evaluation is read for, whatever its protocol.
  private struct Record: Decodable {
    struct Measure: Decodable {
      struct Interval: Decodable {
        var lower: Double
        var upper: Double
      }
      var name: String
      var value: Double
      var interval: Interval?
    }
    var evaluation: String
    var data: String
    var testData: String?
    var measures: [Measure]
  }

  /// The results in the evaluation folder.
  private var results: String {
    let folder = encoder.evaluation.path
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    let rows = names.flatMap { name -> [[String]] in
      guard let record = try? readJSON(Record.self, from: "\(folder)/\(name)") else { return [] }
      let images = ((record.testData ?? record.data) as NSString).lastPathComponent
      return record.measures.map { measure in
        let interval = measure.interval.map { "\(percent($0.lower)) to \(percent($0.upper))" } ?? ""
        return [record.evaluation, images, measure.name, percent(measure.value), interval]
      }
    }
    guard !rows.isEmpty else { return "## Results\n\nNone were measured (`hardviews evaluate`)." }
    return "## Results\n\n" + table(["protocol", "images", "measure", "value", "95 % interval over images"], rows)
  }

  private func percent(_ share: Double) -> String { String(format: "%.2f %%", share * 100) }

  private var use: String {
    """
    ## Use

    ```python
    from load import features, load, prepare

    model = load()
    print(features(model, prepare("image.jpg")[None]).shape)  # [1, \(backbone.featureCount)]
    ```

    `load.py` builds the network, loads `\(EncoderExport.weightsName)` strictly and prepares image files.\(more)
    """
  }

  private var more: String {
    switch format {
    case .torchvision: ""
    case .safetensors:
      " The file's metadata and `config.json` describe the network; `hardviews` needs the file alone."
    case .timm where backbone.isTransformer || (backbone.width == 64 && backbone.stem == .imagenet):
      " timm alone loads the folder, too: `timm.create_model(\"local-dir:FOLDER\", pretrained=True)`."
    case .timm: " timm's names do not cover this width or stem, so that `load.py` is needed."
    case .huggingface where backbone.isTransformer || backbone.stem == .imagenet:
      " transformers alone loads the folder, too: `AutoModel.from_pretrained(\"FOLDER\")`, with images of "
        + "`AutoImageProcessor.from_pretrained(\"FOLDER\")`. Its center crop is one pixel off where margins are uneven."
    case .huggingface: " A configuration of transformers cannot describe this stem, so that `load.py` is needed."
    }
  }

  private var licence: String {
    "## License\n\nNone was chosen yet. Name one here and in the first lines; that of the images may bind the weights."
  }

  private func table(_ head: [String], _ rows: [[String]]) -> String {
    let lines = [head, head.map { _ in "---" }] + rows
    return lines.map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n")
  }
}
