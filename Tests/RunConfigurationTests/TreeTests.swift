import RunConfiguration
import Testing

@Suite struct TreeTests {
  private func tree(_ yaml: String) throws -> ConfigurationTree { try ConfigurationTree(yaml: yaml, source: "") }

  @Test(arguments: [
    ("optimizer.learning_rate=1e-3", "optimizer: {learning_rate: 1.0e-3, momentum: 0.9}"),
    ("optimizer.schedule.scale=[0.2, 1]", "optimizer: {learning_rate: 1, momentum: 0.9, schedule: {scale: [0.2, 1]}}"),
    ("method.name=byol", "optimizer: {learning_rate: 1, momentum: 0.9}\nmethod: {name: byol}"),
    ("name=a=b", "optimizer: {learning_rate: 1, momentum: 0.9}\nname: a=b"),
    ("path=\"12\"", "optimizer: {learning_rate: 1, momentum: 0.9}\npath: \"12\""),
    ("path=", "optimizer: {learning_rate: 1, momentum: 0.9}\npath: null"),
    ("optimizer={momentum: 1}", "optimizer: {momentum: 1}"),
  ])
  func assignmentsSetOneKey(assignment: String, expected: String) throws {
    var settings = try tree("optimizer: {learning_rate: 1, momentum: 0.9}")
    try settings.set(assignment)
    #expect(try settings == tree(expected))
  }

  @Test(arguments: ["", "=", "=1", "epochs", "a..b=1", ".a=1", "a.=1", "a b=1", " a=1"])
  func otherAssignmentsAreErrors(assignment: String) throws {
    var settings = try tree("a: 1")
    let error = #expect(throws: ConfigurationError.self) { try settings.set(assignment) }
    #expect(
      error?.description
        == "'\(assignment)' is not of the form key.path=value, for example training.epochs=200.")
    #expect(try settings == tree("a: 1"))
  }

  @Test func assignmentsDoNotReplaceValuesOnTheWay() throws {
    var settings = try tree("a: {b: 1}\nc:")
    let error = #expect(throws: ConfigurationError.self) { try settings.set("a.b.c=2") }
    #expect(error?.description == "a.b: expected a section, found the number 1.")
    let value = #expect(throws: ConfigurationError.self) { try settings.set("a.b=[1") }
    #expect(
      value?.description
        == "a.b=[1: not valid YAML: did not find expected ',' or ']' (while parsing a flow sequence, line 1).")
    try settings.set("c.d=1")
    #expect(try settings == tree("a: {b: 1}\nc: {d: 1}"))
  }

  @Test func equalityIsOfValues() throws {
    #expect(try tree("a: 1\nb: 2") == tree("b: 2.0\na: 1"))
    #expect(try tree("a: 1\nb: 2") != tree("a: 1"))
    #expect(try tree("a: [1, 2]") != tree("a: [2, 1]"))
    #expect(try tree("a: 1") != tree("a: \"1\""))
    #expect(try tree("a: 0") != tree("a: false"))
  }

  @Test func mergingKeepsWhatIsNotNamed() throws {
    let merged = try tree("a: {b: 1, c: [1, 2]}\nd: 1").merging(tree("a: {c: [3], e: 4}\nd:\nf: {}"))
    #expect(try merged == tree("a: {b: 1, c: [3], e: 4}\nd: null\nf: {}"))
    #expect(try tree("a: {b: 1}").merging(tree("a:")) == tree("a: {b: 1}"))
    #expect(try tree("a: {b: 1}").merging(tree("a: 2")) == tree("a: 2"))
  }
}
