/// The methods there are.
public enum Methods {
  /// One line a method.
  public static let all: [any SelfSupervisedMethod.Type] = [
    SimSiam.self, SimCLR.self, DINO.self, IBOT.self, BYOL.self, MoCoV3.self, BarlowTwins.self, VICReg.self,
  ]

  /// The method of a name.
  public static func named(_ name: String) -> (any SelfSupervisedMethod.Type)? {
    all.first { $0.name == name }
  }
}
