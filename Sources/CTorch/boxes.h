#pragma once
// What the opaque pointers of the C surface point to.
#include "ctorch.h"

#if !__has_include(<ATen/ATen.h>)
#error "libtorch is missing: run scripts/setup once, then build again"
#endif

#include <ATen/ATen.h>

namespace hardviews {

inline at::Tensor &unbox(ht_tensor tensor) { return *reinterpret_cast<at::Tensor *>(tensor); }
inline at::Generator &unbox(ht_generator generator) { return *reinterpret_cast<at::Generator *>(generator); }
inline ht_tensor box(at::Tensor tensor) { return reinterpret_cast<ht_tensor>(new at::Tensor(std::move(tensor))); }

} // namespace hardviews
