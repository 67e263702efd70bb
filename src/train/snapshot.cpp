#include "snapshot.h"

#include <ATen/Parallel.h>

#include "glid/core/environment.h"

namespace glid {

TensorFiles own_tensors_of(const Session& session) {
  TensorFiles files{{"model", named_parameters(*session.model)}, {"optimizer", session.optimizer->state()}};
  if (session.ema) files.emplace_back("ema", session.ema->state());
  return files;
}

TensorFiles tensors_of(const Session& session) {
  TensorFiles files{{"model", named_parameters(*session.model)}, {"optimizer", session.optimizer->whole_state()}};
  if (session.ema) files.emplace_back("ema", session.ema->whole_state());
  return files;
}

TensorFiles tensors_of(const Validation& validation) {
  if (!validation.blind()) return {};
  NamedTensors tensors;
  for (const auto& [name, array] : validation.blind()->state()) tensors.emplace_back(name, as_tensor(array));
  return {{kBlindStem, std::move(tensors)}};
}

RunState snapshot(RunState state, const Session& session, const NonfiniteGuard& guard, const Validation& validation) {
  const Place place = session.plan->first_place(state.step);
  const auto [factor, good_steps] = session.scaler.state();
  state.seed = session.config.seed;
  state.loader = {place.epoch, place.position};
  state.scaler = {factor, good_steps};
  state.ranks = session.communicator.size();
  state.threads = at::get_num_threads();
  state.skipped_updates = guard.counts().skipped;
  state.nonfinite_in_a_row = guard.counts().in_a_row;
  state.best = validation.best();
  state.vocabulary = session.data->vocabulary();
  state.git = commit();
  return state;
}

void restore(const Start& start, Session& session, NonfiniteGuard& guard, Validation& validation) {
  for (const auto& [stem, tensors] : own_tensors_of(session)) start.checkpoint.load(stem, tensors);
  const RunState& state = start.state;
  session.scaler.set_state({state.scaler.factor, state.scaler.good_steps});
  session.loader.seek(state.step);
  guard.restore({state.skipped_updates, state.nonfinite_in_a_row});
  if (start.best_counts) validation.restore(state.best);
  const std::filesystem::path blind = blind_file(start.checkpoint.folder);
  if (std::filesystem::exists(blind)) validation.restore(BlindPredictor::read(blind));
}

}  // namespace glid
