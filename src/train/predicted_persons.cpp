#include "predicted_persons.h"

#include <algorithm>
#include <span>

#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/data/person_boxes.h"
#include "glid/data/persons.h"
#include "glid/train/session.h"
#include "sees_persons.h"

namespace glid {
namespace {

RunConfig config_of_detector(const ChosenCheckpoint& chosen) {
  RunConfig config = config_of_checkpoint(chosen.checkpoint, {});
  if (!std::holds_alternative<DetectionConfig>(config.task) && !std::holds_alternative<InstanceMasksConfig>(config.task))
    throw UsageError("--detector", "must be a run of detection or instance", std::string(config::name_of(config.task)));
  return config;
}

constexpr size_t kMostNamed = 6;

std::string names_of(std::span<const Vocabulary::Class> classes) {
  std::string names;
  for (const Vocabulary::Class& c : classes.first(std::min(classes.size(), kMostNamed)))
    names += (names.empty() ? "" : ", ") + c.name;
  return classes.size() > kMostNamed ? format("{} and {} more", names, classes.size() - kMostNamed) : names;
}

// Of the detector's classes, that which the model of pose has learned.
int64_t person_category(const AskedModel& detector, const Vocabulary::Class& person) {
  const auto& classes = detector.vocabulary().objects;
  const auto found = std::ranges::find(classes, person.name, &Vocabulary::Class::name);
  if (found == classes.end())
    throw UsageError("--detector", format("finds {}, but no {}, whose pose is asked", names_of(classes), person.name));
  return found - classes.begin();
}

std::vector<Person> detected_persons(const PredictArguments& arguments, const AskedModel& asked,
                                     const Vocabulary::Class& person, const ImageList& images) {
  ChosenCheckpoint chosen = choose_checkpoint(arguments.detector, {});
  RunConfig config = config_of_detector(chosen);
  const AskedModel detector = load_asked_model(std::move(chosen), std::move(config), asked.device);
  const int64_t category = person_category(detector, person);
  const double min_score = arguments.box_score.value_or(kUsualScore);
  std::vector<Person> persons;
  const auto add = [&](const AnsweredBatch& answered) {
    const std::vector<Prediction> predictions = detector.task->predict(answered);
    const std::vector<ImageRange> samples = answered.batch.samples();
    for (size_t i = 0; i < predictions.size(); ++i)
      for (const Detection& found : predictions[i].detections)
        if (found.category == category && found.score >= min_score)
          persons.push_back({.image = answered.batch.images[static_cast<size_t>(samples[i].first)].key.id,
                             .box = found.box,
                             .score = found.score});
  };
  ask_about(detector, std::make_shared<ImageList>(images.of(detector.vocabulary())),
            prepare_by(*detector.task, /*training=*/false), arguments.batch, "persons", add);
  return persons;
}

}  // namespace

void require_boxes(const PredictArguments& arguments, const RunConfig& config) {
  const bool is_pose = sees_persons(config.task);
  const bool has_boxes = !arguments.boxes.empty(), has_detector = !arguments.detector.empty();
  const char* given = has_boxes ? "--boxes" : "--detector";
  if (!is_pose && (has_boxes || has_detector || arguments.box_score))
    throw UsageError(has_boxes || has_detector ? given : "--box-score",
                     "is for models of pose, which see one person at a time");
  if (is_pose && !has_boxes && !has_detector)
    throw UsageError("--boxes", "is missing: a model of pose sees one person at a time", {},
                     "--boxes FILE has boxes as COCO's results do, --detector RUN finds them");
  if (has_boxes && has_detector) throw UsageError("--boxes", "and --detector say the same", {}, "give one of the two");
  if (has_detector) config_of_detector(choose_checkpoint(arguments.detector, {}));
}

std::shared_ptr<const AnnotatedDataset> samples_to_predict(const PredictArguments& arguments, const AskedModel& asked,
                                                           const std::shared_ptr<const ImageList>& images) {
  if (!sees_persons(asked.config.task)) return images;
  const Vocabulary::Class& person = asked.vocabulary().objects.at(0);
  const double min_score = arguments.box_score.value_or(kUsualScore);
  std::vector<Person> persons =
      arguments.boxes.empty() ? detected_persons(arguments, asked, person, *images)
                              : read_persons(arguments.boxes, *images, {.category_id = person.id, .min_score = min_score});
  log_info("{} of at least {} to look for the joints of {} in", counted(persons.size(), "box", "boxes"), min_score,
           person.name);
  return std::make_shared<Persons>(Persons::in_boxes(images, std::move(persons)));
}

}  // namespace glid
