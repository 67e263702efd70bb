// Where glid_predict looks for persons, whose joints a model of pose tells.
#pragma once

#include <memory>
#include <vector>

#include "asked_model.h"
#include "glid/data/image_list.h"
#include "glid/train/prediction_program.h"

namespace glid {

// Throws UsageError where --boxes and --detector are missing, are of no use (--box-score too), or are both given.
void require_boxes(const PredictArguments& arguments, const RunConfig& config);

// The samples that the model predicts: the images, or for pose the persons in those boxes.
std::shared_ptr<const AnnotatedDataset> samples_to_predict(const PredictArguments& arguments, const AskedModel& asked,
                                                           const std::shared_ptr<const ImageList>& images);

}  // namespace glid
