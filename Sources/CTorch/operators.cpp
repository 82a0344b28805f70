// Any operator of libtorch by its schema name, called boxed: one function instead of one per operator.
#include "boxes.h"
#include "status.h"

#include <ATen/core/dispatch/Dispatcher.h>

using namespace hardviews;

namespace {

c10::OperatorHandle &unbox(ht_operator handle) { return *reinterpret_cast<c10::OperatorHandle *>(handle); }

c10::IValue ivalue(const ht_value &argument, const c10::TypePtr &type) {
  switch (argument.tag) {
  case HT_NONE:
    return {};
  case HT_TENSOR:
    return hardviews::unbox(static_cast<ht_tensor>(const_cast<void *>(argument.value.pointer)));
  case HT_INT:
    return argument.value.integer;
  case HT_DOUBLE:
    return argument.value.number;
  case HT_BOOL:
    return argument.value.integer != 0;
  case HT_INT_LIST: {
    // An empty list is one of whatever the operator takes.
    if (auto list = type->cast<c10::ListType>(); list && argument.count == 0)
      return c10::impl::GenericList(list->getElementType());
    auto first = static_cast<const int64_t *>(argument.value.pointer);
    if (auto list = type->cast<c10::ListType>(); list && list->getElementType()->kind() == c10::TypeKind::BoolType) {
      c10::List<bool> flags;
      for (int64_t i = 0; i < argument.count; i++) flags.push_back(first[i] != 0);
      return flags;
    }
    c10::List<int64_t> list;
    list.reserve(argument.count);
    for (int64_t i = 0; i < argument.count; i++) list.push_back(first[i]);
    return list;
  }
  case HT_TENSOR_LIST: {
    auto first = static_cast<const ht_tensor *>(argument.value.pointer);
    c10::List<at::Tensor> list;
    list.reserve(argument.count);
    for (int64_t i = 0; i < argument.count; i++) list.push_back(hardviews::unbox(first[i]));
    return list;
  }
  case HT_GENERATOR:
    return hardviews::unbox(static_cast<ht_generator>(const_cast<void *>(argument.value.pointer)));
  case HT_TEXT:
    return std::string(static_cast<const char *>(argument.value.pointer));
  case HT_DEVICE:
    return c10::Device(static_cast<const char *>(argument.value.pointer));
  }
  TORCH_CHECK(false, "unknown argument tag ", static_cast<int>(argument.tag));
}

void collect(const c10::IValue &result, ht_tensor *results, size_t capacity, size_t &count) {
  if (result.isTensor()) {
    TORCH_CHECK(count < capacity, "the operator returned more than the ", capacity, " tensors asked for");
    results[count++] = box(result.toTensor());
  } else if (result.isTensorList()) {
    for (const at::Tensor &element : result.toTensorVector()) collect(element, results, capacity, count);
  } else if (!result.isNone()) {
    TORCH_CHECK(false, "the operator returned something that is no tensor: ", result.tagKind());
  }
}

} // namespace

extern "C" {

const char *ht_last_error(void) { return last_error.c_str(); }

ht_operator ht_operator_find(const char *name, const char *overload) {
  auto found = c10::Dispatcher::singleton().findSchema({name, overload});
  return found ? reinterpret_cast<ht_operator>(new c10::OperatorHandle(*found)) : nullptr;
}

const char *ht_operator_schema(ht_operator handle) {
  static thread_local std::string text;
  text = c10::toString(::unbox(handle).schema());
  return text.c_str();
}

ht_status ht_operator_call(
    ht_operator handle, const ht_value *arguments, size_t count, ht_tensor *results, size_t capacity,
    size_t *result_count) {
  size_t written = 0;
  ht_status status = guarded([&] {
    const auto &callee = ::unbox(handle);
    const auto &schema = callee.schema();
    TORCH_CHECK(count <= schema.arguments().size(), "too many arguments: ", count);
    torch::jit::Stack stack;
    stack.reserve(schema.arguments().size());
    for (size_t i = 0; i < count; i++) stack.push_back(ivalue(arguments[i], schema.arguments()[i].type()));
    for (size_t i = count; i < schema.arguments().size(); i++) {
      const auto &fallback = schema.arguments()[i].default_value();
      TORCH_CHECK(fallback.has_value(), "argument '", schema.arguments()[i].name(), "' is missing");
      stack.push_back(*fallback);
    }
    callee.callBoxed(stack);
    for (const auto &result : stack) collect(result, results, capacity, written);
  });
  if (status != HT_OK) {
    for (size_t i = 0; i < written; i++) ht_tensor_release(results[i]);
    written = 0;
    // Workers speak through these; where memory suffices, they did not come to an understanding.
    if (status == HT_MISUSE && ::unbox(handle).schema().name().find("c10d") != std::string::npos) status = HT_WORKERS;
  }
  *result_count = written;
  return status;
}

} // extern "C"
