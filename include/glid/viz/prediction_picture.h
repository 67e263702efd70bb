// What a model says about an image, drawn as annotations are (no LibTorch).
#pragma once

#include "glid/data/prediction.h"
#include "glid/data/sample.h"
#include "glid/viz/contact_sheet.h"

namespace glid {

// From which on a detection is drawn, and a box holds a person, unless somebody says otherwise.
inline constexpr double kUsualScore = 0.5;

// The prediction as if somebody knew it: its most likely class, the detections of at least `score`, the best last so that
// they are drawn over the others, and its maps. Joints count as visible where they are certain.
Targets drawable_targets(const Prediction& prediction, double score);

// `image`, whose prediction it is, with boxes, masks and joints of those detections and their scores; then classes of
// pixels, segments and depth where they are predicted, side by side, with a legend of their classes. The longer side of each
// is the image's, but no less than kSmallestPx and no more than kLargestPx. `name` stands below, and what the best detection
// is where none has the score.
inline constexpr int64_t kSmallestPx = 320, kLargestPx = 1600;
Image prediction_picture(const Image& image, const std::string& name, const Prediction& prediction,
                         const Vocabulary& vocabulary, double score);

// What trainings show of a sample: `image`, of 256 px at least, then with what is predicted and with what is true, objects
// with scores of kUsualScore at least or the map of classes or segments.
std::vector<Image> prediction_and_truth(const Image& image, const Prediction& prediction, const Targets& truth,
                                        const Vocabulary& vocabulary);
// Their titles where it is about objects.
std::vector<std::string> titles_of_objects();

}  // namespace glid
