/// The streams of `ViewRandom` that orders and splits are drawn from, apart from that of views (0).
enum RandomStream {
  static let epochOrder: UInt32 = 0x0001_0000
  static let split: UInt32 = 0x0002_0000
}
