import Views

/// What is to be timed: one line of JSON on standard input, with keys in snake case.
struct Request: Codable {
  /// What is done again and again.
  enum Work: String, Codable {
    /// Views are drawn and rendered from decoded images.
    case render
    /// As `render`, but all views half as wide, then two of them once more at their size.
    case renderSmall = "render_small"
    /// A `ViewLoader` makes batches from the folder's files.
    case load
    /// A `ViewLoader` makes batches from decoded images.
    case loadDecoded = "load_decoded"
    /// The folder's files are decoded.
    case decode
    /// A block of memory is copied to another, both larger than any cache.
    case copy
  }

  /// Views that are drawn alike.
  struct Group: Codable {
    var count: Int
    var recipe: ViewRecipe
  }

  /// The row's name, which is repeated in the answer.
  var row: String
  var work: Work
  /// A folder of images.
  var images: String
  /// What is drawn of each image.
  var groups: [Group]
  /// How long it is done at least, after a warm-up.
  var seconds: Double
  /// Threads of the loader; with 0 the work is done by the one who takes the batches.
  var threads: Int
  /// Chooses what is drawn.
  var seed: UInt64
}

/// What was measured: one line of JSON on standard output.
struct Measurement: Codable {
  var row: String
  /// Images that were gone through; an image counts each time.
  var images: Int
  /// Views that were rendered.
  var views: Int
  /// Bytes that were written as results.
  var bytes: Int
  /// Time on the clock.
  var seconds: Double
  /// Time of all threads on a processor.
  ///
  /// Less than `seconds`, where one thread works all the time, says that others used the processor too.
  var cpuSeconds: Double
}

/// What one piece of work came to.
struct Amount {
  var images = 0
  var views = 0
  var bytes = 0

  static func += (sum: inout Amount, more: Amount) {
    sum.images += more.images
    sum.views += more.views
    sum.bytes += more.bytes
  }
}
