import Views

extension Image {
  /// An image whose values, at first undefined, are all written by `fill`; where that fails there is no image.
  ///
  /// The values are the first of the buffer, which holds `scratch` more.
  init(
    width: Int, height: Int, channels: Int, scratch: Int = 0,
    fill: (UnsafeMutableBufferPointer<UInt8>) throws(ImageError) -> Void
  ) throws(ImageError) {
    var failure: ImageError?
    let size = width * height * channels
    let pixels = [UInt8](unsafeUninitializedCapacity: size + scratch) { buffer, count in
      do throws(ImageError) {
        try fill(buffer)
        count = size
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    self.init(width: width, height: height, channels: channels, pixels: pixels)
  }
}

extension Image {
  /// Makes sure that the image can be had in `wanted` channels; `name` stands for it in the error.
  package func checkChannels(_ wanted: Int, name: @autoclosure () -> String) throws(ImageError) {
    guard isConvertible(toChannels: wanted) else {
      throw ImageError(path: name(), problem: .wrongChannels(channels, wanted: wanted))
    }
  }
}
