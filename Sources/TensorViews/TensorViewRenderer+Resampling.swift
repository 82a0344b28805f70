import Torch
import Views

/// Crops and resizes: two products of matrices, whose filter weights are PIL's to the last bit.
extension TensorViewRenderer {
  private struct Placed {
    let number: Int
    let image: Int
    let resampling: Resampling
  }

  /// The crops of views at their size, `[views, channels, size, size]`: whole numbers from 0 to 255 as float32.
  func resampled(_ views: [Request], of source: SourceImages) -> Tensor {
    var placed = views.enumerated().map { number, view in
      Placed(
        number: number, image: view.image,
        resampling: renderer.resampling(of: source.parts[view.image], view.parameters))
    }
    // Crops of about the same size are padded to the largest of them.
    placed.sort {
      ($0.resampling.blendsRowsFirst ? 1 : 0, $0.resampling.box.area, $0.number)
        < ($1.resampling.blendsRowsFirst ? 1 : 0, $1.resampling.box.area, $1.number)
    }
    var pieces: [Tensor] = []
    var (start, height, width) = (0, 0, 0)
    for (position, view) in placed.enumerated() {
      let (tall, wide) = (max(height, view.resampling.box.height), max(width, view.resampling.box.width))
      let elements = (position - start + 1) * (channels * tall * wide + 2 * size * (tall + wide))
      let isOfAnotherOrder = view.resampling.blendsRowsFirst != placed[start].resampling.blendsRowsFirst
      if position > start, elements > sourceElementsAtOnce || isOfAnotherOrder {
        pieces.append(resample(Array(placed[start..<position]), of: source))
        (start, height, width) = (position, view.resampling.box.height, view.resampling.box.width)
      } else {
        (height, width) = (tall, wide)
      }
    }
    pieces.append(resample(Array(placed[start...]), of: source))
    var places = [Int](repeating: 0, count: placed.count)
    for (place, view) in placed.enumerated() { places[view.number] = place }
    return Tensor.concatenated(pieces).selecting(Tensor(places))
  }

  private func resample(_ views: [Placed], of source: SourceImages) -> Tensor {
    let resamplings = views.map(\.resampling)
    let (height, width) = (resamplings.map(\.box.height).max()!, resamplings.map(\.box.width).max()!)
    let pixels = cropped(views, of: source, height: height, width: width)
    let columns = Filters(FilterTable(.columns, of: resamplings, size: size), size: size, count: width)
    let rows = Filters(FilterTable(.rows, of: resamplings, size: size), size: size, count: height)
    return resamplings[0].blendsRowsFirst
      ? columns.apply(to: rows.apply(to: pixels.transposed()).transposed())
      : rows.apply(to: columns.apply(to: pixels).transposed()).transposed()
  }

  /// The pixels of each view's box, `[views, channels, height, width]`; smaller boxes repeat their last row and column.
  private func cropped(_ views: [Placed], of source: SourceImages, height: Int, width: Int) -> Tensor {
    let boxes = views.map(\.resampling.box)
    let strides = views.map { source.parts[$0.image].image.width * channels }
    let starts = views.indices.map {
      source.starts[views[$0].image] + boxes[$0].top * strides[$0] + boxes[$0].left * channels
    }
    func places(upTo count: Int, within counts: [Int]) -> Tensor {
      Tensor.range(count).reshaped([1, count]).elementwiseMinimum(
        Tensor(counts.map { $0 - 1 }, shape: [counts.count, 1]))
    }
    let lines = places(upTo: height, within: boxes.map(\.height)) * Tensor(strides, shape: [views.count, 1])
    let columns = places(upTo: width, within: boxes.map(\.width)) * channels
    let indices =
      (lines + Tensor(starts, shape: [views.count, 1])).reshaped([views.count, 1, height, 1])
      + columns.reshaped([views.count, 1, 1, width]) + Tensor.range(channels).reshaped([1, channels, 1, 1])
    return source.bytes.selecting(indices.reshaped([-1])).converted(to: .float32)
      .reshaped([views.count, channels, height, width])
  }
}

/// The filters of views along one axis, as matrices.
///
/// A weight of 22 bits is split in two halves of 11: with them every sum of a product with 8-bit pixels is a whole number
/// that float32 holds exactly, even where the products are made in TF32.
private struct Filters {
  /// The upper halves in 2⁻¹¹ths, `[views, count, size]`.
  let high: Tensor
  /// The lower halves in 2⁻²²ths, of the same shape.
  let low: Tensor

  private static let half = 2048.0

  init(_ table: FilterTable, size: Int, count: Int) {
    let views = table.starts.count / size
    let weights = Tensor(table.weights, shape: [views, size, table.tapCount]).converted(to: .float32)
    let places = (Tensor(table.starts, shape: [views, size, 1]) + Tensor.range(table.tapCount))
      .elementwiseMinimum(Tensor([count - 1]))
    let high = (weights * (1 / Self.half)).rounded(.down)
    let nothing = Tensor.zeros([views, size, count])
    func matrix(_ values: Tensor) -> Tensor { nothing.addingScattered(values, at: places, along: 2).transposed() }
    self.high = matrix(high)
    low = matrix(weights - high * Self.half)
  }

  /// Resamples along the last axis of `[views, channels, …, count]`, rounded to 8 bits.
  func apply(to pixels: Tensor) -> Tensor {
    let shape = pixels.shape
    let lines = pixels.reshaped([shape[0], shape[1] * shape[2], shape[3]])
    // The sum is below 2³⁰, so its halves are carried over before they are put together.
    let carried = (lines.matmul(low) * (1 / Self.half)).rounded(.down)
    let sums = lines.matmul(high) + carried + Self.half / 2
    return (sums * (1 / Self.half)).rounded(.down).clamped(from: 0, to: 255)
      .reshaped([shape[0], shape[1], shape[2], high.shape[2]])
  }
}
