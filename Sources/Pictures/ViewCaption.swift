import Foundation
import Views

extension ViewParameters {
  /// The drawn parameters in a few short lines: the crop, then each operation.
  public var captionLines: [String] {
    let share = Double(crop.area) / Double(sourceWidth * sourceHeight)
    var lines = ["\(crop.width)×\(crop.height) at \(crop.left), \(crop.top) (\(percentage(share)))"]
    for operation in operations ?? [] where operation.kind != .identity { lines.append(operation.caption) }
    if let jitter {
      lines.append(
        "light \(two(jitter.brightness)), contrast \(two(jitter.contrast)),")
      lines.append("color \(two(jitter.saturation)), hue \(signed(jitter.hue))")
    }
    var words: [String] = []
    if isFlipped { words.append("flipped") }
    if isGrayscale { words.append("gray") }
    if let blurSigma { words.append("blur \(two(blurSigma))") }
    if isSolarized { words.append("solarized") }
    if let erased { words.append("erased \(erased.width)×\(erased.height)") }
    if !words.isEmpty { lines.append(words.joined(separator: ", ")) }
    return lines
  }
}

extension DrawnOperation {
  fileprivate var caption: String {
    let name = kind.rawValue.replacing("_", with: " ")
    switch kind {
    case .identity, .autoContrast, .equalize: return name
    case .rotate: return "\(name) \(signed(magnitude, digits: 0))°"
    case .posterize: return "\(name) to \(Int(magnitude)) bits"
    case .solarize: return "\(name) from \(Int(magnitude))"
    default: return "\(name) \(signed(magnitude))"
    }
  }
}

private func two(_ value: Double) -> String { String(format: "%.2f", value) }
private func signed(_ value: Double, digits: Int = 2) -> String { String(format: "%+.\(digits)f", value) }
private func percentage(_ share: Double) -> String { String(format: "%.0f %%", 100 * share) }
