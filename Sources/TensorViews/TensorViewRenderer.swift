import Torch
import Views

/// An operation of one's own that tensor operators carry out too, so that views are rendered on a GPU.
public protocol TensorViewOperation: ViewOperation {
  /// Changes many views at once, as `apply(_:to:)` changes each.
  ///
  /// - Parameters:
  ///   - drawn: What was drawn for each view.
  ///   - planes: `[views, channels, side, side]`, from 0 to 255.
  ///   - scale: The views' side as a share of the recipe's.
  func apply(_ drawn: [[Double]], to planes: Tensor, scale: Double) -> Tensor
}

/// Makes the pixels of many views at once with tensor operators, on any device.
///
/// The same function of images and parameters as `ViewRenderer`, whose 8-bit results it follows operation by operation
/// with the same filter weights.
public struct TensorViewRenderer: Sendable {
  /// The recipe, size and format of the views.
  public let renderer: ViewRenderer

  /// A view to be rendered.
  public struct Request: Sendable {
    /// The image's number among the source images.
    public var image: Int
    /// How the view is made.
    public var parameters: ViewParameters

    /// Names an image and what is done to it.
    public init(image: Int, _ parameters: ViewParameters) {
      self.image = image
      self.parameters = parameters
    }
  }

  /// Renders what `renderer` renders; nil for recipes with operations that have no tensor form: RandAugment's, and those
  /// of one's own that are no `TensorViewOperation`.
  public init?(_ renderer: ViewRenderer) {
    let recipe = renderer.recipe
    guard recipe.randAugment.operations == 0, recipe.operations.allSatisfy({ $0.operation is any TensorViewOperation })
    else { return nil }
    self.renderer = renderer
  }

  var size: Int { renderer.size }
  var channels: Int { renderer.channels }

  /// Elements of views that are made at once, so that memory stays within a few gigabytes.
  var elementsAtOnce = 1 << 27
  /// Elements of cropped pixels and of filters that are held at once.
  var sourceElementsAtOnce = 1 << 25

  /// Renders views.
  ///
  /// Traps when an image does not hold a view's crop.
  /// - Returns: `[views, size, size, channels]` on the current device, normalized unless the format is 8 bits.
  public func render(_ views: [Request], of source: SourceImages) -> Tensor {
    guard !views.isEmpty else { return .zeros([0, size, size, channels], dtype: dtype) }
    let atOnce = max(1, elementsAtOnce / (size * size * channels))
    let pieces = stride(from: 0, to: views.count, by: atOnce).map { start in
      withoutGradients { renderPiece(Array(views[start..<min(start + atOnce, views.count)]), of: source) }
    }
    return pieces.count == 1 ? pieces[0] : .concatenated(pieces)
  }

  private func renderPiece(_ views: [Request], of source: SourceImages) -> Tensor {
    let parameters = views.map(\.parameters)
    var planes = resampled(views, of: source)
    if !renderer.recipe.threeAugment { planes = jittered(planes, parameters) }
    planes = planes.updating(rows(parameters) { $0.isGrayscale && channels == 3 }) { planes, _ in
      planes.luma().expanded(to: planes.shape)
    }
    planes = blurred(planes, parameters)
    planes = planes.updating(rows(parameters, where: \.isSolarized)) { planes, _ in
      planes.replacing(where: planes .> Double(renderer.recipe.solarize.threshold) - 0.5, with: planes * -1.0 + 255)
    }
    if renderer.recipe.threeAugment { planes = jittered(planes, parameters) }
    planes = changed(planes, parameters)
    planes = erased(planes, parameters)
    return stored(planes)
  }

  /// Applies operations of one's own.
  private func changed(_ planes: Tensor, _ views: [ViewParameters]) -> Tensor {
    renderer.recipe.operations.reduce(planes) { planes, own in
      func drawn(_ view: ViewParameters) -> [Double]? { view.ownOperations?.first { $0.name == own.name }?.values }
      return planes.updating(rows(views) { drawn($0) != nil }) { planes, rows in
        let operation = own.operation as! any TensorViewOperation
        let scale = Double(size) / Double(renderer.recipe.size)
        return operation.apply(rows.map { drawn(views[$0])! }, to: planes, scale: scale)
          .rounded(.toNearestOrEven).clamped(from: 0, to: 255)
      }
    }
  }

  /// Which views have a property.
  private func rows(_ views: [ViewParameters], where condition: (ViewParameters) -> Bool) -> [Int] {
    views.indices.filter { condition(views[$0]) }
  }

  /// Replaces rectangles by the value that normalization takes to 0.
  private func erased(_ planes: Tensor, _ views: [ViewParameters]) -> Tensor {
    planes.updating(rows(views) { $0.erased != nil }) { planes, rows in
      let boxes = rows.map { renderer.erasedBox(views[$0])! }
      func isInside(_ first: KeyPath<CropBox, Int>, _ count: KeyPath<CropBox, Int>, _ shape: [Int]) -> Tensor {
        let places = Tensor.range(size).converted(to: .float32).reshaped(shape)
        let starts = Tensor(boxes.map { Float($0[keyPath: first]) }, shape: [boxes.count, 1, 1, 1])
        let ends = Tensor(boxes.map { Float($0[keyPath: first] + $0[keyPath: count]) }, shape: [boxes.count, 1, 1, 1])
        return ((places - starts) .> -0.5) * ((places - ends) .< -0.5)
      }
      let isErased = isInside(\.top, \.height, [1, 1, size, 1]) * isInside(\.left, \.width, [1, 1, 1, size])
      let mean = renderer.recipe.normalization.mean
      let values = (0..<channels).map { Float(255 * mean[min($0, mean.count - 1)]) }
      return planes.replacing(where: isErased, with: Tensor(values, shape: [1, channels, 1, 1]))
    }
  }

  private var dtype: DType {
    switch renderer.format {
    case .float32: .float32
    case .bfloat16: .bfloat16
    case .uint8: .uint8
    }
  }

  /// Normalized, converted, channels last.
  private func stored(_ planes: Tensor) -> Tensor {
    var planes = planes.permuted([0, 2, 3, 1]).contiguous()
    if renderer.format != .uint8 {
      let affine = (0..<channels).map { renderer.recipe.normalization.affine(channel: $0) }
      planes = planes * Tensor(affine.map(\.scale)) + Tensor(affine.map(\.offset))
    }
    return planes.converted(to: dtype)
  }
}

extension Tensor {
  /// These views with some of them replaced by what `body` makes of them; it gets them and their numbers.
  func updating(_ rows: [Int], _ body: (Tensor, [Int]) -> Tensor) -> Tensor {
    if rows.isEmpty { return self }
    if rows.count == shape[0] { return body(self, rows).contiguous() }
    let indices = Tensor(rows)
    return replacingRows(indices, with: body(selecting(indices), rows))
  }

  /// One number for each view, as a factor of `[views, channels, height, width]`.
  static func column<Scalar: TensorScalar>(_ values: [Scalar]) -> Tensor {
    Tensor(values, shape: [values.count, 1, 1, 1])
  }
}
