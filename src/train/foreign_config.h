// How other programs build an encoder.
#pragma once

#include <string>
#include <vector>

#include "glid/core/json.h"
#include "glid/model/dialect.h"
#include "glid/model/swin.h"

namespace glid {

// What they are called with: the arguments of the official SwinTransformer or of timm.create_model, or transformers'
// SwinConfig (whose out_features are `normed_stages`, from 1). Throws UsageError, `where` being the option that asked for
// the dialect, for windows that the program can't have.
Json foreign_config(Dialect dialect, const SwinShape& shape, const std::vector<int>& normed_stages,
                    const std::string& where);

}  // namespace glid
