import Synchronization
import Views

/// Keeps the decoded images of another dataset in memory, up to a number of bytes.
///
/// The first images that are asked for are kept, and none is given up for another: in an epoch each image is asked for
/// once, so that the last one used is the last to come again. Images are always decoded in full, so that it does not
/// matter for a view whether its image was in memory.
public final class CachedImages: ImageDataset {
  private let base: any ImageDataset
  private let capacity: Int
  private let kept = Mutex<(images: [Int: Image], bytes: Int)>(([:], 0))

  /// Keeps images of `base` until their pixels take `capacity` bytes.
  public init(_ base: any ImageDataset, capacity: Int) {
    precondition(capacity >= 0, "a number of bytes cannot be negative")
    self.base = base
    self.capacity = capacity
  }

  /// The number of images, kept or not.
  public var count: Int { base.count }
  /// The classes of the images.
  public var labels: [Int]? { base.labels }
  /// The names of the classes.
  public var classNames: [String]? { base.classNames }
  /// A description of the images.
  public var summary: String { base.summary }
  /// What was left out.
  public var remarks: [String] { base.remarks }
  /// Where the images lie one after another.
  public var shards: [Range<Int>]? { base.shards }
  /// The bytes of the pixels that are kept.
  public var bytesInUse: Int { kept.withLock { $0.bytes } }

  /// The name that the image has in the other dataset.
  public func name(at index: Int) -> String { base.name(at: index) }

  /// The image, from memory where it is there.
  public func source(at index: Int) throws(ImageError) -> any ImageSource {
    if let image = kept.withLock({ $0.images[index] }) { return image }
    let source = try base.source(at: index)
    return WatchedSource(source: source) { [self] image in keep(image, at: index) }
  }

  private func keep(_ image: Image, at index: Int) {
    kept.withLock { kept in
      guard kept.bytes + image.pixels.count <= capacity, kept.images[index] == nil else { return }
      kept.images[index] = image
      kept.bytes += image.pixels.count
    }
  }
}

/// Decodes the whole image and reports its pixels to a callback.
private struct WatchedSource: ImageSource {
  let source: any ImageSource
  let onDecoding: (Image) -> Void

  var width: Int { source.width }
  var height: Int { source.height }
  var fingerprint: UInt64? { source.fingerprint }

  func pixels(_ need: PixelNeed) throws(ImageError) -> ImagePart {
    let image = try source.wholeImage()
    onDecoding(image)
    return ImagePart(image)
  }
}
