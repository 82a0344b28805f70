// Other devices than the CPU. GPUs through interfaces of libtorch's CPU library: nothing here needs CUDA's headers or
// links its libraries, so one program runs with a CPU build of libtorch and with a CUDA build.
#include "boxes.h"
#include "status.h"

#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>

#if __has_include(<torch/csrc/lazy/ts_backend/ts_backend_impl.h>)
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/lazy/core/lazy_graph_executor.h>
#include <torch/csrc/lazy/ts_backend/ts_backend_impl.h>
#define HAS_LAZY_DEVICE 1
#else
#define HAS_LAZY_DEVICE 0
#endif

#include <dlfcn.h>

using namespace hardviews;

namespace {

/// The first GPU; which one that is, CUDA_VISIBLE_DEVICES decides.
constexpr c10::DeviceIndex device = 0;

} // namespace

extern "C" {

bool ht_cuda_load(void) {
  // Registers kernels and hooks. Found where libtorch_cpu.so is, by the program's own search path.
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL)) return true;
  last_error = dlerror();
  return false;
}

int32_t ht_cuda_device_count(void) {
  int32_t count = 0;
  ht_status status = guarded([&] {
    const auto &hooks = at::detail::getCUDAHooks();
    count = hooks.hasCUDA() ? hooks.getNumGPUs() : 0;
  });
  return status == HT_OK ? count : 0;
}

ht_status ht_cuda_synchronize(void) {
  return guarded([&] { at::detail::getCUDAHooks().deviceSynchronize(device); });
}

ht_status ht_cuda_peak_memory(int64_t *result) {
  return guarded([&] {
    auto statistics = c10::getDeviceAllocator(c10::kCUDA)->getDeviceStats(device);
    // The first kind of statistic is that of all memory pools together.
    *result = statistics.allocated_bytes[0].peak;
  });
}

ht_status ht_cuda_reset_peak_memory(void) {
  return guarded([&] { c10::getDeviceAllocator(c10::kCUDA)->resetPeakStats(device); });
}

bool ht_lazy_start(void) {
#if HAS_LAZY_DEVICE
  return guarded([] {
           // Every graph runs once: optimizing it would take longer than running it.
           torch::jit::getProfilingMode() = false;
           torch::lazy::InitTorchScriptBackend();
         }) == HT_OK;
#else
  return false;
#endif
}

ht_status ht_lazy_synchronize(void) {
  return guarded([] {
#if HAS_LAZY_DEVICE
    torch::lazy::LazyGraphExecutor::Get()->SyncLiveTensorsGraph(nullptr, {}, /*wait=*/true);
#endif
  });
}

} // extern "C"
