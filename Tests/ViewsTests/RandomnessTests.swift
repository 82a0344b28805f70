import Testing
import Views

@Suite struct RandomnessTests {
  /// Known answers of the Random123 distribution for philox4x32-10.
  @Test func philoxKnownAnswers() {
    #expect(
      Philox.block(counter: .zero, key: .zero) == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    #expect(
      Philox.block(counter: SIMD4(repeating: .max), key: SIMD2(repeating: .max))
        == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    #expect(
      Philox.block(
        counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: SIMD2(0xa409_3822, 0x299f_31d0))
        == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  private func words(
    seed: UInt64 = 7, epoch: Int = 1, sample: Int = 2, view: Int = 3, stream: UInt32 = 0
  ) -> [UInt64] {
    var random = ViewRandom(seed: seed, epoch: epoch, sample: sample, view: view, stream: stream)
    return (0..<8).map { _ in random.next() }
  }

  @Test func sequenceIsAFunctionOfItsCoordinates() {
    #expect(words() == words())
    let others = [
      words(), words(seed: 8), words(seed: 7 + 1 << 32), words(epoch: 2), words(sample: 3), words(sample: 2 + 1 << 32),
      words(view: 4), words(stream: 1), words(epoch: 2, sample: 1), words(epoch: 3, view: 1), words(sample: 3, view: 2),
    ]
    let all = others.flatMap { $0 }
    #expect(Set(all).count == all.count)
  }

  @Test func uniformFillsItsRange() {
    var random = ViewRandom(seed: 1, epoch: 0, sample: 0, view: 0)
    let values = (0..<20_000).map { _ in random.uniform(in: -1...3) }
    #expect(values.allSatisfy { (-1...3).contains($0) })
    let mean = values.reduce(0, +) / 20_000
    let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 20_000
    #expect(abs(mean - 1) < 0.04)
    #expect(abs(variance - 16.0 / 12) < 0.04)
  }

  @Test func integersAreUniform() {
    var random = ViewRandom(seed: 2, epoch: 0, sample: 0, view: 0)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<14_000 { counts[random.integer(below: 7)] += 1 }
    // Six degrees of freedom: 22.5 is passed once in a thousand.
    #expect(chiSquare(counts, expected: 2000) < 22.5)
    #expect(random.integer(below: 1) == 0)
    #expect((0..<100).allSatisfy { _ in random.integer(below: .max) >= 0 })
  }

  @Test func permutationsAreUniform() {
    var random = ViewRandom(seed: 3, epoch: 0, sample: 0, view: 0)
    var counts: [[Int]: Int] = [:]
    for _ in 0..<24_000 { counts[random.permutation(of: 4), default: 0] += 1 }
    #expect(counts.count == 24)
    #expect(counts.keys.allSatisfy { $0.sorted() == [0, 1, 2, 3] })
    // 23 degrees of freedom: 49.7 is passed once in a thousand.
    #expect(chiSquare(Array(counts.values), expected: 1000) < 49.7)
    #expect(random.permutation(of: 0).isEmpty)
  }

  private func chiSquare(_ counts: [Int], expected: Double) -> Double {
    counts.map { (Double($0) - expected) * (Double($0) - expected) / expected }.reduce(0, +)
  }
}
