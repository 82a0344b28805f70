import ArgumentParser
import Encoders

/// `hardviews export`.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write an encoder as torchvision, timm or transformers load it.",
    discussion: """
      hardviews export runs/my --to timm --output my-timm
      hardviews export runs/my --to huggingface --output my-hub

      The folder holds the weights under the library's names, its configuration, load.py, which builds exactly this \
      network and prepares image files, and a model card.
      """)

  @OptionGroup var encoder: EncoderArguments

  @Option(help: "torchvision, timm, huggingface, or safetensors (this program's own file).")
  var to: ExportFormat

  @Option(help: "The folder to write; must be empty or not exist.")
  var output: String

  func run() throws {
    let export = try EncoderExport(encoder.open(), to: to, version: HardViewsProgram.version)
    let names = try export.write(to: output)
    print("\(output): \(names.joined(separator: ", "))")
    remark("Try it with: python \(output)/load.py IMAGE")
  }
}

extension ExportFormat: ExpressibleByArgument {}
