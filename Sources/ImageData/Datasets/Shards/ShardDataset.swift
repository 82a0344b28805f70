import Foundation
import Views

/// Images in tar files ("shards") in the layout of WebDataset, decoded when they are asked for.
///
/// A sample is the consecutive members that share a key, the path up to the first dot of its last part: an image, and its
/// class as a number in `.cls`, or as `label` in `.json`. The shards of a folder
/// are those directly in it, in the order of their names; a file `classes.txt` beside them, or beside the folder
/// `train`, names the classes, one a line. Without a class for every sample, the dataset has no labels.
///
/// Opening goes through the headers of shards that are new or changed, and takes what it knows of the others from an
/// index in the user's cache folder.
struct ShardDataset: ImageDataset, EncodedImages {
  let labels: [Int]?
  let classNames: [String]?
  let summary: String
  let remarks: [String]
  let options: DecodingOptions
  let shards: [Range<Int>]?

  private let folder: String
  private let scans: [ShardScan]
  private let ranges: [Range<Int>]
  private let files: ShardFiles

  /// Opens a shard, or the shards of one split of a folder.
  init(path: String, split: DataSplit, options: DecodingOptions = DecodingOptions(), indexes: IndexCache)
    throws(DatasetError)
  {
    let place = try ShardPlace(path: path, split: split)
    let all = try ShardScan.all(of: place, keyAt: options.shardKey, indexes: indexes)
    let scans = all.filter { $0.count > 0 }
    var ranges: [Range<Int>] = []
    for scan in scans { ranges.append((ranges.last?.upperBound ?? 0)..<(ranges.last?.upperBound ?? 0) + scan.count) }
    guard let count = ranges.last?.upperBound else {
      throw DatasetError(path: path, problem: .noImages(ignoredFiles: all.reduce(0) { $0 + $1.withoutImage }))
    }
    self.scans = scans
    self.ranges = ranges
    self.shards = ranges
    self.folder = place.folder
    self.options = options
    self.files = ShardFiles(folder: place.folder, scans: scans)

    let labels = scans.flatMap(\.labels)
    let unlabelled = labels.count { $0 < 0 }
    let names = try place.classNames()
    if let names, let wrong = labels.firstIndex(where: { $0 >= names.count }) {
      throw DatasetError(
        path: path, problem: .labelOutOfRange(label: Int(labels[wrong]), record: wrong, classes: names.count))
    }
    self.labels = unlabelled == 0 ? labels.map(Int.init) : nil
    self.classNames = unlabelled == 0 ? names : nil
    let classCount = Set(labels).count
    let classes = unlabelled == 0 ? "in \(quantity(classCount, "class", "classes"))" : "without labels"
    self.summary = "\(quantity(count, "image")) \(classes) (\(quantity(scans.count, "tar shard")), \(place.path))"
    var remarks: [String] = []
    if unlabelled > 0, unlabelled < count {
      remarks.append("All images are used without labels: \(unlabelled) of them have no number as their class.")
    }
    self.remarks = remarks + Self.remarks(on: all) + place.remarks
  }

  /// What the scans left out.
  private static func remarks(on scans: [ShardScan]) -> [String] {
    func total(_ count: KeyPath<ShardScan, Int>) -> Int { scans.reduce(0) { $0 + $1[keyPath: count] } }
    var remarks: [String] = []
    if total(\.withoutImage) > 0 {
      remarks.append("\(quantity(total(\.withoutImage), "sample")) without an image left out.")
    }
    if total(\.furtherImages) > 0 {
      remarks.append(
        "\(quantity(total(\.furtherImages), "image")) left out beside the one that a sample is named after; "
          + "data.key_at: last_dot makes each a sample.")
    }
    if total(\.passedOver) > 0 {
      remarks.append(
        "\(quantity(total(\.passedOver), "member")) of shards left out, hidden or without an ending.")
    }
    return remarks
  }

  var count: Int { ranges.last?.upperBound ?? 0 }

  func source(at index: Int) throws(ImageError) -> any ImageSource {
    try EncodedImage(encodedImage(at: index), name: name(at: index), options: options)
  }

  func encodedImage(at index: Int) throws(ImageError) -> [UInt8] {
    let (shard, sample) = place(of: index)
    let name = name(at: index)
    let size = scans[shard].sizes[sample]
    guard size <= FileBytes.sizeLimit else {
      throw ImageError(path: name, problem: .tooManyBytes(size, limit: FileBytes.sizeLimit))
    }
    return try files.read(shard: shard, at: scans[shard].offsets[sample], count: size, name: name)
  }

  func name(at index: Int) -> String {
    let (shard, sample) = place(of: index)
    return "\(folder)/\(scans[shard].file)#\(scans[shard].names[sample])"
  }

  private func place(of index: Int) -> (shard: Int, sample: Int) {
    precondition(index >= 0 && index < count, "image \(index) of \(count)")
    let shard = ranges.firstPosition { $0.upperBound > index }
    return (shard, index - ranges[shard].lowerBound)
  }
}

extension RandomAccessCollection where Index == Int {
  /// The first position whose element satisfies `predicate`, which all elements after it satisfy too.
  func firstPosition(where predicate: (Element) -> Bool) -> Int {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = low + (high - low) / 2
      if predicate(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
