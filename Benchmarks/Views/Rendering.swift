import ImageData
import Views

/// Draws and renders views of decoded images into memory that is used round and round.
///
/// The memory is as large as that of a batch, so that views are written to memory and not only to a cache, as they are
/// when a model reads them. Nothing is allocated for pixels while this works.
struct Rendering {
  private let parts: [ImagePart]
  private let groups: [Request.Group]
  private let renderers: [ViewRenderer]
  private let seed: UInt64
  private let ring: UnsafeMutableRawBufferPointer
  private var offset = 0
  private var scratch = RenderScratch()
  private var epoch = 0
  private var next = 0

  private static let ringBytes = 64 << 20
  private static let imagesAtOnce = 16

  /// - Parameter isSmall: Whether the views are rendered half as wide as their recipes say.
  init(_ images: [Image], groups: [Request.Group], seed: UInt64, isSmall: Bool = false) {
    parts = images.map { ImagePart($0) }
    self.groups = groups
    self.seed = seed
    renderers = groups.map {
      ViewRenderer(recipe: $0.recipe, channels: 3, size: isSmall ? $0.recipe.size / 2 : $0.recipe.size)
    }
    ring = .allocate(byteCount: Self.ringBytes, alignment: 64)
    ring.initializeMemory(as: UInt8.self, repeating: 0)
  }

  /// Frees the memory.
  func end() { ring.deallocate() }

  /// Renders all views of the next few images, and `again` views of each by the other renderers, whose views are of
  /// other sizes.
  mutating func renderSome(again: Int = 0, by others: [ViewRenderer] = []) -> Amount {
    var amount = Amount(images: Self.imagesAtOnce)
    for _ in 0..<Self.imagesAtOnce {
      let part = parts[next]
      for (group, drawn) in groups.enumerated() {
        let views = DrawnViews(drawn.recipe, count: drawn.count).parameters(
          group: group, seed: seed, epoch: epoch, sample: next, width: part.sourceWidth, height: part.sourceHeight)
        for (member, parameters) in views.enumerated() {
          render(part, parameters, by: renderers[group], &amount)
          if member < again { render(part, parameters, by: others[group], &amount) }
        }
      }
      next += 1
      if next == parts.count { (next, epoch) = (0, epoch + 1) }
    }
    return amount
  }

  private mutating func render(
    _ part: ImagePart, _ parameters: ViewParameters, by renderer: ViewRenderer, _ amount: inout Amount
  ) {
    if offset + renderer.byteCount > ring.count { offset = 0 }
    let output = UnsafeMutableRawBufferPointer(rebasing: ring[offset..<offset + renderer.byteCount])
    renderer.render(part, parameters, into: output, scratch: &scratch)
    offset += (renderer.byteCount + 63) & ~63
    amount.views += 1
    amount.bytes += renderer.byteCount
  }
}
