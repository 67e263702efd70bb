// A model as a checkpoint has it, for programs that ask it and don't train it.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "choose_checkpoint.h"
#include "glid/model/glid.h"
#include "glid/tasks/task.h"
#include "glid/train/run_config.h"

namespace glid {

// What a command line says of a configuration.
struct ConfigSources {
  std::filesystem::path file;          // in the place of the checkpoint's; empty: that
  std::vector<std::string> overrides;  // "a.b=v"
  struct Option {
    std::string key, value, name;  // "eval.split", "train", "--split"; without a value it isn't given
  };
  std::vector<Option> options;
};

// The run's, with what the command line says. Where the run lies and what it started from doesn't matter here. Throws
// UsageError where it is of another task.
RunConfig config_of_checkpoint(const Checkpoint& checkpoint, const ConfigSources& sources);

// The weights that eval.weights names, on the device.
std::shared_ptr<Glid> load_model(const RunConfig& config, const Checkpoint& checkpoint, const Task& task,
                                 const c10::Device& device);

// Images a batch: `asked`, or with 0 as many as the run had on a device at a time, whoever asks the model: the same batches
// give the same bits.
int64_t batch_size(int64_t asked, const RunConfig& config, const RunState& state);

}  // namespace glid
