#include "glid/train/init_from.h"

#include "glid/core/log.h"
#include "glid/model/init.h"
#include "glid/train/weights_file.h"

namespace glid {

void initialise_from(Glid& model, const RunConfig& config) {
  initialise(model, config.seed);
  if (config.init.from.empty()) return;
  log_info("{}", load_weights(model, weights_file(config.init.from), config.init.parts).text());
}

}  // namespace glid
