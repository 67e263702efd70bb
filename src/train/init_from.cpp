#include "glid/train/init_from.h"

#include "glid/core/log.h"
#include "glid/model/init.h"
#include "glid/model/weights.h"
#include "glid/train/weights_file.h"

namespace glid {

void initialise_from(Glid& model, const RunConfig& config) {
  initialise(model, config.seed);
  if (config.init.from.empty()) return;
  const LoadOptions options{config.init.parts ? AbsentPart::kRefuse : AbsentPart::kReport, config.init.strict,
                            config.init.bias_tables};
  const auto parts = config.init.parts.value_or(std::vector<std::string>{"encoder", "bifpn", "decoder"});
  log_info("{}", load_weights(model, weights_file(config.init.from), parts, options).text());
}

}  // namespace glid
