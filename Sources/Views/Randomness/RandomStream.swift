/// The streams of `ViewRandom`: what random numbers are for, so that no two purposes share any.
public enum RandomStream {
  /// The parameters of views.
  public static let views: UInt32 = 0
  /// Choices among the candidate views of an image.
  public static let choice: UInt32 = 1
  /// The order of images while a linear probe is trained.
  public static let probeOrder: UInt32 = 2
  /// The one augmented view of an image that an encoder is measured on while it trains.
  public static let evaluation: UInt32 = 3
  /// How often each test image counts in a resample of them.
  public static let resampling: UInt32 = 4
  /// Which images of each class are the few that have labels.
  public static let fewLabels: UInt32 = 5
  /// The corruption of an image that robustness is measured on.
  public static let corruption: UInt32 = 6
  /// What is mixed into the images of a batch while an encoder is fine-tuned.
  public static let mixing: UInt32 = 7
  /// The alteration of an image that invariance is measured by.
  public static let alteration: UInt32 = 8
  /// The order of the images in an epoch.
  public static let epochOrder: UInt32 = 0x0001_0000
  /// Which images are held out, or belong to a sample.
  public static let split: UInt32 = 0x0002_0000
  /// Which images the record of views follows.
  public static let followedImages: UInt32 = 0x0003_0000
}
