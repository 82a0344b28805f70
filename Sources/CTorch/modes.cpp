// Modes of the calling thread and of the process: gradients, autocast, random numbers, threads.
#include "boxes.h"
#include "status.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/api/include/torch/version.h>

using namespace hardviews;

extern "C" {

const char *ht_version(void) { return TORCH_VERSION; }

bool ht_gradient_mode(bool enabled) {
  bool previous = c10::GradMode::is_enabled();
  c10::GradMode::set_enabled(enabled);
  return previous;
}

bool ht_gradients_are_recorded(void) { return c10::GradMode::is_enabled(); }

ht_autocast ht_autocast_enter(bool on_cuda, int32_t dtype) {
  at::DeviceType device = on_cuda ? at::kCUDA : at::kCPU;
  ht_autocast previous = {
      on_cuda, at::autocast::is_autocast_enabled(device),
      static_cast<int32_t>(at::autocast::get_autocast_dtype(device))};
  at::autocast::set_autocast_enabled(device, static_cast<at::ScalarType>(dtype) != at::kFloat);
  at::autocast::set_autocast_dtype(device, static_cast<at::ScalarType>(dtype));
  at::autocast::increment_nesting();
  return previous;
}

void ht_autocast_leave(ht_autocast previous) {
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::DeviceType device = previous.on_cuda ? at::kCUDA : at::kCPU;
  at::autocast::set_autocast_enabled(device, previous.enabled);
  at::autocast::set_autocast_dtype(device, static_cast<at::ScalarType>(previous.dtype));
}

ht_generator ht_generator_create(uint64_t seed) {
  return reinterpret_cast<ht_generator>(new at::Generator(at::detail::createCPUGenerator(seed)));
}
void ht_generator_release(ht_generator generator) { delete &unbox(generator); }

ht_status ht_generator_state(ht_generator generator, ht_tensor *result) {
  return guarded([&] { *result = box(unbox(generator).get_state()); });
}
ht_status ht_generator_set_state(ht_generator generator, ht_tensor state) {
  return guarded([&] { unbox(generator).set_state(unbox(state)); });
}

void ht_set_thread_count(int32_t count) { at::set_num_threads(count); }
int32_t ht_thread_count(void) { return at::get_num_threads(); }

} // extern "C"
