#include "glid/dist/communicator.h"

#include "groups.h"

namespace glid {

std::unique_ptr<Communicator> make_communicator(const LaunchEnv& env, c10::Device device) {
  return env.has_meeting_place() ? make_process_group(env, device) : make_local_group(env);
}

}  // namespace glid
