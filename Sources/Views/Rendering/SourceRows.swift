/// The rows of a crop as 8-bit pixels of the wanted number of channels, readable one byte beyond their end.
struct SourceRows {
  /// Where four rows start.
  typealias Four = (UnsafePointer<UInt8>, UnsafePointer<UInt8>, UnsafePointer<UInt8>, UnsafePointer<UInt8>)

  private let origin: UnsafePointer<UInt8>
  private let rowStride: Int
  private let width: Int
  private let height: Int
  private let isConverting: Bool
  /// Whether nothing follows the crop's last row in memory.
  private let needsCopyOfLastRow: Bool
  private let copies: UnsafeMutablePointer<UInt8>

  /// - Parameter buffer: Memory for rows that cannot be read where they are.
  init(
    _ image: Image, pixels: UnsafePointer<UInt8>, box: CropBox, channelCount: Int,
    buffer: inout ReusableBuffer<UInt8>
  ) {
    rowStride = image.width * image.channels
    origin = pixels + box.top * rowStride + box.left * image.channels
    width = box.width
    height = box.height
    isConverting = channelCount == 1 && image.channels == 3
    needsCopyOfLastRow = channelCount == 3 && box.top + box.height == image.height
    copies = buffer.reserve(4 * (3 * box.width + 1))
  }

  /// Four rows, valid until the next four are asked for; those below the crop are its last row.
  func fourRows(from first: Int) -> Four { (row(first, 0), row(first + 1, 1), row(first + 2, 2), row(first + 3, 3)) }

  private func row(_ index: Int, _ place: Int) -> UnsafePointer<UInt8> {
    let index = min(index, height - 1)
    let row = origin + index * rowStride
    let copy = copies + place * (3 * width + 1)
    if isConverting {
      Luma.convert(row, count: width, into: copy)
    } else if needsCopyOfLastRow && index == height - 1 {
      copy.update(from: row, count: width * 3)
    } else {
      return row
    }
    return UnsafePointer(copy)
  }
}
