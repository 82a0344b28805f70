import Foundation
import Views

/// The views of one batch of images.
public struct ViewBatch: Sendable {
  /// The views of one recipe.
  public struct Group: Sendable {
    /// How they were drawn and at which size they are rendered.
    public let drawn: DrawnViews
    /// How each view was made: `[view][image]`.
    public let parameters: [[ViewParameters]]
    /// `[view][image][size][size][channels]`, as the recipe normalizes them; empty where the loader renders none.
    public let pixels: PixelBuffer
  }

  /// The batch's number in its epoch, from 0.
  public let step: Int
  /// The epoch that it belongs to, from 0.
  public let epoch: Int
  /// The seed that its views were drawn with.
  public let seed: UInt64
  /// Where the images are in the dataset; a replacement's own index where an image could not be decoded.
  public let indices: [Int]
  /// The views, group by group.
  public let groups: [Group]
  /// 1 (gray), 3 (RGB), or those of the images.
  public let channels: Int
  /// Where the time went that making this batch took.
  public let times: LoadingTimes
  /// The decoded images, in the order of `indices`; empty where the loader keeps none.
  public let images: [ImagePart]

  /// Renders some of the drawn views, at the size of their recipe or at another one.
  ///
  /// For views that were not rendered, or small, to choose among them. The loader must keep images.
  /// - Parameters:
  ///   - group: The group of views.
  ///   - chosen: For each slot and image the number of a view: `[slot][image]`.
  ///   - size: Side of the views in pixels when it is not the recipe's.
  ///   - start: The first image of those in `chosen`.
  ///   - threads: How many threads render, at least 1.
  /// - Returns: `[slot][image][size][size][channels]`, in the format of the group.
  public func rendered(group: Int, chosen: [[Int]], size: Int? = nil, fromImage start: Int = 0, threads: Int)
    -> PixelBuffer
  {
    precondition(images.count == indices.count, "this loader does not keep images (LoaderConfiguration.keepsImages)")
    let count = chosen.first?.count ?? 0
    precondition(
      start >= 0 && start + count <= images.count && chosen.allSatisfy { $0.count == count },
      "every slot chooses a view of the same images of the batch")
    let (recipe, format) = (groups[group].drawn.recipe, groups[group].pixels.format)
    let renderer = ViewRenderer(recipe: recipe, channels: channels, size: size, format: format)
    let parameters = groups[group].parameters
    let buffer = PixelBuffer(count: chosen.count * count * renderer.elementCount, format: format)
    let pieces = min(threads, count)
    DispatchQueue.concurrentPerform(iterations: pieces) { piece in
      var scratch = RenderScratch()
      for image in (count * piece / pieces)..<(count * (piece + 1) / pieces) {
        for slot in chosen.indices {
          let place = (slot * count + image) * renderer.elementCount
          renderer.render(
            images[start + image], parameters[chosen[slot][image]][start + image],
            into: buffer.bytes(from: place, count: renderer.elementCount), scratch: &scratch)
        }
      }
    }
    return buffer
  }
}

extension ViewBatch {
  /// The batch cut into parts of as many images each, in order; itself where there is one part.
  ///
  /// Traps when the parts would not be equal.
  public func split(into count: Int) -> [ViewBatch] {
    precondition(count > 0 && indices.count % count == 0, "\(indices.count) images in \(count) equal parts")
    guard count > 1 else { return [self] }
    let size = indices.count / count
    return (0..<count).map { selecting(Array($0 * size..<($0 + 1) * size)) }
  }

  /// Some of the images, or all in another order, by their places in the batch.
  public func selecting(_ places: [Int]) -> ViewBatch {
    ViewBatch(
      step: step, epoch: epoch, seed: seed, indices: places.map { indices[$0] },
      groups: groups.map { group in
        Group(
          drawn: group.drawn, parameters: group.parameters.map { view in places.map { view[$0] } },
          pixels: group.pixels.rows(places, of: indices.count, in: group.parameters.count))
      },
      channels: channels, times: times, images: images.isEmpty ? [] : places.map { images[$0] })
  }
}

extension PixelBuffer {
  /// A copy of some rows of each block of `rowCount` rows; the buffer itself where it is empty.
  fileprivate func rows(_ rows: [Int], of rowCount: Int, in views: Int) -> PixelBuffer {
    guard count > 0 else { return self }
    let values = count / (views * rowCount)
    let copy = PixelBuffer(count: views * rows.count * values, format: format)
    for view in 0..<views {
      for (place, row) in rows.enumerated() {
        copy.bytes(from: (view * rows.count + place) * values, count: values).copyMemory(
          from: UnsafeRawBufferPointer(bytes(from: (view * rowCount + row) * values, count: values)))
      }
    }
    return copy
  }
}
