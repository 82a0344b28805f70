import Foundation
import HardViewPretraining
import HardViewSelection
import Statistics
import TestSupport
import Testing

@testable import Studies

/// The study files of the repository.
@Suite struct RepositoryStudiesTests {
  private static let folder = Fixtures.committed.deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Studies").path
  private static let names =
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".yaml") }.sorted()

  @Test(arguments: names)
  func isAStudy(name: String) throws {
    let study = try Study(contentsOf: "\(Self.folder)/\(name)")
    // The one of rates chooses a rate, that of the mechanism looks inside of runs; neither gives a verdict.
    #expect(study.seeds.count >= (["mechanism.yaml", "rates.yaml"].contains(name) ? 1 : Verdict.fewestPairs))
    #expect(study.arms.count >= 2 && !study.summary.isEmpty)
    for condition in study.conditions {
      for arm in study.arms {
        let configuration = study.configuration(of: arm.name, in: condition)
        let path = configuration.values.data.path
        let fetched = ["animals", "textures"].contains { path.hasSuffix("/.cache/hardviews/\($0)") }
        #expect(path == "/usr/share/datasets/fashion-mnist" || fetched)
        #expect(arm.isUntrained || configuration.values.training.epochs > 0)
      }
    }
  }

  /// The tables of the paper that they have the shape of.
  @Test func theyAreThePapersTables() throws {
    func candidates(_ name: String) throws -> [Int] {
      let study = try Study(contentsOf: "\(Self.folder)/\(name)")
      return study.arms.map { arm in
        let selection = study.configuration(of: arm.name, in: study.conditions[0]).values.selection
        return selection.policy == .none ? 2 : selection.candidates
      }
    }
    #expect(try candidates("candidates.yaml") == [2, 3, 4, 6, 8])
    #expect(Self.names.count == 18)
  }
}
