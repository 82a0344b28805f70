import Foundation
import Safetensors

/// A file whose weights an encoder cannot begin with.
public struct WeightsError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Problem: Equatable, Sendable {
    /// The file is a Python pickle, as PyTorch writes them.
    case pickle
    /// No encoder is found in the file: the kind that is expected, a tensor that it would have, and the names there are.
    case noEncoder(expected: String, anchor: String, found: [String])
    /// The encoder in the file is of another kind.
    case otherFamily(found: String, expected: String)
    /// Several tensors could be the same one of the encoder.
    case ambiguous([String])
    /// The file has less than half of the encoder's tensors; of those that it has, these have other shapes.
    case tooFew(found: Int, of: Int, missing: [String], reshaped: [MismatchError.Difference])
    /// The encoder's names and shapes belong to none that can be built: what it has, in words.
    case unknownArchitecture(String)
    /// Tensors have other shapes than the encoder's.
    case reshaped([MismatchError.Difference])
  }

  /// The file.
  public var path: String
  /// What is wrong.
  public var problem: Problem

  /// An error about a file.
  public init(path: String, problem: Problem) {
    self.path = path
    self.problem = problem
  }

  /// One paragraph: the file, what is wrong, what was found, what to do.
  public var description: String {
    switch problem {
    case .pickle:
      return
        "\(path) is a Python pickle, which can run any program when it is read and is not loaded here. Convert it once, "
        + "in a Python with torch and safetensors, and name the new file:\n\(PickleConversion.command(for: path))"
    case .noEncoder(let expected, let anchor, let found):
      let names = found.isEmpty ? "it holds no tensors" : "it holds \(shortened(found))"
      return
        "\(path) holds no \(expected): no tensor's name ends with \(anchor); \(names). Name a run, or a file with "
        + "torchvision's or timm's names; see Documentation/StartingFromWeights.md."
    case .otherFamily(let found, let expected):
      return
        "\(path) holds a \(found), and backbone.name asks for a \(expected). Set backbone.name to what the file holds, "
        + "or name another file."
    case .ambiguous(let names):
      return
        "\(path) holds several networks, and which one to begin with is not clear: \(shortened(names)). Name a file "
        + "with one of them, such as a run's checkpoints/encoder.safetensors."
    case .tooFew(let found, let count, let missing, let differences):
      let shapes = differences.isEmpty ? "" : "; \(Self.list(differences))"
      return
        "\(path) has only \(found) of the encoder's \(count) tensors; it lacks \(shortened(missing))\(shapes). It was "
        + "made by another architecture: set backbone.name to the one that it has, or name another file."
    case .unknownArchitecture(let found):
      return
        "\(path) holds an encoder that is not known here: it has \(found). Known are the names and shapes of "
        + "torchvision's ResNet-18, 34, 50 and 101 of any width, with a first convolution of 7×7 or 3×3 pixels, and of "
        + "timm's plain vision transformers."
    case .reshaped(let differences):
      return "\(path) has other shapes than the encoder: \(Self.list(differences)). \(advice(on: differences))"
    }
  }

  private static func list(_ differences: [MismatchError.Difference]) -> String {
    shortened(differences.map { "\($0.name) is \($0.found) in the file, \($0.expected) here" })
  }

  /// Which key decides the shape that differs.
  private func advice(on differences: [MismatchError.Difference]) -> String {
    let stem = differences.first { ["patch_embed.proj.weight", "conv1.weight"].contains($0.name) }
    guard let stem, stem.expected.count == 4, stem.found.count == 4 else {
      if differences.allSatisfy({ $0.name == "pos_embed" || $0.name == "reg_token" }) {
        return "Set backbone.register_tokens as in the file; the patches of its positions must be a square."
      }
      return "Set backbone.name, backbone.width and backbone.depth to those of the file, or name another file."
    }
    var keys: [String] = []
    if stem.expected[0] != stem.found[0] { keys.append("backbone.name or backbone.width") }
    if stem.expected[1] != stem.found[1] { keys.append("backbone.channels (\(stem.found[1]) in the file)") }
    if stem.expected[2...] != stem.found[2...] {
      keys.append(
        stem.name == "conv1.weight" ? "backbone.stem" : "backbone.patch_size (\(stem.found[2]) in the file)")
    }
    return "Set \(keys.joined(separator: " and ")) as in the file, or name another file."
  }
}

/// The first few of some names, and how many more there are.
package func shortened(_ names: [String], to count: Int = 4) -> String {
  names.prefix(count).joined(separator: ", ") + (names.count > count ? " and \(names.count - count) more" : "")
}

/// How weights in PyTorch's own format become a safetensors file, outside this program.
public enum PickleConversion {
  /// Runs once in a Python with torch and safetensors: reads tensors and nothing else, joins the names of nested
  /// dictionaries by dots, and leaves out the optimizer.
  private static let program =
    "import argparse, sys, torch; from safetensors.torch import save_file; "
    + "torch.serialization.add_safe_globals([argparse.Namespace]); "
    + "flat = lambda d, p: {k: t for n, v in d.items() for k, t in "
    + "(flat(v, f'{p}{n}.') if isinstance(v, dict) else {f'{p}{n}': v}).items() if torch.is_tensor(t)}; "
    + "save_file({k: t.detach().clone().contiguous() for k, t in "
    + "flat(torch.load(sys.argv[1], map_location='cpu', weights_only=True), '').items() "
    + "if not k.startswith('optimizer')}, sys.argv[2])"

  private static let endings = [".pth.tar", ".pth", ".pt", ".tar", ".bin", ".ckpt", ".pkl", ".pickle"]

  /// The line for a shell that writes the tensors of a pickle beside it.
  public static func command(for path: String) -> String {
    let ending = endings.first { path.lowercased().hasSuffix($0) } ?? ""
    return "python -c \"\(program)\" \(quoted(path)) \(quoted("\(path.dropLast(ending.count)).safetensors"))"
  }

  private static func quoted(_ path: String) -> String {
    let isPlain = path.allSatisfy { $0.isLetter || $0.isNumber || "/._-+".contains($0) }
    return isPlain ? path : "'\(path.replacingOccurrences(of: "'", with: "'\\''"))'"
  }

  /// Whether a file that is no safetensors file is a pickle, by its first bytes or its name.
  static func isPickle(_ path: String) -> Bool {
    let start = (try? FileHandle(forReadingFrom: URL(filePath: path)).read(upToCount: 4)) ?? nil
    let bytes = [UInt8](start ?? Data())
    // A zip archive, or the opcode that begins pickles of protocol 2 and later.
    let isArchive = bytes == [0x50, 0x4B, 0x03, 0x04]
    let isBare = bytes.count >= 2 && bytes[0] == 0x80 && (2...5).contains(bytes[1])
    return isArchive || isBare || endings.contains { path.lowercased().hasSuffix($0) }
  }
}

extension Checkpoint {
  /// Opens a file of weights; a pickle is refused.
  /// - Throws: `WeightsError` with the line that converts a pickle; `SafetensorsError` when the file is missing or
  ///   damaged.
  public static func ofWeights(at path: String) throws -> Checkpoint {
    do throws(SafetensorsError) {
      return try Checkpoint(path: path)
    } catch {
      if case .file = error.problem { throw error }
      if PickleConversion.isPickle(path) { throw WeightsError(path: path, problem: .pickle) }
      throw error
    }
  }
}
