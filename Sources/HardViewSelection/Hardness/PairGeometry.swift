import Foundation
import Views

/// What the drawn parameters say about a pair of views without looking at the image: overlap, scale, distance, colour.
///
/// The quantities of the paper's analysis of what makes a pair hard, and some that jitter and blur add. All are
/// symmetric in the two views, and without a unit.
package enum PairGeometry {
  /// The names of the quantities, in order.
  package static let names = [
    "overlap", "overlap_squared", "log_areas", "smaller_log_area", "log_area_difference", "log_area_difference_squared",
    "distance", "distance_squared", "log_aspect_difference", "flip_difference", "brightness_difference",
    "brightness_strength", "contrast_difference", "contrast_strength", "saturation_difference", "saturation_strength",
    "hue_difference", "hue_strength", "grayscale_difference", "grayscale_both", "blur_difference", "blur_strength",
    "solarize_difference", "erased_area",
  ]

  /// The quantities of two views of one image, in the order of `names`.
  package static func features(_ first: ViewParameters, _ second: ViewParameters) -> [Double] {
    let overlap = first.crop.intersectionOverUnion(with: second.crop)
    let (a, b) = (Look(first), Look(second))
    let areaDifference = abs(a.logArea - b.logArea)
    let distance = (a.x - b.x, a.y - b.y)
    let squared = distance.0 * distance.0 + distance.1 * distance.1
    func difference(_ path: KeyPath<Look, Double>) -> Double { abs(a[keyPath: path] - b[keyPath: path]) }
    func strength(_ path: KeyPath<Look, Double>) -> Double { abs(a[keyPath: path]) + abs(b[keyPath: path]) }
    return [
      overlap, overlap * overlap, a.logArea + b.logArea, min(a.logArea, b.logArea), areaDifference,
      areaDifference * areaDifference, squared.squareRoot(), squared, difference(\.logAspect), difference(\.flipped),
      difference(\.brightness), strength(\.brightness), difference(\.contrast), strength(\.contrast),
      difference(\.saturation), strength(\.saturation), difference(\.hue), strength(\.hue), difference(\.gray),
      a.gray * b.gray, difference(\.blur), strength(\.blur), difference(\.solarized), strength(\.erased),
    ]
  }

  /// One view, as numbers that differences make sense of.
  private struct Look {
    let logArea, logAspect, x, y, flipped, brightness, contrast, saturation, hue, gray, blur, solarized, erased: Double

    init(_ view: ViewParameters) {
      let (width, height) = (Double(view.sourceWidth), Double(view.sourceHeight))
      let crop = view.crop
      logArea = log(Double(max(crop.area, 1)) / (width * height))
      logAspect = log(Double(max(crop.width, 1)) / Double(max(crop.height, 1)))
      x = (Double(crop.left) + Double(crop.width) / 2) / width
      y = (Double(crop.top) + Double(crop.height) / 2) / height
      flipped = view.isFlipped ? 1 : 0
      // Factors act like their logarithms; 0 is far enough from every factor that is drawn.
      brightness = log(max(view.jitter?.brightness ?? 1, 0.05))
      contrast = log(max(view.jitter?.contrast ?? 1, 0.05))
      saturation = log(max(view.jitter?.saturation ?? 1, 0.05))
      hue = view.jitter?.hue ?? 0
      gray = view.isGrayscale ? 1 : 0
      blur = view.blurSigma ?? 0
      solarized = view.isSolarized ? 1 : 0
      erased = view.erased.map { Double($0.area) / Double(max(crop.area, 1)) } ?? 0
    }
  }
}
