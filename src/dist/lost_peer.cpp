#include "lost_peer.h"

#include <c10/util/Exception.h>
#include <gloo/common/error.h>
#include <gloo/common/logging.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace glid {
namespace {

// The first line, without the place in the transport's source: "[pair.cc:553] Connection closed by peer [127.0.0.1]:9".
std::string first_line(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  std::string_view text = torch_error ? torch_error->what_without_backtrace() : error.what();
  text = text.substr(0, text.find('\n'));
  const size_t end = text.find("] ");
  if (text.starts_with('[') && end != text.npos) text.remove_prefix(end + 2);
  return std::string(text);
}

std::atomic<const Communicator*> watched{nullptr};
std::terminate_handler before = nullptr;

[[noreturn]] void on_terminate() {
  try {
    if (std::current_exception()) std::rethrow_exception(std::current_exception());
  } catch (const std::exception& error) {
    const Communicator* group = watched;
    if (group && is_lost_peer(error)) end_by_lost_peer(group->place(), "a collective on the device", error);
  } catch (...) {  // not ours
  }
  before();
  std::abort();
}

}  // namespace

void end_by_lost_peer(const std::string& place, const std::string& collective, const std::exception& cause) {
  const LostPeerError error = lost_peer(place, collective, cause);
  flight_record().save(error.what());
  std::fprintf(stderr, "%s\n", error.what());
  std::fflush(nullptr);
  std::_Exit(static_cast<int>(ExitCode::kLostPeer));
}

void end_by_lost_peer_in_threads_of(const Communicator* group) {
  watched = group;
  if (!before) before = std::set_terminate(on_terminate);
}

bool is_lost_peer(const std::exception& error) {
  if (dynamic_cast<const ::gloo::Exception*>(&error) || dynamic_cast<const ::gloo::EnforceNotMet*>(&error) ||
      dynamic_cast<const c10::DistError*>(&error))
    return true;
  const std::string text = first_line(error);  // FileStore and the meeting of Gloo's ranks have no type for it
  return text.starts_with("Wait timeout") || text.starts_with("Timeout waiting") ||
         text.starts_with("Gloo connectFullMesh failed");
}

LostPeerError lost_peer(const std::string& place, const std::string& collective, const std::exception& cause) {
  return LostPeerError(place, collective + " failed: " + first_line(cause),
                       "another rank ended, is elsewhere, or did not come within train.collective_timeout_s");
}

}  // namespace glid
