import CJPEG

/// A JPEG that libjpeg-turbo reads row by row; its memory is freed with the value.
struct JPEGReader: ~Copyable {
  let header: CJPEGHeader
  private let reader: OpaquePointer
  private let name: String

  /// Reads the header of `bytes`, which must outlive the reader.
  init(_ bytes: UnsafeRawBufferPointer, name: String) throws(ImageError) {
    guard let reader = CJPEGOpen(bytes.baseAddress!.assumingMemoryBound(to: UInt8.self), bytes.count) else {
      throw JPEGCodec.refusal(name, "no memory for the decoder")
    }
    var header = CJPEGHeader()
    guard CJPEGReadHeader(reader, &header) else {
      let reason = String(cString: CJPEGMessage(reader))
      CJPEGClose(reader)
      throw JPEGCodec.refusal(name, reason)
    }
    self.header = header
    self.reader = reader
    self.name = name
  }

  deinit { CJPEGClose(reader) }

  /// Starts decoding at a `reduction`th of the size and gives the columns that every row will have: at least `columns`.
  func start(reduction: Int, columns: Range<Int>) throws(ImageError) -> Range<Int> {
    var left = UInt32(columns.lowerBound)
    var width = UInt32(columns.count)
    try check(CJPEGStart(reader, Int32(reduction), &left, &width))
    return Int(left)..<Int(left + width)
  }

  /// Reads the next row, of `samples` bytes for each column.
  func readRow(into row: UnsafeMutablePointer<UInt8>) throws(ImageError) { try check(CJPEGReadRow(reader, row)) }

  /// Reads past rows without working out their pixels; not for the last row.
  func skipRows(_ count: Int) throws(ImageError) { try check(CJPEGSkipRows(reader, UInt32(count))) }

  /// Reads on to the end marker after the last row.
  func finish() throws(ImageError) { try check(CJPEGFinish(reader)) }

  private func check(_ isGood: Bool) throws(ImageError) {
    guard isGood else { throw JPEGCodec.refusal(name, String(cString: CJPEGMessage(reader))) }
  }
}
