// Tensors over the caller's memory, their description, their gradients.
#include "boxes.h"
#include "status.h"

#include <torch/csrc/autograd/autograd.h>

using namespace hardviews;

extern "C" {

ht_status ht_tensor_borrow(
    void *data, const int64_t *sizes, size_t dimensions, int32_t dtype, void (*release)(void *), void *context,
    ht_tensor *result) {
  return guarded([&] {
    auto deleter = [release, context](void *) {
      if (release) release(context);
    };
    *result = box(at::from_blob(
        data, at::IntArrayRef(sizes, dimensions), deleter, at::TensorOptions(static_cast<at::ScalarType>(dtype))));
  });
}

void ht_tensor_release(ht_tensor tensor) { delete &unbox(tensor); }
ht_tensor ht_tensor_copy(ht_tensor tensor) { return box(unbox(tensor)); }
size_t ht_tensor_dimensions(ht_tensor tensor) { return unbox(tensor).defined() ? unbox(tensor).dim() : 0; }
int64_t ht_tensor_size(ht_tensor tensor, size_t dimension) { return unbox(tensor).sizes()[dimension]; }
int32_t ht_tensor_dtype(ht_tensor tensor) { return static_cast<int32_t>(unbox(tensor).scalar_type()); }
size_t ht_tensor_element_size(ht_tensor tensor) { return unbox(tensor).element_size(); }
bool ht_tensor_is_contiguous(ht_tensor tensor) { return unbox(tensor).is_contiguous(); }
bool ht_tensor_is_channels_last(ht_tensor tensor) {
  return unbox(tensor).is_contiguous(at::MemoryFormat::ChannelsLast);
}
const char *ht_tensor_device(ht_tensor tensor) {
  static thread_local std::string name;
  name = c10::DeviceTypeName(unbox(tensor).device().type(), /*lower_case=*/true);
  return name.c_str();
}
void *ht_tensor_data(ht_tensor tensor) { return unbox(tensor).numel() ? unbox(tensor).data_ptr() : nullptr; }

ht_status ht_tensor_number(ht_tensor tensor, double *result) {
  return guarded([&] { *result = unbox(tensor).item().toDouble(); });
}

bool ht_tensor_requires_gradient(ht_tensor tensor) { return unbox(tensor).requires_grad(); }

ht_status ht_tensor_set_requires_gradient(ht_tensor tensor, bool required) {
  return guarded([&] { unbox(tensor).requires_grad_(required); });
}

ht_tensor ht_tensor_gradient(ht_tensor tensor) {
  const at::Tensor &gradient = unbox(tensor).grad();
  return gradient.defined() ? box(gradient) : nullptr;
}

void ht_tensor_clear_gradient(ht_tensor tensor) { unbox(tensor).mutable_grad() = at::Tensor(); }

ht_status ht_tensor_backward(ht_tensor tensor) {
  return guarded([&] { torch::autograd::backward({unbox(tensor)}, {}); });
}

} // extern "C"
