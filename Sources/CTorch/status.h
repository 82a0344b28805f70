#pragma once
// How an exception becomes a status: the message rides in a thread-local, read by the caller right after the call.
#include "ctorch.h"

#include <c10/util/Exception.h>

#include <new>
#include <string>

namespace hardviews {

inline thread_local std::string last_error;

/// libtorch's CPU allocator reports exhaustion as a plain error, so its text is the only sign.
inline bool names_exhaustion(const std::string &message) {
  return message.find("not enough memory") != std::string::npos ||
      message.find("can't allocate memory") != std::string::npos ||
      message.find("out of memory") != std::string::npos;
}

template <class Body> ht_status guarded(Body &&body) noexcept {
  try {
    body();
    return HT_OK;
  } catch (const c10::OutOfMemoryError &error) {
    last_error = error.what_without_backtrace();
    return HT_RESOURCES;
  } catch (const c10::Error &error) {
    last_error = error.what_without_backtrace();
    return names_exhaustion(last_error) ? HT_RESOURCES : HT_MISUSE;
  } catch (const std::bad_alloc &error) {
    last_error = error.what();
    return HT_RESOURCES;
  } catch (const std::exception &error) {
    last_error = error.what();
    return names_exhaustion(last_error) ? HT_RESOURCES : HT_MISUSE;
  } catch (...) {
    last_error = "an unknown C++ exception";
    return HT_MISUSE;
  }
}

} // namespace hardviews
