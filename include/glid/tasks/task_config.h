// The closed list of tasks: the `task` block of a configuration.
#pragma once

#include <memory>
#include <variant>

#include "glid/data/data_config.h"
#include "glid/tasks/aim.h"
#include "glid/tasks/beit.h"
#include "glid/tasks/classification.h"
#include "glid/tasks/depth.h"
#include "glid/tasks/detection.h"
#include "glid/tasks/instance.h"
#include "glid/tasks/mae.h"
#include "glid/tasks/masked_image.h"
#include "glid/tasks/mixmae.h"
#include "glid/tasks/multitask.h"
#include "glid/tasks/panoptic.h"
#include "glid/tasks/pose.h"
#include "glid/tasks/semantic.h"
#include "glid/tasks/simmim.h"

namespace glid {

using TaskConfig = std::variant<MaskedImageConfig, SimmimConfig, MaeConfig, MixmaeConfig, BeitConfig, AimConfig,
                                SupervisedConfig, ClassificationConfig, DetectionConfig, DepthConfig, SemanticConfig,
                                InstanceMasksConfig, PanopticMasksConfig, PoseConfig, MultitaskConfig>;

std::unique_ptr<Task> make_task(const TaskConfig& config, const TaskContext& context);

// Whether the task can be asked of such an encoder; paths as seen from the whole configuration.
void check_encoder(const TaskConfig& config, const EncoderShape& shape, config::Problems& problems);

// What the task's heads read, as its spec() says.
HeadInput input_of(const TaskConfig& config);

// What of a dataset the task learns from.
DataUse use_of(const TaskConfig& config);

// Generated scenes that have all that the task learns from: those that its config names, else objects of classes.
SceneKind scenes_for(const TaskConfig& config);

}  // namespace glid
