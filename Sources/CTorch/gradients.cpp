// Gradients that the caller computes, and callers that are told about gradients.
#include "boxes.h"
#include "status.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

using namespace hardviews;

namespace {

/// The caller's context, released with the last one who may call back.
struct Context : torch::CustomClassHolder {
  void *pointer;
  void (*release)(void *);

  Context(void *pointer, void (*release)(void *)) : pointer(pointer), release(release) {}
  ~Context() override { release(pointer); }
};

struct CallersGradient : torch::autograd::Function<CallersGradient> {
  static at::Tensor forward(
      torch::autograd::AutogradContext *ctx, at::TensorList inputs, const at::Tensor *value,
      ht_gradient_callback callback, const c10::intrusive_ptr<Context> *context) {
    ctx->saved_data["count"] = static_cast<int64_t>(inputs.size());
    ctx->saved_data["callback"] = reinterpret_cast<int64_t>(callback);
    ctx->saved_data["context"] = c10::IValue::make_capsule(*context);
    return value->detach();
  }

  static torch::autograd::variable_list
  backward(torch::autograd::AutogradContext *ctx, torch::autograd::variable_list upstream) {
    auto callback = reinterpret_cast<ht_gradient_callback>(ctx->saved_data["callback"].toInt());
    auto context = c10::static_intrusive_pointer_cast<Context>(ctx->saved_data["context"].toCapsule());
    size_t count = ctx->saved_data["count"].toInt();
    std::vector<ht_tensor> gradients(count, nullptr);
    // The caller owns what it is given, and gives what it makes.
    bool succeeded = callback(context->pointer, box(upstream[0]), gradients.data());
    // An undefined tensor for each argument of `forward` that is no input.
    torch::autograd::variable_list results(count + 3);
    for (size_t i = 0; i < count; i++) {
      if (!gradients[i]) continue;
      results[i] = unbox(gradients[i]);
      ht_tensor_release(gradients[i]);
    }
    TORCH_CHECK(succeeded, "the caller could not compute a gradient");
    return results;
  }
};

struct CallersHook : torch::autograd::PostAccumulateGradHook {
  void (*callback)(void *);
  Context context;

  CallersHook(void (*callback)(void *), void *pointer, void (*release)(void *))
      : callback(callback), context(pointer, release) {}
  void operator()(const torch::autograd::Variable &) override { callback(context.pointer); }
};

} // namespace

extern "C" {

ht_status ht_tensor_with_gradient(
    ht_tensor value, const ht_tensor *inputs, size_t count, ht_gradient_callback callback, void (*release)(void *),
    void *pointer, ht_tensor *result) {
  auto context = c10::make_intrusive<Context>(pointer, release);
  return guarded([&] {
    torch::autograd::variable_list list;
    for (size_t i = 0; i < count; i++) list.push_back(unbox(inputs[i]));
    const at::Tensor *original = &unbox(value);
    const c10::intrusive_ptr<Context> *owner = &context;
    *result = box(CallersGradient::apply(at::TensorList(list), original, callback, owner));
  });
}

ht_status ht_tensor_watch_gradient(
    ht_tensor tensor, void (*callback)(void *), void (*release)(void *), void *pointer) {
  auto hook = std::make_unique<CallersHook>(callback, pointer, release);
  return guarded([&] { torch::autograd::impl::set_post_acc_grad_hooks(unbox(tensor), std::move(hook)); });
}

} // extern "C"
