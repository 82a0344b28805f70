/// Gradients on their way to the other workers: collected while a backward pass makes them, sent as soon as they fill a
/// bucket.
///
/// A bucket holds gradients in the order in which they are made, which is that of the graph and so the same on every worker.
final class GradientBuckets {
  /// Bytes from which a bucket is sent, as PyTorch's.
  static let capacity = 25 << 20

  unowned var group: (any BucketCarrier)!
  private var isOpen = false
  /// The leaves that call back; kept, so that none is taken for another.
  private var watched: [ObjectIdentifier: TensorHandle] = [:]
  private var gradients: [Tensor] = []
  private var bytes = 0
  private var sent: [(flat: Tensor, gradients: [Tensor])] = []

  /// Runs a backward pass; then the leaves' gradients are their means over workers.
  func average(_ leaves: [Tensor], during backward: () -> Void) {
    for leaf in leaves { watch(leaf) }
    (isOpen, gradients, bytes, sent) = (true, [], 0, [])
    backward()
    isOpen = false
    withoutGradients {
      send()
      for (flat, gradients) in sent {
        let mean = group.wait(for: flat)
        Tensor.multiplyInPlace([mean], by: 1 / Double(group.count))
        var start = 0
        for gradient in gradients {
          let count = gradient.elementCount
          gradient.copyInPlace(from: mean.narrowed(along: 0, from: start, count: count).reshaped(gradient.shape))
          start += count
        }
      }
    }
    sent = []
  }

  private func watch(_ leaf: Tensor) {
    guard watched.updateValue(leaf.handle, forKey: ObjectIdentifier(leaf.handle)) == nil else { return }
    leaf.watchGradient { [weak self, unowned handle = leaf.handle] in self?.arrived(Tensor(handle)) }
  }

  private func arrived(_ leaf: Tensor) {
    guard isOpen, let gradient = leaf.gradient else { return }
    gradients.append(gradient)
    bytes += gradient.elementCount * gradient.elementSize
    if bytes >= Self.capacity { withoutGradients { send() } }
  }

  private func send() {
    guard !gradients.isEmpty else { return }
    let flat = Tensor.concatenated(gradients.map { $0.reshaped([-1]) })
    group.beginSum(flat)
    sent.append((flat, gradients))
    (gradients, bytes) = ([], 0)
  }
}

/// Sends buckets of gradients.
protocol BucketCarrier: AnyObject {
  /// How many workers there are.
  var count: Int { get }
  /// Begins to replace a tensor by its sum over workers.
  func beginSum(_ tensor: Tensor)
  /// The sum, when it is there.
  func wait(for tensor: Tensor) -> Tensor
}
