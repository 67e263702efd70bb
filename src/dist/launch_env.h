// What launchers say in their variables.
#pragma once

#include <array>
#include <string>

namespace glid {

inline constexpr const char* kStoreFile = "GLID_STORE_FILE";
inline constexpr const char* kAgentStore = "TORCHELASTIC_USE_AGENT_STORE";
inline constexpr const char* kRestartCount = "TORCHELASTIC_RESTART_COUNT";
// Of torchrun and our own launcher: a rank is given its own, and none from elsewhere.
inline constexpr std::array kGroupVariables = {"RANK",        "LOCAL_RANK", "WORLD_SIZE",  "LOCAL_WORLD_SIZE", "MASTER_ADDR",
                                               "MASTER_PORT", kAgentStore,  kRestartCount, kStoreFile};

// "RANK=3" of the launcher that started this process as one of a group; empty: none did.
std::string launched_as();

}  // namespace glid
