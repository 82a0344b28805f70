import Foundation
import RunRecords
import TestSupport
import Testing

@testable import ViewRecords
@testable import Views

/// Records drawn at random, of pairs of four views unless told otherwise.
private func records(_ count: Int, images: Int = 5, seed: UInt64 = 1) -> [ViewsRecord] {
  var random = ViewRandom(seed: seed, epoch: 0, sample: 0, view: 0, stream: 0)
  return (0..<count).map { step in
    let views = (0..<4).map { _ in
      let (width, height) = (1 + random.integer(below: 20), 1 + random.integer(below: 20))
      var view = ViewParameters(
        sourceWidth: 28, sourceHeight: 30,
        crop: CropBox(
          top: random.integer(below: 30 - height), left: random.integer(below: 28 - width), height: height,
          width: width),
        isFlipped: random.integer(below: 2) == 0, isGrayscale: random.integer(below: 2) == 0,
        isSolarized: random.integer(below: 2) == 0)
      if random.integer(below: 2) == 0 {
        view.jitter = JitterParameters(
          brightness: random.uniform(), contrast: random.uniform(), saturation: random.uniform(), hue: -0.1,
          order: [.hue, .contrast, .brightness, .saturation])
      }
      if random.integer(below: 2) == 0 { view.blurSigma = random.uniform() }
      if random.integer(below: 4) == 0 {
        view.operations = [DrawnOperation(.rotate, magnitude: -12.5), DrawnOperation(.equalize)]
        view.erased = CropBox(top: 1, left: 2, height: 3, width: 4)
        view.ownOperations = [DrawnViewOperation(name: "mine", values: [0.25, 1])]
      }
      return view
    }
    let scores = (0..<6).map { _ in Float(random.uniform()) - 0.5 }
    let hardest = scores.indices.max { scores[$0] < scores[$1] }!
    let image = random.integer(below: images)
    return ViewsRecord(
      step: step, epoch: step / 10, image: image, name: "a folder/'\(image)', \"new\".jpg", views: views,
      selected: [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]][hardest], scores: scores)
  }
}

@Suite struct ViewsDatabaseTests {
  @Test func recordsComeBackAsTheyWere() throws {
    try withTemporaryDirectory { folder in
      var written = records(40)
      written[3].scores = nil
      written[4].scores = [1, .nan, .infinity, -.infinity, 0.1, -0.3]
      written[5].scored = [0, 2, 3]
      written[5].scores = [1, 2, 3]
      written[6].views = []
      let directory = try RunDirectory.planned(at: folder)
      let log = directory.viewsLog(.sqlite)
      for record in written { try log.append(record) }
      #expect(!FileManager.default.fileExists(atPath: directory.viewsDatabasePath))
      try log.flush()
      let read = RecordedViews(of: directory)
      #expect(read.path == directory.viewsDatabasePath)
      let sample = try read.sample(limit: 100)
      #expect(sample.lineCount == 40 && sample.records.count == 40)
      for (one, other) in zip(sample.records, written) {
        #expect(one.views == other.views && one.selected == other.selected && one.scored == other.scored)
        #expect("\(String(describing: one.scores))" == "\(String(describing: other.scores))")
        #expect(one.name == other.name && one.image == other.image && one.step == other.step)
      }
      #expect(try read.sample(limit: 5).records.map(\.step) == [0, 8, 16, 24, 32])
      #expect(try read.sample(limit: 100, window: 0.5...0.6).records.map(\.step) == [20, 21, 22, 23])
      #expect(try read.lastEpoch().map(\.step) == Array(30..<40))
    }
  }

  /// What was written after a checkpoint is dropped, and written again.
  @Test(arguments: ViewsFormat.allCases)
  func logsGoOnWhereACheckpointDoes(format: ViewsFormat) throws {
    try withTemporaryDirectory { folder in
      let directory = try RunDirectory.planned(at: folder)
      let all = records(700)
      let log = directory.viewsLog(format)
      for record in all { try log.append(record) }
      try log.flush()
      let resumed = directory.viewsLog(format)
      try resumed.cut(atStep: 20)
      #expect(try RecordedViews(of: directory).sample(limit: 1000).records == Array(all[..<20]))
      for record in all[20..<30] { try resumed.append(record) }
      try resumed.flush()
      #expect(try RecordedViews(of: directory).sample(limit: 1000).records == Array(all[..<30]))
      try directory.viewsLog(format).cut(atStep: 0)
      #expect(try RecordedViews(of: directory).sample(limit: 1000).records.isEmpty)
    }
  }

  /// Overlap and score of every pair, as the types of the program compute them.
  @Test func pairsHaveOverlapsAndScores() throws {
    let written = records(30)
    let database = try ViewsDatabase.holding(written)
    let rows = try database.answer(
      to: "SELECT step, first, second, selected, overlap, score FROM pairs ORDER BY record, first, second"
    ).rows
    var expected: [[SQLValue]] = []
    for record in written {
      var choice = 0
      for first in 0..<4 {
        for second in first + 1..<4 {
          expected.append([
            .integer(record.step), .integer(first), .integer(second),
            .integer(record.selected == [first, second] ? 1 : 0),
            .real(record.views[first].crop.intersectionOverUnion(with: record.views[second].crop)),
            .real(Double("\(record.scores![choice])")!),
          ])
          choice += 1
        }
      }
    }
    #expect(rows == expected)
    // The hardest pair was chosen.
    for (row, record) in zip(try database.answer(to: "SELECT mean_score, selected_score FROM records").rows, written) {
      #expect(abs((row[0].real ?? 0) - record.scores!.map(Double.init).reduce(0, +) / 6) < 1e-12)
      #expect(row[1].real == Double(record.scores!.max()!))
    }
  }

  @Test func epochsAndLedgerAreThoseOfABruteForce() throws {
    var written = records(60)
    for place in stride(from: 0, to: 60, by: 7) { written[place].scores = nil }
    let database = try ViewsDatabase.holding(written)
    let epochs = try database.epochs()
    #expect(epochs.rows.count == 6)
    for (epoch, row) in epochs.rows.enumerated() {
      let part = written.filter { $0.epoch == epoch }
      var (chosen, others, least): ([Double], [Double], Int) = ([], [], 0)
      for record in part {
        var own: [Double] = []
        for first in 0..<4 {
          for second in first + 1..<4 {
            let overlap = record.views[first].crop.intersectionOverUnion(with: record.views[second].crop)
            if record.selected == [first, second] { chosen.append(overlap) } else { others.append(overlap) }
            own.append(overlap)
          }
        }
        if chosen.last! <= own.min()! { least += 1 }
      }
      func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
      let means = part.compactMap(\.meanScore)
      for (name, value) in [
        ("epoch", Double(epoch + 1)), ("records", 10), ("images", Double(Set(part.map(\.image)).count)),
        ("chosen_overlap", mean(chosen)), ("other_overlap", mean(others)),
        ("least_overlap_share", Double(least) / 10), ("mean_score", mean(means)),
        ("selected_score", mean(part.compactMap(\.selectedScore))),
      ] {
        #expect(abs((row[epochs.columns.firstIndex(of: name)!].real ?? .nan) - value) < 1e-12, "\(name)")
      }
    }
    let ledger = try database.ledger()
    #expect(ledger.count == Set(written.map(\.image)).count)
    #expect(ledger.compactMap(\.standing) == ledger.compactMap(\.standing).sorted())
    let scored = written.filter { $0.scores != nil }
    let means = Dictionary(grouping: scored, by: \.epoch).mapValues { part in
      part.reduce(0) { $0 + $1.meanScore! } / Double(part.count)
    }
    for image in ledger {
      let own = scored.filter { $0.image == image.image }
      #expect(image.trained == written.count { $0.image == image.image } && image.scored == own.count)
      #expect(abs(image.meanScore - own.reduce(0) { $0 + $1.meanScore! } / Double(own.count)) < 1e-12)
      #expect(image.lastScore == own.last!.meanScore && image.name == own[0].name)
      let gains = own.map { $0.selectedScore! - $0.meanScore! }
      #expect(abs(image.meanGain! - gains.reduce(0, +) / Double(gains.count)) < 1e-12)
      #expect(abs(image.lastGain! - gains.last!) < 1e-12)
      let late = own.filter { $0.epoch >= 3 }.map { $0.meanScore! - means[$0.epoch]! }
      #expect(abs((image.standing ?? .nan) - late.reduce(0, +) / Double(late.count)) < 1e-12)
      #expect(image.isAlwaysHard == own.allSatisfy { $0.meanScore! > means[$0.epoch]! })
    }
  }

  /// Runs of older versions have lines; they answer the same questions.
  @Test func linesAnswerTheSameQuestions() throws {
    try withTemporaryDirectory { folder in
      let directory = try RunDirectory.planned(at: folder)
      let written = records(1500)
      for format in ViewsFormat.allCases {
        let log = directory.viewsLog(format)
        for record in written { try log.append(record) }
        try log.flush()
      }
      let file = try RecordedViews(of: directory).tables()
      try FileManager.default.removeItem(atPath: directory.viewsDatabasePath)
      let lines = try Data(contentsOf: URL(filePath: directory.viewsPath))
      try (lines + Data("{\"step\": 1, \"of\": \"another version\"}\n".utf8)).write(
        to: URL(filePath: directory.viewsPath))
      let read = try RecordedViews(of: directory).tables()
      #expect(file.unreadable == 0 && read.unreadable == 1)
      #expect(try read.database.epochs() == file.database.epochs())
      #expect(try read.database.ledger() == file.database.ledger())
      let question = "SELECT * FROM pairs JOIN views USING (record) ORDER BY record, view, first, second"
      #expect(try read.database.answer(to: question) == file.database.answer(to: question))
    }
  }

  @Test func imagesAreFoundByTheEndOfTheirNames() throws {
    var written = records(20, images: 3)
    for (place, record) in written.enumerated() { written[place].name = "cats/\(record.image)1.jpg" }
    let database = try ViewsDatabase.holding(written)
    #expect(try database.records(ofImage: "/11.jpg").rows.count == written.count { $0.image == 1 })
    #expect(try database.records(ofImage: "cats/21.jpg").rows.count == written.count { $0.image == 2 })
    let several = #expect(throws: RecordError.self) { try database.records(ofImage: "1.jpg") }
    #expect(several?.description.contains("3 images whose names end in '1.jpg'") == true)
    let none = #expect(throws: RecordError.self) { try database.records(ofImage: "dog.jpg") }
    #expect(none?.description.contains("no image 'dog.jpg'") == true)
  }

  @Test func questionsThatChangeSomethingOrMakeNoSenseAreRefused() throws {
    let database = try ViewsDatabase.holding(records(10))
    for (question, word) in [
      ("DELETE FROM records", "only read"), ("SELECT iou FROM pairs", "no such column: iou"), ("SELEC", "syntax error"),
      ("", "asked nothing"),
    ] {
      let error = #expect(throws: RecordError.self) { try database.answer(to: question) }
      #expect(error?.description.contains(word) == true, "\(String(describing: error))")
    }
    #expect(try database.count == 10)
    #expect(
      try database.answer(to: "SELECT x'00ff', NULL, 'a', 2, 0.5").rows == [
        [.text("2 bytes"), .null, .text("a"), .integer(2), .real(0.5)]
      ])
  }

  @Test func otherFilesAreNotTaken() throws {
    try withTemporaryDirectory { folder in
      let directory = try RunDirectory.planned(at: folder)
      let nothing = #expect(throws: RecordError.self) { try RecordedViews(of: directory).tables() }
      #expect(nothing?.description.contains("no choices yet") == true)
      // Cut off, of another kind, of another version, of another program.
      let log = directory.viewsLog(.sqlite)
      for record in records(600) { try log.append(record) }
      try log.flush()
      let whole = try Data(contentsOf: URL(filePath: directory.viewsDatabasePath))
      for content in [Data(whole.prefix(whole.count / 2)), Data("no database, but long enough for one".utf8)] {
        try content.write(to: URL(filePath: directory.viewsDatabasePath))
        #expect(throws: RecordError.self) { try RecordedViews(of: directory).tables().database.ledger() }
        #expect(throws: RecordError.self) { try directory.viewsLog(.sqlite).cut(atStep: 5) }
        #expect(try Data(contentsOf: URL(filePath: directory.viewsDatabasePath)) == content)
      }
      for change in ["PRAGMA user_version = 7", "DROP TABLE records"] {
        try whole.write(to: URL(filePath: directory.viewsDatabasePath))
        try SQLiteDatabase(path: directory.viewsDatabasePath, .writing).execute(change)
        let error = #expect(throws: RecordError.self) { try RecordedViews(of: directory).tables() }
        #expect(error?.description.contains("as this version records them") == true)
      }
    }
  }

  /// A folder that is gone refuses records once, and takes all of them when it is back.
  @Test func recordsThatTheDiskRefusesAreKept() throws {
    try withTemporaryDirectory { folder in
      let directory = try RunDirectory.planned(at: folder + "/run")
      let written = records(1600)
      let log = directory.viewsLog(.sqlite)
      var refused = 0
      for record in written {
        do { try log.append(record) } catch { refused += 1 }
      }
      #expect(refused == 1)
      #expect(throws: RecordError.self) { try log.flush() }
      try makeFolder(directory.path)
      try log.flush()
      #expect(try RecordedViews(of: directory).sample(limit: 10_000).records == written)
    }
  }
}
