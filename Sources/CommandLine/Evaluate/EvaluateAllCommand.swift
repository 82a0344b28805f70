import ArgumentParser
import RunEvaluation
import RunRecords

/// `hardviews evaluate all`.
struct EvaluateAllCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "all",
    abstract: "\(StandardProtocols.names.joined(separator: ", ")), those that take longest last.",
    discussion: """
      Features are computed once. Each result is printed and written as soon as it is there. Other protocols take many \
      passes over the images or need other images, and are run by name.
      """)

  @OptionGroup var options: EvaluateOptions

  func run() throws {
    try options.evaluate { evaluation in
      var records: [any MeasuredRecord] = []
      var said = evaluation.remarks
      for chosen in try evaluation.standardProtocols() {
        let record = try evaluation.outcome(of: chosen)
        records.append(record)
        remarkOn(record, said: &said)
        guard !options.json else { continue }
        print("\(record.evaluation)\n\(Table(of: record.measures).text)")
      }
      if options.json { try printJSON(records.map(AnyRecord.init)) }
    }
  }
}

/// A record whose type does not matter where it is encoded.
private struct AnyRecord: Encodable {
  var record: any MeasuredRecord

  func encode(to encoder: any Encoder) throws { try record.encode(to: encoder) }
}
