// What a model is, for programs that build it again from its weights (examples/glid_torch.py): the JSON that
// `glid_convert RUN OUT.safetensors` writes beside them.
#pragma once

#include "glid/core/json.h"
#include "glid/data/dataset.h"
#include "glid/model/encoder_shape.h"
#include "glid/tasks/task.h"
#include "glid/train/run_config.h"

namespace glid {

// "format", image {size, unit, mean, std}, encoder {name, channels, depths, heads, windows, patch}, reads (what heads read:
// queries, encoder or unit_decoder), bifpn and decoder or unit_decoder where they are read, heads, queries,
// supervised_layers, features, task, classes (as the head "class" counts them; of several tasks by task) and questions: what
// the task asks of an image in evaluation, in the order of its answers. Of `task`, made of the configuration for data with
// these classes.
Json architecture_of(const RunConfig& config, const Task& task, const Vocabulary& vocabulary);

// Of an encoder alone: "format" and encoder {channels, depths, heads, windows, patch}.
Json architecture_of(const EncoderShape& encoder);

// True for what these two write.
bool is_architecture(const Json& json);

}  // namespace glid
