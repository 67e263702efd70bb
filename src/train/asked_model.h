// A model that is asked about samples, batch after batch, by programs that predict.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/data/prepared.h"
#include "glid/tasks/task.h"
#include "trained_model.h"

namespace glid {

struct AskedModel {
  ChosenCheckpoint chosen;
  RunConfig config;
  c10::Device device;
  std::unique_ptr<Task> task;
  std::shared_ptr<Glid> model;

  const Vocabulary& vocabulary() const { return chosen.state.vocabulary; }
};

// Says in the log which model it is.
AskedModel load_asked_model(ChosenCheckpoint chosen, RunConfig config, const c10::Device& device);

// Calls each() with every batch, in glid_eval's batches where `batch` is its --batch (0: as many images as the run had). How
// many samples can't be read doesn't matter: the log names them. `what` names the samples there, beside the pace.
using OnAnswers = std::function<void(const AnsweredBatch& answered)>;
void ask_about(const AskedModel& asked, std::shared_ptr<const Dataset> samples, const Prepare& prepare, int64_t batch,
               const std::string& what, const OnAnswers& each);

}  // namespace glid
