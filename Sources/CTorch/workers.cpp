// The processes that train together: a group of them, and the store where they meet. What they tell each other goes
// through operators of libtorch, which find the group by its name.
#include "boxes.h"
#include "status.h"

// Gloo's own headers are not in the wheel; those in the folder gloo declare what this one names.
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/GroupRegistry.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

using namespace hardviews;

namespace {

struct Group {
  std::string name;
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<c10d::ProcessGroup> processes;
};

Group &unbox(ht_group group) { return *reinterpret_cast<Group *>(group); }

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

} // namespace

extern "C" {

ht_status ht_group_join(const ht_meeting *meeting, ht_group *result) {
  return guarded([&] {
    c10d::TCPStoreOptions options;
    options.port = meeting->port;
    options.isServer = meeting->hosts_store;
    options.numWorkers = meeting->count;
    options.waitWorkers = false;
    options.multiTenant = true;
    options.timeout = milliseconds(meeting->timeout_seconds);
    auto store = c10::make_intrusive<c10d::PrefixStore>(
        meeting->name, c10::make_intrusive<c10d::TCPStore>(meeting->host, options));
    auto connections = c10d::ProcessGroupGloo::Options::create(milliseconds(meeting->timeout_seconds));
    connections->devices.push_back(
        meeting->network_interface
            ? c10d::ProcessGroupGloo::createDeviceForInterface(meeting->network_interface)
            : c10d::ProcessGroupGloo::createDeviceForHostname(meeting->address));
    auto gloo =
        c10::make_intrusive<c10d::ProcessGroupGloo>(store, meeting->rank, meeting->count, connections);
    auto processes = c10::make_intrusive<c10d::ProcessGroup>(store, meeting->rank, meeting->count);
    processes->setDefaultBackend(c10d::ProcessGroup::BackendType::GLOO);
    for (auto device : {c10::kCPU, c10::kCUDA})
      processes->setBackend(device, c10d::ProcessGroup::BackendType::GLOO, gloo);
    std::string name = std::string(meeting->name) + "/" + std::to_string(meeting->rank);
    processes->setGroupName(name);
    c10d::register_process_group(name, processes);
    *result = reinterpret_cast<ht_group>(new Group{name, store, processes});
  });
}

void ht_group_leave(ht_group group) {
  guarded([&] { c10d::unregister_process_group(::unbox(group).name); });
  delete &::unbox(group);
}

const char *ht_group_name(ht_group group) { return ::unbox(group).name.c_str(); }

ht_status ht_group_post(ht_group group, const char *key, const char *text) {
  return guarded([&] {
    std::string value(text);
    ::unbox(group).store->set(key, std::vector<uint8_t>(value.begin(), value.end()));
  });
}

ht_status ht_group_read(ht_group group, const char *key, double timeout_seconds, const char **result) {
  static thread_local std::string text;
  return guarded([&] {
    auto &store = ::unbox(group).store;
    store->wait({key}, milliseconds(timeout_seconds));
    auto value = store->get(key);
    text.assign(value.begin(), value.end());
    *result = text.c_str();
  });
}

} // extern "C"
