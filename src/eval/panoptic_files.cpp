#include <map>

#include "accumulate.h"
#include "file_evaluators.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/tally_line.h"
#include "glid/eval/image_hash.h"
#include "glid/formats/label_map.h"
#include "glid/formats/panoptic_json.h"
#include "glid/metrics/panoptic_quality.h"
#include "matched_files.h"
#include "own_settings.h"
#include "plots.h"
#include "reports.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

// A panoptic JSON and the folder of its PNGs.
struct PanopticFiles {
  PanopticJson json;
  fs::path folder;

  PanopticFiles(const fs::path& file, const fs::path& given_folder, PanopticRole role)
      : json(read_panoptic_json(file, role)),
        folder(given_folder.empty() ? file.parent_path() / file.stem() : given_folder) {
    if (!fs::is_directory(folder))
      throw DataError(folder.string(), "is not a folder", {}, format("it should hold the PNGs of {}", file.string()));
  }
  IdMap read(const PanopticAnnotation& annotation) const { return read_panoptic_png(folder / annotation.file_name); }
};

struct ImagePair {
  const PanopticAnnotation* truth;
  const PanopticAnnotation* predicted;  // null: there is none
};

bool is_text(const CocoImageId& id) { return std::holds_alternative<std::string>(id); }

[[noreturn]] void fail_missing(const CocoImageId& image, const PanopticJson& predicted) {
  const auto& results = predicted.annotations;
  const bool are_texts = results.empty() ? is_text(image) : is_text(results[0].image_id);
  const bool is_alike = are_texts == is_text(image);
  throw DataError(predicted.where, format("has no result for image {}", to_string(image)),
                  is_alike ? "" : shown_image_id(image, are_texts, "the results' ids"),
                  is_alike ? "eval.missing_as_empty=true counts it as one without segments" : "");
}

// In the order of the truths; `extra` counts the results for other images, which are left out. Throws DataError for a
// missing one unless asked to count it as empty.
std::vector<ImagePair> join(const PanopticFiles& truth, const PanopticFiles& predicted, bool missing_as_empty,
                            Tally& extra) {
  std::map<CocoImageId, const PanopticAnnotation*> results;
  for (const PanopticAnnotation& annotation : predicted.json.annotations) results.emplace(annotation.image_id, &annotation);
  std::vector<ImagePair> pairs;
  for (const PanopticAnnotation& annotation : truth.json.annotations) {
    const auto result = results.extract(annotation.image_id);
    pairs.push_back({&annotation, result ? result.mapped() : nullptr});
    if (!result && !missing_as_empty) fail_missing(annotation.image_id, predicted.json);
  }
  for (const PanopticAnnotation& annotation : predicted.json.annotations)
    if (results.contains(annotation.image_id)) extra.add("image " + to_string(annotation.image_id));
  return pairs;
}

void add_image(const ImagePair& pair, const PanopticFiles& truth, const PanopticFiles& predicted, PanopticQuality& quality) {
  const std::string name = stem_of(pair.truth->image_id);
  if (pair.predicted == nullptr) return quality.add_missing(name, pair.truth->segments);
  const IdMap truth_map = truth.read(*pair.truth), predicted_map = predicted.read(*pair.predicted);
  require_same_size(predicted.folder / pair.predicted->file_name, predicted_map, truth_map);
  const auto at = [&](const PanopticFiles& files) {
    return format("{}: image {}", files.json.where, to_string(pair.truth->image_id));
  };
  const std::string predicted_at = at(predicted), truth_at = at(truth);
  quality.add(name, {predicted_map.ids, pair.predicted->segments, predicted_at},
              {truth_map.ids, pair.truth->segments, truth_at});
}

}  // namespace

FileEvaluation evaluate_task(const PanopticFileSettings& settings, const EvalRequest& request) {
  const PanopticFiles truth(request.annotations, request.annotations_dir, PanopticRole::kTruth);
  const PanopticFiles predicted(request.results, request.results_dir, PanopticRole::kPrediction);
  Tally extra;
  const auto pairs = join(truth, predicted, settings.missing_as_empty, extra);
  const PanopticQuality quality =
      accumulate(std::ssize(pairs), request.settings.threads, PanopticQuality(truth.json.categories),
                 [&](size_t i, PanopticQuality& part) { add_image(pairs[i], truth, predicted, part); });
  Report report = report_of(quality, settings.protocol);
  report.bootstrap = bootstrap_of(quality, request);
  report.image_hash = image_hash_of(quality);
  OwnSettings own;
  own.add("missing_as_empty", std::optional(settings.missing_as_empty), PanopticFileSettings().missing_as_empty);
  report.rules += own.text();
  for (std::string& line : truth.json.notes.lines()) report.notes.push_back(std::move(line));
  if (extra.count > 0)
    report.notes.push_back(tally_line(extra, "result", "results", "left out: the annotations don't have their image"));
  return {std::move(report),
          [](const Report& found, const std::filesystem::path& folder) { plot_classes(found, "PQ", folder); }};
}

}  // namespace glid
