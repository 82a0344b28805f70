import Foundation
import Torch
import Views

/// Decoded images of a batch, sent to the current device in one piece.
public struct SourceImages {
  /// The images as they are on the CPU.
  let parts: [ImagePart]
  /// Where each image starts in `bytes`.
  let starts: [Int]
  /// The pixels of all images, row by row with interleaved channels, one image after the other.
  let bytes: Tensor

  /// Sends images; each is converted to `channels`, which it must be convertible to.
  public init(_ parts: [ImagePart], channels: Int) {
    self.parts = parts
    var starts: [Int] = []
    var count = 0
    for part in parts {
      starts.append(count)
      count += part.image.width * part.image.height * channels
    }
    self.starts = starts
    bytes = Tensor([count], dtype: .uint8) { [starts] target in
      nonisolated(unsafe) let target = target
      DispatchQueue.concurrentPerform(iterations: parts.count) { number in
        parts[number].image.converted(toChannels: channels).pixels.withUnsafeBytes { pixels in
          UnsafeMutableRawBufferPointer(rebasing: target[starts[number]..<starts[number] + pixels.count])
            .copyMemory(from: pixels)
        }
      }
    }
  }
}
