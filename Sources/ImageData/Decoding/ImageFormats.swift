/// The formats of image files that are read.
enum ImageFormats {
  /// One codec for each, the most usual first.
  static let codecs: [any ImageCodec.Type] = [
    JPEGCodec.self, PNGCodec.self, WebPCodec.self, TIFFCodec.self, GIFCodec.self, BMPCodec.self,
  ]

  /// How the names of image files end, in small letters and without the dot.
  static let endings = Set(codecs.flatMap { $0.fileExtensions })

  /// The endings as they are listed in messages.
  static let listOfEndings = codecs.flatMap { $0.fileExtensions }.map { ".\($0)" }.joined(separator: ", ")

  /// The names of the formats, as the end of a sentence.
  static let listOfNames: String = {
    let names = codecs.map { $0.format }
    return names.dropLast().joined(separator: ", ") + " or " + names.last!
  }()

  /// The codec of an image whose first bytes are these; nil where they are of no known format.
  static func codec(recognizing bytes: UnsafeRawBufferPointer) -> (any ImageCodec.Type)? {
    codecs.first { $0.recognizes(bytes) }
  }
}
