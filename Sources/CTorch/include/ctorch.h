/// The door to libtorch: everything that Swift may ask of it, as plain C.
///
/// Ownership. A `ht_tensor` or `ht_generator` that a function returns belongs to the caller, who releases it once.
/// Arguments are borrowed for the call. Strings are borrowed until the next call on the same thread.
///
/// Failure. No exception leaves these functions. Those that can fail return a status (`HT_OK` or a kind of failure)
/// and leave the message in `ht_last_error()` of the calling thread; results are written only on success.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ht_tensor_box *ht_tensor;
typedef struct ht_generator_box *ht_generator;
typedef struct ht_operator_box *ht_operator;

/// What went wrong: a misuse that the programmer must mend, something that the machine ran out of, or other workers that
/// did not answer.
typedef enum { HT_OK = 0, HT_MISUSE = 1, HT_RESOURCES = 2, HT_WORKERS = 3 } ht_status;

/// One argument or result of an operator.
typedef enum {
  HT_NONE = 0,
  HT_TENSOR,
  HT_INT,
  HT_DOUBLE,
  HT_BOOL,
  /// Of integers, or of booleans where an operator takes those.
  HT_INT_LIST,
  HT_TENSOR_LIST,
  HT_GENERATOR,
  HT_TEXT,
  HT_DEVICE,
} ht_tag;

typedef struct {
  ht_tag tag;
  /// Number of elements of a list.
  int64_t count;
  union {
    int64_t integer;
    double number;
    /// An `ht_tensor`, an `ht_generator`, a C string (a text, a device such as "cuda:0"), or the first element of a
    /// list.
    const void *pointer;
  } value;
} ht_value;

const char *ht_last_error(void);
const char *ht_version(void);

// Operators.
/// Finds an operator such as ("aten::add", "Tensor"); null when this libtorch has none.
ht_operator ht_operator_find(const char *name, const char *overload);
/// The operator's schema as text, for messages and tests.
const char *ht_operator_schema(ht_operator);
/// Calls an operator. Arguments left out at the end take the schema's defaults. Tensor results are written in order to
/// `results` (an operator that returns one list of tensors fills it with the list's elements), at most `capacity`.
ht_status ht_operator_call(
    ht_operator, const ht_value *arguments, size_t count, ht_tensor *results, size_t capacity, size_t *result_count);

// Tensors.
/// A tensor over memory of the caller's, without a copy; `release(context)` is called when libtorch needs it no more.
ht_status ht_tensor_borrow(
    void *data, const int64_t *sizes, size_t dimensions, int32_t dtype, void (*release)(void *), void *context,
    ht_tensor *result);
void ht_tensor_release(ht_tensor);
/// Another handle of the same tensor.
ht_tensor ht_tensor_copy(ht_tensor);
size_t ht_tensor_dimensions(ht_tensor);
int64_t ht_tensor_size(ht_tensor, size_t dimension);
int32_t ht_tensor_dtype(ht_tensor);
size_t ht_tensor_element_size(ht_tensor);
bool ht_tensor_is_contiguous(ht_tensor);
bool ht_tensor_is_channels_last(ht_tensor);
/// The kind of device, such as "cpu" or "cuda".
const char *ht_tensor_device(ht_tensor);
/// The first element of a CPU tensor's storage at its offset; null for an empty tensor.
void *ht_tensor_data(ht_tensor);
ht_status ht_tensor_number(ht_tensor, double *result);

// Gradients.
bool ht_tensor_requires_gradient(ht_tensor);
ht_status ht_tensor_set_requires_gradient(ht_tensor, bool);
/// The accumulated gradient; null when there is none.
ht_tensor ht_tensor_gradient(ht_tensor);
/// Drops the accumulated gradient.
void ht_tensor_clear_gradient(ht_tensor);
ht_status ht_tensor_backward(ht_tensor);
/// Given the context and the gradient of a result, which it owns, writes a gradient (or null) for each input; false where
/// it cannot.
typedef bool (*ht_gradient_callback)(void *context, ht_tensor upstream, ht_tensor *gradients);
/// A tensor with the elements of `value` whose gradient flows to `inputs` as `callback` says, on the thread that computes
/// gradients. `release(context)` is called when nobody can call back any more, also where this fails.
ht_status ht_tensor_with_gradient(
    ht_tensor value, const ht_tensor *inputs, size_t count, ht_gradient_callback callback, void (*release)(void *),
    void *context, ht_tensor *result);
/// Calls `callback(context)` whenever a gradient has been added to a leaf, in place of an earlier callback.
ht_status ht_tensor_watch_gradient(
    ht_tensor, void (*callback)(void *), void (*release)(void *), void *context);
/// Switches the recording of gradients on this thread; returns what it was.
bool ht_gradient_mode(bool enabled);
bool ht_gradients_are_recorded(void);

// Autocast, this thread.
typedef struct {
  bool on_cuda;
  bool enabled;
  int32_t dtype;
} ht_autocast;
/// Enters a scope in which eligible operators run in `dtype`, or, with float32, in the type of their arguments: those on
/// GPUs, or those on the CPU. Returns what to restore.
ht_autocast ht_autocast_enter(bool on_cuda, int32_t dtype);
void ht_autocast_leave(ht_autocast previous);

// GPUs.
/// Whether this libtorch was built for CUDA and its library loads; else `ht_last_error()` says why not. Must come before
/// any other use of a GPU.
bool ht_cuda_load(void);
/// The number of GPUs that can be used.
int32_t ht_cuda_device_count(void);
/// Waits until the GPU has done all that it was asked for.
ht_status ht_cuda_synchronize(void);
/// Bytes of GPU memory in use at the most since `ht_cuda_reset_peak_memory`.
ht_status ht_cuda_peak_memory(int64_t *result);
ht_status ht_cuda_reset_peak_memory(void);

// Deferred computing.
/// Makes the device "lazy" work, which computes on the CPU when values are asked for; false where this libtorch has none.
bool ht_lazy_start(void);
/// Computes all that was asked for.
ht_status ht_lazy_synchronize(void);

// Random numbers.
ht_generator ht_generator_create(uint64_t seed);
void ht_generator_release(ht_generator);
/// The generator's state as a byte tensor.
ht_status ht_generator_state(ht_generator, ht_tensor *result);
ht_status ht_generator_set_state(ht_generator, ht_tensor state);

// Workers that train together.
typedef struct ht_group_box *ht_group;
/// Where workers meet, and as who.
typedef struct {
  /// The same for all of them; another one after a restart.
  const char *name;
  /// The address of the store that all of them reach.
  const char *host;
  uint16_t port;
  /// Whether this worker opens the store.
  bool hosts_store;
  int32_t rank;
  int32_t count;
  /// The network interface by which the others reach this worker; null for the one that has `address`.
  const char *network_interface;
  /// This worker's address.
  const char *address;
  /// How long one waits for another, in seconds.
  double timeout_seconds;
} ht_meeting;
/// Waits for the other workers. The group takes part in operators such as `_c10d_functional::all_reduce` by its name.
ht_status ht_group_join(const ht_meeting *, ht_group *result);
void ht_group_leave(ht_group);
const char *ht_group_name(ht_group);
/// Leaves a text where all workers can read it.
ht_status ht_group_post(ht_group, const char *key, const char *text);
/// Waits for a text.
ht_status ht_group_read(ht_group, const char *key, double timeout_seconds, const char **result);

// Threads.
void ht_set_thread_count(int32_t);
int32_t ht_thread_count(void);

#ifdef __cplusplus
}
#endif
