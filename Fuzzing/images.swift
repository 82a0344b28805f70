import ImageData
import Views

/// Reads one image and asks for a part of it, chosen by its last bytes.
///
/// It must be refused or give the announced size, and the part must hold the pixels that the whole has.
@_cdecl("LLVMFuzzerTestOneInput")
public func readImage(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let bits = bytes.last ?? 0
  let options = DecodingOptions(
    pixelLimit: 1 << 18, appliesOrientation: bits & 1 == 0,
    background: bits & 2 == 0 ? nil : BackgroundColor(red: 20, green: bits, blue: 9),
    sixteenBitRange: bits & 4 == 0 ? 0...65535 : 100...3000, channels: bits & 8 == 0 ? nil : Int(bits >> 4))
  guard let image = try? EncodedImage(bytes, name: "fuzzed", options: options) else { return 0 }
  precondition(image.width > 0 && image.height > 0 && image.width * image.height <= options.pixelLimit)

  let choice = bytes.suffix(5).map(Int.init)
  let top = choice[0] * image.height / 256
  let left = choice[1] * image.width / 256
  let box = CropBox(
    top: top, left: left, height: 1 + choice[2] * (image.height - top - 1) / 255,
    width: 1 + choice[3] * (image.width - left - 1) / 255)
  let reduction = 1 << (choice[4] >> 1 & 3)
  let everything = CropBox(top: 0, left: 0, height: image.height, width: image.width)
  guard
    let part = try? image.pixels(PixelNeed(box: box, reduction: reduction)),
    let whole = try? image.pixels(PixelNeed(box: everything, reduction: reduction))
  else { return 0 }
  precondition(part.sourceWidth == image.width && part.sourceHeight == image.height)
  precondition(part.reduction == whole.reduction && whole.top == 0 && whole.left == 0)
  precondition(whole.image.width == (image.width + whole.reduction - 1) / whole.reduction)
  precondition(whole.image.height == (image.height + whole.reduction - 1) / whole.reduction)
  let length = part.image.width * part.image.channels
  for row in 0..<part.image.height {
    let first = ((part.top + row) * whole.image.width + part.left) * part.image.channels
    precondition(
      part.image.pixels[row * length..<(row + 1) * length] == whole.image.pixels[first..<first + length],
      "The part's row \(row) is not that of the whole.")
  }
  return 0
}
